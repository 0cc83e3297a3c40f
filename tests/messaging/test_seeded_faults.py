"""The comparison of the two ledgers can fail: each guard taken away, in turn, turns it red."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from messaging.domain import dispatch, firewall, outbox, settle
from messaging.domain.kinds import Verdict
from messaging.models import Message
from tests.messaging.invariants import broken
from tests.messaging.storm import daytime

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE = timedelta(minutes=1)


def without(text: str, guard: str, instead: str = "") -> str:
    """The statement with the guard taken out, which must have been there."""
    assert text.count(guard) == 1
    return text.replace(guard, instead)


def in_a_thread(act: Callable[[], object]) -> None:
    try:
        act()
    finally:
        connection.close()


def lost_answer(provider, now) -> None:
    provider.control({"drop": True, "accept": True})
    dispatch.run(clock=lambda: now)
    provider.control({"drop": False})


def test_with_every_guard_in_place_nothing_is_wrong(plan, wants, provider, now):
    plan(wants(7))
    lost_answer(provider, now)
    settle.run(clock=lambda: now + MINUTE)
    dispatch.run(clock=lambda: now + MINUTE)
    assert broken(provider.phones.all) == []


def test_sending_again_without_asking_the_provider_doubles(plan, wants, provider, now):
    [message] = plan(wants(7))
    lost_answer(provider, now)
    Message.objects.update(status="pending", next_try_at=None)
    dispatch.run(clock=lambda: now + MINUTE)
    assert f"message {message.pk} went 2 times" in broken(provider.phones.all)


def test_calling_it_sent_without_asking_the_provider_loses(plan, wants, provider, now):
    [message] = plan(wants(7))
    provider.control({"drop": True})
    dispatch.run(clock=lambda: now)
    Message.objects.update(status="sent", sent_at=now)
    assert f"message {message.pk} is sent and no phone has it" in broken(provider.phones.all)


def test_without_the_fence_an_old_claim_doubles(plan, wants, provider, now, monkeypatch):
    [message] = plan(wants(7))
    [old] = dispatch.claim(limit=1, now=now)
    settle.reap(now=now + 2 * MINUTE)
    dispatch.run(clock=lambda: now + 2 * MINUTE)
    fence = "status = 'sending' AND attempts = %(attempts)s AND plan_version = %(plan_version)s"
    monkeypatch.setattr(dispatch, "POST_BEGINS", without(dispatch.POST_BEGINS, fence, "true"))
    dispatch.send(claim=old, now=now)
    assert f"message {message.pk} went 2 times" in broken(provider.phones.all)


@pytest.mark.parametrize(("lock", "texts"), [("FOR UPDATE SKIP LOCKED", 1), ("", 2)])
def test_without_the_lock_two_workers_claim_the_same(plan, wants, provider, now, monkeypatch, lock, texts):
    """Both read before either writes: what a quick claim leaves to luck, a slow one shows."""
    [message] = plan(wants(7))
    slow = without(dispatch.CLAIM, "FOR UPDATE SKIP LOCKED", lock) if not lock else dispatch.CLAIM
    slow = without(slow, "FROM due WHERE", "FROM due CROSS JOIN (SELECT pg_sleep(1)) AS nap WHERE")
    quick = dispatch.CLAIM if lock else without(dispatch.CLAIM, "FOR UPDATE SKIP LOCKED")
    monkeypatch.setattr(dispatch, "CLAIM", slow)
    with ThreadPoolExecutor(max_workers=1) as other:
        sleeper = other.submit(in_a_thread, lambda: dispatch.run(clock=lambda: now))
        time.sleep(0.5)
        monkeypatch.setattr(dispatch, "CLAIM", quick)
        dispatch.run(clock=lambda: now)
        sleeper.result()
    assert [text["to"] for text in provider.phones.all] == ["+14105550007"] * texts
    assert (f"message {message.pk} went 2 times" in broken(provider.phones.all)) is (texts == 2)


def test_without_the_reaper_what_a_dead_worker_held_is_lost(plan, wants, provider, now, monkeypatch):
    [message] = plan(wants(7))
    dispatch.claim(limit=1, now=now)
    monkeypatch.setattr(settle, "REAP", without(settle.REAP, "WHERE status = 'sending' AND", "WHERE false AND"))
    for minutes in range(70):
        settle.run(clock=lambda minutes=minutes: now + minutes * MINUTE)
        dispatch.run(clock=lambda minutes=minutes: now + minutes * MINUTE)
    end = now + timedelta(minutes=70)
    assert broken(provider.phones.all, settled_by=end) == [f"message {message.pk} is lost: sending"]


def test_without_the_constraint_what_is_planned_twice_is_said_twice(plan, wants, provider, now):
    [message] = plan(wants(7))
    [rule] = [each for each in Message._meta.constraints if each.name == "message_said_once"]
    again = {"site_id": message.site_id, "wanted": {"visit:1": [wants(7)]}, "now": now}
    outbox.begin(**again)
    with connection.schema_editor() as editor:
        editor.remove_constraint(Message, rule)
    try:
        outbox.begin(**again)
        dispatch.run(clock=lambda: now)
        assert broken(provider.phones.all) == ["test-reminder to patient:7 about visit:1 was said by 2 messages"]
    finally:
        Message.objects.exclude(pk=message.pk).delete()
        with connection.schema_editor() as editor:
            editor.add_constraint(Message, rule)


@pytest.mark.parametrize(("grace", "texts"), [(2, 1), (0, 2)])
def test_without_the_grace_a_provider_still_at_work_is_asked_too_early(plan, wants, provider, settings, grace, texts):
    settings.SMS_TIMEOUT = 0.2
    settings.MESSAGE_SETTLE_SECONDS = grace
    began = timezone.now()
    [message] = plan(wants(7, due_at=began, not_after=began + timedelta(hours=1), zone=daytime()), at=began)
    provider.control({"cycle": [{"delay": 2.5}, {}, {}]})
    while Message.objects.exclude(status="sent").exists() or len(provider.phones.all) < texts:
        assert timezone.now() < began + timedelta(seconds=30)
        settle.run(clock=timezone.now)
        dispatch.run(clock=timezone.now)
        time.sleep(0.1)
    assert [text["to"] for text in provider.phones.all] == ["+14105550007"] * texts
    assert (f"message {message.pk} went 2 times" in broken(provider.phones.all)) is (texts == 2)


def test_without_the_firewall_a_text_goes_at_night(plan, wants, provider, now, monkeypatch):
    night = now + timedelta(hours=12)
    [message] = plan(wants(7, due_at=night, not_after=night + timedelta(hours=1)))
    monkeypatch.setattr(firewall, "check", lambda **_all: Verdict(wanted=True))
    dispatch.run(clock=lambda: night)
    assert broken(provider.phones.all) == [f"message {message.pk} went at night"]
    Message.objects.all().delete()


def test_without_the_mask_the_ledger_holds_a_link(plan, wants, provider, now, monkeypatch):
    [message] = plan(wants(7))
    monkeypatch.setattr(dispatch, "masked", lambda draft: draft.body)
    dispatch.run(clock=lambda: now)
    assert broken(provider.phones.all) == [f"message {message.pk} holds a link"]
