"""Two minutes before the first ride; the ticks are kept, and taken with the yes."""

import html

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic.enums import Rung
from support.domain import attesting
from support.enums import AlertKind, CommitmentStatus, SupportRole
from support.models import Alert, Attestation, Commitment, SupportPerson
from tests import world
from tests.factories import CommitmentFactory, PolicyFactory

pytestmark = pytest.mark.django_db

YES = {"answer": "yes", "adult": "yes", "sober": "yes", "stay": "yes"}


@pytest.fixture
def here():
    built = world.build(now=timezone.now())
    Commitment.objects.update(status=CommitmentStatus.ASKED, answered_at=None, answered_via="")
    Attestation.objects.all().delete()
    SupportPerson.objects.update(is_adult=None)
    return built


@pytest.fixture
def phone(here) -> Client:
    return world.theirs(Client(), here.helper_link)


@pytest.fixture
def address(here) -> str:
    return f"/l/{here.helper_link.id}/"


def status(here) -> str:
    here.commitment.refresh_from_db()
    return here.commitment.status


def test_a_first_ride_leads_to_the_words_and_keeps_the_ticks(phone, here, address):
    answer = phone.post(f"{address}dates/", {"answer": "take", "date": here.commitment.pk}, follow=True)
    page = answer.content.decode()
    assert answer.redirect_chain[-1][0] == f"{address}what-it-involves/?date={here.commitment.pk}"
    assert f'name="date" value="{here.commitment.pk}"' in page
    assert "I can stay with them for 8 hours afterwards." in page
    assert status(here) == CommitmentStatus.ASKED


def test_three_ticks_and_one_button_take_the_date(phone, here, address):
    said = YES | {"date": here.commitment.pk, "travel": "40"}
    page = phone.post(f"{address}what-it-involves/", said, follow=True).content.decode()
    assert "You have this date now" in page
    assert status(here) == CommitmentStatus.RECONFIRMED
    kept = Attestation.objects.get()
    assert (kept.stay_hours, kept.via) == (8, "link")
    person = SupportPerson.objects.get(pk=here.designation.person_id)
    assert (person.is_adult, person.travel_minutes) == (True, 40)


def test_the_second_ride_asks_nothing_more(phone, here, address):
    phone.post(f"{address}what-it-involves/", YES)
    phone.post(f"{address}dates/", {"answer": "take", "date": here.commitment.pk})
    assert status(here) == CommitmentStatus.RECONFIRMED


@pytest.mark.parametrize(
    "missing",
    [{"adult": ""}, {"sober": ""}, {"stay": ""}, {"stay": "", "hours": "a few"}, {"hours": "99"}, {"travel": "far"}],
)
def test_what_is_missing_is_said_and_what_was_ticked_is_kept(phone, here, address, missing):
    said = YES | missing | {"date": here.commitment.pk}
    answer = phone.post(f"{address}what-it-involves/", said)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'name="date" value="{here.commitment.pk}"' in page
    assert (page.count(" checked"), status(here)) == (sum(bool(said[k]) for k in ("adult", "sober", "stay")), "asked")
    assert not Attestation.objects.exists()


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_words_kept_are_the_words_shown(phone, here, address, language):
    SupportPerson.objects.update(language=language)
    page = html.unescape(phone.get(f"{address}what-it-involves/").content.decode())
    phone.post(f"{address}what-it-involves/", YES)
    kept = Attestation.objects.get().wording.splitlines()
    assert len(kept) == len(attesting.INVOLVES) + 3
    assert [line for line in kept if line not in page] == []
    assert ("Tengo 18 años o más." in kept) is (language == "es")


def test_where_the_rules_know_only_who_drives_nobody_reads_that_a_taxi_is_fine(phone, here, address):
    assert "A taxi is fine" in phone.get(f"{address}what-it-involves/").content.decode()
    PolicyFactory(site=here.site, version=1_000_000, rungs=[Rung.ADULT_DRIVES])
    assert "A taxi is fine" not in phone.get(f"{address}what-it-involves/").content.decode()
    phone.post(f"{address}what-it-involves/", YES)
    assert Attestation.objects.get().wording.startswith("You drive somebody home after their visit")
    desk = Client()
    desk.force_login(here.staff["front_desk"])
    assert "taxi" not in desk.get(reverse("designation_attesting", args=[here.designation.pk])).content.decode()


def test_fewer_hours_than_the_rules_ask_are_taken_and_shown_to_the_desk(phone, here, address):
    phone.post(f"{address}what-it-involves/", YES | {"hours": "2", "date": here.commitment.pk})
    assert status(here) == CommitmentStatus.RECONFIRMED
    desk = Client()
    desk.force_login(here.staff["front_desk"])
    assert (
        "Can stay 2 of 8 hours: somebody else from" in desk.get(f"/infusions/{here.pks['infusions']}/").content.decode()
    )
    assert "can stay 2 h" in desk.get(f"/patients/{here.patient.pk}/").content.decode()


def test_where_the_rules_want_nobody_to_stay_nobody_is_asked_how_long(phone, here, address):
    PolicyFactory(site=here.site, version=1_000_000, stay_with_hours=0)
    page = phone.get(f"{address}what-it-involves/").content.decode()
    assert "hours afterwards" not in page
    assert "Somebody stays" not in page
    assert 'name="hours"' not in page
    phone.post(f"{address}what-it-involves/", {"answer": "yes", "adult": "yes", "sober": "yes"})
    assert Attestation.objects.get().stay_hours == 0


def test_the_hours_shown_are_those_of_the_rules(phone, here, address):
    PolicyFactory(site=here.site, version=1_000_000, stay_with_hours=12)
    assert "for 12 hours afterwards" in phone.get(f"{address}what-it-involves/").content.decode()


def test_under_18_is_told_kindly_and_takes_nobody_home(phone, here, address):
    said = {"answer": "under_age", "date": here.commitment.pk}
    page = phone.post(f"{address}what-it-involves/", said).content.decode()
    assert "It was kind of you to offer" in page
    assert "Tapped by mistake? Call us, and we put it right." in page
    assert status(here) == CommitmentStatus.DECLINED
    assert Alert.objects.filter(kind=AlertKind.CALL_TASK, key__startswith="under-age").count() == 1
    assert 'name="date"' not in phone.get(address).content.decode()
    # Ticking past it does not help.
    assert phone.post(f"{address}what-it-involves/", YES | {"date": here.commitment.pk}).status_code == 422
    assert status(here) == CommitmentStatus.DECLINED


def test_who_said_yes_by_text_reads_it_on_the_page_before_the_day(phone, here, address):
    now = timezone.now()
    Commitment.objects.update(status="reconfirmed", answered_at=now, answered_via="text", reconfirmed_at=now)
    for path in ("", "dates/"):
        page = phone.get(f"{address}{path}").content.decode()
        assert f'href="{address}what-it-involves/"' in page, path
        assert "Before your first ride" in page
    phone.post(f"{address}what-it-involves/", YES)
    assert "Before your first ride" not in phone.get(f"{address}dates/").content.decode()


def test_looking_changes_nothing(phone, here, address):
    for _time in range(3):
        phone.get(f"{address}what-it-involves/?date={here.commitment.pk}&date=²")
    assert (status(here), Attestation.objects.count()) == ("asked", 0)


def test_staff_read_it_out_and_write_down_what_they_heard(here):
    desk = Client()
    desk.force_login(here.staff["front_desk"])
    address = f"/people/{here.designation.pk}/involves/"
    page = desk.get(address).content.decode()
    assert "You take somebody home after their visit and see them inside." in page
    assert desk.post(address, {"stay_hours": "8", "via": "phone"}).status_code == 422
    desk.post(address, {"said_yes": "on", "stay_hours": "6", "via": "phone"})
    kept = Attestation.objects.get()
    assert (kept.stay_hours, kept.via, kept.recorded_by) == (6, "phone", here.staff["front_desk"])


def test_who_is_under_18_and_sits_in_the_room_is_not_told_to_read_for_a_ride(here, phone, address):
    visit = here.commitment.infusion
    here.designation.roles.append(SupportRole.PRESENCE)
    here.designation.save()
    said = {"status": CommitmentStatus.ACCEPTED, "answered_at": timezone.now(), "answered_via": "link"}
    CommitmentFactory(infusion=visit, designation=here.designation, role=SupportRole.PRESENCE, **said)
    shown = f"{address}dates/"
    assert "Before your first ride" in phone.get(shown).content.decode()
    attesting.under_age(designation=here.designation, actor="link:x", now=timezone.now())
    pages = [phone.get(one).content.decode() for one in (address, shown)]
    assert ["Before your first ride" in page or "two minutes" in page for page in pages] == [False, False]
