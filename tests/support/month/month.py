"""The clock of the month: people act at their minutes; workers sweep and send beside them, and are killed."""

import heapq
import itertools
import os
import random
import select
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from clinic.domain.errors import Refused
from tests.support.month.chance import Chance
from tests.support.month.town import FIRST_MONDAY, LAST_SATURDAY, Town

ROOT = Path(__file__).resolve().parents[3]
# Nobody is in any of the houses: from one in the morning in New York to seven in Berlin.
NIGHT = range(1, 6)
CALM = timedelta(hours=5)


class Worker:
    """The sweep and the sending in a process of their own."""

    def __init__(self, *, env: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.month.worker"],
                cwd=ROOT,
                env=os.environ | env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        self.heard = b""
        self.pid = int(self.expect("began"))

    def tell(self, now: datetime) -> None:
        os.write(self.process.stdin.fileno(), f"{now.isoformat()}\n".encode())

    def expect(self, word: str, seconds: float = 300) -> str:
        """The rest of the next line that begins so; ``passed`` are those before it."""
        end = time.monotonic() + seconds
        self.passed: list[str] = []
        while True:
            line, newline, rest = self.heard.partition(b"\n")
            if newline:
                self.heard = rest
                if line.startswith(word.encode()):
                    return line.decode().removeprefix(word).strip()
                self.passed.append(line.decode())
                continue
            left = end - time.monotonic()
            assert left > 0, f"The worker did not say {word!r}: {self.log.read_text()[-2000:]}"
            if select.select([self.process.stdout], [], [], left)[0]:
                read = os.read(self.process.stdout.fileno(), 1000)
                assert read, f"The worker ended: {self.log.read_text()[-2000:]}"
                self.heard += read

    def kill(self) -> None:
        """As an out-of-memory killer does."""
        os.kill(self.pid, signal.SIGKILL)

    def next_one(self) -> list[str]:
        """Begins after a kill. What the one before it had still said."""
        self.pid = int(self.expect("began"))
        return self.passed

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()


class Month:
    """``at`` plans an act, ``attempt`` does one and counts the refusals people would have read."""

    def __init__(self, *, seed: int, patients: int, workers: list[Worker]) -> None:
        self.chance = Chance(seed)
        self.kills = random.Random(seed)
        self.workers = workers
        self.counted: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.queue: list[tuple[datetime, int, Callable[[datetime], object]]] = []
        self.order = itertools.count()
        self.town = Town(patients=patients, chance=random.Random(seed))

    def at(self, moment: datetime, act: Callable[[datetime], object]) -> None:
        heapq.heappush(self.queue, (moment, next(self.order), act))

    def attempt(self, act: Callable[..., object], **arguments: object) -> bool:
        """False where it was refused, as it is when a worker or somebody else was quicker."""
        try:
            act(**arguments)
        except Refused as refused:
            self.refused[f"{act.__module__.rpartition('.')[2]}.{act.__name__}: {refused.reasons[0]}"] += 1
            return False
        return True

    def run(
        self, *, begin: datetime, end: datetime, every: timedelta, kills: int, walk: Callable[[datetime], object]
    ) -> None:
        """``walk`` is asked at each step, after the acts that were planned for the time before it."""
        moments = list(steps(begin, end, every))
        deadly = set(self.kills.sample(range(len(moments)), kills))
        last, typical = begin, 0.1
        for number, now in enumerate(moments):
            for worker in self.workers:
                worker.tell(now)
            told = time.monotonic()
            victim = self.kills.choice(self.workers) if number in deadly else None
            death = threading.Timer(self.kills.uniform(0, typical), victim.kill) if victim else None
            if death:
                death.start()
            self._act(last, now)
            walk(now)
            for worker in self.workers:
                if worker is not victim:
                    worker.expect("done")
                    typical = 0.8 * typical + 0.2 * (time.monotonic() - told)
            if victim and death:
                death.join()
                self.counted["workers killed"] += 1
                self.counted["workers killed at work"] += "done" not in victim.next_one()
            last = now

    def _act(self, last: datetime, now: datetime) -> None:
        while self.queue and self.queue[0][0] <= now:
            moment, _order, act = heapq.heappop(self.queue)
            act(max(moment, last))


def steps(begin: datetime, end: datetime, every: timedelta) -> Iterator[datetime]:
    """Nobody waits for an hour of the night, or before the first week and after the last."""
    now = begin
    while now < end:
        is_calm = now.hour in NIGHT or not FIRST_MONDAY <= now.date() <= LAST_SATURDAY
        now += CALM if is_calm else every
        yield now
