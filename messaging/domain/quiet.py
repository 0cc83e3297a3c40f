"""When a text may go, and what a wall-clock time means on the days the clocks change.

A wall-clock time that the spring change skips means the first instant after the gap; one that the
autumn change repeats means the first of the two.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

log = logging.getLogger(__name__)

DAYS_TO_LOOK = 4  # Even where a whole date was skipped (Apia 2011) a day in the window is near.


@dataclass(frozen=True, kw_only=True)
class Window:
    """The hours in which texts may go, `closes` excluded; `evening` is where an earlier slot is found."""

    opens: time = time(8)
    closes: time = time(20)
    evening: time = time(19, 30)

    def __post_init__(self) -> None:
        if not self.opens <= self.evening < self.closes:
            raise ValueError("The evening slot must lie inside the window.")


DAYTIME = Window()


def zone_or(*, name: str, fallback: str) -> ZoneInfo:
    """The named zone; with a warning the fallback where the name means nothing."""
    if name:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            log.warning("unknown_zone")
    return ZoneInfo(fallback)


def instant(*, day: date, wall: time, zone: ZoneInfo) -> datetime:
    """The UTC instant of a wall-clock time on a day in a zone: of a repeated one the first, whatever its ``fold``."""
    first = datetime.combine(day, wall.replace(fold=0), tzinfo=zone)
    found = first.astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == first.replace(tzinfo=None):
        return found
    # In the gap the first reading lies after the change and the second before it.
    before, after = first.replace(fold=1).astimezone(UTC), found
    offset_before = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == offset_before:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def is_quiet(*, moment: datetime, zone: ZoneInfo, window: Window = DAYTIME) -> bool:
    return not window.opens <= moment.astimezone(zone).time() < window.closes


def earlier(*, moment: datetime, zone: ZoneInfo, window: Window = DAYTIME) -> datetime:
    """The moment itself if texts may go then, else the evening slot before it. For reminders."""
    if not is_quiet(moment=moment, zone=zone, window=window):
        return moment
    today = moment.astimezone(zone).date()
    for back in range(DAYS_TO_LOOK):
        slot = instant(day=today - timedelta(days=back), wall=window.evening, zone=zone)
        if slot <= moment and not is_quiet(moment=slot, zone=zone, window=window):
            return slot
    raise ValueError("No evening slot before that moment.")


def later(*, moment: datetime, zone: ZoneInfo, window: Window = DAYTIME) -> datetime:
    """The moment itself if texts may go then, else the next opening. For check-ins."""
    if not is_quiet(moment=moment, zone=zone, window=window):
        return moment
    today = moment.astimezone(zone).date()
    for ahead in range(DAYS_TO_LOOK):
        slot = instant(day=today + timedelta(days=ahead), wall=window.opens, zone=zone)
        if slot >= moment and not is_quiet(moment=slot, zone=zone, window=window):
            return slot
    raise ValueError("No opening after that moment.")
