"""Which times of a site are free: its calendar, and what is booked in it. Read once, asked often.

A set of starts is one whole number: bit ``i`` stands for the quarter hour ``i`` after the first midnight, in elapsed
time. What is taken clears a run of bits, and what two need to be free together is their AND, so a month of twenty
rooms is a few hundred operations. Every zone in use today differs from UTC by whole quarter hours.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any

from django.db import connection

from clinic.domain import premises
from clinic.domain.calendar import GRID_MINUTES, Calendar, Timing, timing
from clinic.domain.premises import Premises, Span
from clinic.domain.spans import overlap
from clinic.domain.times import day_bounds, local_day
from clinic.enums import Attendant
from clinic.models import Infusion, Patient, Protocol, Room, Site, StaffMember
from clinic.models.infusion import LONGEST_VISIT

CELL = GRID_MINUTES * 60
Seconds = tuple[int, int]

# No visit that began before ``earliest`` still holds its room. The clinicians' and the patient's visits at other sites
# are looked up one by one in the indexes of the constraints that keep them apart.
TAKEN = """
SELECT room_id, clinician_id, patient_id, extract(epoch FROM starts_at)::bigint, extract(epoch FROM ends_at)::bigint,
    extract(epoch FROM room_free_at)::bigint
FROM clinic_infusion
WHERE site_id = %(site)s AND starts_at > %(earliest)s AND starts_at < %(end)s
    AND NOT (status IN ('cancelled', 'no_show')) AND id <> ALL(%(ignoring)s)
UNION ALL
SELECT room_id, clinician_id, patient_id, extract(epoch FROM starts_at)::bigint, extract(epoch FROM ends_at)::bigint,
    extract(epoch FROM room_free_at)::bigint
FROM unnest(%(clinicians)s::bigint[]) AS who(id) JOIN clinic_infusion ON clinician_id = who.id
WHERE during && tstzrange(%(begin)s, %(end)s) AND site_id <> %(site)s
    AND NOT (status IN ('cancelled', 'no_show')) AND clinic_infusion.id <> ALL(%(ignoring)s)
UNION ALL
SELECT room_id, clinician_id, patient_id, extract(epoch FROM starts_at)::bigint, extract(epoch FROM ends_at)::bigint,
    extract(epoch FROM room_free_at)::bigint
FROM clinic_infusion
WHERE patient_id = %(patient)s AND during && tstzrange(%(begin)s, %(end)s) AND site_id <> %(site)s
    AND NOT (status IN ('cancelled', 'no_show')) AND id <> ALL(%(ignoring)s)
"""


@dataclass(frozen=True)
class Opening:
    """A start at which at least one room and one clinician are free."""

    starts_at: datetime
    rooms: list[Room]
    clinicians: list[StaffMember]


class Diary:
    """Two queries, however many days, rooms and visits there are. Only rooms that have what the protocol needs count.

    ``ignoring`` is a visit about to be moved: its own time counts as free. So do those of the visits in ``leaving``,
    by id, for whoever keeps them apart himself.
    """

    def __init__(
        self,
        *,
        site: Site,
        protocol: Protocol,
        first_day: date,
        last_day: date,
        now: datetime,
        patient: Patient | None = None,
        ignoring: Infusion | None = None,
        leaving: Collection[int] = (),
        known: Premises | None = None,
    ) -> None:
        self.site, self.protocol, self.now = site, protocol, now
        self.premises = known or premises.of(site=site)
        self.policy = self.premises.policy
        self.rooms = [room for room in self.premises.rooms if suits(room=room, protocol=protocol)]
        self.clinicians = list(self.premises.clinicians)
        self.calendar = Calendar(self.premises)
        self._first_day, self._days = first_day, (last_day - first_day).days + 1
        self._begin = day_bounds(day=first_day, zone=self.premises.zone)[0]
        self._end = day_bounds(day=last_day, zone=self.premises.zone)[1]
        self._zero = int(self._begin.timestamp())
        self._cells = -(-int((self._end - self._begin).total_seconds()) // CELL)
        self._all = (1 << self._cells) - 1
        when = self.timing(self._begin)
        self.visit = when.ends_at - self._begin
        self._visit = int(self.visit.total_seconds())
        self._occupies = int((when.room_free_at - self._begin).total_seconds())
        self._room_spans: dict[int, list[Seconds]] = defaultdict(list)
        self._clinician_spans: dict[int, list[Seconds]] = defaultdict(list)
        self._patient_spans: list[Seconds] = []
        self._read(patient, [*leaving, ignoring.pk if ignoring else 0])

    def timing(self, starts_at: datetime) -> Timing:
        return timing(protocol=self.protocol, policy=self.policy, starts_at=starts_at)

    @cached_property
    def patient_days(self) -> set[date]:
        """The clinic days on which the patient has another visit already."""
        zone = self.premises.zone
        return {local_day(moment=datetime.fromtimestamp(begin, UTC), zone=zone) for begin, _end in self._patient_spans}

    def starts(self, day: date) -> list[datetime]:
        """The free starts of a day, earliest first."""
        return [self._begin + timedelta(seconds=cell * CELL) for cell in self._free_cells(day)]

    def openings(self, day: date) -> Iterator[Opening]:
        """The same with who and what is free at each; worked out as they are asked for."""
        for cell in self._free_cells(day):
            yield Opening(
                self._begin + timedelta(seconds=cell * CELL),
                [room for room, mask in zip(self.rooms, self._by_room, strict=True) if mask >> cell & 1],
                [one for one, mask in zip(self.clinicians, self._by_clinician, strict=True) if mask >> cell & 1],
            )

    def opening(self, start: datetime) -> Opening:
        """Who and what is free from ``start``, on the grid or not; opening hours and the clock are not asked."""
        begin = int(start.timestamp())
        during, occupies = (begin, begin + self._visit), (begin, begin + self._occupies)
        span = start, start + self.visit
        if self.calendar.site_closure(span) or _meets_any(during, self._patient_spans):
            return Opening(start, [], [])
        return Opening(
            start,
            [
                room
                for room in self.rooms
                if not _meets_any(occupies, self._room_spans.get(room.pk, []))
                and not self.calendar.room_closure(room.pk, span)
            ],
            [
                one
                for one in self.clinicians
                if not _meets_any(during, self._clinician_spans.get(one.pk, []))
                and self.calendar.works(one.pk, span)
                and not self.calendar.absence(one.pk, span)
            ],
        )

    def changes(self, after: datetime) -> list[datetime]:
        """When something of these days ends or somebody's hours begin, in order: nothing becomes free in between."""
        here = self.premises
        spans = [*here.closed]
        for by_owner in (here.room_closed, here.absent):
            spans += [span for closed in by_owner.values() for span in closed]
        found = {end for _begin, end in spans}
        for taken in (*self._room_spans.values(), *self._clinician_spans.values(), self._patient_spans):
            found |= {datetime.fromtimestamp(end, UTC) for _begin, end in taken}
        for offset in range(self._days):
            day = self._first_day + timedelta(days=offset)
            hours = [self.calendar.open_spans(day), *(self.calendar.working_spans(who, day) for who in here.working)]
            found |= {begin for of_one in hours for begin, _end in of_one or []}
        return sorted(moment for moment in found if after < moment < self._end)

    def _free_cells(self, day: date) -> list[int]:
        begin, end = day_bounds(day=day, zone=self.premises.zone)
        first = (int(begin.timestamp()) - self._zero) // CELL
        length = (int(end.timestamp()) - int(begin.timestamp())) // CELL
        free = self._free >> first & ((1 << length) - 1)
        return [first + cell for cell in range(free.bit_length()) if free >> cell & 1]

    @cached_property
    def _free(self) -> int:
        """Where the site is open, the patient free, and a room and a clinician with them."""
        rooms = clinicians = 0
        for mask in self._by_room:
            rooms |= mask
        for mask in self._by_clinician:
            clinicians |= mask
        return self._open & rooms & clinicians

    @cached_property
    def _open(self) -> int:
        mask = 0
        for offset in range(self._days):
            day = self._first_day + timedelta(days=offset)
            for begin, end in self.calendar.open_spans(day):
                mask |= self._inside((begin, end))
            mask &= ~self._second_time(day)
        past = -(-int((self.now - self._begin).total_seconds()) // CELL)
        if past > 0:
            mask &= ~((1 << min(past, self._cells)) - 1)
        mask = self._without(mask, self._near(self.premises.closed), self._visit)
        return self._without(mask, self._patient_spans, self._visit)

    @cached_property
    def _by_room(self) -> list[int]:
        masks = []
        for room in self.rooms:
            mask = self._without(self._all, self._room_spans.get(room.pk, []), self._occupies)
            masks.append(self._without(mask, self._near(self.premises.room_closed.get(room.pk, [])), self._visit))
        return masks

    @cached_property
    def _by_clinician(self) -> list[int]:
        masks = []
        for one in self.clinicians:
            mask = self._without(self._works(one.pk), self._clinician_spans.get(one.pk, []), self._visit)
            masks.append(self._without(mask, self._near(self.premises.absent.get(one.pk, [])), self._visit))
        return masks

    def _works(self, clinician: int) -> int:
        if clinician not in self.premises.working:
            return self._all
        mask = 0
        for offset in range(self._days):
            spans = self.calendar.working_spans(clinician, self._first_day + timedelta(days=offset))
            for span in spans or []:
                mask |= self._inside(span)
        return mask

    def _inside(self, span: Span) -> int:
        """The starts from which a visit lies inside the span."""
        first = -(-(int(span[0].timestamp()) - self._zero) // CELL)
        last = (int(span[1].timestamp()) - self._visit - self._zero) // CELL
        return _run(first, last, self._cells)

    def _without(self, mask: int, spans: list[Seconds], length: int) -> int:
        """Less the starts from which something of this length would meet one of the spans."""
        taken = 0
        for begin, end in spans:
            if end > self._zero and begin < self._zero + self._cells * CELL + length:
                first = (begin - length - self._zero) // CELL + 1
                last = -(-(end - self._zero) // CELL) - 1
                taken |= _run(first, last, self._cells)
        return mask & ~taken

    def _near(self, spans: list[Span]) -> list[Seconds]:
        """Those of sorted spans without overlaps that can matter on these days, in seconds."""
        first = bisect_right(spans, self._begin, key=lambda span: span[1])
        last = bisect_left(spans, self._end + self.visit, key=lambda span: span[0])
        return [(int(begin.timestamp()), int(end.timestamp())) for begin, end in spans[first:last]]

    def _second_time(self, day: date) -> int:
        """The starts of a day whose wall clock time came once before: only the first is offered."""
        begin, end = day_bounds(day=day, zone=self.premises.zone)
        if end - begin <= timedelta(hours=24):
            return 0
        first, mask = (int(begin.timestamp()) - self._zero) // CELL, 0
        for cell in range(int((end - begin).total_seconds()) // CELL):
            moment = begin + timedelta(seconds=cell * CELL)
            if moment.astimezone(self.premises.zone).fold:
                mask |= 1 << first + cell
        return mask

    def _read(self, patient: Patient | None, ignoring: list[int]) -> None:
        values: dict[str, Any] = {
            "site": self.site.pk,
            "earliest": self._begin - LONGEST_VISIT,
            "begin": self._begin,
            "end": self._end,
            "clinicians": [one.pk for one in self.clinicians],
            "patient": patient.pk if patient else 0,
            "ignoring": ignoring,
        }
        with connection.cursor() as cursor:
            cursor.execute(TAKEN, values)
            rows = cursor.fetchall()
        for room, clinician, who, begin, end, room_free in rows:
            self._room_spans[room].append((begin, room_free))
            self._clinician_spans[clinician].append((begin, end))
            if patient is not None and who == patient.pk:
                self._patient_spans.append((begin, end))


def suits(*, room: Room, protocol: Protocol) -> bool:
    """Whether the room has what the protocol needs, and a place for whom the patient must bring."""
    if Attendant.COMPANION in protocol.present and not room.guest_places:
        return False
    return set(protocol.needs) <= set(room.equipment)


def _run(first: int, last: int, cells: int) -> int:
    """The bits from ``first`` to ``last``, as far as they lie on the grid."""
    first, last = max(first, 0), min(last, cells - 1)
    return ((1 << last - first + 1) - 1) << first if last >= first else 0


def _meets_any(span: Seconds, others: list[Seconds]) -> bool:
    return any(overlap(span, other) for other in others)
