import itertools
from datetime import timedelta

import pytest

from messaging.domain import dispatch, receipts, settle
from messaging.domain import kinds as registry
from messaging.models import Message, Traffic
from tests.messaging import kinds, written

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE = timedelta(minutes=1)


def tick(now):
    return dispatch.run(clock=lambda: now)


def row(number: int = 7) -> Message:
    return Message.objects.get(recipient__endswith=f":{number}")


def ask(now) -> int:
    return settle.settle(now=now)


@pytest.mark.parametrize("kind", [kinds.REMINDER, kinds.COME_IN])
def test_a_text_the_provider_took_is_sent_and_not_sent_again(plan, wants, provider, now, kind):
    plan(wants(7, kind=kind.name))
    provider.control({"status": 500, "accept": True})
    tick(now)
    provider.control({"status": 0})
    assert ask(now + MINUTE) == 1
    assert (row().status, row().provider_id) == ("sent", provider.phones.all[0]["sid"])
    assert tick(now + MINUTE) == {}
    assert len(provider.phones.all) == 1


@pytest.mark.parametrize("kind", [kinds.REMINDER, kinds.COME_IN])
def test_a_text_the_provider_never_took_goes_again(plan, wants, provider, now, kind):
    plan(wants(7, kind=kind.name))
    provider.control({"drop": True})
    tick(now)
    provider.control({"drop": False})
    ask(now + MINUTE)
    assert tick(now + MINUTE) == {"sent": 1}
    assert len(provider.phones.all) == 1


@pytest.mark.parametrize("word", ["failed", "undelivered", "canceled"])
def test_a_text_that_is_found_and_failed_is_not_called_sent(plan, wants, provider, now, word):
    plan(wants(7))
    provider.control({"drop": True, "accept": True})
    tick(now)
    provider.phones.all[0]["status"] = word
    ask(now + MINUTE)
    assert (row().status, len(kinds.told)) == ("undelivered", 1)


@pytest.mark.parametrize(
    ("kind", "fault", "settled", "ends"),
    [
        (kinds.REMINDER, {"drop": True, "accept": True}, "found", "sent"),
        (kinds.REMINDER, {"drop": True}, "not_found", "sent"),
        (kinds.REMINDER, {"drop": True, "lookup_status": 500}, "silent", "dead"),
        (kinds.COME_IN, {"drop": True, "lookup_status": 500}, "again", "sent"),
    ],
)
def test_the_ledger_says_how_each_uncertain_message_was_accounted_for(
    plan, wants, provider, now, kind, fault, settled, ends
):
    plan(wants(7, kind=kind.name, not_after=now + 300 * MINUTE))
    provider.control(fault)
    tick(now)
    assert (row().status, row().settled) == ("unknown", "")
    provider.control({"drop": False, "accept": False})
    for minute in range(60):
        ask(now + minute * MINUTE)
        tick(now + minute * MINUTE)
    assert (row().status, row().settled) == (ends, settled)


def test_what_was_never_uncertain_is_not_called_settled(plan, wants, provider, now):
    plan(wants(7))
    tick(now)
    assert (row().status, row().settled) == ("sent", "")


@pytest.mark.parametrize("minutes", [1, 60])
def test_a_receipt_settles_what_was_uncertain_even_after_we_gave_up(plan, wants, provider, now, minutes):
    [message] = plan(wants(7, not_after=now + 300 * MINUTE))
    provider.control({"drop": True, "lookup_status": 500})
    tick(now)
    for minute in range(minutes):
        ask(now + minute * MINUTE)
    later = now + minutes * MINUTE
    assert receipts.apply(provider_id="SM1", send_key=message.send_key, status="delivered", now=later)
    assert (row().status, row().settled) == ("delivered", "found")


def test_a_lease_begun_before_the_clock_was_put_back_does_not_hold_for_that_hour(plan, wants, provider, now):
    plan(wants(1), wants(2), at=now)
    [first, _second] = dispatch.claim(limit=2, now=now + 60 * MINUTE - timedelta(seconds=1))
    dispatch._post_begins(first.message, written.draft(first.message, now), now)
    assert settle.reap(now=now) == 2
    assert sorted([row(1).status, row(2).status]) == ["pending", "unknown"]


def test_a_question_put_off_before_the_clock_was_put_back_is_asked_at_once(plan, wants, provider, now):
    ahead = now + 60 * MINUTE
    plan(wants(7, not_after=now + 300 * MINUTE, due_at=now))
    provider.control({"drop": True, "accept": True})
    tick(ahead)
    provider.control({"drop": False})
    assert (ask(now), row().settled) == (1, "found")


def test_settling_notes_that_the_provider_took_it(plan, wants, provider, now):
    plan(wants(7))
    provider.control({"drop": True, "accept": True})
    tick(now)
    ask(now + MINUTE)
    assert [(t.unclear, t.accepted) for t in Traffic.objects.order_by("minute")] == [(1, 0), (0, 1)]


def test_the_provider_is_not_asked_while_it_may_still_be_busy(plan, wants, provider, now):
    plan(wants(7))
    provider.control({"drop": True})
    tick(now)
    assert ask(now + timedelta(seconds=20)) == 0


def test_the_same_words_to_the_same_number_are_told_apart(plan, wants, provider, now):
    """Two visits, one phone, no link in the text: the first is known to be the other's."""
    plan(wants(7, kind=kinds.COME_IN.name), wants(7, kind=kinds.COME_IN.name, subject="visit:2"))
    provider.control({"cycle": [{}, {"drop": True}]})
    assert tick(now) == {"sent": 1, "unknown": 1}
    provider.control({"cycle": []})
    ask(now + MINUTE)
    assert tick(now + MINUTE) == {"sent": 1}
    assert len(provider.phones.all) == 2


def test_links_tell_two_lost_texts_apart(plan, wants, provider, now):
    plan(wants(7), wants(7, subject="visit:2"))
    provider.control({"cycle": [{"drop": True}, {"drop": True, "accept": True}]})
    assert tick(now) == {"unknown": 2}
    provider.control({"cycle": []})
    ask(now + MINUTE)
    assert [message.status for message in Message.objects.order_by("pk")] == ["pending", "sent"]


def test_one_link_in_two_lost_texts_does_not_mix_them_up(plan, wants, provider, now):
    plan(wants(7, kind=kinds.OWN_LINK.name), wants(7, kind=kinds.OWN_LINK.name, subject="visit:2"))
    provider.control({"cycle": [{"drop": True}, {"drop": True, "accept": True}]})
    assert tick(now) == {"unknown": 2}
    provider.control({"cycle": []})
    ask(now + MINUTE)
    assert [message.status for message in Message.objects.order_by("pk")] == ["pending", "sent"]


def test_a_lost_text_of_a_kind_nobody_registered_stops_no_other(plan, wants, provider, now):
    plan(wants(1), wants(2))
    provider.control({"drop": True})
    tick(now)
    Message.objects.filter(recipient="patient:1").update(kind="forgotten")
    provider.control({"drop": False})
    for minute in range(20):
        settle.run(clock=lambda minute=minute: now + minute * MINUTE)
    assert (row(1).status, row(2).status) == ("dead", "pending")


def test_settling_ends_in_time_though_the_clock_is_put_back_meanwhile(plan, wants, provider, now):
    plan(*[wants(n) for n in range(10)])
    provider.control({"drop": True, "accept": True})
    tick(now)
    provider.control({"drop": False})
    later = itertools.chain(itertools.repeat(now + MINUTE, 3), itertools.repeat(now - 60 * MINUTE))
    seconds = itertools.count(step=5)
    settle.run(clock=lambda: next(later), timer=lambda: next(seconds))
    assert Message.objects.filter(status="sent").count() == 3
    settle.run(clock=lambda: now - 60 * MINUTE)
    assert Message.objects.filter(status="sent").count() == 10


def test_the_answer_is_found_on_the_second_page(plan, wants, provider, now, settings):
    settings.SMS_TIMEOUT = 5
    plan(wants(7))
    provider.control({"drop": True, "accept": True})
    tick(now)
    for _number in range(1001):
        provider.phones.take({"To": "+14105550007", "Body": "something else"})
    ask(now + MINUTE)
    assert row().status == "sent"


def test_a_provider_that_cannot_say_is_asked_less_and_less_often(plan, wants, provider, now):
    plan(wants(7, not_after=now + 90 * MINUTE))
    provider.control({"drop": True, "lookup_status": 500})
    tick(now)
    asked = [minute for minute in range(60) if ask(now + minute * MINUTE)]
    assert asked == [1, 2, 3, 5, 9, 17]
    assert (row().status, row().error_text) == ("dead", "Nobody can say whether it was sent.")
    assert kinds.told == [("patient:7", "dead", "Nobody can say whether it was sent.")]


@pytest.mark.parametrize(("kind", "texts"), [(kinds.REMINDER, 1), (kinds.COME_IN, 2)])
def test_what_is_better_twice_than_never_goes_twice_and_a_reminder_once(plan, wants, provider, now, kind, texts):
    plan(wants(7, kind=kind.name, not_after=now + 300 * MINUTE))
    provider.control({"drop": True, "accept": True, "lookup_status": 500})
    for minute in range(120):
        tick(now + minute * MINUTE)
        ask(now + minute * MINUTE)
    assert (row().status, row().error_class, len(provider.phones.all)) == ("dead", registry.UNCLEAR, texts)
    assert kinds.told == [("patient:7", "dead", "Nobody can say whether it was sent.")]


def test_an_unknown_message_whose_time_is_over_expires(plan, wants, provider, now):
    plan(wants(7, not_after=now + MINUTE))
    provider.control({"drop": True})
    tick(now)
    ask(now + 2 * MINUTE)
    assert (row().status, len(kinds.told)) == ("expired", 1)


def test_a_worker_gone_before_its_request_costs_no_question(plan, wants, provider, now):
    plan(wants(7))
    dispatch.claim(limit=10, now=now)
    assert settle.reap(now=now + timedelta(seconds=59)) == 0
    assert settle.reap(now=now + MINUTE) == 1
    assert row().status == "pending"
    assert tick(now + MINUTE) == {"sent": 1}


def test_a_worker_gone_with_its_request_open_leaves_it_unknown(plan, wants, provider, now):
    [message] = plan(wants(7))
    [claim] = dispatch.claim(limit=10, now=now)
    dispatch._post_begins(claim.message, written.draft(message, now), now)
    settle.reap(now=now + MINUTE)
    assert row().status == "unknown"
    ask(now + 2 * MINUTE)
    assert tick(now + 2 * MINUTE) == {"sent": 1}


def test_an_e_mail_of_unknown_fate_follows_its_kind(plan, wants, now):
    plan(wants(1, channel="email", kind=kinds.COME_IN.name), wants(2, channel="email"))
    Message.objects.update(status="unknown", posted_at=now, sent_to="a@example.org", next_try_at=now)
    ask(now)
    assert (row(1).status, row(2).status) == ("pending", "dead")
