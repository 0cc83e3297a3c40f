"""The day at a glance: the read model of the board and its huddle sheet. Constant queries, changes nothing."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from clinic.domain import premises, times
from clinic.domain.premises import Premises
from clinic.enums import OFF, InfusionStatus
from clinic.models import Infusion, Site
from support.domain import diary_rows, estimate, ladder_page, steps, visit_rows, way_home
from support.domain.board_grid import Grid, Span, around
from support.domain.diary_rows import Owner
from support.domain.estimate import Learned
from support.domain.visit_rows import VisitRow
from support.domain.way_home import WayHome
from support.enums import AlertKind, AlertStatus
from support.models import Alert

S = InfusionStatus
# What every page shows of a visit, selected along.
SHOWN = (
    "site",
    "patient",
    "room",
    "clinician",
    "policy",
    "course__protocol",
    "handover__commitment__designation__person",
)
# What the day's board shows of an alert.
AROUND_AN_ALERT = ("patient", "owner", "infusion__room")
OF_AN_ALERT = (
    *("kind", "says", "opened_at", "deadline", "owner__full_name", "infusion__room__name"),
    *("patient__given_name", "patient__family_name", "patient__preferred_name"),
)
OVER = frozenset({S.RELEASED, S.HOME})
RANK = {"stop": 0, "risk": 1, "calm": 2, "ok": 3}
# Of those who are still to come; who is in the house or on the way is never left out.
FLOOR_COMING = 5
FLOOR_AHEAD = timedelta(hours=3)
ALERT_LEVELS = {
    AlertKind.URGENT: "stop",
    AlertKind.NOBODY_CAME: "stop",
    AlertKind.WORRIED: "risk",
    AlertKind.CANT_COME: "risk",
    AlertKind.HOME_UNKNOWN: "risk",
    AlertKind.TEXTS_STOPPED: "stop",
    AlertKind.QUIET_WORD: "stop",
    AlertKind.ON_CALL: "stop",
    AlertKind.LEFT_ADVICE: "stop",
}


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One visit as every list shows it. ``tone`` is the look of its block."""

    infusion: VisitRow
    phase: str
    way: WayHome
    mark_level: str
    mark_word: str
    tone: str
    expected: datetime
    step: steps.Step | None
    undo_until: datetime | None = None
    place: Span | None = None
    turn: Span | None = None


@dataclass(frozen=True, kw_only=True)
class Lane:
    room: Owner
    visits: list[Visit]
    shades: list[Span]


@dataclass(frozen=True, kw_only=True)
class Need:
    """Something a person should do. Either a visit without a safe way home, or an alert. ``ladder``: what is tried now
    to find one."""

    level: str
    word: str
    at: datetime
    visit: Visit | None = None
    alert: Alert | None = None
    is_overdue: bool = False
    ladder: str = ""


@dataclass(frozen=True, kw_only=True)
class Board:
    site: Site
    day: date
    now: datetime
    is_today: bool
    grid: Grid
    now_column: int | None
    lanes: list[Lane]
    visits: list[Visit]
    needs: list[Need]
    floor: list[Visit]
    floor_more: int
    off: list[Visit]
    opens: str
    total: int
    covered: int
    at_risk: int
    asking: int
    none: int
    is_closed: bool


def visits_of(*, infusions: Sequence[VisitRow], site: Site, now: datetime, grid: Grid | None = None) -> list[Visit]:
    ways = way_home.of(infusions=infusions, now=now)
    resting = [infusion for infusion in infusions if infusion.state == S.RECOVERING]
    known = estimate.learned(infusions=resting, now=now)
    return [_visit(infusion, ways[infusion.pk], site, now, grid, known) for infusion in infusions]


def day(*, site: Site, day: date, now: datetime) -> Board:
    """The board of one clinic day. The number of queries does not depend on how much is booked."""
    today = times.local_day(moment=now, zone=site.zone)
    start, end = times.day_bounds(day=day, zone=site.zone)
    begun = Infusion.objects.filter(site=site, starts_at__gte=start, starts_at__lt=end)
    rows = visit_rows.of(values=begun.values_list(*visit_rows.COLUMNS), site=site)
    live = [row for row in rows if row.state not in OFF]
    known = premises.of(site=site)
    hours = known.opening.get(day.weekday(), [])
    grid = around(day=day, zone=site.zone, open_hours=hours, spans=[(row.starts_at, row.room_free_at) for row in live])
    visits = visits_of(infusions=rows, site=site, now=now, grid=grid)
    shown = [visit for visit in visits if visit.infusion.state not in OFF]
    # Once a patient has left, their way home is no longer a question.
    counted = Counter(_counts_as(visit) for visit in shown)
    floor, floor_more = _floor(shown, now) if day == today else ([], 0)
    return Board(
        site=site,
        day=day,
        now=now,
        is_today=day == today,
        grid=grid,
        now_column=grid.column(now),
        lanes=_lanes(diary_rows.rooms(known=known, visits=live), shown, grid, known, (start, end)),
        visits=shown,
        needs=_needs(site, shown, now, with_alerts=day == today),
        floor=floor,
        floor_more=floor_more,
        off=[visit for visit in visits if visit.infusion.state in OFF],
        opens=", ".join(f"{opens:%H:%M}–{closes:%H:%M}" for opens, closes in hours),
        total=len(shown),
        covered=counted["ok"],
        at_risk=counted["risk"],
        asking=counted["asking"],
        none=counted["stop"],
        is_closed=not hours or any(begins <= start and ends >= end for begins, ends in known.closed),
    )


def alert_level(*, alert: Alert, now: datetime) -> str:
    level = ALERT_LEVELS.get(AlertKind(alert.kind), "calm")
    return "risk" if level == "calm" and alert.deadline <= now else level


def open_alerts(*, site: Site) -> QuerySet[Alert]:
    """Everything that still waits for an answer, the nearest deadline first."""
    return Alert.objects.filter(site=site).exclude(status=AlertStatus.CLOSED)


def _visit(
    infusion: VisitRow, way: WayHome, site: Site, now: datetime, grid: Grid | None, known: dict[int, Learned]
) -> Visit:
    level, word = mark(infusion, way)
    learned = known.get(infusion.course.protocol.pk)
    return Visit(
        infusion=infusion,
        phase=phase(infusion, way, site, now),
        way=way,
        mark_level=level,
        mark_word=word,
        tone=tone(infusion, way),
        expected=steps.expected(infusion=infusion, now=now, recovery=learned.recovery.middle if learned else None),
        step=steps.next_step(infusion=infusion, zone=site.zone, now=now),
        undo_until=steps.undo_until(infusion=infusion, now=now),
        place=grid.span(infusion.starts_at, infusion.ends_at) if grid else None,
        turn=grid.span(infusion.ends_at, infusion.room_free_at) if grid else None,
    )


def phase(infusion: VisitRow, way: WayHome, site: Site, now: datetime) -> str:
    """Where a visit stands, without asking for its handover: who took a patient home held the ride."""
    if infusion.state != S.RELEASED:
        return steps.phase(infusion=infusion, zone=site.zone, now=now)
    at = steps.clock(infusion.released_at, site.zone)
    if way.held is None:
        return _("Left at %(time)s") % {"time": at}
    return _("Left with %(name)s, %(time)s") % {"name": way.held.first_name, "time": at}


def mark(infusion: VisitRow, way: WayHome) -> tuple[str, str]:
    """Level and word of the mark a visit's block carries."""
    if infusion.state == S.HOME:
        return "ok", _("Home")
    if infusion.state == S.RELEASED:
        return "calm", _("On the way")
    if infusion.state in OFF:
        return "calm", str(infusion.state.label)
    return way.level, _short(way)


def _short(way: WayHome) -> str:
    """As few words as a block has room for."""
    if way.held is None or (way.arranged is not None and way.word == way.arranged.word):
        return way.word
    name = {"name": way.held.first_name}
    if way.held.outside_at is not None:
        return _("%(name)s is outside") % name
    if way.held.on_the_way_at is not None:
        return _("%(name)s is on the way") % name
    return _("With %(name)s") % name if way.level == "ok" else _("Not confirmed")


def tone(infusion: VisitRow, way: WayHome) -> str:
    """The look of a visit's block: done, stop, risk, live or plain."""
    if infusion.state in OVER:
        return "done"
    if way.level in ("stop", "risk"):
        return way.level
    return "live" if infusion.state.in_the_house else "plain"


def _needs(site: Site, visits: list[Visit], now: datetime, *, with_alerts: bool) -> list[Need]:
    open_ways = [visit for visit in visits if visit.infusion.state not in OVER and visit.way.level in ("stop", "risk")]
    lines = ladder_page.lines(ways={visit.infusion.pk: visit.way for visit in open_ways}, site=site, now=now)
    needs = [
        Need(
            level=visit.way.level,
            word=visit.way.word,
            at=visit.infusion.starts_at,
            visit=visit,
            ladder=lines.get(visit.infusion.pk, ""),
        )
        for visit in open_ways
    ]
    if with_alerts:
        needs += [
            Need(
                level=alert_level(alert=alert, now=now),
                word=str(alert.get_kind_display()),
                at=alert.opened_at,
                alert=alert,
                is_overdue=alert.deadline <= now,
            )
            for alert in open_alerts(site=site).select_related(*AROUND_AN_ALERT).only(*OF_AN_ALERT)
        ]
    return sorted(needs, key=lambda need: (RANK[need.level], need.alert.deadline if need.alert else need.at))


def _counts_as(visit: Visit) -> str:
    """Once a patient has left, their way home is no longer a question; who is asked in good time is no risk yet."""
    if visit.infusion.state in OVER:
        return "ok"
    return "asking" if visit.way.level == "risk" and visit.way.held is None else visit.way.level


def _floor(visits: list[Visit], now: datetime) -> tuple[list[Visit], int]:
    """Who is in the house or on the way out, or just said to be home, and the next of those who come within hours; the
    nearest step first. And how many more come within these hours."""
    here = [visit for visit in visits if visit.infusion.state not in {S.HOME, S.BOOKED} or _is_just_home(visit)]
    coming = [
        visit for visit in visits if visit.infusion.state == S.BOOKED and visit.infusion.starts_at <= now + FLOOR_AHEAD
    ]
    coming.sort(key=lambda visit: visit.expected)
    order = {S.READY: 0, S.RELEASED: 2, S.HOME: 2}
    rows = sorted(here + coming[:FLOOR_COMING], key=lambda visit: (order.get(visit.infusion.state, 1), visit.expected))
    return rows, len(coming[FLOOR_COMING:])


def _is_just_home(visit: Visit) -> bool:
    """It may have been the wrong visit: the way back stands where it was pressed."""
    return visit.infusion.state is S.HOME and visit.undo_until is not None


def _lanes(
    rooms: list[Owner], visits: list[Visit], grid: Grid, known: Premises, day: tuple[datetime, datetime]
) -> list[Lane]:
    shut = grid.outside(known.opening.get(grid.day.weekday(), [])) + _closed(grid, known.closed, day)
    by_room: dict[int, list[Visit]] = defaultdict(list)
    for visit in visits:
        by_room[visit.infusion.room_id].append(visit)
    return [
        Lane(room=room, visits=by_room[room.pk], shades=shut + _closed(grid, known.room_closed.get(room.pk, []), day))
        for room in rooms
    ]


def _closed(grid: Grid, closed: Sequence[tuple[datetime, datetime]], day: tuple[datetime, datetime]) -> list[Span]:
    spans = (grid.span(begins, ends) for begins, ends in closed if begins < day[1] and ends > day[0])
    return [span for span in spans if span]
