"""Where things stand on a day's room board: a five-minute grid on the clinic's wall clock. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from clinic.domain.spans import joined
from clinic.domain.times import minute_of_day

STEP = 5
PER_HOUR = 60 // STEP
DAY_MINUTES = 24 * 60
Minutes = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Span:
    """Columns from 1: where it begins and how many it takes. Both name classes of the stylesheet."""

    column: int
    width: int

    @property
    def css(self) -> str:
        return f"c{self.column} w{self.width}"


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Whole hours of one calendar day, ``first`` to ``last`` (exclusive)."""

    day: date
    zone: ZoneInfo
    first: int
    last: int

    @property
    def hours(self) -> list[tuple[int, str]]:
        """Column and label of each hour."""
        return [((hour - self.first) * PER_HOUR + 1, f"{hour:02d}") for hour in range(self.first, self.last)]

    @property
    def size(self) -> int:
        return self.last - self.first

    @property
    def bounds(self) -> tuple[int, int]:
        """The wall-clock minutes it begins and ends with."""
        return self.first * 60, self.last * 60

    def on(self, day: date) -> "Grid":
        """The same hours of another day."""
        return replace(self, day=day)

    def minutes(self, moment: datetime) -> int:
        """Wall-clock minutes since this day's midnight, kept inside the day."""
        local = moment.astimezone(self.zone)
        if local.date() < self.day:
            return 0
        if local.date() > self.day:
            return DAY_MINUTES
        return minute_of_day(local)

    def span(self, start: datetime, end: datetime) -> Span | None:
        return self.between(self.minutes(start), self.minutes(end))

    def between(self, start: int, end: int) -> Span | None:
        """The columns of two wall-clock minutes; None where nothing of it is on the grid."""
        low, high = self.first * 60, self.last * 60
        if end <= low or start >= high:
            return None
        column = (max(start, low) - low) // STEP + 1
        last = -(-(min(end, high) - low) // STEP)
        return Span(column=column, width=max(last - column + 1, 1))

    def column(self, moment: datetime) -> int | None:
        span = self.between(self.minutes(moment), self.minutes(moment) + 1)
        return span.column if span and moment.astimezone(self.zone).date() == self.day else None

    def outside(self, spans: Sequence[tuple[time, time]]) -> list[Span]:
        """What of the grid lies outside these open hours."""
        shades: list[Span | None] = []
        at = self.first * 60
        for opens, closes in sorted(spans):
            shades.append(self.between(at, minute_of_day(opens)) if minute_of_day(opens) > at else None)
            at = max(at, minute_of_day(closes))
        shades.append(self.between(at, self.last * 60) if at < self.last * 60 else None)
        return [shade for shade in shades if shade]


def around(
    *, day: date, zone: ZoneInfo, open_hours: Sequence[tuple[time, time]], spans: Iterable[tuple[datetime, datetime]]
) -> Grid:
    """The smallest grid of whole hours that holds the open hours and everything booked; 8 to 17 for an empty day."""
    opening = [(minute_of_day(opens), minute_of_day(closes)) for opens, closes in open_hours]
    return across(days=[day], zone=zone, opening=opening, spans=spans)


def across(
    *, days: Sequence[date], zone: ZoneInfo, opening: Iterable[Minutes], spans: Iterable[tuple[datetime, datetime]]
) -> Grid:
    """The same for some days: one pair of hours that holds them all. The grid is that of the first day."""
    starts, ends = [], []
    for start, end in opening:
        starts.append(start)
        ends.append(end)
    for begins, finishes in spans:
        grid = Grid(day=begins.astimezone(zone).date(), zone=zone, first=0, last=24)
        starts.append(grid.minutes(begins))
        ends.append(grid.minutes(finishes))
    if not starts:
        return Grid(day=days[0], zone=zone, first=8, last=17)
    first = min(starts) // 60
    return Grid(day=days[0], zone=zone, first=first, last=min(max(-(-max(ends) // 60), first + 1), 24))


def clock(minutes: int) -> str:
    """``09:05`` for 545."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def without(spans: Sequence[Minutes], taken: Sequence[Minutes]) -> list[Minutes]:
    """What is left of ``spans`` (in order) when ``taken`` is cut out."""
    left = []
    cuts = joined(taken)
    for start, end in spans:
        at = start
        for cut_start, cut_end in cuts:
            if cut_end > at and cut_start < end:
                if cut_start > at:
                    left.append((at, cut_start))
                at = max(at, cut_end)
        if at < end:
            left.append((at, end))
    return left


def day_of(text: str | None, *, today: date) -> date:
    """The day an address names; today where it names none or nonsense."""
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return today
    return day if abs(day - today) < timedelta(days=3650) else today
