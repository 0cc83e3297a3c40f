"""Two workers, a clock, a provider, a broker and a database, each of them to be killed and started again.

`worker.py` is what the workers and the clock run.
"""

import os
import random
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import dj_database_url
import psycopg2
import requests
from django.db import connection
from django.utils import timezone

from config.local.postgres import Postgres
from config.local.valkey import Valkey
from messaging.domain import kinds as registry
from messaging.domain.kinds import Facts
from messaging.models import Message
from tests import services
from tests.messaging import kinds


def as_the_reminder(message: Message, now: datetime) -> Facts:
    return replace(kinds.facts(message, now), wording=kinds.REMINDER.name)


# Said twice rather than not at all.
TWICE = replace(kinds.REMINDER, name="test-twice", facts=as_the_reminder, twice=True)
registry.register(TWICE)
ROOT = Path(__file__).resolve().parents[2]
CELERY = ["-m", "celery", "-A", "tests.messaging.worker"]
WORKER = [*CELERY, "worker", "--concurrency=2", "--loglevel=ERROR"]
WORKER += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
OPEN = "SELECT count(*) FROM messaging_message WHERE status IN ('pending', 'sending', 'unknown')"
AT_WORK = "SELECT count(*) FROM messaging_message WHERE status = 'sending'"


class Process:
    """One of ours, in a group of its own, started again after each kill."""

    def __init__(self, *command: str, env: dict[str, str]) -> None:
        self.command = command
        self.env = os.environ | env
        self.start()

    def start(self) -> None:
        self.is_ready = False
        self.child = subprocess.Popen(
            [sys.executable, *self.command],
            cwd=ROOT,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def ready(self) -> bool:
        """Whether it said so. One that ended by itself is started again, as whatever looks after it would."""
        if self.child.poll() is not None:
            self.kill()
            self.start()
        if not self.is_ready and select.select([self.child.stdout], [], [], 0)[0]:
            self.is_ready = b"ready" in os.read(self.child.stdout.fileno(), 1000)
        return self.is_ready

    def kill(self) -> None:
        """The whole tree at once, as an out-of-memory killer or a power cut does."""
        with suppress(ProcessLookupError):
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()
        self.child.stdout.close()


class Storm:
    def __init__(self, folder: Path, *, seed: int) -> None:
        self.chance = random.Random(seed)
        self.killed: Counter[str] = Counter()
        services.copy_tables_to(folder / "pg")
        self.postgres = Postgres(
            folder / "pg", log=folder / "postgres.log", database=services.TEMPLATE, settings=services.FAST
        )
        self.valkey = Valkey(folder / "valkey", log=folder / "valkey.log")
        self.processes: dict[str, Process] = {}
        self.folder = folder

    def start(self, **env: str) -> None:
        self.postgres.start()
        self.valkey.start()
        self.provider = Process("-m", "messaging.fake_provider", "--port", "0", "--token", "local", env={})
        self.provider_url = self.provider.child.stdout.readline().decode().strip()
        self.env = {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "HOMEWARD_LOCAL": "1",
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.valkey.url,
            "SMS_API_URL": self.provider_url,
            "CELERY_SKIP_CHECKS": "1",
            **env,
        }

    def work(self) -> None:
        """From now on two workers and a clock run."""
        beat = [*CELERY, "beat", "--pidfile=", f"--schedule={self.folder / 'beat'}", "--loglevel=ERROR"]
        self.processes = {
            "worker 1": Process(*WORKER, "--hostname=one@storm", env=self.env),
            "worker 2": Process(*WORKER, "--hostname=two@storm", env=self.env),
            "beat": Process(*beat, env=self.env),
        }

    def stop(self) -> None:
        for process in [*self.processes.values(), self.provider]:
            process.kill()
        self.valkey.stop()
        self.postgres.stop()

    def control(self, **behaviour: Any) -> None:
        requests.put(f"{self.provider_url}/control", json=behaviour, timeout=10).raise_for_status()

    def taken(self) -> int:
        """How many texts the phones have."""
        return int(requests.get(f"{self.provider_url}/state", timeout=10).json()["taken"])

    def texts(self) -> list[dict[str, str]]:
        return list(requests.get(f"{self.provider_url}/messages", timeout=60).json())

    def count(self, question: str) -> int:
        with psycopg2.connect(self.postgres.url) as session, session.cursor() as cursor:
            cursor.execute(question)
            found = int(cursor.fetchone()[0])
        session.close()
        return found

    def look_after(self) -> list[str]:
        """The names of those at work."""
        return [name for name, process in self.processes.items() if process.ready()]

    def kill_one(self) -> None:
        """One that has begun its work, drawn by lot, a worker rather than the clock."""
        while not (ready := self.look_after()):
            time.sleep(0.02)
        name = self.chance.choices(ready, [1 if each == "beat" else 4 for each in ready])[0]
        meets_work = name != "beat" and self.count(AT_WORK) > 0
        self.processes[name].kill()
        self.killed[name.split()[0]] += 1
        self.killed["at work"] += meets_work
        self.processes[name].start()

    def restart(self, service: Postgres | Valkey) -> None:
        service.stop()
        service.start()
        self.killed[type(service).__name__] += 1


@contextmanager
def storm(folder: Path, *, seed: int, **env: str) -> Iterator[Storm]:
    """While it lasts, our own models look at the storm's database."""
    made = Storm(folder, seed=seed)
    before = dict(connection.settings_dict)
    try:
        made.start(**env)
        connection.close()
        connection.settings_dict.update(dj_database_url.parse(made.postgres.url) | {"TEST": before["TEST"]})
        yield made
    finally:
        made.stop()
        connection.close()
        connection.settings_dict.clear()
        connection.settings_dict.update(before)


def daytime() -> str:
    """A zone where it is about noon, so that the hour of the test run does not matter."""
    ahead = 12 - timezone.now().hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "It did not happen in time."
        time.sleep(0.05)
