"""When a site, its rooms and its clinicians may be booked at all."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Q

from clinic.domain.times import day_bounds, first_valid, local_day, minute_of_day, wall
from clinic.models import Closure, OpeningHours, Policy, Protocol, Site, WorkingHours

Span = tuple[datetime, datetime]
Hours = list[tuple[time, time]]
GRID_MINUTES = 15


@dataclass(frozen=True)
class Timing:
    """What follows from a start: earliest collection, planned end, room free again after turnaround."""

    pickup_from: datetime
    ends_at: datetime
    room_free_at: datetime


def timing(*, protocol: Protocol, policy: Policy | None, starts_at: datetime) -> Timing:
    """The patient can be collected once the shortest recovery of the signed rules is over and they were watched as long
    as the protocol asks; the visit is planned for the protocol's recovery, or for the shortest if that is longer."""
    treated = starts_at + timedelta(minutes=protocol.prep_minutes + protocol.infusion_minutes)
    watched = protocol.observation_minutes - protocol.infusion_minutes
    planned = max(protocol.recovery_minutes, watched)
    shortest = max(policy.min_recovery_minutes, watched) if policy else planned
    ends_at = treated + timedelta(minutes=max(planned, shortest))
    return Timing(
        pickup_from=treated + timedelta(minutes=shortest),
        ends_at=ends_at,
        room_free_at=ends_at + timedelta(minutes=protocol.turnaround_minutes),
    )


class Calendar:
    """Opening hours, working hours and closures of the days between two days. Three queries.

    Hours are the site's wall time; on a day when clocks change, a span is as long as it then really is.
    """

    def __init__(self, *, site: Site, first_day: date, last_day: date, clinicians: Collection[int]) -> None:
        self.zone = site.zone
        self._opening: dict[int, Hours] = defaultdict(list)
        for row in OpeningHours.objects.filter(site=site).order_by("weekday", "opens"):
            _join(self._opening[row.weekday], row.opens, row.closes)
        self._working: dict[int, dict[int, Hours]] = {}
        for work in WorkingHours.objects.filter(site=site, staff__in=clinicians).order_by("weekday", "starts"):
            _join(
                self._working.setdefault(work.staff_id, defaultdict(list))[work.weekday],
                work.starts,
                work.ends,
            )
        begin, _end = day_bounds(day=first_day, zone=self.zone)
        _begin, end = day_bounds(day=last_day, zone=self.zone)
        self._site_closed: list[Closure] = []
        self._room_closed: dict[int, list[Closure]] = defaultdict(list)
        self._absent: dict[int, list[Closure]] = defaultdict(list)
        for closure in Closure.objects.filter(
            Q(site=site) | Q(clinician__in=clinicians), starts_at__lt=end, ends_at__gt=begin
        ).order_by("starts_at", "pk"):
            if closure.clinician_id is not None:
                self._absent[closure.clinician_id].append(closure)
            elif closure.room_id is not None:
                self._room_closed[closure.room_id].append(closure)
            else:
                self._site_closed.append(closure)
        self._spans: dict[tuple[int, date], list[Span]] = {}

    @property
    def has_hours(self) -> bool:
        return bool(self._opening)

    @property
    def longest_span(self) -> timedelta:
        """Of an ordinary week."""
        minutes = [
            minute_of_day(end) - minute_of_day(begin) for hours in self._opening.values() for begin, end in hours
        ]
        return timedelta(minutes=max(minutes, default=0))

    def open_spans(self, day: date) -> list[Span]:
        """The open spans of a day, in UTC; closures are not taken out."""
        return self._on(0, day, self._opening)

    def starts(self, day: date, visit: timedelta) -> Iterator[datetime]:
        """Every quarter hour on the clock from which a visit ends in time. Times the clock skips are left out."""
        hours = self._opening.get(day.weekday(), [])
        for (opens, closes), (_opened, closed) in zip(hours, self.open_spans(day), strict=True):
            first = -(-minute_of_day(opens) // GRID_MINUTES) * GRID_MINUTES
            for minute in range(first, minute_of_day(closes), GRID_MINUTES):
                start = wall(day=day, at=time(minute // 60, minute % 60), zone=self.zone)
                if start is not None and start + visit <= closed:
                    yield start

    def is_open(self, span: Span) -> bool:
        return _inside(span, self.open_spans(local_day(moment=span[0], zone=self.zone)))

    def works(self, clinician: int, span: Span) -> bool:
        """Where no hours are recorded for this site, a clinician works whenever it is open."""
        hours = self._working.get(clinician)
        if hours is None:
            return True
        return _inside(span, self._on(clinician, local_day(moment=span[0], zone=self.zone), hours))

    def site_closure(self, span: Span) -> Closure | None:
        return _touching(span, self._site_closed)

    def room_closure(self, room: int, span: Span) -> Closure | None:
        return _touching(span, self._room_closed.get(room, []))

    def absence(self, clinician: int, span: Span) -> Closure | None:
        return _touching(span, self._absent.get(clinician, []))

    def _on(self, whose: int, day: date, hours: dict[int, Hours]) -> list[Span]:
        key = (whose, day)
        if key not in self._spans:
            self._spans[key] = [
                (first_valid(day=day, at=begin, zone=self.zone), first_valid(day=day, at=end, zone=self.zone))
                for begin, end in hours.get(day.weekday(), [])
            ]
        return self._spans[key]


def _join(hours: Hours, begin: time, end: time) -> None:
    """Spans that meet or overlap are one; they come sorted by their begin."""
    if hours and begin <= hours[-1][1]:
        hours[-1] = (hours[-1][0], max(hours[-1][1], end))
    else:
        hours.append((begin, end))


def _inside(span: Span, others: list[Span]) -> bool:
    return any(begin <= span[0] and span[1] <= end for begin, end in others)


def _touching(span: Span, closures: list[Closure]) -> Closure | None:
    return next((row for row in closures if row.starts_at < span[1] and span[0] < row.ends_at), None)
