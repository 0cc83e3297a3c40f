"""Real workers, a real clock, broker and database, all of them killed while ten thousand messages are due."""

import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from messaging.enums import WITH_PROVIDER, Settled
from messaging.models import Message
from tests import invariants as everywhere
from tests.messaging.invariants import broken
from tests.messaging.kinds import REMINDER
from tests.messaging.storm import OPEN, TWICE, Storm, daytime, storm, wait_for

pytestmark = pytest.mark.crash
SOAK = os.environ.get("HOMEWARD_SOAK") == "1"
MESSAGES, KILLS, BROKER, DATABASE = (10_000, 200, 5, 2) if SOAK else (1_000, 20, 1, 1)
FAULTS = [
    {"drop": True, "accept": True},
    {"drop": True},
    {"status": 500, "accept": True},
    {"status": 500},
    {"hang": True, "accept": True},
    {"hang": True},
]


@pytest.fixture
def weather(django_db_blocker) -> Iterator[Storm]:
    # Short, since the address of a socket must be.
    folder = Path(tempfile.mkdtemp(prefix="storm-"))
    folder.chmod(0o711)
    seconds = {"SMS_TIMEOUT": "1", "MESSAGE_LEASE_SECONDS": "8", "MESSAGE_SETTLE_SECONDS": "1"}
    try:
        with django_db_blocker.unblock(), storm(folder, seed=MESSAGES, **seconds) as made:
            yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_whatever_is_killed_each_message_goes_once_or_the_ledger_says_why_not(plan, wants, weather, record_property):
    now = timezone.now()
    rows = {"due_at": now, "about_at": now, "not_after": now + timedelta(hours=3), "zone": daytime()}
    kinds = [REMINDER.name] * 3 + [TWICE.name]
    plan(*[wants(n % 400, kind=kinds[n % 4], subject=f"visit:{n}", **rows) for n in range(MESSAGES)], at=now)
    connection.close()
    began = time.monotonic()

    weather.control(seed=MESSAGES, share=0.03, lookup_share=0.5, faults=FAULTS)
    weather.work()
    acts = [weather.kill_one] * KILLS
    acts += [lambda: weather.restart(weather.valkey)] * BROKER + [lambda: weather.restart(weather.postgres)] * DATABASE
    weather.chance.shuffle(acts)
    for number, act in enumerate(acts):
        # By progress, so that each meets work: the last ones when nine tenths of it are done.
        mark = 0.9 * MESSAGES * (number + weather.chance.random()) / len(acts)
        wait_for(lambda mark=mark: weather.look_after() and weather.taken() >= mark)
        act()
    # The look-ups answer again: what is uncertain still comes to its end.
    weather.control(share=0, lookup_share=0)
    wait_for(lambda: weather.look_after() and not weather.count(OPEN), 300)

    seconds = round(time.monotonic() - began)
    states = Counter(Message.objects.values_list("kind", "status", "settled"))
    told = f"{MESSAGES} messages, {dict(weather.killed)}, {seconds} s, {dict(states)}"
    record_property("storm", told)
    sys.stdout.write(f"\n{told}\n")
    assert broken(weather.texts()) == []
    # Only of what nobody can be asked about may nobody say whether it went: all else is with the provider.
    assert {status for _kind, status, settled in states if settled != Settled.SILENT} <= WITH_PROVIDER
    everywhere.check_all(connection)
    assert Message.objects.count() == MESSAGES
    assert weather.killed["at work"] > weather.killed["worker"] / 2
