"""Starting and ending the processes of a local run, so that none outlives the one that started it."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1
# The system's limit for the address of a socket, ending zero included.
_SOCKET_LIMIT = 108 if sys.platform == "linux" else 104


class LocalError(Exception):
    """Something on this machine stands in the way; the message is a sentence for the person at the terminal."""


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    user: str | None = None,
    at_our_death: signal.Signals = signal.SIGTERM,
) -> "subprocess.Popen[bytes]":
    """Start a process in a group of its own, output appended to ``log``.

    On Linux the kernel sends it ``at_our_death`` when this process ends in whatever way. The caller must be the main
    thread, since the kernel watches the thread that started the child.
    """
    parent = os.getpid()

    def follow_the_parent() -> None:
        follow_parent(at_our_death)
        if os.getppid() != parent:
            os.kill(os.getpid(), at_our_death)

    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            start_new_session=True,
            preexec_fn=follow_the_parent,
        )


def follow_parent(signal_at_its_death: signal.Signals) -> None:
    """Have the kernel send this process a signal when its parent ends. Does nothing outside Linux."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal_at_its_death.value)


def end(process: "subprocess.Popen[bytes]", *, by: signal.Signals = signal.SIGTERM, grace: float = 10.0) -> None:
    """Ask the process to end, wait ``grace`` seconds, then end its whole group by force."""
    if process.poll() is None:
        process.send_signal(by)
        with suppress(subprocess.TimeoutExpired):
            process.wait(grace)
    # Also when it ended well: what it left in its group goes with it.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def check_socket_path(path: Path) -> None:
    """Refuse a checkout so deep that the system cannot make a socket in it."""
    if len(os.fsencode(path)) >= _SOCKET_LIMIT:
        raise LocalError(
            f"This folder's path is too long: a socket's address may have {_SOCKET_LIMIT - 1} characters, and {path} "
            f"has {len(os.fsencode(path))}. Move the checkout to a shorter path and start again."
        )


def answers(path: Path) -> bool:
    """Whether somebody listens at this socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def wait_for_socket(path: Path, *, process: "subprocess.Popen[bytes]", log: Path, seconds: float = 20.0) -> None:
    """Return when somebody listens at ``path``; raise with the end of the log when ``process`` ended instead."""
    deadline = time.monotonic() + seconds
    while not answers(path):
        if process.poll() is not None:
            raise LocalError(f"{Path(str(process.args[0])).name} did not start:\n{tail(log)}")  # type: ignore[index]
        if time.monotonic() > deadline:
            raise LocalError(f"{path} did not answer within {seconds:.0f} seconds:\n{tail(log)}")
        time.sleep(0.02)


def tail(log: Path, lines: int = 12) -> str:
    """The last lines of a log, indented."""
    if not log.exists():
        return "    (no log)"
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 20_000))
        last = file.read().decode("utf-8", "replace").splitlines()[-lines:]
    return "\n".join(f"    {line}" for line in last)
