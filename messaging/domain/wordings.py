"""A clinic's own words for its messages. Versions stay; at most one is in use, else the words that come with the
product. Whether words are fit to be sent is for whoever writes them down to ask (``firewall``, ``compile``).
"""

from datetime import datetime

from django.db import connection, transaction
from django.db.models import Max, QuerySet

from messaging.models import Wording


class Stale(Exception):
    """Somebody else changed these words meanwhile. Nothing was changed."""


def current(*, site_id: int, kind: str, channel: str, language: str) -> Wording | None:
    """The clinic's own words that are in use; None for the words that come with the product. One indexed query."""
    rows = history(site_id=site_id, kind=kind, channel=channel, language=language)
    return rows.filter(retired_at__isnull=True).first()


def in_use(*, site_id: int) -> dict[tuple[str, str, str], Wording]:
    """All of a site's own words that are in use, by (kind, channel, language). One query."""
    rows = Wording.objects.filter(site_id=site_id, retired_at__isnull=True).select_related("made_by")
    return {(row.kind, row.channel, row.language): row for row in rows}


def history(*, site_id: int, kind: str, channel: str, language: str) -> QuerySet[Wording]:
    """Every version there ever was, the newest first."""
    rows = Wording.objects.filter(site_id=site_id, kind=kind, channel=channel, language=language)
    return rows.order_by("-version")


@transaction.atomic
def write(
    *,
    site_id: int,
    kind: str,
    channel: str,
    language: str,
    subject: str,
    text: str,
    based_on: int,
    made_by_id: int,
    now: datetime,
) -> Wording:
    """These words from now on; the ones in use before are kept. Writing what is in use already changes nothing.

    ``based_on`` is the version that was in use when the writer began, 0 for the words of the product. Raises ``Stale``
    where that is no longer so.
    """
    _lock(site_id, kind, channel, language)
    used = current(site_id=site_id, kind=kind, channel=channel, language=language)
    if used is not None and (used.subject, used.text) == (subject, text):
        return used
    _retire(used, based_on=based_on, now=now)
    rows = history(site_id=site_id, kind=kind, channel=channel, language=language)
    newest = rows.aggregate(newest=Max("version"))["newest"]
    return Wording.objects.create(
        site_id=site_id,
        kind=kind,
        channel=channel,
        language=language,
        version=(newest or 0) + 1,
        subject=subject,
        text=text,
        made_by_id=made_by_id,
        made_at=now,
    )


@transaction.atomic
def reset(*, site_id: int, kind: str, channel: str, language: str, based_on: int, now: datetime) -> bool:
    """Back to the words of the product. False if they are in use already; raises ``Stale`` as ``write`` does."""
    _lock(site_id, kind, channel, language)
    used = current(site_id=site_id, kind=kind, channel=channel, language=language)
    if used is None:
        return False
    _retire(used, based_on=based_on, now=now)
    return True


def _lock(site_id: int, kind: str, channel: str, language: str) -> None:
    """One writer at a time, also of a first version, which has no row to lock yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"wording {site_id} {kind} {channel} {language}"]
        )


def _retire(used: Wording | None, *, based_on: int, now: datetime) -> None:
    if (used.version if used else 0) != based_on:
        raise Stale
    if used is not None:
        used.retired_at = max(now, used.made_at)
        used.save(update_fields=["retired_at"])
