"""The schedule: some days of rooms or clinicians on the five-minute grid. Constant queries, changes nothing."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from unicodedata import combining, normalize

from django.utils.translation import gettext as _

from clinic.domain import premises, times
from clinic.domain.calendar import timing
from clinic.domain.premises import Premises
from clinic.enums import OFF
from clinic.models import Site
from support.domain import diary_rows, steps, way_home
from support.domain.board import OVER, mark, phase, tone
from support.domain.board_grid import PER_HOUR, STEP, Grid, Minutes, Span, across, clock, without
from support.domain.diary_rows import Closed, Hours, Owner, Row
from support.domain.diary_shapes import CLINICIAN, ROOM, Block, Day, DiaryBoard, Gap, Lane, Look, Off, Shade
from support.domain.visit_rows import VisitRow
from support.domain.way_home import WayHome

# A stretch shorter than this is no place for a visit, whatever the protocols say.
SHORTEST_GAP = 30
QUARTER = 15
# In steps of the grid; the stylesheet knows no longer one.
LONGEST_PART = 60


def of(*, site: Site, look: Look, now: datetime) -> DiaryBoard:
    """The number of queries depends neither on how much is booked nor on how many days are shown."""
    days = [look.first + timedelta(days=offset) for offset in range(look.days)]
    span = times.day_bounds(day=days[0], zone=site.zone)[0], times.day_bounds(day=days[-1], zone=site.zone)[1]
    rows = diary_rows.visits(site=site, span=span)
    begun = [row for row in rows if row.infusion.starts_at >= span[0]]
    live = [row for row in begun if row.infusion.state not in OFF]
    known = premises.of(site=site)
    visits = [row.infusion for row in rows]
    rooms, clinicians = (
        diary_rows.rooms(known=known, visits=visits),
        diary_rows.clinicians(known=known, visits=visits),
    )
    opening = Hours(week=known.opening)
    drawing = _Drawing(
        site=site,
        look=look,
        now=now,
        lanes=rooms if look.by == ROOM else clinicians,
        names={(ROOM, one.pk): one for one in rooms} | {(CLINICIAN, one.pk): one for one in clinicians},
        opening=opening,
        working={pk: Hours(week=week) for pk, week in known.working.items()} if look.by == CLINICIAN else {},
        closed=diary_rows.closed(site=site, span=span, people=clinicians if look.by == CLINICIAN else ()),
        shortest=_shortest(known, now),
        ways=way_home.of(infusions=[row.infusion for row in live], now=now),
    )
    by_day, overnight = defaultdict[date, list[Row]](list), defaultdict[date, list[Row]](list)
    for row in rows:
        if row.infusion.state in OFF:
            continue
        first = times.local_day(moment=row.infusion.starts_at, zone=site.zone)
        by_day[first].append(row)
        if times.local_day(moment=row.infusion.room_free_at, zone=site.zone) > first:
            overnight[first + timedelta(days=1)].append(row)
    grid = across(
        days=days,
        zone=site.zone,
        opening=[span for day in days for span in opening.on(day)],
        spans=[(row.infusion.starts_at, row.infusion.room_free_at) for row in live],
    )
    return DiaryBoard(
        look=look,
        grid=grid,
        shortest=drawing.shortest,
        clock=f"{now.astimezone(site.zone):%H:%M}",
        days=[drawing.day(grid.on(day), by_day[day], overnight[day]) for day in days],
        off=[drawing.off(row) for row in begun if row.infusion.state in OFF and drawing.is_wanted(row)],
        rooms=[one for one in rooms if one.is_offered],
        clinicians=[one for one in clinicians if one.is_offered],
    )


def folded(text: str) -> str:
    """Lower case and without accents, for comparing names."""
    return "".join(sign for sign in normalize("NFD", text.casefold()) if not combining(sign))


@dataclass(frozen=True, kw_only=True)
class _Drawing:
    """What every lane needs to be drawn."""

    site: Site
    look: Look
    now: datetime
    lanes: list[Owner]
    names: dict[tuple[str, int], Owner]
    opening: Hours
    working: dict[int, Hours]
    closed: list[Closed]
    shortest: int
    ways: dict[int, WayHome]

    def day(self, grid: Grid, rows: Sequence[Row], overnight: Sequence[Row]) -> Day:
        """``overnight`` are the visits of the day before that still take time on this one."""
        wanted = [row for row in rows if self.is_wanted(row)]
        levels = [self.ways[row.infusion.pk].level for row in wanted if row.infusion.state not in OVER]
        by_owner: dict[int, list[Row]] = defaultdict(list)
        for row in (*overnight, *rows):
            by_owner[self._owner_of(row)].append(row)
        chosen = self.look.room if self.look.by == ROOM else self.look.clinician
        shown = [one for one in self.lanes if chosen in (None, one.pk) and (one.is_offered or by_owner[one.pk])]
        hours = self.opening.on(grid.day)
        site_closed = [one.minutes(grid) for one in self.closed if one.is_of_site]
        return Day(
            day=grid.day,
            is_today=grid.day == times.local_day(moment=self.now, zone=self.site.zone),
            is_closed=not without(hours, site_closed),
            now_column=grid.column(self.now),
            lanes=[self._lane(grid, one, by_owner[one.pk]) for one in shown],
            total=len(wanted),
            at_risk=levels.count("risk"),
            none=levels.count("stop"),
        )

    def is_wanted(self, row: Row) -> bool:
        look, visit = self.look, row.infusion
        if look.room not in (None, visit.room_id) or look.clinician not in (None, visit.clinician_id):
            return False
        if look.only_risk and (visit.state in OFF | OVER or self.ways[visit.pk].level not in ("risk", "stop")):
            return False
        return not look.name or folded(look.name) in folded(visit.every_name)

    def off(self, row: Row) -> Off:
        visit = row.infusion
        return Off(
            pk=visit.pk,
            day=times.local_day(moment=visit.starts_at, zone=self.site.zone),
            at=f"{visit.starts_at.astimezone(self.site.zone):%H:%M}",
            name=visit.short_name,
            phase=steps.phase(infusion=visit, zone=self.site.zone, now=self.now),
            why=visit.off_reason,
        )

    def _owner_of(self, row: Row) -> int:
        return row.infusion.room_id if self.look.by == ROOM else row.infusion.clinician_id

    def _lane(self, grid: Grid, owner: Owner, rows: Sequence[Row]) -> Lane:
        hours = self.working.get(owner.pk, self.opening).on(grid.day)
        shades = [_shade(grid, span, "out") for span in without([grid.bounds], hours)]
        busy: list[Minutes] = []
        for one in self._closed_for(owner):
            busy.append(one.minutes(grid))
            shades.append(_shade(grid, busy[-1], "closed", one.why))
        items: list[tuple[int, Block | Gap]] = []
        for row in rows:
            taken = self._taken(grid, row)
            place = grid.span(row.infusion.starts_at, row.infusion.ends_at)
            busy.append(taken)
            is_of_today = times.local_day(moment=row.infusion.starts_at, zone=self.site.zone) == grid.day
            if place is None or not is_of_today or not self.is_wanted(row):
                shades.append(_shade(grid, taken, "taken"))
            else:
                items.append((taken[0], self._block(grid, row, place)))
        items += self._gaps(grid, without(hours, busy))
        return Lane(
            owner=owner,
            shades=[shade for shade in shades if shade is not None],
            items=[item for _start, item in sorted(items, key=lambda item: item[0])],
        )

    def _closed_for(self, owner: Owner) -> list[Closed]:
        if self.look.by == ROOM:
            return [one for one in self.closed if one.clinician is None and one.room in (None, owner.pk)]
        return [one for one in self.closed if one.is_of_site or one.clinician == owner.pk]

    def _taken(self, grid: Grid, row: Row) -> Minutes:
        """A room is taken until it is ready again, a clinician until the visit ends."""
        until = row.infusion.room_free_at if self.look.by == ROOM else row.infusion.ends_at
        return grid.minutes(row.infusion.starts_at), grid.minutes(until)

    def _gaps(self, grid: Grid, free: Sequence[Minutes]) -> list[tuple[int, Gap]]:
        soonest = -(-grid.minutes(self.now) // QUARTER) * QUARTER
        gaps = []
        for begin, end in free:
            start = max(-(-begin // QUARTER) * QUARTER, soonest)
            place = grid.between(start, end)
            if place is not None and end - start >= self.shortest:
                at = f"{grid.day.isoformat()}T{clock(start)}"
                is_slim = place.width < PER_HOUR
                last = start + (end - start - self.shortest) // QUARTER * QUARTER
                gap = Gap(css=place.css, at=at, last=last, start=clock(start), end=clock(end), is_slim=is_slim)
                gaps.append((start, gap))
        return gaps

    def _block(self, grid: Grid, row: Row, place: Span) -> Block:
        visit = row.infusion
        way = self.ways[visit.pk]
        level, word = mark(visit, way)
        room, clinician = self.names[ROOM, visit.room_id], self.names[CLINICIAN, visit.clinician_id]
        turn = grid.span(visit.ends_at, visit.room_free_at) if self.look.by == ROOM else None
        start, end = grid.minutes(visit.starts_at), grid.minutes(visit.ends_at)
        return Block(
            pk=visit.pk,
            css=place.css,
            turn=turn.css if turn else "",
            parts=_parts(visit),
            tone=tone(visit, way),
            when=f"{clock(start)}–{clock(end)}",
            name=visit.short_name,
            phase=phase(visit, way, self.site, self.now),
            level=level,
            word=word,
            beside=clinician.name if self.look.by == ROOM else room.name,
            guests=_("%(here)s/%(places)s guests") % {"here": row.guests, "places": room.places} if row.guests else "",
            is_crowded=row.guests > room.places,
            can_move=visit.state.before_start,
            version=visit.version,
            start=start,
            minutes=end - start,
        )


def _shortest(known: Premises, now: datetime) -> int:
    """In minutes. The time a room is made ready in may lie after closing."""
    visits = [timing(protocol=one, policy=known.policy, starts_at=now).ends_at - now for one in known.protocols]
    return max(int(min(visits, default=timedelta()).total_seconds()) // 60, SHORTEST_GAP)


def _shade(grid: Grid, span: Minutes, kind: str, why: str = "") -> Shade | None:
    place = grid.between(*span)
    if place is None:
        return None
    return Shade(css=place.css, kind=kind, start=clock(span[0]), end=clock(span[1]), why=why)


def _parts(visit: VisitRow) -> str:
    """Classes for how much of the visit is getting ready, treatment and recovery, in steps of five minutes.

    What has happened counts; what is still ahead is as the protocol expects it.
    """
    prep = timedelta(minutes=visit.course.protocol.prep_minutes)
    treatment = timedelta(minutes=visit.course.protocol.infusion_minutes)
    treated = min(max(visit.started_at or visit.starts_at + prep, visit.starts_at), visit.ends_at)
    resting = min(max(visit.recovering_at or treated + treatment, treated), visit.ends_at)
    lengths = (treated - visit.starts_at, resting - treated, visit.ends_at - resting)
    return " ".join(
        f"{part}{min(round(length / timedelta(minutes=STEP)), LONGEST_PART)}"
        for part, length in zip("ptr", lengths, strict=True)
    )
