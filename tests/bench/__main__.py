"""``python -m tests.bench``: what PostgreSQL can do on this machine, and how much of it we reach, in one run."""

import os
import shutil
import sys
import tempfile
from importlib import import_module
from pathlib import Path

import django
from django.core.management import call_command

from config.local.postgres import Postgres
from config.local.valkey import Valkey

PARTS = ("booking", "messaging", "planner", "contention", "http", "diary", "board")


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="homeward-bench-"))
    folder.chmod(0o711)
    database = Postgres(folder / "pg", log=folder / "postgres.log", settings=("max_connections=200",))
    broker = Valkey(folder / "valkey", log=folder / "valkey.log")
    try:
        database.start()
        broker.start()
        os.environ.update(
            DJANGO_SETTINGS_MODULE="config.settings",
            HOMEWARD_LOCAL="1",
            DEBUG="0",
            DATABASE_URL=database.url,
            REDIS_URL=broker.url,
        )
        django.setup()
        call_command("migrate", verbosity=0)
        for part in sys.argv[1:] or PARTS:
            # Milliseconds mean little on a machine that is busy otherwise: how busy stands beside them.
            print(f"{part} (load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)")  # noqa: T201
            for what, figure in import_module(f"tests.bench.{part}").run().items():
                print(f"  {what:<60}{figure:>12}")  # noqa: T201
    finally:
        broker.stop()
        database.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
