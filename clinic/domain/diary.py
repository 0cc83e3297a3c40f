"""Which times of a site are free: its calendar, and what is booked in it. Read once, asked often."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q, QuerySet
from psycopg2.extras import DateTimeTZRange

from clinic.domain import policies
from clinic.domain.calendar import Calendar, Span, Timing, timing
from clinic.domain.times import day_bounds, local_day
from clinic.enums import Role
from clinic.models import Infusion, Patient, Protocol, Room, Site, StaffMember
from clinic.models.infusion import LIVE


@dataclass(frozen=True)
class Opening:
    """A start at which at least one room and one clinician are free."""

    starts_at: datetime
    rooms: list[Room]
    clinicians: list[StaffMember]


class Booked:
    """Spans that are taken, per owner. Taken spans of one owner never overlap (PostgreSQL sees to it)."""

    def __init__(self) -> None:
        self._spans: dict[int, list[Span]] = defaultdict(list)

    def add(self, owner: int, span: Span) -> None:
        self._spans[owner].append(span)

    def settle(self) -> None:
        for spans in self._spans.values():
            spans.sort()

    def is_free(self, owner: int, span: Span) -> bool:
        spans = self._spans.get(owner)
        if not spans:
            return True
        # Of spans that do not overlap, only the last one that begins before our end can reach into ours.
        at = bisect_right(spans, (span[1], span[1])) - 1
        while at >= 0 and spans[at][0] >= span[1]:
            at -= 1
        return at < 0 or spans[at][1] <= span[0]


def rooms_of(*, site: Site) -> QuerySet[Room]:
    return Room.objects.filter(site=site, is_active=True).order_by("name", "pk")


def clinicians_of(*, site: Site) -> QuerySet[StaffMember]:
    return StaffMember.objects.filter(sites=site, role=Role.CLINICIAN, is_active=True).order_by("full_name", "pk")


class Diary:
    """Seven queries, however many days, rooms and visits there are."""

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
    ) -> None:
        self.site, self.protocol, self.now = site, protocol, now
        self.policy = policies.current(site=site)
        self.rooms, self.clinicians = list(rooms_of(site=site)), list(clinicians_of(site=site))
        self.calendar = Calendar(
            site=site, first_day=first_day, last_day=last_day, clinicians=[one.pk for one in self.clinicians]
        )
        self._rooms, self._clinicians, self._patient = Booked(), Booked(), Booked()
        self.patient_days: set[date] = set()
        self._read(
            patient,
            ignoring,
            (day_bounds(day=first_day, zone=site.zone)[0], day_bounds(day=last_day, zone=site.zone)[1]),
        )

    def timing(self, starts_at: datetime) -> Timing:
        return timing(protocol=self.protocol, policy=self.policy, starts_at=starts_at)

    @property
    def visit(self) -> timedelta:
        return self.timing(self.now).ends_at - self.now

    def openings(self, day: date) -> Iterator[Opening]:
        """The free starts of a day, earliest first; worked out as they are asked for."""
        for start in self.calendar.starts(day, self.visit):
            if start < self.now:
                continue
            opening = self.opening(start)
            if opening.rooms and opening.clinicians:
                yield opening

    def opening(self, start: datetime) -> Opening:
        """Who and what is free from ``start``; opening hours and the clock are not asked."""
        when = self.timing(start)
        during, occupies = (start, when.ends_at), (start, when.room_free_at)
        if self.calendar.site_closure(during) or not self._patient.is_free(0, during):
            return Opening(start, [], [])
        return Opening(
            start,
            [
                room
                for room in self.rooms
                if self._rooms.is_free(room.pk, occupies) and not self.calendar.room_closure(room.pk, during)
            ],
            [
                one
                for one in self.clinicians
                if self._clinicians.is_free(one.pk, during)
                and self.calendar.works(one.pk, during)
                and not self.calendar.absence(one.pk, during)
            ],
        )

    def _read(self, patient: Patient | None, ignoring: Infusion | None, span: Span) -> None:
        within = DateTimeTZRange(*span)
        theirs = Q(clinician__in=self.clinicians, during__overlap=within)
        if patient is not None:
            theirs |= Q(patient=patient, during__overlap=within)
        # A visit holds its room for 14 hours at most: a constraint says so.
        here = Q(site=self.site, starts_at__lt=span[1], starts_at__gt=span[0] - timedelta(hours=14))
        rows = Infusion.objects.filter(LIVE, here | theirs)
        if ignoring is not None:
            rows = rows.exclude(pk=ignoring.pk)
        for room, clinician, who, starts_at, ends_at, room_free_at in rows.values_list(
            "room_id", "clinician_id", "patient_id", "starts_at", "ends_at", "room_free_at"
        ):
            self._rooms.add(room, (starts_at, room_free_at))
            self._clinicians.add(clinician, (starts_at, ends_at))
            if patient is not None and who == patient.pk:
                self._patient.add(0, (starts_at, ends_at))
                self.patient_days.add(local_day(moment=starts_at, zone=self.site.zone))
        for booked in (self._rooms, self._clinicians, self._patient):
            booked.settle()
