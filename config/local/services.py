"""PostgreSQL and Valkey of this checkout, for the life of one command."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.local.postgres import Postgres
from config.local.valkey import Valkey

VAR = Path(__file__).resolve().parent.parent.parent / "var"


def postgres(var: Path = VAR) -> Postgres:
    return Postgres(var / "pg", log=var / "log" / "postgres.log")


def valkey(var: Path = VAR) -> Valkey:
    return Valkey(var / "valkey", log=var / "log" / "valkey.log")


@contextmanager
def running(var: Path = VAR) -> Iterator[bool]:
    """Both services, started when nobody runs them yet. Yields whether this call started them.

    The one who started them stops them, after every other command that found them running has ended.
    """
    var.mkdir(exist_ok=True)
    with (var / "services.lock").open("w") as in_use:
        database, broker = postgres(var), valkey(var)
        with starting(var):
            fcntl.flock(in_use, fcntl.LOCK_SH)
            ours = not database.running()
            if ours:
                database.start()
            if not broker.running():
                broker.start()
        try:
            yield ours
        finally:
            if ours:
                with starting(var):
                    fcntl.flock(in_use, fcntl.LOCK_EX)
                    broker.stop()
                    database.stop()


@contextmanager
def starting(var: Path = VAR) -> Iterator[None]:
    """One process at a time looks whether the services run and starts or stops them."""
    with (var / "starting.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def wanted() -> bool:
    """Whether the environment leaves the database to us."""
    return not (os.environ.get("DATABASE_URL") or os.environ.get("DATABASE_URL_FILE"))
