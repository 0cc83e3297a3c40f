"""Who asked for no more messages. An opt-out belongs to the address, for everybody who uses it."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection
from django.db.models.functions import Greatest

from messaging.models import OptOut

HOLDS = "SELECT 1 FROM messaging_optout WHERE address = %s AND ended_at IS NULL"
RECORD = """
INSERT INTO messaging_optout (address, since, how, recorded_by_id, ended_how) VALUES (%s, %s, %s, %s, '')
ON CONFLICT (address) WHERE ended_at IS NULL DO NOTHING
"""
AMONG = "SELECT address FROM messaging_optout WHERE address = ANY(%s) AND ended_at IS NULL"


def same(address: str) -> str:
    """The form in which addresses are compared."""
    return "".join(address.split()).lower()


def record(*, address: str, how: str, now: datetime, recorded_by_id: int | None = None) -> None:
    """Idempotent; the first time stays the time it holds since. `recorded_by_id`: who heard it said."""
    with connection.cursor() as cursor:
        cursor.execute(RECORD, [same(address), now, how, recorded_by_id])


def end(*, address: str, how: str, now: datetime) -> None:
    """Idempotent. That it held, and since when, is kept."""
    held = OptOut.objects.filter(address=same(address), ended_at__isnull=True)
    held.update(ended_at=Greatest(now, "since"), ended_how=how)


def holds(*, address: str) -> bool:
    """Asked before every message, hence by hand."""
    with connection.cursor() as cursor:
        cursor.execute(HOLDS, [same(address)])
        return cursor.fetchone() is not None


def among(*, addresses: Iterable[str]) -> set[str]:
    """Which of these have opted out, as they were given. One query."""
    given = {same(address): address for address in addresses}
    with connection.cursor() as cursor:
        cursor.execute(AMONG, [list(given)])
        return {given[address] for (address,) in cursor.fetchall()}
