"""Ringing, looping, registering: the ways in which the engine is started."""

import ast
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import time_machine
from celery.beat import PersistentScheduler
from django.core.management import call_command
from django.utils import timezone

from config.celery import app
from messaging import checks, tasks
from messaging.domain import kinds, ledger
from messaging.enums import MOVES, MessageStatus
from messaging.models import Message
from tests.messaging.kinds import COME_IN, REMINDER

HOUR = timedelta(hours=1)
NEW_YORK = ZoneInfo("America/New_York")
ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    path for app in ("clinic", "config", "education", "messaging", "support") for path in (ROOT / app).rglob("*.py")
]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_ever_handed_to_the_broker_for_later(path):
    """https://github.com/celery/celery/issues/2481, https://github.com/celery/celery/issues/3270"""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.arg for node in ast.walk(tree) if isinstance(node, ast.keyword)}
    assert not names & {"eta", "countdown"}


@pytest.mark.parametrize("stopped", [timedelta(seconds=2), HOUR, timedelta(days=3)])
@pytest.mark.parametrize(
    "begun",
    [
        datetime(2026, 3, 8, 1, 59, 30, tzinfo=NEW_YORK),  # its clock skips an hour
        datetime(2026, 11, 1, 1, 59, 30, tzinfo=NEW_YORK),  # and repeats one
        datetime(2026, 6, 1, 12, tzinfo=NEW_YORK),
    ],
)
def test_after_a_restart_every_bell_rings_within_its_own_interval(tmp_path, begun, stopped):
    """https://github.com/celery/django-celery-beat/issues/798: idle for an hour after each deploy."""
    settings = {name: row["schedule"] for name, row in app.conf.beat_schedule.items()}
    file = str(tmp_path / "beat")
    with time_machine.travel(begun, tick=False):
        before = PersistentScheduler(app=app, schedule_filename=file)
        for name in settings:
            before.reserve(before.schedule[name])
        before.close()
    with time_machine.travel(begun.astimezone(UTC) + stopped, tick=False):
        after = PersistentScheduler(app=app, schedule_filename=file)
        asked = {name: after.schedule[name].is_due() for name in settings}
        after.close()
    waits = {name: 0 if due else seconds for name, (due, seconds) in asked.items()}
    assert waits == {name: max(0, interval - stopped.total_seconds()) for name, interval in settings.items()}


def test_bells_are_plain_intervals_and_the_one_that_sends_is_the_quickest():
    every = {row["task"]: row["schedule"] for row in app.conf.beat_schedule.values()}
    assert {type(interval) for interval in every.values()} == {float}
    assert (every["messaging.tick"], max(every.values())) == (5.0, 60.0)
    assert (app.conf.enable_utc, app.conf.timezone) == (True, "UTC")


@pytest.mark.django_db(transaction=True)
def test_the_bells_send_and_settle(plan, wants, provider):
    now = timezone.now()
    plan(wants(7, kind=COME_IN.name, due_at=now, not_after=now + HOUR), at=now)
    tasks.ring_settle()
    tasks.ring_dispatch()
    tasks.ring_dispatch()
    assert len(provider.phones.all) == 1


@pytest.mark.django_db(transaction=True)
def test_the_loop_sends_with_broker_and_clock_dead(plan, wants, provider, settings, capsys):
    now = timezone.now()
    settings.CELERY_BROKER_URL = settings.REDIS_URL = "redis://127.0.0.1:9"
    plan(wants(7, kind=COME_IN.name, due_at=now, not_after=now + HOUR), at=now)
    call_command("messaging_loop", once=True)
    assert "1 sent" in capsys.readouterr().out
    assert Message.objects.get().status == "sent"


@pytest.mark.crash
@pytest.mark.django_db(transaction=True)
def test_the_loop_ends_when_it_is_asked_to(plan, wants, pg_dsn):
    now = timezone.now()
    plan(wants(7, kind="unheard-of", due_at=now, not_after=now + HOUR), at=now)
    env = os.environ | {"DATABASE_URL": pg_dsn, "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "-m", "django", "messaging_loop", "--pause=60", "--skip-checks"]
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as loop:
        assert loop.stdout.readline() == b"1 pending\n"
        loop.send_signal(signal.SIGTERM)
        assert loop.wait(timeout=10) == 0


def test_two_kinds_cannot_have_one_name():
    kinds.register(REMINDER)
    with pytest.raises(ValueError, match="Two kinds"):
        kinds.register(replace(REMINDER, max_segments=9))
    assert REMINDER.name in kinds.names()


def test_a_move_that_does_not_exist_is_refused(now):
    with pytest.raises(ValueError, match="cannot go from delivered to sent"):
        ledger.move(message=Message(status="delivered"), to=MessageStatus.SENT, now=now)


def test_every_state_says_where_it_may_go():
    assert set(MOVES) == set(MessageStatus)


def test_a_lease_shorter_than_a_request_is_an_error(settings):
    assert checks.lease_outlasts_a_request() == []
    settings.MESSAGE_LEASE_SECONDS = 10
    assert [error.id for error in checks.lease_outlasts_a_request()] == ["messaging.E001"]


def test_a_provider_that_is_not_set_up_is_said_before_deployment(settings):
    assert checks.provider_is_set_up() == []
    settings.SMS_FROM = ""
    assert [warning.id for warning in checks.provider_is_set_up()] == ["messaging.W001"]
