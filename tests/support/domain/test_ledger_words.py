"""A message in words: why it waits, why it did not arrive, and what came of that."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from messaging.domain import outbox
from messaging.enums import MessageStatus
from messaging.models import Message
from support.domain import ledger_words
from tests.factories import PatientFactory, SiteFactory

S = MessageStatus
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def message(db, now):
    """09:41 in New York."""
    site = SiteFactory()

    def make(**fields):
        values = {"kind": "patient_1_day", "subject": "infusion:1", "scope": "infusion:1", "about_at": now + 9 * HOUR}
        values |= {"due_at": now - HOUR, "not_after": now + 9 * HOUR, "zone": "America/New_York", "channel": "sms"}
        values |= {"recipient": f"patient:{PatientFactory(site=site).pk}"}
        return Message.objects.create(**{"site": site, **values, **fields})

    return make


def line(message, now):
    return ledger_words.lines(messages=[message], now=now)[0]


WAITS = [
    ({"due_at": HOUR}, ""),
    ({}, "Should have gone 08:41; it goes with the next round."),
    ({"next_try_at": HOUR}, "Waits for 10:41."),
    (
        {"next_try_at": HOUR, "error_text": "This number had a text a moment ago."},
        "This number had a text a moment ago. Waits for 10:41.",
    ),
    ({"next_try_at": 24 * HOUR}, "Waits for Wed 4 Mar 09:41."),
    (
        {"next_try_at": 24 * MINUTE, "error_class": "http_503", "error_text": "The text provider is busy."},
        "The text provider is busy. Tries again 10:05.",
    ),
    (
        {"status": S.UNKNOWN, "posted_at": -MINUTE, "next_try_at": MINUTE, "sent_to": "+1", "error_text": "No answer."},
        "No answer. We ask whether it arrived, at 09:42.",
    ),
    ({"status": S.SENDING, "lease_until": MINUTE, "claimed_at": -MINUTE, "attempts": 1}, ""),
]


@pytest.mark.parametrize(("fields", "why"), WAITS, ids=[why or "nothing" for _fields, why in WAITS])
def test_why_it_waits(message, now, fields, why):
    times = {name: now + value for name, value in fields.items() if isinstance(value, timedelta)}
    assert line(message(**fields | times), now).why == why


def test_a_failed_one_says_why_and_may_be_sent_again(message, now):
    shown = line(message(status=S.DEAD, error_text="The number does not exist."), now)
    assert (shown.why, shown.then, shown.may_resend) == ("The number does not exist.", "", True)


def test_one_that_was_sent_again_is_not_offered_twice(message, now):
    failed = message(status=S.DEAD, error_text="The number does not exist.")
    again = outbox.resend(message=failed, reason="new number", now=now)
    assert (line(failed, now).then, line(failed, now).may_resend) == ("Sent again.", False)
    Message.objects.filter(pk=again.pk).update(status=S.DEAD, error_text="Busy.")
    again.refresh_from_db()
    assert line(again, now).may_resend


@pytest.mark.parametrize(("status", "then"), [(S.PENDING, "Said by another way: E-mail."), (S.VOID, "")])
def test_one_that_is_said_by_another_road_tells_so(message, now, status, then):
    failed = message(status=S.DEAD, error_text="The number does not exist.")
    message(channel="email", recipient=failed.recipient, status=status)
    assert (line(failed, now).then, line(failed, now).may_resend) == (then, True)


def test_the_other_road_itself_is_told_plainly(message, now):
    failed = message(status=S.DEAD, error_text="The number does not exist.")
    instead = message(channel="email", recipient=failed.recipient)
    assert [each.then for each in ledger_words.lines(messages=[failed, instead], now=now)] == [
        "Said by another way: E-mail.",
        "",
    ]


def test_what_was_texted_back_and_how_it_was_settled_is_told(message, now):
    went = {"status": S.SENT, "sent_at": now, "sent_to": "+14105550123"}
    assert line(message(**went, answer="yes", answered_at=now), now).then == "Answered “Yes”."
    settled = message(**went, settled="found", about_at=now)
    assert line(settled, now).then == "The provider has it"


@pytest.mark.parametrize("rows", [1, 3])
def test_a_list_to_patients_costs_two_queries_however_long_it_is(message, now, rows, django_assert_num_queries):
    failed = [message(status=S.DEAD, error_text="Bad number.", about_at=now + n * HOUR) for n in range(rows)]
    with django_assert_num_queries(2):
        ledger_words.lines(messages=failed, now=now)


@pytest.mark.parametrize(
    ("hours", "name"), [(3, "Reminder, on the day"), (13, "Reminder, the evening before")], ids=["noon", "morning"]
)
def test_a_last_reminder_that_goes_the_evening_before_is_named_so(hours, name):
    """The due time stands at 19:30; the night keeps a reminder of an early visit from going three hours before."""
    zone = "America/New_York"
    due = datetime(2026, 3, 3, 19, 30, tzinfo=ZoneInfo(zone))
    message = Message(
        kind="patient_3_hours", zone=zone, due_at=due, about_at=due + timedelta(hours=hours), recipient=""
    )
    assert ledger_words.label(message) == name
