"""Keeps a handful of processes running until it is told to stop, then leaves none behind."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from config.local.processes import LocalError, end, spawn, tail

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# A process that lived this long has started well; its next death counts as the first.
SETTLED_SECONDS = 30.0
GIVE_UP_AFTER = 3


class Stopped(BaseException):
    """Somebody asked us to stop. Not an ``Exception``: nothing on the way may swallow it."""


@contextmanager
def stop_on_signal() -> Iterator[None]:
    """Turn Ctrl-C, SIGTERM and a closed terminal into ``Stopped``, once; what follows cannot disturb the clean-up."""

    def stop(number: int, frame: FrameType | None) -> None:
        for one in STOP_SIGNALS:
            signal.signal(one, signal.SIG_IGN)
        raise Stopped

    before = {number: signal.signal(number, stop) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Child:
    """One process that is started again when it dies."""

    def __init__(self, name: str, command: Sequence[str | Path], *, log: Path, env: Mapping[str, str]) -> None:
        self.name = name
        self.command = command
        self.log = log
        self.env = env
        self.deaths = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0

    def start(self) -> None:
        self._started = time.monotonic()
        self._process = spawn(self.command, log=self.log, env=self.env)

    def look_after(self) -> bool:
        """Start it again when it died; says whether it did. Raises ``LocalError`` after the third death in a row."""
        if self._process is None or self._process.poll() is None:
            return False
        code = self._process.returncode
        end(self._process)
        lived = time.monotonic() - self._started
        self.deaths = 1 if lived > SETTLED_SECONDS else self.deaths + 1
        if self.deaths >= GIVE_UP_AFTER:
            raise LocalError(
                f"The {self.name} ended {self.deaths} times in a row (last with code {code}). "
                f"The end of {self.log}:\n{tail(self.log)}"
            )
        time.sleep(0.5 * self.deaths)
        self.start()
        return True

    def ask_to_stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def stop(self, *, grace: float) -> None:
        if self._process is not None:
            end(self._process, grace=grace)
            self._process = None


class Supervisor:
    """Children in the order they start; they are asked to stop all at once and waited for in the reverse order."""

    def __init__(self, *, grace: float = 8.0) -> None:
        self.grace = grace
        self.children: list[Child] = []

    def start(self, child: Child) -> None:
        self.children.append(child)
        child.start()

    def wait_until(self, condition: Callable[[], bool], *, seconds: float, what: str) -> None:
        """Look after the children until ``condition`` holds; ``LocalError`` when it does not in time."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                logs = "\n".join(f"  {child.log}:\n{tail(child.log, 4)}" for child in self.children)
                raise LocalError(f"{what} within {seconds:.0f} seconds. The ends of the logs:\n{logs}")
            self.look_after()
            time.sleep(0.05)

    def look_after(self) -> list[str]:
        """The names of those that had to be started again."""
        return [child.name for child in self.children if child.look_after()]

    def stop(self) -> None:
        for child in self.children:
            child.ask_to_stop()
        deadline = time.monotonic() + self.grace
        for child in reversed(self.children):
            child.stop(grace=max(0.1, deadline - time.monotonic()))
        self.children.clear()


def run_to_its_end(command: Sequence[str | Path], *, what: str, log: Path, env: Mapping[str, str]) -> None:
    """Run one command; ``LocalError`` with the end of its output when it fails."""
    process = spawn(command, log=log, env=env)
    try:
        code = process.wait()
    finally:
        end(process, grace=3)
    if code:
        raise LocalError(f"{what} failed. The end of {log}:\n{tail(log, 25)}")
