"""What the apps above look at after each round of the plain loop: for the day their own clock is dead."""

from collections.abc import Callable
from datetime import datetime

import structlog
from django.db import Error

log = structlog.get_logger(__name__)

# Each is called with ``now``; cheap, and idempotent: rounds come every few seconds, from any number of processes.
on_round: list[Callable[..., object]] = []


def look(*, now: datetime) -> None:
    """A watcher that fails keeps nobody from looking after it; a database that is gone is the loop's to wait for."""
    for watcher in on_round:
        try:
            watcher(now=now)
        except Error:
            raise
        except Exception as error:
            log.error("round_not_watched", error=type(error).__name__)
