"""Real workers on the real broker, killed with a request open at the provider."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
import requests
from django.utils import timezone

from config.celery import app
from messaging.models import Message
from tests.messaging.invariants import broken

pytestmark = [pytest.mark.crash, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).resolve().parents[2]
KILLS, MESSAGES = (200, 2_000) if os.environ.get("HOMEWARD_SOAK") == "1" else (10, 100)
OK: dict[str, object] = {}
# Every seventh request hangs: one already taken, one not; between them, answers that get lost.
FAULTS = [
    *[OK, OK, {"drop": True, "accept": True}, OK, OK, OK, {"hang": True, "accept": True}],
    *[OK, OK, {"status": 500, "accept": True}, {"drop": True}, OK, OK, {"hang": True}],
]


@contextmanager
def process(*command: str, **env: str) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        yield child
    finally:
        kill(child)


def kill(child: subprocess.Popen[str]) -> None:
    """The whole tree at once, as an out-of-memory killer or a power cut does."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()


@pytest.fixture
def provider_url() -> Iterator[str]:
    with process("-m", "messaging.fake_provider", "--port", "0", "--token", "local") as child:
        yield child.stdout.readline().strip()


@pytest.fixture
def bells() -> Iterator[None]:
    """Rings five times a second, whether anybody is there to hear it or not."""
    stop = Event()

    def ring() -> None:
        while not stop.wait(0.2):
            app.send_task("messaging.tick", expires=2)
            app.send_task("messaging.settle", expires=2)

    thread = Thread(target=ring)
    thread.start()
    yield
    stop.set()
    thread.join()
    app.control.purge()
    app.pool.force_close_all()


@pytest.fixture
def worker(pg_dsn, broker_url, provider_url) -> Callable[[], subprocess.Popen[str]]:
    env = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": pg_dsn,
        "REDIS_URL": broker_url,
        "SMS_API_URL": provider_url,
        "CELERY_SKIP_CHECKS": "1",
        "SMS_TIMEOUT": "1",
        "MESSAGE_LEASE_SECONDS": "4",
        "MESSAGE_SETTLE_SECONDS": "1",
    }
    command = ["-m", "celery", "-A", "tests.messaging.worker", "worker", "--concurrency=2", "--loglevel=ERROR"]
    return lambda: process(*command, "--without-gossip", "--without-mingle", "--without-heartbeat", **env)


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "It did not happen in time."
        time.sleep(0.02)


def daytime() -> str:
    """A zone where it is about noon, so that the hour of the test run does not matter."""
    ahead = 12 - timezone.now().hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


def test_each_message_goes_once_however_often_the_workers_are_killed(
    plan, wants, worker, provider_url, bells, record_property
):
    now = timezone.now()
    rows = {"due_at": now, "about_at": now, "not_after": now + timedelta(hours=2), "zone": daytime()}
    plan(*[wants(n % 40, subject=f"visit:{n}", **rows) for n in range(MESSAGES)])
    began = time.monotonic()

    def state() -> dict[str, int]:
        return requests.get(f"{provider_url}/state", timeout=5).json()

    for number in range(KILLS):
        # Each time from another place, so that a kill meets each of the faults.
        first = 5 * number % len(FAULTS)
        requests.put(f"{provider_url}/control", json={"cycle": FAULTS[first:] + FAULTS[:first]}, timeout=5)
        with worker():
            wait_for(lambda: state()["hanging"] > 0)
        wait_for(lambda: state()["hanging"] == 0)

    requests.put(f"{provider_url}/control", json={"cycle": []}, timeout=5)
    with worker():
        wait_for(lambda: not Message.objects.exclude(status="sent").exists(), 300)
    record_property("seconds", round(time.monotonic() - began))
    texts = requests.get(f"{provider_url}/messages", timeout=30).json()
    assert broken(texts) == []
    assert len(texts) == MESSAGES
