from datetime import timedelta

import pytest

from clinic.domain.errors import Refused
from messaging.domain import inbound
from messaging.models import InboundText, Message
from support.domain import alerts, inbox
from support.models import Alert, SupportPerson
from tests.factories import PatientFactory, SiteFactory
from tests.support.conftest import Clinic

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SAM, LEE, STRANGER = "+14105550123", "+14105550124", "+14105559999"


@pytest.fixture
def texts(clinic: Clinic, now):
    """Sam wrote twice and Lee once; a stranger said stop."""
    clinic.named("Sam", phone=SAM)
    clinic.named("Lee", phone=LEE)
    for number, (sender, body) in enumerate(
        [(SAM, "my car broke down"), (LEE, "which door?"), (SAM, "it runs again"), (STRANGER, "stop")]
    ):
        inbound.receive(provider_id=f"SM{number}", from_number=sender, body=body, now=now + number * MINUTE)
    return InboundText.objects.order_by("pk")


def listed(clinic: Clinic, *, only_waiting=True, who="") -> list[tuple[str, str, int]]:
    found = inbox.threads(site=clinic.site, only_waiting=only_waiting, who=who)
    return [(thread.number, thread.last.body, thread.waiting) for thread in found]


def test_one_line_a_number_the_nearest_deadline_first(clinic: Clinic, texts):
    assert listed(clinic) == [(SAM, "it runs again", 2), (LEE, "which door?", 1)]


def test_what_was_taken_by_itself_is_found_among_all(clinic: Clinic, texts):
    assert listed(clinic, only_waiting=False)[2:] == [(STRANGER, "stop", 0)]


@pytest.mark.parametrize("who", ["Sam", "sam okoro", "Samm Okoró", "0123", "410 555-0123", "+14105550123"])
def test_a_name_or_a_number_narrows(clinic: Clinic, texts, who):
    SupportPerson.objects.filter(phone=SAM).update(family_name="Okoro")
    assert [number for number, _body, _waiting in listed(clinic, only_waiting=False, who=who)] == [SAM]


def test_one_who_writes_a_thousand_texts_hides_nobody(clinic: Clinic, texts, now):
    InboundText.objects.bulk_create(
        InboundText(
            provider_id=f"FLOOD{number}",
            from_number=STRANGER,
            body="!",
            received_at=now + HOUR,
            handled="passed_on",
            site=clinic.site,
        )
        for number in range(1000)
    )
    assert listed(clinic) == [(SAM, "it runs again", 2), (LEE, "which door?", 1), (STRANGER, "!", 1000)]


def test_a_number_of_another_network_is_a_matter_of_its_own(clinic: Clinic, texts, now):
    inbound.receive(provider_id="WA1", from_number=f"whatsapp:{SAM}", body="hello there", now=now)
    alert = Alert.objects.get(key__endswith=f"whatsapp:{SAM}")
    assert inbox.newest_of(alert=alert).provider_id == "WA1"
    alerts.close(alert=alert, outcome="Read it", actor=clinic.nurse, now=now + HOUR)
    assert listed(clinic) == [(SAM, "it runs again", 2), (LEE, "which door?", 1)]


def test_who_has_the_number_at_another_clinic_is_not_named(clinic: Clinic, texts):
    PatientFactory(site=SiteFactory(), given_name="Jane", family_name="Elsewhere", phone=LEE)
    [named] = {thread.whose for thread in inbox.threads(site=clinic.site, only_waiting=True, who="0124")}
    assert named == "Lee, somebody at another clinic"


def test_nobody_reads_another_sites_texts(clinic: Clinic, texts, now):
    other = SiteFactory()
    assert inbox.threads(site=other, only_waiting=False, who="") == []
    assert inbox.lines(number=SAM, site=other) == []


def test_both_ways_stand_in_order_the_newest_last(clinic: Clinic, texts, now):
    Message.objects.create(
        site=clinic.site,
        kind="helper_new_dates",
        scope="designation:1",
        subject="course:1",
        recipient="designation:1",
        channel="sms",
        due_at=now - HOUR,
        not_after=now,
        status="sent",
        posted_at=now - HOUR,
        sent_at=now - HOUR,
        sent_to=SAM,
        body="Northgate Care: new dates. [link]",
    )
    assert [(line.is_ours, line.body) for line in inbox.lines(number=SAM, site=clinic.site)] == [
        (True, "Northgate Care: new dates. [link]"),
        (False, "my car broke down"),
        (False, "it runs again"),
    ]


def test_done_closes_the_whole_matter_with_what_was_done_and_by_whom(clinic: Clinic, texts, now):
    inbox.done(text=texts[2], site=clinic.site, outcome="Called Sam back", actor=clinic.nurse, now=now + HOUR)
    assert listed(clinic) == [(LEE, "which door?", 1)]
    assert {(text.done_at, text.done_by) for text in texts if text.from_number == SAM} == {(now + HOUR, clinic.nurse)}
    alert = Alert.objects.get(key__endswith=SAM)
    assert (alert.status, alert.outcome, alert.closed_by) == ("closed", "Called Sam back", clinic.nurse)


def test_done_on_the_alerts_page_is_done_here(clinic: Clinic, texts, now):
    alert = Alert.objects.get(key__endswith=SAM)
    alerts.close(alert=alert, outcome="Called Sam back", actor=clinic.nurse, now=now + HOUR)
    assert [number for number, _body, _waiting in listed(clinic)] == [LEE]


def test_done_without_a_word_is_refused_and_twice_is_told(clinic: Clinic, texts, now):
    with pytest.raises(Refused, match="Say in a few words"):
        inbox.done(text=texts[2], site=clinic.site, outcome=" ", actor=clinic.nurse, now=now)
    inbox.done(text=texts[2], site=clinic.site, outcome="Called", actor=clinic.nurse, now=now)
    with pytest.raises(Refused, match="done already"):
        inbox.done(text=texts[2], site=clinic.site, outcome="Called", actor=clinic.nurse, now=now)


def test_what_came_while_somebody_wrote_what_was_done_is_read_first(clinic: Clinic, texts, now):
    with pytest.raises(Refused, match="Another text came meanwhile"):
        inbox.done(text=texts[0], site=clinic.site, outcome="Called Sam back", actor=clinic.nurse, now=now + HOUR)
    assert listed(clinic)[0] == (SAM, "it runs again", 2)
    assert Alert.objects.get(key__endswith=SAM).status == "open"


def test_a_new_text_after_it_was_done_is_a_new_matter(clinic: Clinic, texts, now):
    inbox.done(text=texts[2], site=clinic.site, outcome="Called", actor=clinic.nurse, now=now + HOUR)
    inbound.receive(provider_id="SM9", from_number=SAM, body="and now?", now=now + 2 * HOUR)
    assert (SAM, "and now?", 1) in listed(clinic)
    assert Alert.objects.filter(key__endswith=SAM).count() == 2


def test_an_unread_text_moves_on_to_the_next_person(clinic: Clinic, texts, now):
    alerts.hand_on(now=now + timedelta(days=1))
    assert {alert.owner for alert in Alert.objects.all()} == {clinic.nurse}


@pytest.mark.parametrize("several", [1, 3])
def test_the_list_costs_the_same_however_many_wrote(clinic: Clinic, now, django_assert_num_queries, several):
    for number in range(several):
        clinic.named(f"Sam{number}", phone=f"+1410555020{number}")
        inbound.receive(provider_id=f"SM{number}", from_number=f"+1410555020{number}", body="hello there", now=now)
    with django_assert_num_queries(5):
        for thread in inbox.threads(site=clinic.site, only_waiting=True, who=""):
            assert thread.whose.startswith("Sam")
            assert thread.alert.owner == clinic.desk
