"""Wall clock and UTC. The site's zone decides; gaps and folds are settled here and nowhere else."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

END_OF_DAY = 24 * 60


def wall(*, day: date, at: time, zone: ZoneInfo) -> datetime | None:
    """The moment (UTC) a clock in ``zone`` shows ``at`` on ``day``.

    None for a time the clock skips in spring; the first of the two where it shows the time twice in autumn.
    """
    local = datetime.combine(day, at.replace(tzinfo=None, fold=0), tzinfo=zone)
    moment = local.astimezone(UTC)
    exists = moment.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None)
    return moment if exists else None


def first_valid(*, day: date, at: time, zone: ZoneInfo) -> datetime:
    """Like ``wall``, but a skipped time becomes the first moment after the gap."""
    moment = wall(day=day, at=at, zone=zone)
    if moment is not None:
        return moment
    # Read with the offset from before the gap, a skipped time lies after it by as much as the clock jumps.
    before = datetime.combine(day, at.replace(tzinfo=None, fold=0), tzinfo=zone)
    after = before.replace(fold=1)
    jump = (after.utcoffset() or timedelta()) - (before.utcoffset() or timedelta())
    shown = before.astimezone(UTC)
    low, high = shown - abs(jump), shown
    # The zone's offset changes once in this span; halve it down to the second.
    target = high.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == target:
            high = middle
        else:
            low = middle
    return high.replace(microsecond=0)


def day_bounds(*, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """First moment (UTC) of the calendar day and of the one after; 23, 24 or 25 hours apart."""
    return (
        first_valid(day=day, at=time.min, zone=zone),
        first_valid(day=day + timedelta(days=1), at=time.min, zone=zone),
    )


def minute_of_day(at: time | datetime) -> int:
    """Minutes the wall clock has counted since midnight."""
    return at.hour * 60 + at.minute


def end_minute(at: time) -> int:
    """The same for the end of a span: a clock cannot show 24:00, so 23:59 stands for it."""
    minute = minute_of_day(at)
    return END_OF_DAY if minute == END_OF_DAY - 1 else minute


def local_day(*, moment: datetime, zone: ZoneInfo) -> date:
    """The calendar day that ``moment`` falls on in ``zone``."""
    return moment.astimezone(zone).date()


def zone_name(zone: str) -> str:
    """``America/New_York`` as people say it: ``New York``."""
    return zone.rpartition("/")[2].replace("_", " ")
