"""Who asked for no more messages. An opt-out belongs to the address, for everybody who uses it."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection

from messaging.models import OptOut

HOLDS = "SELECT 1 FROM messaging_optout WHERE address = %s AND ended_at IS NULL"
AMONG = "SELECT address FROM messaging_optout WHERE address = ANY(%s) AND ended_at IS NULL"


def same(address: str) -> str:
    """The form in which addresses are compared."""
    return "".join(address.split()).lower()


def record(*, address: str, how: str, now: datetime) -> None:
    """Idempotent; the first time stays the time it holds since."""
    row, made = OptOut.objects.get_or_create(address=same(address), defaults={"since": now, "how": how})
    if not made and row.ended_at is not None:
        OptOut.objects.filter(pk=row.pk).update(since=now, how=how, ended_at=None)


def end(*, address: str, now: datetime) -> None:
    """Idempotent."""
    OptOut.objects.filter(address=same(address), ended_at__isnull=True).update(ended_at=now)


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
