"""Where the visits of a closure could go: for each the next times that fit, worked out for all of them together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain, islice
from typing import TypeVar

from clinic.domain import premises
from clinic.domain.calendar import Timing
from clinic.domain.diary import Diary, Opening
from clinic.domain.rhythm import Rhythm
from clinic.domain.slots import Slot
from clinic.domain.times import local_day, minute_of_day
from clinic.enums import InfusionStatus
from clinic.models import Closure, Infusion, Protocol, Room, StaffMember
from clinic.models.infusion import LIVE
from support.domain import promise_rows
from support.domain.drivers import Driver, Drivers, Known, Mark, marks
from support.domain.held import Held

OFFERS = 3
BEFORE = timedelta(days=7)
BEYOND = timedelta(days=14)
# However long a closure: the days that are looked through.
LOOKS_AHEAD = timedelta(days=120)
# How far back a course's earlier visits can matter.
LOOKS_BACK = timedelta(days=366)
Span = tuple[datetime, datetime]
T = TypeVar("T", Room, StaffMember)


@dataclass(frozen=True, kw_only=True)
class Way:
    """``keeps_time``: only the room or the clinician changes, and nobody is asked again. ``drivers`` are those who
    could take the patient home then, who said so first."""

    slot: Slot
    keeps_time: bool
    drivers: list[Driver]

    @property
    def ride(self) -> Mark:
        """The surest that is known about the way home."""
        return marks(self.drivers)[0]


@dataclass(frozen=True, kw_only=True)
class Theirs:
    """A visit of one of the patients."""

    pk: int
    course: int
    number: int
    span: Span


def of(*, closure: Closure, visits: Sequence[Infusion], now: datetime) -> dict[int, list[Way]]:
    """Up to three offers for each visit of one site, the first of all of them free at once; by the visit's id.

    Days between visits are kept, to neighbours that are hit as well as they would then be. The same time in another
    room or with another clinician comes first; then days on which somebody said that they can drive, days on which
    somebody is to be asked, days on which nobody can; of each later days first, then earlier ones. However many
    visits: at most eight queries and two for each protocol, eight more after the premises changed.
    """
    if not visits:
        return {}
    ordered = sorted(visits, key=lambda visit: (visit.starts_at, visit.pk))
    search = _Search(closure, ordered, now)
    return {visit.pk: search.offers(visit) for visit in ordered}


class _Search:
    def __init__(self, closure: Closure, visits: Sequence[Infusion], now: datetime) -> None:
        self.site, self.closure, self.now = visits[0].site, closure, now
        self.zone = self.site.zone
        self.today = self._day(now)
        first, last = (
            self._day(visits[0].starts_at),
            self._day(max(visits[-1].starts_at, min(closure.ends_at, now + LOOKS_AHEAD))),
        )
        self.first = max(self.today, first - BEFORE)
        self.last = min(last + BEYOND, self.first + LOOKS_AHEAD)
        patients = list({visit.patient_id: visit.patient for visit in visits}.values())
        self.known = Known(patients=patients, first_day=self.first, last_day=self.last)
        self.theirs: dict[int, list[Theirs]] = {patient.pk: [] for patient in patients}
        rows = Infusion.objects.filter(LIVE, patient__in=patients, starts_at__gt=visits[0].starts_at - LOOKS_BACK)
        for pk, patient, course, number, begin, end in rows.values_list(
            "pk", "patient_id", "course_id", "number", "starts_at", "ends_at"
        ):
            self.theirs[patient].append(Theirs(pk=pk, course=course, number=number, span=(begin, end)))
        self.hit = [visit.pk for visit in visits]
        self.homeless = set(self.hit)
        self.company = promise_rows.in_the_rooms(self.hit)
        self.here = premises.of(site=self.site)
        self.diaries: dict[int, Diary] = {}
        self.held = Held()
        for visit in visits:
            here = Slot(starts_at=visit.starts_at, room=visit.room, clinician=visit.clinician)
            self.held.hold(visit.pk, here, ends_at=visit.ends_at, room_free_at=visit.room_free_at)

    def offers(self, visit: Infusion) -> list[Way]:
        found = list(islice(self._all(visit), OFFERS))
        if found:
            first = found[0].slot
            when = self._diary(visit.course.protocol).timing(first.starts_at)
            self.held.hold(visit.pk, first, ends_at=when.ends_at, room_free_at=when.room_free_at)
            self._settle(visit, (first.starts_at, when.ends_at))
        return found

    def _settle(self, visit: Infusion, span: Span) -> None:
        """From here on the visit counts as being where it would go."""
        self.homeless.discard(visit.pk)
        rows = [one for one in self.theirs[visit.patient_id] if one.pk != visit.pk]
        self.theirs[visit.patient_id] = [
            *rows,
            Theirs(pk=visit.pk, course=visit.course_id, number=visit.number, span=span),
        ]

    def _all(self, visit: Infusion) -> Iterator[Way]:
        yield from self._same_time(visit)
        if visit.state is not InfusionStatus.BOOKED:
            return
        drivers = Drivers(patient=visit.patient, first_day=self.first, last_day=self.last, known=self.known)
        by_day: list[Iterator[Way]] = []
        # One time of each day first, then the second ones.
        for days in self._days(visit):
            put_off: list[Way] = []
            for day in days:
                times = self._on(visit, day, drivers)
                by_day.append(times)
                for first in islice(times, 1):
                    if _unsure(first.drivers) == drivers.surest:
                        yield first
                    else:
                        put_off.append(first)
            yield from sorted(put_off, key=lambda way: _unsure(way.drivers))
        yield from chain.from_iterable(by_day)

    def _same_time(self, visit: Infusion) -> Iterator[Way]:
        """Where only a room or only a clinician is missing, another can take its place."""
        if self.closure.room_id is None and self.closure.clinician_id is None:
            return
        diary = self._diary(visit.course.protocol)
        opening = self._left(visit, diary.opening(visit.starts_at), diary.timing(visit.starts_at))
        # The visit itself holds what it keeps.
        if self.closure.clinician_id is not None:
            slots = [Slot(starts_at=visit.starts_at, room=visit.room, clinician=one) for one in opening.clinicians]
        else:
            slots = [Slot(starts_at=visit.starts_at, room=room, clinician=visit.clinician) for room in opening.rooms]
        for slot in slots[:1]:
            yield Way(slot=slot, keeps_time=True, drivers=[])

    def _days(self, visit: Infusion) -> tuple[list[date], list[date]]:
        """Those that keep the days between, from the visit's own day on, then back from it. Apart, and last, those on
        which it would change places with another of its course."""
        own = self._day(visit.starts_at)
        whole = [self.first + timedelta(days=offset) for offset in range((self.last - self.first).days + 1)]
        nearest = [day for day in whole if day >= own] + [day for day in reversed(whole) if day < own]
        found: tuple[list[date], list[date]] = [], []
        for day in nearest:
            if self._keeps_rhythm(visit, day):
                found[self._jumps(visit, day)].append(day)
        return found

    def _keeps_rhythm(self, visit: Infusion, day: date) -> bool:
        others = [one for one in self.theirs[visit.patient_id] if one.pk != visit.pk and one.pk not in self.homeless]
        if any(self._day(one.span[0]) == day for one in others):
            return False
        placed = {one.number: self._day(one.span[0]) for one in others if one.course == visit.course_id}
        # The diary's own row of it, so that its stages are read once.
        protocol = self._diary(visit.course.protocol).protocol
        rhythm = Rhythm(protocol=protocol, placed=placed)
        return rhythm.allows(number=visit.number, day=day)

    def _jumps(self, visit: Infusion, day: date) -> bool:
        """Whether the visit would change places with another of its course."""
        own = self._day(visit.starts_at)
        return any(
            (self._day(one.span[0]) < own) != (self._day(one.span[0]) < day)
            for one in self.theirs[visit.patient_id]
            if one.course == visit.course_id and one.pk != visit.pk and one.pk not in self.homeless
        )

    def _left(self, visit: Infusion, opening: Opening, when: Timing) -> Opening:
        """Rooms and clinicians that nobody else is to have; rooms with places for those who said yes to sit there."""
        left = self.held.without(visit.pk, opening, when)
        rooms = [room for room in left.rooms if room.guest_places >= self.company[visit.pk]]
        return Opening(left.starts_at, rooms, left.clinicians)

    def _on(self, visit: Infusion, day: date, drivers: Drivers) -> Iterator[Way]:
        """The day's times: at which somebody said that they can drive, at which somebody is to be asked, at which
        nobody can; of each nearest to the usual time of day first."""
        diary = self._diary(visit.course.protocol)
        usual = minute_of_day(visit.starts_at.astimezone(self.zone))
        own = diary.timing(visit.starts_at)
        pickup, takes = own.pickup_from - visit.starts_at, own.ends_at - visit.starts_at

        def rank(start: datetime) -> tuple[int, int]:
            far = abs(minute_of_day(start.astimezone(self.zone)) - usual)
            return _unsure(drivers.at(start + pickup, start + takes)), far

        for start in sorted(diary.starts(day), key=rank):
            left = self._left(visit, diary.opening(start), diary.timing(start))
            if left.rooms and left.clinicians and start != visit.starts_at:
                slot = Slot(
                    starts_at=start,
                    room=_kept(visit.room, left.rooms),
                    clinician=_kept(visit.clinician, left.clinicians),
                )
                yield Way(slot=slot, keeps_time=False, drivers=drivers.at(start + pickup, start + takes))

    def _diary(self, protocol: Protocol) -> Diary:
        if protocol.pk not in self.diaries:
            self.diaries[protocol.pk] = Diary(
                site=self.site,
                protocol=protocol,
                first_day=self.first,
                last_day=self.last,
                now=self.now,
                leaving=self.hit,
                known=self.here,
            )
        return self.diaries[protocol.pk]

    def _day(self, moment: datetime) -> date:
        return local_day(moment=moment, zone=self.zone)


def _unsure(drivers: Sequence[Driver]) -> int:
    """Somebody said that they can drive, somebody is to be asked, nobody can."""
    return (0 if drivers[0].says else 1) if drivers else 2


def _kept(usual: T, free: list[T]) -> T:
    return usual if usual in free else free[0]
