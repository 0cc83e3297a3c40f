"""When a site, its rooms and its clinicians may be booked at all."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from clinic.domain.premises import Hours, Premises, Span
from clinic.domain.times import first_valid, local_day, minute_of_day, wall
from clinic.models import Policy, Protocol

GRID_MINUTES = 15


@dataclass(frozen=True)
class Timing:
    """What follows from a start: earliest collection, planned end, room free again after turnaround."""

    pickup_from: datetime
    ends_at: datetime
    room_free_at: datetime


def timing(*, protocol: Protocol, policy: Policy | None, starts_at: datetime) -> Timing:
    """As planned: collected as soon as they may leave, done after the protocol's recovery, or then if that is later."""
    begins = starts_at + timedelta(minutes=protocol.prep_minutes)
    treated = begins + timedelta(minutes=protocol.infusion_minutes)
    pickup_from = leaves_from(protocol=protocol, policy=policy, started_at=begins, recovering_at=treated)
    ends_at = max(pickup_from, treated + timedelta(minutes=protocol.recovery_minutes))
    return Timing(
        pickup_from=pickup_from,
        ends_at=ends_at,
        room_free_at=ends_at + timedelta(minutes=protocol.turnaround_minutes),
    )


def leaves_from(
    *, protocol: Protocol, policy: Policy | None, started_at: datetime, recovering_at: datetime
) -> datetime:
    """From when a patient may leave: the shortest recovery of the signed rules is over (without rules the protocol's),
    and they were watched as long as the protocol asks."""
    shortest = policy.min_recovery_minutes if policy else protocol.recovery_minutes
    return max(recovering_at + timedelta(minutes=shortest), watched_until(protocol=protocol, started_at=started_at))


def watched_until(*, protocol: Protocol, started_at: datetime) -> datetime:
    """From the beginning of the treatment, however short it was."""
    return started_at + timedelta(minutes=protocol.observation_minutes)


class Calendar:
    """Opening hours, working hours and closures of one site, day by day. No query.

    Hours are the site's wall time; on a day when clocks change, a span is as long as it then really is.
    """

    def __init__(self, premises: Premises) -> None:
        self.premises, self.zone = premises, premises.zone
        self._spans: dict[tuple[int, date], list[Span]] = {}

    @property
    def has_hours(self) -> bool:
        return bool(self.premises.opening)

    @property
    def longest_span(self) -> timedelta:
        """Of an ordinary week."""
        week = self.premises.opening.values()
        minutes = [minute_of_day(end) - minute_of_day(begin) for hours in week for begin, end in hours]
        return timedelta(minutes=max(minutes, default=0))

    def open_spans(self, day: date) -> list[Span]:
        """The open spans of a day, in UTC; closures are not taken out."""
        return self._on(0, day, self.premises.opening)

    def working_spans(self, clinician: int, day: date) -> list[Span] | None:
        """Where this clinician works that day, in UTC; None where no hours are recorded, which means whenever the
        site is open."""
        hours = self.premises.working.get(clinician)
        return None if hours is None else self._on(clinician, day, hours)

    def starts(self, day: date, visit: timedelta) -> Iterator[datetime]:
        """Every quarter hour on the clock from which a visit ends in time. Times the clock skips are left out."""
        hours = self.premises.opening.get(day.weekday(), [])
        for (opens, closes), (_opened, closed) in zip(hours, self.open_spans(day), strict=True):
            first = -(-minute_of_day(opens) // GRID_MINUTES) * GRID_MINUTES
            for minute in range(first, minute_of_day(closes), GRID_MINUTES):
                start = wall(day=day, at=time(minute // 60, minute % 60), zone=self.zone)
                if start is not None and start + visit <= closed:
                    yield start

    def is_open(self, span: Span) -> bool:
        return _inside(span, self.open_spans(local_day(moment=span[0], zone=self.zone)))

    def works(self, clinician: int, span: Span) -> bool:
        spans = self.working_spans(clinician, local_day(moment=span[0], zone=self.zone))
        return spans is None or _inside(span, spans)

    def allows(self, *, room: int, clinician: int, span: Span) -> bool:
        """Whether the site is open, and nothing of this room and this clinician closed, for the whole span."""
        closed = self.site_closure(span) or self.room_closure(room, span) or self.absence(clinician, span)
        return not closed and self.is_open(span) and self.works(clinician, span)

    def site_closure(self, span: Span) -> Span | None:
        return _touching(span, self.premises.closed)

    def room_closure(self, room: int, span: Span) -> Span | None:
        return _touching(span, self.premises.room_closed.get(room, []))

    def absence(self, clinician: int, span: Span) -> Span | None:
        return _touching(span, self.premises.absent.get(clinician, []))

    def _on(self, whose: int, day: date, hours: dict[int, Hours]) -> list[Span]:
        key = (whose, day)
        if key not in self._spans:
            self._spans[key] = [
                (first_valid(day=day, at=begin, zone=self.zone), first_valid(day=day, at=end, zone=self.zone))
                for begin, end in hours.get(day.weekday(), [])
            ]
        return self._spans[key]


def _inside(span: Span, others: list[Span]) -> bool:
    return any(begin <= span[0] and span[1] <= end for begin, end in others)


def _touching(span: Span, closures: list[Span]) -> Span | None:
    """Of sorted spans that do not overlap, only the last that begins before our end can reach into ours."""
    at = bisect_left(closures, span[1], key=lambda closed: closed[0]) - 1
    return closures[at] if at >= 0 and closures[at][1] > span[0] else None
