"""PostgreSQL and Valkey of this checkout: where they live, and for the life of one command."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from config.local.postgres import Postgres
from config.local.valkey import Valkey

VAR = Path(__file__).resolve().parent.parent.parent / "var"
# The clinic of ``make run`` keeps its data apart from the demo's; a command works on the one started last.
CLINIC = "clinic"
_LAST = VAR / "last"


class Home:
    """A folder with the data of one installation."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.logs = folder / "log"
        self.postgres = Postgres(folder / "pg", log=self.logs / "postgres.log")
        self.valkey = Valkey(folder / "valkey", log=self.logs / "valkey.log")

    def env(self) -> dict[str, str]:
        """What a process needs to find the services, and to know that this machine is nobody's production."""
        return {"HOMEWARD_LOCAL": "1", "DATABASE_URL": self.postgres.url, "REDIS_URL": self.valkey.url}


def demo() -> Home:
    return Home(VAR)


def clinic() -> Home:
    return Home(VAR / CLINIC)


def last() -> Home:
    """The one that ``make demo`` or ``make run`` started last; the demo's before there was any."""
    return clinic() if _LAST.exists() and _LAST.read_text() == CLINIC else demo()


def remember(home: Home) -> None:
    """Make this the one that ``manage.py`` works on."""
    VAR.mkdir(exist_ok=True)
    _LAST.write_text(home.folder.name)


def wanted() -> bool:
    """Whether the environment leaves the database to us."""
    return not (os.environ.get("DATABASE_URL") or os.environ.get("DATABASE_URL_FILE"))


@contextmanager
def running(home: Home) -> Iterator[None]:
    """Both services, started when nobody runs them yet.

    The one who started them stops them, after every other command that found them running has ended.
    """
    with ExitStack() as held:
        with starting(home):
            guests = held.enter_context((home.folder / "guests.lock").open("w"))
            owns = own(home, held)
            if owns:
                start(home, held)
            else:
                fcntl.flock(guests, fcntl.LOCK_SH)
        try:
            yield
        finally:
            if owns:
                _stop_after_guests(home, guests)


@contextmanager
def starting(home: Home) -> Iterator[None]:
    """One process at a time finds out who owns the services, starts them or stops them."""
    home.folder.mkdir(parents=True, exist_ok=True)
    with (home.folder / "starting.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def own(home: Home, held: ExitStack) -> bool:
    """Become the owner for as long as ``held`` lasts, unless another living process is. A dead owner owns nothing."""
    lock = (home.folder / "owner.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return False
    held.enter_context(lock)
    return True


def start(home: Home, held: ExitStack) -> None:
    """Start both services, to be stopped when ``held`` ends. For the owner, inside ``starting``."""
    for service in (home.postgres, home.valkey):
        service.end_leftover()
        held.callback(service.stop)
        service.start()


def _stop_after_guests(home: Home, guests: IO[str]) -> None:
    while True:
        # Not waited for inside the lock: a guest may call a command of its own, which passes here too.
        with starting(home), suppress(BlockingIOError):
            fcntl.flock(guests, fcntl.LOCK_EX | fcntl.LOCK_NB)
            home.valkey.stop()
            home.postgres.stop()
            return
        time.sleep(0.1)
