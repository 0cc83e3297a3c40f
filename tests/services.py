"""The services of a test run: one PostgreSQL for the run, one broker for each of its processes.

The tables come from the project's own migrations, run once for each state of them and kept under ``var/cache``.
"""

import atexit
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from hashlib import sha256
from importlib.metadata import distributions
from pathlib import Path

from config.local.postgres import Postgres
from config.local.valkey import Valkey

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "var" / "cache"
# The test databases are copies of this one.
TEMPLATE = "homeward"
# Nothing of a test run outlives it, so nothing has to reach the disk.
FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_connections=200")


def start() -> Path:
    """Start the services and name them in the environment. Answers the run's folder, which goes when the run ends."""
    folder = Path(tempfile.mkdtemp(prefix="homeward-"))
    folder.chmod(0o711)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    broker = Valkey(folder / "valkey", log=folder / "valkey.log")
    broker.start()
    atexit.register(broker.stop)
    os.environ["REDIS_URL"] = broker.url
    # The workers of pytest-xdist inherit the address from the process that started the server.
    if "PYTEST_XDIST_WORKER" not in os.environ:
        copy_tables_to(folder / "pg")
        database = Postgres(folder / "pg", log=folder / "postgres.log", database=TEMPLATE, settings=FAST)
        database.start()
        atexit.register(database.stop)
        os.environ["DATABASE_URL"] = database.url
    return folder


def copy_tables_to(folder: Path) -> None:
    """A server's folder with one migrated database in it, at ``folder``."""
    CACHE.mkdir(parents=True, exist_ok=True)
    made = CACHE / f"pg-{state_of_migrations()}"
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            for old in CACHE.glob("pg-*"):
                shutil.rmtree(old)
            migrate(CACHE / "making")
            (CACHE / "making").rename(made)
        subprocess.run(["cp", "-a", made, folder], check=True)


def migrate(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    database = Postgres(folder, log=CACHE / "postgres.log", database=TEMPLATE, settings=FAST)
    database.start()
    try:
        env = {**os.environ, "DATABASE_URL": database.url, "HOMEWARD_LOCAL": "1"}
        command = [sys.executable, ROOT / "manage.py", "migrate", "--skip-checks", "-v", "0"]
        subprocess.run(command, env=env, cwd=ROOT, check=True)
    finally:
        database.stop()


def state_of_migrations() -> str:
    """Changes with every migration of ours, and with every installed package, which may bring its own."""
    digest = sha256()
    for file in sorted(ROOT.glob("*/migrations/*.py")):
        digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    for package in sorted(f"{one.name}=={one.version}" for one in distributions()):
        digest.update(package.encode())
    return digest.hexdigest()[:16]
