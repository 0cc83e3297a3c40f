"""How the providers answer, minute by minute: what tells the clinic early that messages no longer leave."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Max, Sum

from messaging.domain import outbox
from messaging.enums import Channel
from messaging.models import Traffic

KEPT = timedelta(days=30)
# The rate of errors speaks of so long.
LATELY = timedelta(minutes=10)
# Nobody needs to know how many more wait.
MOST = 100

NOTE = """
INSERT INTO messaging_traffic (channel, minute, accepted, later, refused, unclear, delivered, undelivered)
VALUES (%s, date_trunc('minute', %s), %s, %s, %s, %s, %s, %s)
ON CONFLICT (channel, minute) DO UPDATE SET
    accepted = messaging_traffic.accepted + excluded.accepted, later = messaging_traffic.later + excluded.later,
    refused = messaging_traffic.refused + excluded.refused, unclear = messaging_traffic.unclear + excluded.unclear,
    delivered = messaging_traffic.delivered + excluded.delivered,
    undelivered = messaging_traffic.undelivered + excluded.undelivered
"""
FORGET = "DELETE FROM messaging_traffic WHERE channel = ANY(%s) AND minute < %s"
COUNTED = ("accepted", "later", "refused", "unclear", "delivered", "undelivered")
HANDED_OVER = ("accepted", "later", "refused", "unclear")
# What speaks against a provider; a number that does not exist does not.
TROUBLE = ("later", "unclear", "undelivered")


@dataclass(frozen=True, kw_only=True)
class Pulse:
    """``oldest_due``: how long the oldest message that should have gone has waited, None where none does;
    ``never_tried``: the same of those that no provider turned away; ``due``: how many wait, MOST at the most.
    ``last_success``: the minute in which a provider last took one. ``error_rate``: how many were turned away, not
    answered or not delivered of those that were handed over ``lately`` (so many), from 0 to 1."""

    oldest_due: timedelta | None
    due: int
    last_success: datetime | None
    error_rate: float
    lately: int
    never_tried: timedelta | None = None


def note(*, channel: str, outcomes: Counter[str], now: datetime) -> None:
    """Adds what happened (by the names of COUNTED) to this minute. One statement; nothing for nothing."""
    if not outcomes.total():
        return
    with connection.cursor() as cursor:
        cursor.execute(NOTE, [channel, now, *(outcomes[name] for name in COUNTED)])


def pulse(*, now: datetime, channel: str = "") -> Pulse:
    """Of one channel, or of all of them. Three queries, however much there is."""
    rows, waiting = Traffic.objects.all(), outbox.waiting(now=now)
    if channel:
        rows, waiting = rows.filter(channel=channel), waiting.filter(channel=channel)
    sums = {name: Sum(name, default=0) for name in COUNTED}
    lately = rows.filter(minute__gt=now - LATELY).aggregate(**sums)
    handed, trouble = (sum(lately[name] for name in names) for names in (HANDED_OVER, TROUBLE))
    # In order and not as a sum, so that PostgreSQL begins at the oldest and never looks at what waits for the months
    # ahead; it takes most of that for due already.
    due = list(waiting.order_by("due_at").values_list("due_at", "error_class")[:MOST])
    never_tried = next((due_at for due_at, error in due if not error), None)
    return Pulse(
        oldest_due=now - due[0][0] if due else None,
        never_tried=now - never_tried if never_tried is not None else None,
        due=len(due),
        last_success=rows.filter(accepted__gt=0).aggregate(last=Max("minute"))["last"],
        error_rate=min(trouble / handed, 1.0) if handed else 0.0,
        lately=handed,
    )


def sweep(*, now: datetime) -> int:
    """Forgets what is older than KEPT; how many minutes. One statement, asked on each round."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET, [Channel.values, now - KEPT])
        found: int = cursor.rowcount
    return found
