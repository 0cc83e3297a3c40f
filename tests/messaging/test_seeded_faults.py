"""The comparison of the two ledgers can fail: each guard taken away, in turn, turns it red."""

from datetime import timedelta

import pytest

from messaging.domain import dispatch, firewall, settle
from messaging.domain.kinds import Verdict
from messaging.models import Message
from tests.messaging.invariants import broken

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE = timedelta(minutes=1)


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
    monkeypatch.setattr(dispatch, "_post_begins", lambda message, draft, now: True)
    dispatch.send(claim=old, now=now)
    assert f"message {message.pk} went 2 times" in broken(provider.phones.all)


def test_without_the_firewall_a_text_goes_at_night(plan, wants, provider, now, monkeypatch):
    night = now + timedelta(hours=12)
    [message] = plan(wants(7, due_at=night, not_after=night + timedelta(hours=1)))
    monkeypatch.setattr(firewall, "check", lambda **_all: Verdict(wanted=True))
    dispatch.run(clock=lambda: night)
    assert broken(provider.phones.all) == [f"message {message.pk} went at night"]


def test_without_the_mask_the_ledger_holds_a_link(plan, wants, provider, now, monkeypatch):
    [message] = plan(wants(7))
    monkeypatch.setattr(dispatch, "masked", lambda draft: draft.body)
    dispatch.run(clock=lambda: now)
    assert broken(provider.phones.all) == [f"message {message.pk} holds a link"]
