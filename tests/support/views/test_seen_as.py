"""The patient and the desk see what a helper sees but for their word, and nothing on that page acts."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from clinic.enums import Role
from clinic.models import AuditEntry, Infusion, StaffMember
from support.domain import code_words, feeds, links, own_people, own_times
from support.enums import CommitmentStatus
from support.models import Commitment, Designation, Handover, Link
from tests import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def here():
    return world.build(now=timezone.now())


def at(stage: str) -> None:
    """The visit in the state that makes the helper's page this one."""
    now = timezone.now()
    Commitment.objects.update(status=CommitmentStatus.RECONFIRMED, reconfirmed_at=now)
    if stage == "series":
        world.shift(minutes=3 * 24 * 60)
    if stage in {"handover", "tonight"}:
        world.shift(minutes=-230)
        times = ["arrived_at", "started_at", "recovering_at", "ready_at"]
        begun = {name: now - timedelta(minutes=100 - 20 * number) for number, name in enumerate(times)}
        Infusion.objects.update(status="ready", **begun)
        code_words.draw(infusion=Infusion.objects.get(), now=now)
    if stage == "tonight":
        Commitment.objects.update(status=CommitmentStatus.KEPT)
        nurse, promise = StaffMember.objects.filter(role=Role.NURSE).first(), Commitment.objects.get()
        Handover.objects.update(
            how="handover", commitment=promise, check_by="known", adult_seen=True, done_at=now, done_by=nurse
        )
        Infusion.objects.update(status="released", released_at=now, released_how="handover")


STAGES = ["series", "day", "handover", "tonight"]


@pytest.fixture
def desk(here) -> Client:
    browser = Client()
    browser.force_login(here.staff[Role.FRONT_DESK])
    return browser


@pytest.fixture
def patient(here) -> Client:
    browser = Client()
    browser.get(f"/l/{links.token(here.patient_link)}/", follow=True)
    return browser


def words(page: str) -> list[str]:
    """What can be read on it, without what is in the head."""
    body = page.partition('<header class="masthead"')[2]
    body = re.sub(r"<script.*?</script>", "", body, flags=re.S)
    return re.sub(r"<[^>]+>", " ", body).split()


@pytest.mark.parametrize("stage", STAGES)
def test_it_is_word_for_word_what_the_helper_sees(here, desk, patient, stage):
    at(stage)
    own = world.theirs(Client(), here.helper_link).get(f"/l/{here.helper_link.id}/").content.decode()
    if stage == "handover":
        # But for their own word: each of the two knows one.
        word = Handover.objects.get().helper_word
        assert f"<dd>{word}</dd>" in own
        own = own.replace(f"<dd>{word}</dd>", "<dd>· · ·</dd>")
    for browser, address in (
        (desk, f"/people/{here.designation.pk}/seen/"),
        (patient, f"/l/{here.patient_link.id}/people/{here.designation.pk}/seen/"),
    ):
        seen = browser.get(address)
        assert seen.status_code == 200
        assert words(seen.content.decode()) == words(own)


@pytest.mark.parametrize("stage", STAGES)
def test_nothing_on_it_sends_leads_or_renews(here, desk, stage):
    at(stage)
    page = desk.get(f"/people/{here.designation.pk}/seen/").content.decode()
    body = page.partition('<header class="masthead"')[2]
    assert "<form" not in body
    assert "csrfmiddlewaretoken" not in body
    assert "data-refresh" not in body
    assert "href=" not in re.sub(r"<(link|use)\b[^>]*>", "", body)
    controls = re.findall(r"<(?:button|input|select|textarea)\b[^>]*>", body)
    assert controls
    assert all(" disabled" in control for control in controls)


def test_the_patient_does_not_read_what_the_helper_was_promised_they_would_not(here, desk, patient):
    at("series")
    now = timezone.now()
    Commitment.objects.update(status=CommitmentStatus.ASKED, answered_at=None, answered_via="", reconfirmed_at=None)
    Designation.objects.filter(pk=here.designation.pk).update(most_rides=1, load_asked_at=now)
    said = {"designation": here.designation, "actor": "link:x", "now": now}
    own_times.state(can=False, weekdays=[0], **said)
    kept_back = ["Never on a ", "Is it still all right for you?"]
    own = desk.get(f"/people/{here.designation.pk}/seen/").content.decode()
    assert [words in own for words in kept_back] == [True, True]
    seen = patient.get(f"/l/{here.patient_link.id}/people/{here.designation.pk}/seen/").content.decode()
    assert [words in seen for words in kept_back] == [False, False]
    row = Designation.objects.get(pk=here.designation.pk)
    assert (row.most_rides, row.load_asked_at) == (1, now)


@pytest.mark.parametrize("status", [CommitmentStatus.DECLINED, CommitmentStatus.WITHDRAWN])
def test_the_patient_reads_no_no(here, desk, patient, status):
    at("series")
    now = timezone.now()
    Commitment.objects.update(status=status, answered_at=now, answered_via="link", reconfirmed_at=None)
    own = desk.get(f"/people/{here.designation.pk}/seen/").content.decode()
    assert "You can still take it." in own
    seen = patient.get(f"/l/{here.patient_link.id}/people/{here.designation.pk}/seen/").content.decode()
    kept_back = ["You said no", "You stepped back", "You can still take it.", "That is all right."]
    assert [words in seen for words in kept_back] == [False] * 4


def test_the_band_says_whose_eyes_and_when_they_last_looked(here, desk):
    address = f"/people/{here.designation.pk}/seen/"
    name = here.designation.person.first_name
    assert f"{name} has not opened it yet." in desk.get(address).content.decode()
    links.opened(here.helper_link, now=timezone.now())
    page = desk.get(address).content.decode()
    assert f"You see what {name} sees." in page
    assert f"{name} last opened it" in page
    assert f'href="/patients/{here.patient.pk}/"' in page


def test_a_calendar_and_a_mail_scanner_are_not_somebody_who_looked(here, desk):
    feed = feeds.make(owner=here.designation, site=here.patient.site, actor="staff:1", now=timezone.now())
    desk.get(f"/c/{links.token(feed)}.ics")
    Client().get(f"/l/{links.token(here.helper_link)}/preferences/")
    feed.refresh_from_db()
    assert feed.last_opened_at is not None
    name = here.designation.person.first_name
    assert f"{name} has not opened it yet." in desk.get(f"/people/{here.designation.pk}/seen/").content.decode()
    listed = own_people.of(patient=here.patient, now=timezone.now())
    assert [row.opened_at for row in listed] == [None]


def test_looking_is_logged_as_a_read_and_leaves_the_helpers_link_alone(here, desk, patient):
    links.opened(here.helper_link, now=timezone.now() - timedelta(days=1))
    before = list(Link.objects.order_by("pk").filter(designation__isnull=False).values())
    desk.get(f"/people/{here.designation.pk}/seen/")
    read = AuditEntry.objects.order_by("-pk").first()
    assert (read.verb, read.patient_id, read.subject) == (
        "read",
        here.patient.pk,
        f"designation:{here.designation.pk}",
    )
    patient.get(f"/l/{here.patient_link.id}/people/{here.designation.pk}/seen/")
    read = AuditEntry.objects.order_by("-pk").first()
    assert (read.actor, read.verb) == (f"link:{here.patient_link.id}", "read")
    assert list(Link.objects.order_by("pk").filter(designation__isnull=False).values()) == before


def test_the_page_speaks_the_helpers_language_and_the_band_the_readers(here, desk):
    person = here.designation.person
    person.language = "es"
    person.save(update_fields=["language"])
    page = desk.get(f"/people/{here.designation.pk}/seen/").content.decode()
    assert '<html lang="es"' in page
    assert "You see what" in page


def test_whoever_is_off_the_list_cannot_be_looked_at_any_more(here, desk, patient):
    Designation.objects.update(withdrawn_at=timezone.now())
    assert desk.get(f"/people/{here.designation.pk}/seen/").status_code == 404
    assert patient.get(f"/l/{here.patient_link.id}/people/{here.designation.pk}/seen/").status_code == 404
