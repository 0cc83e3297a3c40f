import itertools
import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging.domain import dispatch, opt_outs, outbox, receipts, settle
from messaging.domain import kinds as registry
from messaging.domain.kinds import Verdict
from messaging.models import Message
from tests.messaging import kinds, written

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def tick(now) -> Counter:
    return dispatch.run(clock=lambda: now)


def row(number: int = 7) -> Message:
    return Message.objects.get(recipient__endswith=f":{number}")


def texts(provider) -> list[tuple[str, str]]:
    return [(text["to"], text["body"]) for text in provider.phones.all]


def test_a_due_message_is_sent_and_the_ledger_holds_no_link(plan, wants, provider, now):
    [message] = plan(wants(7))
    assert tick(now) == {"sent": 1}
    [text] = provider.phones.all
    sent = row()
    assert text["body"] == f"Northgate Care: we see you on 03 Mar 16:41. {kinds.link_of(message)} STOP to opt out"
    assert sent.body == "Northgate Care: we see you on 03 Mar 16:41. [link] STOP to opt out"
    assert (sent.provider_id, sent.sent_to, sent.sent_at) == (text["sid"], "+14105550007", now)


def test_twenty_four_ticks_send_it_once(plan, wants, provider, now):
    """https://github.com/openemr/openemr/issues/11477"""
    plan(wants(7))
    for hour in range(24):
        tick(now + hour * HOUR)
    assert len(provider.phones.all) == 1


def test_a_whole_backlog_goes_in_one_tick_and_nothing_that_is_not_due(plan, wants, provider, now):
    plan(*[wants(n) for n in range(60)], wants(99, due_at=now + MINUTE))
    assert tick(now) == {"sent": 60}
    assert row(99).status == "pending"


def test_two_workers_at_once_send_each_message_once(plan, wants, provider, now):
    """https://github.com/masslight/ottehr/issues/3980"""
    plan(*[wants(n) for n in range(60)])
    gate = threading.Barrier(3)
    counts: list[Counter] = []

    def work() -> None:
        gate.wait()
        counts.append(dispatch.run(clock=lambda: now, batch=5))
        connection.close()

    workers = [threading.Thread(target=work) for _number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(counts, Counter()) == {"sent": 60}
    assert sorted(to for to, _body in texts(provider)) == sorted(f"+1410555{n:04d}" for n in range(60))


def test_a_day_without_the_sender_is_made_up_while_it_is_of_use(plan, wants, provider, now):
    """https://github.com/invoiceninja/invoiceninja/issues/2183"""
    yesterday = now - 24 * HOUR
    plan(wants(1, due_at=yesterday, not_after=now + MINUTE), wants(2, due_at=yesterday, not_after=now), at=yesterday)
    tick(now)
    settle.expire(now=now)
    assert (row(1).status, row(2).status) == ("sent", "expired")
    assert kinds.told == [("patient:2", "expired", "It could not go in time to be of use.")]


def test_a_visit_cancelled_before_the_tick_is_not_written_about(plan, wants, provider, now):
    """https://github.com/calcom/cal.diy/issues/17785"""
    plan(wants(7))
    plan()
    assert tick(now) == {}
    assert texts(provider) == []


def test_a_visit_cancelled_between_claim_and_send_is_not_written_about(plan, wants, provider, now):
    """https://github.com/betagouv/rdv-service-public/issues/3144"""
    plan(wants(7))
    [claim] = dispatch.claim(limit=10, now=now)
    kinds.dropped.add("visit:1")
    dispatch.send(claim=claim, now=now)
    assert (row().status, row().error_text) == ("void", "The visit was cancelled.")
    assert texts(provider) == []


def test_who_asks_for_no_more_between_claim_and_send_gets_nothing(plan, wants, provider, now):
    plan(wants(7), wants(8, subject="visit:2"))
    first, second = (kinds.address_of(row(number)) for number in (7, 8))

    def clock():
        if [to for to, _body in texts(provider)] == [first] and not opt_outs.holds(address=second):
            opt_outs.record(address=second, how="text", now=now)
        return now

    assert dispatch.run(clock=clock) == {"sent": 1, "blocked": 1}
    assert [to for to, _body in texts(provider)] == [first]
    assert row(8).error_text == "This number has asked for no more texts."


def test_a_plan_that_changes_between_claim_and_send_is_asked_again(plan, wants, provider, now):
    """https://github.com/betagouv/rdv-service-public/issues/3345"""
    plan(wants(7))
    [claim] = dispatch.claim(limit=10, now=now)
    plan()
    dispatch.send(claim=claim, now=now)
    assert row().status == "pending"
    plan()
    assert (tick(now), texts(provider)) == ({}, [])


def test_after_a_move_the_text_names_the_new_time(plan, wants, provider, now):
    """https://github.com/calcom/cal.diy/issues/6905"""
    plan(wants(7))
    plan(wants(7, about_at=now + 26 * HOUR))
    assert tick(now) == {"sent": 1}
    assert "04 Mar 16:41" in texts(provider)[0][1]


def test_a_claim_is_good_for_one_worker_only(plan, wants, provider, now):
    plan(wants(7))
    [old] = dispatch.claim(limit=10, now=now)
    settle.reap(now=now + 2 * MINUTE)
    [new] = dispatch.claim(limit=10, now=now + 2 * MINUTE)
    dispatch.send(claim=new, now=now + 2 * MINUTE)
    dispatch.send(claim=old, now=now)
    assert len(provider.phones.all) == 1


def test_too_little_lease_left_gives_the_row_back(plan, wants, provider, now):
    plan(wants(7))
    [claim] = dispatch.claim(limit=10, now=now)
    dispatch.send(claim=claim, now=now + timedelta(seconds=50))
    assert (row().status, texts(provider)) == ("pending", [])


def test_not_after_is_honoured_just_before_the_request(plan, wants, provider, now):
    plan(wants(7, not_after=now + timedelta(seconds=5)))
    [claim] = dispatch.claim(limit=10, now=now)
    dispatch.send(claim=claim, now=now + timedelta(seconds=6))
    assert (row().status, texts(provider)) == ("expired", [])


def test_a_tick_hands_over_no_more_than_its_cap(plan, wants, provider, settings, now):
    settings.MESSAGES_PER_TICK = 7
    plan(*[wants(n) for n in range(10)])
    assert [dispatch.run(clock=lambda: now, batch=3) for _tick in range(3)] == [{"sent": 7}, {"sent": 3}, {}]


def test_what_does_not_leave_takes_no_place_under_the_cap(plan, wants, provider, now):
    plan(*[wants(n, subject="visit:off") for n in range(5)], *[wants(n) for n in range(5, 8)])
    kinds.dropped.add("visit:off")
    assert dispatch.run(clock=lambda: now, cap=3) == {"void": 5, "sent": 3}


def test_what_stays_is_written_down_with_one_statement(plan, wants, provider, now):
    plan(*[wants(n, subject="visit:off") for n in range(10)])
    kinds.dropped.add("visit:off")
    with CaptureQueriesContext(connection) as queries:
        assert tick(now) == {"void": 10}
    assert sum("UPDATE messaging_message" in query["sql"] for query in queries) == 2  # the claim and the ends


def test_of_what_stays_one_that_cannot_be_written_stops_no_other(plan, wants, provider, now, monkeypatch):
    def still_wanted(message: Message, now) -> Verdict:
        return Verdict(wanted=False, reason="nul\0byte" if message.recipient == "patient:1" else "Not wanted.")

    monkeypatch.setitem(registry._kinds, kinds.REMINDER.name, replace(kinds.REMINDER, still_wanted=still_wanted))
    plan(*[wants(n) for n in range(4)])
    assert tick(now) == {"void": 3, "pending": 1}
    assert row(1).error_text == "The message could not be written."


def test_a_claimed_message_knows_its_clinic_and_what_it_is_judged_by_without_a_query(plan, wants, now):
    [message] = plan(wants(7))
    [claim] = dispatch.claim(limit=10, now=now)
    with CaptureQueriesContext(connection) as queries:
        assert claim.message == message
        assert claim.message.site.pk == message.site_id
        assert (claim.message.status, claim.message.attempts, claim.message.posted_at) == ("sending", 1, None)
    assert len(queries) == 0
    assert claim.message.created_at == message.created_at


def test_a_tick_ends_in_time_and_gives_back_what_it_did_not_begin(plan, wants, provider, now):
    plan(*[wants(n) for n in range(10)])
    seconds = itertools.count(step=5)
    assert dispatch.run(clock=lambda: now, timer=lambda: next(seconds)) == {"sent": 2, "pending": 8}
    assert tick(now + MINUTE) == {"sent": 8}


def test_a_clock_put_back_in_the_middle_of_a_tick_does_not_make_it_longer(plan, wants, provider, now):
    plan(*[wants(n) for n in range(10)])
    hour_back = itertools.chain([now, now], itertools.repeat(now - HOUR))
    seconds = itertools.count(step=5)
    dispatch.run(clock=lambda: next(hour_back), timer=lambda: next(seconds))
    assert next(seconds) <= 75


def test_what_was_written_by_a_clock_an_hour_ahead_does_not_wait_for_that_hour(plan, wants, provider):
    """A wait, a question to the provider and a lease, each from before the clock was put back."""
    now = timezone.now()
    rows = {"kind": kinds.COME_IN.name, "due_at": now, "not_after": now + 5 * HOUR}
    plan(*[wants(n, **rows) for n in range(3)], at=now)
    provider.control({"cycle": [{"refuse": "busy"}, {"drop": True, "accept": True}]})
    for claim in dispatch.claim(limit=2, now=now + HOUR):
        dispatch.send(claim=claim, now=now + HOUR)
    dispatch.claim(limit=1, now=now + HOUR)
    assert statuses() == ["pending", "unknown", "sending"]
    provider.control({"cycle": []})
    settle.run(clock=lambda: now + MINUTE)
    assert tick(now + MINUTE) == {"sent": 2}
    assert (statuses(), len(provider.phones.all)) == (["sent", "sent", "sent"], 3)


def test_what_waits_for_the_morning_is_asked_about_once_when_the_clock_is_put_back(plan, wants, provider, now):
    night = now + 13 * HOUR  # 22:41 in New York
    plan(wants(1, due_at=night - 2 * HOUR, not_after=night + 24 * HOUR))
    assert [tick(night), tick(night + MINUTE)] == [{"pending": 1}, {}]
    assert [tick(night - HOUR), tick(night - HOUR + MINUTE)] == [{"pending": 1}, {}]
    assert tick(night + 10 * HOUR) == {"sent": 1}


def statuses() -> list[str]:
    return [message.status for message in Message.objects.order_by("pk")]


def test_sending_writes_to_the_outbox_and_counts_the_traffic_and_nothing_else(plan, wants, provider, now):
    """https://github.com/openemr/openemr/pull/11589"""
    plan(wants(7))
    with CaptureQueriesContext(connection) as queries:
        tick(now)
    written = [query["sql"] for query in queries if not query["sql"].lstrip().startswith("SELECT")]
    outbox_rows, traffic = written[:-1], written[-1]
    assert len(outbox_rows) == 3  # the claim, the beginning of the request, its result
    assert all("UPDATE messaging_message" in sql for sql in outbox_rows)
    assert "INSERT INTO messaging_traffic" in traffic


def test_a_database_that_was_restarted_costs_one_round(plan, wants, provider, now, caplog):
    now = timezone.now()
    plan(wants(7, kind=kinds.COME_IN.name, due_at=now, not_after=now + HOUR), at=now)
    with connection.cursor() as cursor, pytest.raises(OperationalError):
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    call_command("messaging_loop", once=True)
    assert row().status == "sent"


def test_sending_inside_a_transaction_is_refused_loudly(plan, wants, provider, now):
    plan(wants(7))
    [claim] = dispatch.claim(limit=10, now=now)
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"):
        dispatch.send(claim=claim, now=now)


def test_a_poison_row_in_each_batch_stops_no_other(plan, wants, provider, now, caplog):
    plan(*[wants(n, recipient=f"{'poison' if n % 5 == 0 else 'patient'}:{n}") for n in range(20)])
    done = dispatch.run(clock=lambda: now, batch=5)
    assert done == {"sent": 16, "pending": 4}
    assert "Dana" not in caplog.text
    assert "+1410" not in caplog.text


def test_a_poison_row_ends_after_some_tries_and_the_desk_is_told(plan, wants, provider, now):
    plan(wants(1, recipient="poison:1", not_after=now + 24 * HOUR))
    for minute in range(0, 60, 5):
        tick(now + minute * MINUTE)
    assert (row(1).status, row(1).attempts, row(1).error_class) == ("dead", 5, "LookupError")
    assert kinds.told == [("poison:1", "dead", "The message could not be written.")]


def test_a_kind_nobody_registered_is_a_poison_row_and_no_more(plan, wants, provider, now):
    plan(wants(1, kind="forgotten"), wants(2))
    assert tick(now) == {"pending": 1, "sent": 1}


@pytest.mark.parametrize("words", ["x" * 300, "nul\0byte"])
def test_a_subject_the_ledger_cannot_hold_is_a_poison_row_and_no_more(plan, wants, mailoutbox, now, words, monkeypatch):
    values = {"site": "Northgate Care", "phone": "", "about": words}
    broken = replace(
        kinds.REMINDER,
        name="test-broken",
        facts=lambda m, n: replace(kinds.facts(m, n), wording="test-about-in-subject", values=values),
    )
    monkeypatch.setitem(registry._kinds, broken.name, broken)
    plan(wants(1, kind=broken.name, channel="email"), wants(2, channel="email"))
    assert tick(now) == {"pending": 1, "sent": 1}


def test_a_desk_that_cannot_be_told_does_not_keep_a_row_from_its_end(plan, wants, provider, now):
    plan(wants(1, recipient="deaf:1"))
    provider.control({"refuse": "bad_number"})
    tick(now)
    assert row(1).status == "dead"
    assert row(1).error_text.startswith("The desk could not be told.")


@pytest.mark.parametrize("refusal", ["bad_number", "not_mobile"])
def test_a_number_that_cannot_be_reached_is_the_desks_business(plan, wants, provider, now, refusal):
    plan(wants(7))
    provider.control({"refuse": refusal})
    assert tick(now) == {"dead": 1}
    assert kinds.told == [("patient:7", "dead", row().error_text)]


def test_an_opt_out_known_only_to_the_provider_becomes_ours(plan, wants, provider, now):
    plan(wants(7))
    provider.control({"refuse": "opted_out"})
    assert tick(now) == {"dead": 1}
    assert opt_outs.holds(address="+14105550007")


def test_a_helper_who_opted_out_is_unreachable_and_the_patient_is_not(plan, wants, provider, now):
    """https://github.com/medic/cht-core/issues/476"""
    opt_outs.record(address="+14105550001", how="text", now=now)
    plan(wants(1), wants(2))
    assert tick(now) == {"blocked": 1, "sent": 1}
    assert kinds.told == [("patient:1", "blocked", "This number has asked for no more texts.")]


@pytest.mark.parametrize("fault", [{"refuse": "busy"}, {"status": 503}, {"refuse": "unauthorised"}])
def test_what_was_certainly_not_taken_is_tried_again(plan, wants, provider, now, fault):
    plan(wants(7))
    provider.control(fault)
    assert tick(now) == {"pending": 1}
    provider.control({"refuse": "", "status": 0})
    assert tick(now) == {}
    assert tick(now + MINUTE) == {"sent": 1}


def test_a_provider_that_asks_for_twenty_minutes_gets_them(plan, wants, provider, now):
    plan(wants(7, not_after=now + 3 * HOUR), wants(8, not_after=now + 10 * MINUTE))
    provider.control({"refuse": "busy", "retry_after": "1200"})
    assert tick(now) == {"pending": 2}
    provider.control({"refuse": ""})
    assert 20 * MINUTE <= row(7).next_try_at - now <= 22 * MINUTE
    # The other would be of no more use by then: it has its last try while it is.
    assert row(8).next_try_at == now + 9 * MINUTE
    assert tick(now + 8 * MINUTE) == {}
    assert tick(now + 9 * MINUTE) == {"sent": 1}
    assert tick(now + 22 * MINUTE) == {"sent": 1}


def test_a_provider_that_asks_for_a_day_is_asked_again_within_the_hour(plan, wants, provider, now):
    plan(wants(7, not_after=now + 48 * HOUR))
    provider.control({"status": 503, "retry_after": "86400"})
    tick(now)
    provider.control({"status": 0})
    assert tick(now + 34 * MINUTE) == {"sent": 1}


def test_what_is_taken_and_fails_at_once_is_the_desks_business(plan, wants, provider, now):
    plan(wants(7))
    provider.control({"failed": 30006})
    assert tick(now) == {"dead": 1}
    assert kinds.told == [("patient:7", "dead", "This number cannot receive texts.")]


def test_a_provider_nobody_can_connect_to_is_tried_again(plan, wants, provider, settings, now):
    plan(wants(7))
    settings.SMS_API_URL = "http://127.0.0.1:9"
    assert tick(now) == {"pending": 1}
    assert row().error_class == "no_connection"


@pytest.mark.parametrize("fault", [{"status": 500}, {"drop": True}, {"status": 502, "accept": True}])
def test_what_may_have_been_taken_is_unknown(plan, wants, provider, now, fault):
    plan(wants(7))
    provider.control(fault)
    assert tick(now) == {"unknown": 1}


def test_a_provider_that_hangs_leaves_the_message_unknown(plan, wants, provider, settings, now):
    settings.SMS_TIMEOUT = 1
    plan(wants(7))
    provider.control({"hang": True, "accept": True})
    assert tick(now) == {"unknown": 1}
    provider.control({"hang": False})


def test_six_hours_without_a_provider_lose_nothing_and_send_nothing_too_late(plan, wants, provider, now):
    """https://github.com/betagouv/rdv-service-public/issues/4351"""
    plan(wants(1, not_after=now + 5 * HOUR), wants(2, not_after=now + 8 * HOUR))
    provider.control({"status": 503})
    for minute in range(0, 6 * 60, 2):
        tick(now + minute * MINUTE)
        settle.run(clock=lambda minute=minute: now + minute * MINUTE)
    assert (row(1).status, row(2).status) == ("expired", "pending")
    assert kinds.told == [("patient:1", "expired", "It could not go in time to be of use.")]
    provider.control({"status": 0})
    asked = provider.mood.asked
    for minute in range(0, 6, 2):
        tick(now + 6 * HOUR + minute * MINUTE)
    assert row(2).status == "sent"
    assert provider.mood.asked == asked + 1
    assert row(2).attempts < 150


def test_a_text_that_falls_into_the_night_goes_in_the_morning(plan, wants, provider, now):
    night = now + 11 * HOUR  # 20:41 in New York
    plan(wants(1, due_at=night, not_after=night + 24 * HOUR), wants(2, due_at=night, not_after=night + HOUR))
    assert tick(night) == {"pending": 1, "expired": 1}
    assert tick(night + 11 * HOUR) == {}
    assert tick(night + 12 * HOUR) == {"sent": 1}


def test_a_receipt_may_come_before_our_own_commit(plan, wants, provider, now):
    [message] = plan(wants(7))
    [claim] = dispatch.claim(limit=10, now=now)
    assert dispatch._post_begins(claim.message, written.draft(message, now), now)
    assert receipts.apply(provider_id="SM1", send_key=message.send_key, status="delivered", now=now)
    outcome = dispatch._hand_over(claim.message, written.draft(message, now))
    dispatch._record(claim.message, outcome, now)
    assert (row().status, row().provider_id) == ("delivered", "SM1")


def test_an_answer_after_the_lease_ended_still_counts(plan, wants, provider, now):
    [message] = plan(wants(7))
    [claim] = dispatch.claim(limit=10, now=now)
    assert dispatch._post_begins(claim.message, written.draft(message, now), now)
    outcome = dispatch._hand_over(claim.message, written.draft(message, now))
    settle.reap(now=now + 2 * MINUTE)
    assert row().status == "unknown"
    dispatch._record(claim.message, outcome, now)
    assert (row().status, len(provider.phones.all)) == ("sent", 1)


def test_an_e_mail_has_both_forms_and_a_name_of_its_own(plan, wants, mailoutbox, now):
    [message] = plan(wants(7, channel="email"))
    assert tick(now) == {"sent": 1}
    [mail] = mailoutbox
    assert (mail.to, mail.subject) == (["person7@example.org"], "Your visit")
    assert mail.alternatives[0].mimetype == "text/html"
    assert row().provider_id == mail.extra_headers["Message-ID"] == f"<{message.send_key}@localhost>"


def test_an_address_that_breaks_the_header_is_refused(plan, wants, now):
    kinds.addresses["patient:7"] = "a@example.org\nBcc: everybody@example.org"
    plan(wants(7, channel="email"))
    assert tick(now) == {"dead": 1}


def test_a_tick_reads_what_is_due_and_not_what_exists(plan, wants, now):
    future = [wants(n, subject=f"visit:{n}", due_at=now + HOUR, not_after=now + 2 * HOUR) for n in range(20_000)]
    site_id = plan(wants(1))[0].site_id
    outbox.reconcile(site_id=site_id, scope="later", wanted=future, now=now)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE messaging_message")
    assert [scans(dispatch.CLAIM, now), scans(settle.REAP, now), scans(settle.TAKE, now)] == [
        {"message_due": 1},
        {"message_leased": 0},
        {"message_unknown": 0},
    ]


def scans(sql: str, now) -> dict[str, int]:
    """Which indexes the statement read and how many rows came of each. It reads few pages and no whole table."""
    given = {"now": now, "until": now, "ahead": now, "ask_at": now, "wait": MINUTE, "reason": "", "limit": 25}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + sql, given)
        [[plans]] = cursor.fetchall()
        transaction.set_rollback(True)
    top = plans[0]["Plan"]
    nodes = list(walk(top))
    assert not [node for node in nodes if node["Node Type"] == "Seq Scan"]
    assert top["Shared Hit Blocks"] + top["Shared Read Blocks"] < 100
    found = {node["Index Name"]: node["Actual Rows"] for node in nodes if "Index Name" in node}
    return {name: rows for name, rows in found.items() if name != "messaging_message_pkey"}


def walk(node):
    yield node
    for child in node.get("Plans", []):
        yield from walk(child)
