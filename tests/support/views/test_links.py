"""Opening an address from a message: one grant, no token left behind, nothing changed by looking."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags

from clinic.domain import times
from clinic.enums import Role
from clinic.models import AuditEntry, Infusion
from messaging.models import Message
from support.domain import code_words, links
from support.enums import CommitmentStatus, SupportRole
from support.models import Alert, Commitment, Handover
from tests import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def here():
    return world.build(now=timezone.now())


@pytest.fixture
def client(here) -> Client:
    """The helper's own phone."""
    return world.theirs(Client(), here.helper_link)


@pytest.fixture
def address(here):
    return f"/l/{links.token(here.helper_link)}/"


def opened(client: Client, address: str):
    return client.get(address, follow=True)


def test_the_first_opening_leads_to_an_address_without_the_token(client, here, address):
    response = client.get(address)
    assert response.status_code == 303
    assert response.url == f"/l/{here.helper_link.id}/"
    cookie = response.cookies["links"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert links.token(here.helper_link) not in cookie.value


def test_the_page_is_private(client, here, address):
    response = opened(client, address)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert "noindex" in response.headers["X-Robots-Tag"]
    html = response.content.decode()
    assert links.token(here.helper_link) not in html
    assert not re.search(r"src=\"https?://", html)
    # Nothing outside is loaded; the map is opened by whoever taps it, and is not told whence.
    outside = re.findall(r"<a [^>]*href=\"https?://[^>]*>", html)
    assert len(outside) <= 1
    assert all("noreferrer" in link for link in outside)


def test_a_browser_that_refuses_cookies_opens_the_address_again_and_can_act(here, address):
    client = Client(enforce_csrf_checks=True)
    assert client.get(address).status_code == 303
    client.cookies.clear()
    response = client.get(address)
    assert response.status_code == 200
    key = links.token(here.helper_link)
    assert f"/l/{key}/" in response.content.decode()
    client.cookies.clear()
    assert client.post(f"/l/{key}/whose/", {"me": "yes"}).status_code == 302
    client.cookies.clear()
    assert client.post(f"/l/{key}/visit/{here.pks['infusions']}/confirm/").status_code == 302
    here.commitment.refresh_from_db()
    assert here.commitment.status == CommitmentStatus.RECONFIRMED


def test_a_grant_alone_does_not_let_another_page_act_in_my_name(here, address):
    """CVE-2026-4807: a public nonce is no permission, and a cookie that travels by itself is none either."""
    client = world.theirs(Client(enforce_csrf_checks=True), here.helper_link)
    client.get(address)
    response = client.post(f"/l/{here.helper_link.id}/visit/{here.pks['infusions']}/confirm/")
    assert response.status_code == 403
    here.commitment.refresh_from_db()
    assert here.commitment.status == CommitmentStatus.ACCEPTED


def test_the_links_name_without_a_grant_opens_nothing(here):
    client = Client()
    assert client.get(f"/l/{here.helper_link.id}/").status_code == 404
    assert client.post(f"/l/{here.helper_link.id}/dates/", {"answer": "none"}).status_code == 404


def test_several_links_live_side_by_side(client, here, address):
    client.get(address)
    client.get(f"/l/{links.token(here.patient_link)}/")
    assert client.get(f"/l/{here.helper_link.id}/").status_code == 200
    assert client.get(f"/l/{here.patient_link.id}/").status_code == 200


def test_a_helpers_link_does_not_open_the_patients_pages(client, here, address):
    opened(client, address)
    pk = here.pks["infusions"]
    assert client.post(f"/l/{here.helper_link.id}/visit/{pk}/cannot-come/").status_code == 404


def test_withdrawal_closes_the_open_page_at_once(client, here, address):
    opened(client, address)
    links.withdraw_all(designation=here.designation, now=timezone.now())
    response = client.get(f"/l/{here.helper_link.id}/")
    assert response.status_code == 410
    assert "(410)" in response.content.decode()


def test_an_older_link_works_after_a_newer_message(client, here, address):
    """https://github.com/betagouv/rdv-service-public/pull/5290"""
    links.for_designation(designation=here.designation, now=timezone.now() + timedelta(hours=5))
    assert opened(client, address).status_code == 200


def test_opening_is_noted_in_the_read_log(client, here, address):
    opened(client, address)
    assert AuditEntry.objects.filter(
        actor=f"link:{here.helper_link.id}", verb="read", patient_id=here.patient.pk
    ).exists()
    here.helper_link.refresh_from_db()
    assert here.helper_link.last_opened_at is not None


def test_a_page_that_says_it_refreshes_itself_is_noted_all_the_same_when_it_is_the_first(client, here):
    """A header anybody can send is no way round the read log."""
    key = links.token(here.helper_link)
    client.get(f"/l/{key}/")
    for _time in range(3):
        assert client.get(f"/l/{here.helper_link.id}/", headers={"X-Poll": "1"}).status_code == 200
    assert AuditEntry.objects.filter(actor=f"link:{here.helper_link.id}", verb="read").count() == 1


def test_somebody_who_guesses_never_closes_the_pages_that_are_open(client, here, address):
    """Behind a proxy they all come from one address."""
    opened(client, address)
    for _time in range(310):
        Client().get(f"/l/{'x' * links.TOKEN_LENGTH}/")
    assert client.get(address).status_code == 404
    assert client.get(f"/l/{here.helper_link.id}/").status_code == 200


def ready(here) -> None:
    """The patient may leave, and the words are drawn."""
    visit, now = here.commitment.infusion, timezone.now()
    stamps = ("arrived_at", "started_at", "recovering_at", "ready_at")
    Infusion.objects.filter(pk=visit.pk).update(status="ready", **dict.fromkeys(stamps, now))
    code_words.draw(infusion=visit, now=now)


def test_who_is_texted_to_come_in_still_finds_the_way_and_can_say_where_they_are(client, here, address):
    ready(here)
    taps = f"/l/{here.helper_link.id}/visit/{here.pks['infusions']}"
    page = opened(client, address).content.decode()
    assert here.site.street in page
    assert "openstreetmap.org" in page
    assert (f"{taps}/on-my-way/" in page, f"{taps}/outside/" in page, 'name="car" type="text"' in page) == (True,) * 3
    client.post(f"{taps}/outside/", {"car": "grey Honda"})
    page = opened(client, address).content.decode()
    assert (f"{taps}/on-my-way/" in page, f"{taps}/outside/" in page, here.site.street in page) == (False, False, True)


@pytest.mark.parametrize("role", [SupportRole.PRESENCE, SupportRole.FOLLOWUP])
def test_who_takes_nobody_home_is_not_told_to_fetch_them(client, here, address, role):
    """Two would stand at the door, and whoever drives would think the other does."""
    Commitment.objects.filter(pk=here.commitment.pk).update(role=role)
    ready(here)
    page = opened(client, address).content.decode()
    fetching = ("Bring ", "on-my-way/", "outside/", "come in", "Come in", "front desk", "Walk out")
    assert [words for words in fetching if words in page] == []
    assert "Be with" in re.search(r"<h1>(.*?)</h1>", page, re.DOTALL)[1]


def test_who_waits_at_their_home_may_say_that_they_are_there(client, here, address):
    Commitment.objects.filter(pk=here.commitment.pk).update(role=SupportRole.FOLLOWUP)
    left_otherwise(here)
    home = f"/l/{here.helper_link.id}/visit/{here.pks['infusions']}/home/"
    assert home in opened(client, address).content.decode()
    client.post(home)
    assert Infusion.objects.get(pk=here.pks["infusions"]).status == "home"


@pytest.mark.parametrize(("may_know", "reads_it"), [([], False), (["aftercare"], True)])
def test_when_the_patient_may_drive_is_for_who_may_know_of_the_evening(client, here, address, may_know, reads_it):
    Commitment.objects.filter(pk=here.commitment.pk).update(role=SupportRole.FOLLOWUP)
    type(here.designation).objects.filter(pk=here.designation.pk).update(may_know=may_know)
    left_otherwise(here)
    assert ("Earliest driving time" in opened(client, address).content.decode()) is reads_it


def test_who_was_to_drive_and_did_not_does_not_say_home(client, here, address):
    left_otherwise(here)
    home = f"/l/{here.helper_link.id}/visit/{here.pks['infusions']}/home/"
    assert home not in opened(client, address).content.decode()
    assert "Whoever takes them home tells us." in client.post(home, follow=True).content.decode()


def left_otherwise(here) -> None:
    """The clinic's ride took the patient."""
    ready(here)
    visit, now = here.commitment.infusion, timezone.now()
    by = {"done_by": here.staff[Role.NURSE], "authorised_by": here.staff[Role.CLINICIAN]}
    how = {"how": "watched_ride", "evidence": "Homesafe, car 12", "done_at": now}
    Handover.objects.filter(infusion=visit).update(**how, **by)
    Infusion.objects.filter(pk=visit.pk).update(status="released", released_at=now, released_how="watched_ride")


def handed_over(here) -> None:
    left_otherwise(here)
    Commitment.objects.filter(pk=here.commitment.pk).update(status=CommitmentStatus.KEPT)


STAGES = {"day": lambda here: None, "handover": ready, "tonight": handed_over}


@pytest.mark.parametrize("stage", STAGES)
def test_each_page_of_the_day_names_the_clock_it_goes_by(client, here, address, stage):
    STAGES[stage](here)
    page = opened(client, address).content.decode()
    assert f'data-stage="{stage}"' in page
    assert f"All times are {times.zone_name(here.site.timezone)} time." in page


def test_who_only_sits_in_the_room_has_no_word_and_takes_nobody_home(client, here, address):
    """The word is what the nurse knows the other person by."""
    visit, now = here.commitment.infusion, timezone.now()
    Commitment.objects.filter(pk=here.commitment.pk).update(role=SupportRole.PRESENCE)
    stamps = ("arrived_at", "started_at", "recovering_at", "ready_at")
    Infusion.objects.filter(pk=visit.pk).update(status="ready", **dict.fromkeys(stamps, now))
    drawn = code_words.draw(infusion=visit, now=now)
    assert drawn.helper_word not in strip_tags(opened(client, address).content.decode())
    client.post(f"/l/{here.helper_link.id}/visit/{visit.pk}/accept/")
    drawn.refresh_from_db()
    assert drawn.accepted_at is None


def test_who_only_sits_in_the_room_does_not_say_that_the_patient_is_home(client, here, address):
    """They part at the clinic's door: only whoever took the patient home knows."""
    visit = here.commitment.infusion
    Commitment.objects.filter(pk=here.commitment.pk).update(role=SupportRole.PRESENCE)
    left_otherwise(here)
    page = opened(client, address).content.decode()
    home = f"/l/{here.helper_link.id}/visit/{visit.pk}/home/"
    assert ("Tonight with" in page, home in page) == (False, False)
    answer = client.post(home, follow=True)
    assert "Whoever takes them home tells us." in answer.content.decode()
    visit.refresh_from_db()
    assert visit.status == "released"


@pytest.mark.parametrize("date", ["²", "9" * 30, "-1", ""])
def test_a_date_that_is_none_is_no_error(client, here, address, date):
    opened(client, address)
    answer = client.post(f"/l/{here.helper_link.id}/dates/", {"date": date}, follow=True)
    assert answer.status_code == 200


def test_a_helper_takes_back_a_yes_and_the_ride_is_open_again(client, here, address):
    """https://github.com/RagtagOpen/nomad/issues/123 : people change their mind and cannot say so."""
    opened(client, address)
    client.post(f"/l/{here.helper_link.id}/visit/{here.pks['infusions']}/step-back/")
    here.commitment.refresh_from_db()
    assert here.commitment.status == CommitmentStatus.WITHDRAWN


def test_a_second_post_is_friendly(client, here, address):
    opened(client, address)
    confirm = f"/l/{here.helper_link.id}/visit/{here.pks['infusions']}/confirm/"
    assert client.post(confirm).status_code == 302
    assert client.post(confirm, follow=True).status_code == 200


def test_titles_and_headings_name_no_drug(client, here, address):
    for key in (address, f"/l/{links.token(here.patient_link)}/"):
        html = opened(client, key).content.decode()
        title = re.search(r"<title>(.*?)</title>", html, re.DOTALL)[1]
        assert not re.search(r"ketamin|infusion|depress|psych", title, re.IGNORECASE)
        assert not re.search(r"ketamin|depress|psych", html, re.IGNORECASE)


def test_an_expired_link_asks_for_a_new_one_and_gets_it(client, here):
    here.helper_link.expires_at = timezone.now() - timedelta(days=1)
    here.helper_link.save()
    address = f"/l/{links.token(here.helper_link)}/"
    assert "renew/" in client.get(address).content.decode()
    assert client.post(f"{address}renew/").status_code == 200
    assert Message.objects.filter(kind="helper_invitation", recipient=f"designation:{here.designation.pk}").count() == 1


def test_asking_for_a_new_one_never_tells_whether_the_person_is_still_named(client, here):
    address = f"/l/{links.token(here.helper_link)}/renew/"
    named = client.post(address).content
    here.designation.withdrawn_at = timezone.now()
    here.designation.save()
    assert client.post(address).content == named
    assert Message.objects.filter(kind="helper_invitation").count() == 1


def test_a_patients_renewal_becomes_a_call(client, here):
    address = f"/l/{links.token(here.patient_link)}/renew/"
    for _time in range(5):
        assert client.post(address).status_code == 200
    assert Alert.objects.filter(key=f"new-link:{here.patient.pk}").count() == 1


def desk_of(here) -> Client:
    browser = Client()
    browser.force_login(here.staff[Role.FRONT_DESK])
    return browser


def test_on_my_way_is_a_yes_and_stands_on_the_board_with_its_minutes(client, here, address):
    opened(client, address)
    visit = here.commitment.infusion
    client.post(f"/l/{here.helper_link.id}/visit/{visit.pk}/on-my-way/", {"minutes": "20"})
    desk, name = desk_of(here), here.designation.person.first_name
    assert (
        f"{name} is on the way<"
        in desk.get(f"/?day={visit.starts_at.astimezone(here.site.zone):%Y-%m-%d}").content.decode()
    )
    page = desk.get(f"/infusions/{visit.pk}/").content.decode()
    assert f"{name} is on the way, about 20 min, said at" in page
    assert re.search(r"on the way \d\d:\d\d, about 20 min", page)
    here.commitment.refresh_from_db()
    assert here.commitment.status == CommitmentStatus.RECONFIRMED


def test_i_am_outside_is_a_yes(client, here, address):
    opened(client, address)
    visit = here.commitment.infusion
    client.post(f"/l/{here.helper_link.id}/visit/{visit.pk}/outside/", {"car": "grey Honda"})
    assert "is outside, grey Honda." in desk_of(here).get(f"/infusions/{visit.pk}/").content.decode()
    here.commitment.refresh_from_db()
    assert here.commitment.status == CommitmentStatus.RECONFIRMED


STALE = ["step-back", "confirm", "on-my-way", "outside", "accept", "home"]


@pytest.mark.parametrize("act", STALE)
@pytest.mark.parametrize("status", ["booked", "cancelled", "no_show"])
def test_a_stale_tap_is_answered_in_words(client, here, address, act, status):
    """Whatever the visit has become meanwhile: a sentence on the page, never an error."""
    opened(client, address)
    here.commitment.infusion.status = status
    here.commitment.infusion.cancelled_at = here.commitment.infusion.no_show_at = timezone.now()
    here.commitment.infusion.off_reason = "Test"
    here.commitment.infusion.save()
    pk = here.pks["infusions"]
    response = client.post(f"/l/{here.helper_link.id}/visit/{pk}/{act}/", {"minutes": "5"}, follow=True)
    assert response.status_code == 200


@pytest.mark.parametrize("act", ["late", "cannot-come", "we-are-home", "slept"])
def test_a_patients_stale_tap_is_answered_in_words(client, here, act):
    address = f"/l/{links.token(here.patient_link)}/"
    opened(client, address)
    pk = here.pks["infusions"]
    response = client.post(f"/l/{here.patient_link.id}/visit/{pk}/{act}/", {"minutes": "10"}, follow=True)
    assert response.status_code == 200


def test_a_helper_meets_the_open_question_on_their_page_and_answers_with_one_tap(client, here, address):
    html = opened(client, address).content.decode()
    answer = f"/l/{here.helper_link.id}/check-in/{here.checkin.pk}/"
    assert f'action="{answer}"' in html
    assert client.post(answer, {"answer": "worried"}).status_code == 200
    here.checkin.refresh_from_db()
    assert here.checkin.answer == "worried"
    assert Alert.objects.filter(patient=here.patient, kind="worried").count() == 1
    assert f'action="{answer}"' not in opened(client, address).content.decode()


def test_a_sign_that_the_database_cannot_keep_is_left_out(client, here, address):
    opened(client, address)
    pk = here.pks["infusions"]
    assert client.post(f"/l/{here.helper_link.id}/visit/{pk}/outside/", {"car": "grey\x00 Honda"}).status_code == 302
    here.commitment.refresh_from_db()
    assert here.commitment.car == "grey Honda"
