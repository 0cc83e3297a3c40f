"""Who said yes to being written to, about what, at which number or address, and in answer to which words.

A yes belongs to the address: a corrected or reassigned one has none. What was withdrawn is kept.
``person`` (``patient:7``) and ``purpose`` are names of the apps above.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models.functions import Greatest

from messaging.domain.opt_outs import same
from messaging.models import Consent

AGREED = """
SELECT 1 FROM messaging_consent
WHERE person = %s AND purpose = %s AND channel = %s AND address = %s AND withdrawn_at IS NULL
"""
GIVE = """
INSERT INTO messaging_consent (person, purpose, channel, address, language, wording, how, given_at, recorded_by_id,
    withdrawn_how)
SELECT %s, purpose, %s, %s, %s, %s, %s, %s, %s, '' FROM unnest(%s::text[]) AS purpose
ON CONFLICT (person, purpose, channel, address) WHERE withdrawn_at IS NULL DO NOTHING
"""
COPY = """
INSERT INTO messaging_consent (person, purpose, channel, address, language, wording, how, given_at, recorded_by_id,
    withdrawn_how)
SELECT %s, purpose, channel, address, language, wording, how, given_at, recorded_by_id, ''
FROM messaging_consent WHERE person = %s AND withdrawn_at IS NULL
ON CONFLICT (person, purpose, channel, address) WHERE withdrawn_at IS NULL DO NOTHING
"""
CLOSE_TWINS = """
UPDATE messaging_consent gone SET withdrawn_at = GREATEST(%(now)s, gone.given_at), withdrawn_how = 'joined'
FROM messaging_consent stays
WHERE gone.person = %(was)s AND stays.person = %(to)s AND gone.withdrawn_at IS NULL AND stays.withdrawn_at IS NULL
    AND (gone.purpose, gone.channel, gone.address) = (stays.purpose, stays.channel, stays.address)
"""


class Yes(NamedTuple):
    """One purpose one person agreed to, on one channel at one address (in the form addresses are compared in)."""

    person: str
    purpose: str
    channel: str
    address: str


def agreed(*, person: str, purpose: str, channel: str, address: str) -> bool:
    """Asked before every message, hence by hand."""
    with connection.cursor() as cursor:
        cursor.execute(AGREED, [person, purpose, channel, same(address)])
        return cursor.fetchone() is not None


def yes(*, person: str, purpose: str, channel: str, address: str) -> Yes:
    """What stands in a ``Standing`` where this was agreed to."""
    return Yes(person, purpose, channel, same(address))


def give(
    *,
    person: str,
    purposes: Iterable[str],
    channel: str,
    address: str,
    language: str,
    wording: str,
    how: str,
    now: datetime,
    recorded_by_id: int | None = None,
) -> int:
    """``wording``: the words the yes answered, as they were shown or said. Idempotent: the first yes stays. How many
    purposes were not agreed to before."""
    with connection.cursor() as cursor:
        cursor.execute(
            GIVE, [person, channel, same(address), language, wording, how, now, recorded_by_id, list(purposes)]
        )
        return int(cursor.rowcount)


def withdraw(*, person: str, purposes: Iterable[str], now: datetime, how: str, channel: str | None = None) -> int:
    """On every channel unless one is named, at whatever address. Idempotent. How many held."""
    held = Consent.objects.filter(person=person, purpose__in=list(purposes), withdrawn_at__isnull=True)
    if channel is not None:
        held = held.filter(channel=channel)
    return held.update(withdrawn_at=Greatest(now, "given_at"), withdrawn_how=how)


def copy(*, of: str, to: str) -> None:
    """What one agreed to the other did as well: two names of one person, both in use."""
    with connection.cursor() as cursor:
        cursor.execute(COPY, [to, of])


def rename(*, was: str, to: str, now: datetime) -> None:
    """Two names turn out to be one person: every yes, and every yes that ended, is that person's. In the caller's
    transaction. Where both had agreed, the one under ``to`` stays open."""
    with connection.cursor() as cursor:
        cursor.execute(CLOSE_TWINS, {"was": was, "to": to, "now": now})
    Consent.objects.filter(person=was).update(person=to)
