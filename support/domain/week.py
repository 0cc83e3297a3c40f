"""Seven days by room: how full, how safe, what is free. Constant queries, changes nothing."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from clinic.domain import times
from clinic.enums import OFF
from clinic.models import Closure, Infusion, Room, Site
from support.domain import way_home
from support.domain.board import OVER, closures_between, infusions_of, rooms
from support.domain.board_grid import around
from support.domain.way_home import WayHome


@dataclass(frozen=True, kw_only=True)
class WeekDay:
    """One day of one room in the week: how many visits, how many of them without a safe way home."""

    day: date
    is_open: bool
    visits: int
    at_risk: int
    none: int
    free: list[tuple[str, str]]


def of(*, site: Site, first: date, now: datetime) -> list[tuple[Room, list[WeekDay]]]:
    """Seven days by room. Free stretches are those of at least half an hour inside the opening hours."""
    days = [first + timedelta(days=offset) for offset in range(7)]
    infusions = [row for row in infusions_of(site=site, first=days[0], last=days[-1]) if row.state not in OFF]
    ways = way_home.of(infusions=infusions, now=now)
    hours: dict[int, list[tuple[time, time]]] = defaultdict(list)
    for span in site.opening_hours.all():
        hours[span.weekday].append((span.opens, span.closes))
    start, _end = times.day_bounds(day=days[0], zone=site.zone)
    _start, end = times.day_bounds(day=days[-1], zone=site.zone)
    closures = [closure for closure in closures_between(site, start, end) if closure.clinician_id is None]
    placed: dict[tuple[int, date], list[Infusion]] = defaultdict(list)
    for row in infusions:
        placed[row.room_id, times.local_day(moment=row.starts_at, zone=site.zone)].append(row)
    return [
        (room, [_week_day(site, room, day, hours[day.weekday()], placed[room.pk, day], ways, closures) for day in days])
        for room in rooms(site, {row.room_id for row in infusions})
    ]


def _week_day(
    site: Site,
    room: Room,
    day: date,
    hours: list[tuple[time, time]],
    rows: list[Infusion],
    ways: dict[int, WayHome],
    closures: list[Closure],
) -> WeekDay:
    grid = around(day=day, zone=site.zone, open_hours=hours, spans=[])
    busy = [(grid.minutes(row.starts_at), grid.minutes(row.room_free_at)) for row in rows]
    for closure in closures:
        if closure.room_id in (None, room.pk):
            busy.append((grid.minutes(closure.starts_at), grid.minutes(closure.ends_at)))
    levels = ["ok" if row.state in OVER else ways[row.pk].level for row in rows]
    free = [gap for opens, closes in sorted(hours) for gap in _gaps(opens, closes, busy)]
    return WeekDay(
        day=day,
        is_open=bool(hours) and bool(free or rows),
        visits=len(rows),
        at_risk=levels.count("risk"),
        none=levels.count("stop"),
        free=free,
    )


def _gaps(opens: time, closes: time, busy: list[tuple[int, int]]) -> list[tuple[str, str]]:
    at, end = times.minute_of_day(opens), times.minute_of_day(closes)
    gaps = []
    for start, until in [*sorted(busy), (end, end)]:
        if min(start, end) - at >= 30:
            gaps.append((_clock(at), _clock(min(start, end))))
        at = max(at, until)
    return gaps


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
