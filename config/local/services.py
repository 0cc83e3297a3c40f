"""PostgreSQL and Valkey of this checkout: where they live, and for the life of one command."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
def starting(home: Home) -> Iterator[None]:
    """One process at a time looks whether the services run, starts them or stops them."""
    home.folder.mkdir(parents=True, exist_ok=True)
    with (home.folder / "starting.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def running(home: Home) -> Iterator[None]:
    """Both services, started when nobody runs them yet.

    The one who started them stops them, after every other command that found them running has ended.
    """
    ours: list[Postgres | Valkey] = []
    with starting(home):
        in_use = (home.folder / "services.lock").open("w")
        fcntl.flock(in_use, fcntl.LOCK_SH)
        try:
            for service in (home.postgres, home.valkey):
                if not service.running():
                    service.start()
                    ours.append(service)
        except BaseException:
            _stop(ours)
            raise
    try:
        yield
    finally:
        if ours:
            fcntl.flock(in_use, fcntl.LOCK_UN)
            with starting(home):
                # Others may still be at work; nobody new comes in while we hold the other lock.
                fcntl.flock(in_use, fcntl.LOCK_EX)
                _stop(ours)
        in_use.close()


def _stop(services: list[Postgres | Valkey]) -> None:
    for service in reversed(services):
        service.stop()
