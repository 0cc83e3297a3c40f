"""When somebody at the clinic reads what comes in: the site's opening hours without its closures."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from clinic.domain import premises, times
from clinic.models import Site

Span = tuple[datetime, datetime]
# A site that opens on no day within these is not said to open at all.
DAYS_TO_LOOK = 30
# Who writes in the last minutes of a day may be read on the next only.
LAST_LOOK = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class Staffed:
    """``is_open``: somebody reads now, until ``at``; else from ``at`` on. UTC."""

    is_open: bool
    at: datetime


def next_open(*, site: Site, now: datetime) -> Staffed | None:
    """None where nobody knows when the site opens next: its hours are not set up, or it is closed for a month."""
    for opens, closes in _hours(site, now):
        if opens <= now < closes - LAST_LOOK:
            return Staffed(is_open=True, at=closes)
        if opens > now:
            return Staffed(is_open=False, at=opens)
    return None


def _hours(site: Site, now: datetime) -> Iterator[Span]:
    """The spans in which the site is open, from the one that is not over yet; one that closes at midnight and the next
    are two."""
    known = premises.of(site=site)
    today = times.local_day(moment=now, zone=known.zone)
    for ahead in range(DAYS_TO_LOOK):
        day = today + timedelta(days=ahead)
        for opens, closes in known.opening.get(day.weekday(), []):
            span = (
                times.first_valid(day=day, at=opens, zone=known.zone),
                times.first_valid(day=day, at=closes, zone=known.zone),
            )
            yield from (part for part in _without(span, known.closed) if part[1] > now)


def _without(span: Span, closed: list[Span]) -> Iterator[Span]:
    """What closures, in order and apart, leave of it."""
    begin, end = span
    for starts, ends in closed:
        if ends <= begin or starts >= end:
            continue
        if starts > begin:
            yield begin, starts
        begin = ends
    if begin < end:
        yield begin, end
