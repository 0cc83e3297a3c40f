from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from messaging.domain import dispatch, kinds, receipts, traffic
from messaging.domain.traffic import Pulse
from messaging.models import Message, Traffic
from tests.messaging.kinds import REMINDER

pytestmark = pytest.mark.django_db
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
kinds.register(replace(REMINDER, name="test-reply", is_reply=True))


def note(now, channel="sms", **outcomes: int) -> None:
    traffic.note(channel=channel, outcomes=Counter(outcomes), now=now)


def minutes() -> list[tuple[str, datetime, int, int]]:
    return list(Traffic.objects.order_by("pk").values_list("channel", "minute", "accepted", "later"))


def test_a_minutes_outcomes_add_up_in_one_row(now):
    note(now, accepted=3)
    note(now + timedelta(seconds=10), accepted=2, later=1)
    note(now + MINUTE, accepted=1)
    note(now, channel="email", accepted=4)
    at = datetime(2026, 3, 3, 14, 41, tzinfo=UTC)
    assert minutes() == [("sms", at, 5, 1), ("sms", at + MINUTE, 1, 0), ("email", at, 4, 0)]


def test_nothing_is_not_written_down(now, django_assert_num_queries):
    with django_assert_num_queries(0):
        note(now)


def test_the_pulse_of_a_quiet_day_says_nothing(now):
    assert traffic.pulse(now=now) == Pulse(oldest_due=None, due=0, last_success=None, error_rate=0.0, lately=0)


def test_the_rate_of_errors_speaks_of_the_last_ten_minutes(now):
    note(now - 11 * MINUTE, later=50)
    note(now - 2 * MINUTE, accepted=6, refused=1, later=2, unclear=1)
    pulse = traffic.pulse(now=now)
    assert (pulse.error_rate, pulse.lately, pulse.last_success) == (0.3, 10, now - 2 * MINUTE)


def test_what_the_network_does_not_deliver_speaks_against_it_too(now):
    note(now, accepted=4, undelivered=3)
    assert traffic.pulse(now=now).error_rate == 0.75
    note(now, undelivered=9)
    assert traffic.pulse(now=now).error_rate == 1.0


def test_a_pulse_may_be_taken_of_one_channel(plan, wants, now):
    plan(wants(1, due_at=now - HOUR), wants(2, due_at=now - 2 * HOUR, channel="email"))
    note(now - 5 * MINUTE, accepted=1)
    note(now, channel="email", later=1)
    text, both = traffic.pulse(now=now, channel="sms"), traffic.pulse(now=now)
    assert (text.oldest_due, text.due, text.error_rate) == (HOUR, 1, 0.0)
    assert (both.oldest_due, both.due, both.error_rate) == (2 * HOUR, 2, 0.5)


def test_a_pulse_costs_the_same_however_much_waits(plan, wants, now, django_assert_num_queries):
    plan(*[wants(n) for n in range(30)])
    with django_assert_num_queries(3):
        assert traffic.pulse(now=now).due == 30


def test_what_is_older_than_thirty_days_is_forgotten(now):
    note(now - 31 * 24 * HOUR, accepted=1)
    note(now - 29 * 24 * HOUR, accepted=2)
    assert traffic.sweep(now=now) == 1
    assert [accepted for _channel, _minute, accepted, _later in minutes()] == [2]


@pytest.mark.django_db(transaction=True)
def test_a_tick_notes_what_became_of_what_it_handed_over(plan, wants, provider, mailoutbox, now):
    plan(*[wants(n) for n in range(3)], wants(9, channel="email"))
    provider.control({"cycle": [{}, {"refuse": "busy"}, {"drop": True}]})
    dispatch.run(clock=lambda: now)
    rows = Traffic.objects.order_by("channel").values_list("channel", "accepted", "later", "refused", "unclear")
    assert list(rows) == [("email", 1, 0, 0, 0), ("sms", 1, 1, 0, 1)]


def test_a_receipt_that_is_news_is_noted_and_one_that_is_not_is_not(plan, wants, now):
    [message] = plan(wants(7))
    Message.objects.update(status="sent", posted_at=now, sent_at=now, sent_to="+14105550007", attempts=1)
    for status in ("sent", "delivered", "delivered"):
        receipts.apply(provider_id="SM1", send_key=message.send_key, status=status, now=now)
    assert [(row.delivered, row.undelivered) for row in Traffic.objects.all()] == [(1, 0)]


def test_what_a_forged_number_does_not_take_speaks_against_nobody(plan, wants, now):
    """Anybody can text us from a number that is not theirs, and our answers go there."""
    plan(*[wants(n, kind="test-reply") for n in range(9)], wants(9))
    Message.objects.update(status="sent", posted_at=now, sent_at=now, sent_to="+14105550007", attempts=1)
    for message in Message.objects.all():
        assert receipts.apply(provider_id="", send_key=message.send_key, status="undelivered", now=now)
    assert [(row.delivered, row.undelivered) for row in Traffic.objects.all()] == [(0, 1)]
