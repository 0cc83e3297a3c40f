"""Who asked for no more messages. An opt-out belongs to the address, for everybody who uses it."""

from collections.abc import Callable, Iterable
from datetime import datetime

import structlog
from django.db import connection, transaction
from django.db.models.functions import Greatest

from messaging.models import OptOut

log = structlog.get_logger(__name__)

RECORD = """
INSERT INTO messaging_optout (address, since, how, recorded_by_id, ended_how) VALUES (%s, %s, %s, %s, '')
ON CONFLICT (address) WHERE ended_at IS NULL DO NOTHING
"""
AMONG = "SELECT address FROM messaging_optout WHERE address = ANY(%s) AND ended_at IS NULL"

# Filled in ready(): called with each address that was stopped or may be written to again, after that is safely kept,
# each in its own savepoint.
on_change: list[Callable[[str, datetime], None]] = []


def same(address: str) -> str:
    """The form in which addresses are compared."""
    return "".join(address.split()).lower()


def record(*, address: str, how: str, now: datetime, recorded_by_id: int | None = None) -> None:
    """Idempotent; the first time stays the time it holds since. `recorded_by_id`: who heard it said."""
    with connection.cursor() as cursor:
        cursor.execute(RECORD, [same(address), now, how, recorded_by_id])
        is_new = cursor.rowcount == 1
    if is_new:
        _tell(address, now)


def end(*, address: str, how: str, now: datetime) -> None:
    """Idempotent. That it held, and since when, is kept."""
    held = OptOut.objects.filter(address=same(address), ended_at__isnull=True)
    if held.update(ended_at=Greatest(now, "since"), ended_how=how):
        _tell(address, now)


def holds(*, address: str) -> bool:
    return bool(among(addresses=[address]))


def among(*, addresses: Iterable[str]) -> set[str]:
    """Which of these have opted out, as they were given. One query."""
    given = {address: same(address) for address in addresses}
    with connection.cursor() as cursor:
        cursor.execute(AMONG, [list(given.values())])
        stopped = {address for (address,) in cursor.fetchall()}
    return {address for address, compared in given.items() if compared in stopped}


def _tell(address: str, now: datetime) -> None:
    """An opt-out holds whatever its followers make of it."""
    for callback in on_change:
        try:
            with transaction.atomic():
                callback(same(address), now)
        except Exception as error:
            log.error("opt_out_callback_failed", error=type(error).__name__)
