"""What a series has to choose from: the free times of each day, who could drive then, and what the patient wishes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol as Shape

from clinic.domain import wishes
from clinic.domain.diary import Diary
from clinic.domain.plan_ask import Ask, Day, Gap, per_week
from clinic.domain.times import minute_of_day
from clinic.domain.wishes import Wishes
from clinic.models import Patient, Protocol, Site

HORIZON_DAYS = 60
START_DAYS = 14


class Person(Shape):
    """Somebody who could drive. ``says``: they said that they can then, or nothing about it (None)."""

    @property
    def name(self) -> str: ...

    @property
    def says(self) -> bool | None: ...


# Who could drive a patient home who may be collected from one moment and is done at another.
CouldDrive = Callable[[datetime, datetime], Sequence[Person]]


@dataclass(frozen=True)
class Relaxed:
    """What the protocol, the patient or the desk gave way in: days more at most and days less at least between visits,
    weekdays whose bad times do not count this once, and a first visit later than usual."""

    wider: int = 0
    closer: int = 0
    weekdays: tuple[int, ...] = ()
    later: bool = False

    @property
    def breaks_protocol(self) -> bool:
        """Whether visits come nearer or further apart than the protocol says: that takes somebody who may, and a
        reason."""
        return bool(self.wider or self.closer)

    def gap(self, gap: Gap) -> Gap:
        least, best, most = gap
        return max(1, least - self.closer), best, most + self.wider


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """The part of a course that is planned: ``visits`` without a date after ``done`` with one, the days between them,
    and within how many days from ``first_day`` the first of them comes."""

    visits: int
    gaps: tuple[Gap, ...]
    first_day: date
    start_days: int = START_DAYS
    done: int = 0

    def eased(self, relaxed: Relaxed) -> list[Gap]:
        return [relaxed.gap(gap) for gap in self.gaps]

    def counts(self, relaxed: Relaxed) -> range:
        """How many visits the horizon holds, the most first: as many as fit at the best spacing, and at the least as
        many as fit however wide they are spaced."""
        at_best, at_widest = 1, 1
        best = most = 0
        for visit, gap in enumerate(self.eased(relaxed), start=2):
            best, most = best + gap[1], most + gap[2]
            if best < HORIZON_DAYS:
                at_best = visit
            if self.start_days + most <= HORIZON_DAYS:
                at_widest = visit
        return range(at_best, at_widest - 1, -1)

    def days(self, relaxed: Relaxed) -> int:
        """How many days hold every series that begins in time, as far as the horizon reaches."""
        if relaxed.later:
            return HORIZON_DAYS
        return min(HORIZON_DAYS, self.start_days + sum(most for _least, _best, most in self.eased(relaxed)))


def whole_course(*, protocol: Protocol, first_day: date) -> Stretch:
    return Stretch(visits=protocol.sessions, gaps=tuple(protocol.gaps()), first_day=first_day)


def rest_of_course(*, protocol: Protocol, sessions: int, done: int, last: date, first_day: date) -> Stretch:
    """After ``done`` visits, the last of them on the day ``last``: the next one keeps the days between as well. Where
    it is too late for that, it comes as soon as it would in a new course."""
    gaps = protocol.gaps()
    least, _best, most = gaps[done - 1]
    first = max(first_day, last + timedelta(days=least))
    window = (last - first).days + most + 1
    return Stretch(
        visits=sessions - done,
        gaps=tuple(gaps[done : sessions - 1]),
        first_day=first,
        start_days=window if window > 0 else START_DAYS,
        done=done,
    )


@dataclass(frozen=True)
class Start:
    """A free start; ``minute`` is what the clinic's clock shows."""

    minute: int
    starts_at: datetime
    drivers: tuple[Person, ...]


class Study:
    """Three queries. ``days`` from the stretch's first day on are read."""

    def __init__(
        self,
        *,
        site: Site,
        patient: Patient,
        protocol: Protocol,
        stretch: Stretch,
        days: int,
        now: datetime,
        could_drive: CouldDrive | None,
        prefer: time | None,
    ) -> None:
        self.site, self.protocol, self.stretch = site, protocol, stretch
        self.first_day = first_day = stretch.first_day
        self.wishes = wishes.of(patient=patient)
        self.diary = Diary(
            site=site,
            protocol=protocol,
            first_day=first_day,
            last_day=first_day + timedelta(days=days - 1),
            now=now,
            patient=patient,
        )
        self._prefer = None if prefer is None else minute_of_day(prefer)
        when = self.diary.timing(now)
        self._pickup, self._ends = when.pickup_from - now, when.ends_at - now
        self._could_drive = could_drive
        self.starts = [self._starts(offset) for offset in range(days)]
        self._minutes = tuple(sorted({start.minute for starts in self.starts for start in starts}))

    def day(self, offset: int) -> date:
        return self.first_day + timedelta(days=offset)

    def ask(self, *, visits: int, relaxed: Relaxed) -> Ask:
        """The question for the first so many visits of the stretch."""
        week = Wishes(self.wishes, but=relaxed.weekdays)
        gaps = self.stretch.gaps[: visits - 1]
        place = {minute: 1 << at for at, minute in enumerate(self._minutes)}
        return Ask(
            minutes=self._minutes,
            days=tuple(self._day(offset, week, place) for offset in range(len(self.starts))),
            gaps=tuple(relaxed.gap(gap) for gap in gaps),
            weekday=self.first_day.weekday(),
            per_week=per_week(gaps),
            start_days=HORIZON_DAYS if relaxed.later else self.stretch.start_days,
            prefer=self._prefer,
        )

    def find(self, offset: int, minute: int) -> Start:
        return next(start for start in self.starts[offset] if start.minute == minute)

    def allows(self, week: Wishes, offset: int, minute: int) -> bool:
        """Whether the patient can come then."""
        return week.allows(self.day(offset).weekday(), minute, minute + int(self._ends.total_seconds()) // 60)

    def _day(self, offset: int, week: Wishes, place: dict[int, int]) -> Day:
        free = covered = good = 0
        weekday = self.day(offset).weekday()
        for start in self.starts[offset]:
            if self.allows(week, offset, start.minute):
                bit = place[start.minute]
                free |= bit
                covered |= bit if start.drivers else 0
                good |= bit if week.likes(weekday, start.minute) else 0
        return Day(free, covered, good)

    def _starts(self, offset: int) -> list[Start]:
        day = self.day(offset)
        if day in self.diary.patient_days:
            return []
        found = []
        for start in self.diary.starts(day):
            drivers = self._could_drive(start + self._pickup, start + self._ends) if self._could_drive else ()
            found.append(Start(minute_of_day(start.astimezone(self.site.zone)), start, tuple(drivers)))
        return found
