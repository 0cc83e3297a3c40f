"""What a killed worker runs: the sweep and the sending, at the moments it is told on its input.

The process that was started lends the loaded project to the one that works: killed, the next is there at once. It says
"began" with the pid of who works, and "done" after each moment; what went wrong goes to the log, its standard error.
"""

import os
import sys
from datetime import datetime
from functools import partial

import django
import structlog

django.setup()

from messaging.domain import dispatch, settle  # noqa: E402
from support.domain import watch  # noqa: E402

log = structlog.get_logger(__name__)


def read_line() -> str:
    """A byte at a time: what this process has not read is the next one's."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            return ""
        line += byte
    return line.decode().strip()


def work() -> None:
    os.write(1, f"began {os.getpid()}\n".encode())
    while line := read_line():
        now = datetime.fromisoformat(line)
        clock = partial(datetime.fromisoformat, line)
        for ring in (partial(watch.run, now=now), partial(settle.run, clock=clock), partial(dispatch.run, clock=clock)):
            try:
                ring()
            except Exception:
                log.exception("doorbell_failed")
        os.write(1, b"done\n")


def main() -> None:
    while True:
        pid = os.fork()
        if pid == 0:
            work()
            os._exit(0)
        _pid, status = os.waitpid(pid, 0)
        if os.WIFEXITED(status):
            sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
