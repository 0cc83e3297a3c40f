"""Free times for one visit, with what is known of each: who could drive the patient home, and whether it suits them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from clinic.domain import policies, standing, wishes
from clinic.domain.calendar import timing
from clinic.domain.rhythm import Rhythm
from clinic.domain.times import END_OF_DAY, local_day, minute_of_day
from clinic.domain.wishes import Wishes
from clinic.models import Course
from support.domain import drivers
from support.domain.drivers import Drivers, Mark

LOOK_AHEAD = 60  # days


@dataclass(frozen=True, kw_only=True)
class Known:
    """``rides`` is empty where the patient named nobody for the way home; ``is_bad``: they said that they cannot come
    then."""

    rides: list[Mark]
    is_bad: bool


def first_day(*, course: Course, today: date) -> date:
    """The first day from which the next visit keeps the days between visits: after the one before it in the course.
    Where none does, the first that is not too near to that one. One query, or two."""
    zone = course.patient.site.zone
    known = standing.of(course=course)
    if not known.to_place:
        return today
    number = known.to_place[0]
    placed = {other: local_day(moment=at, zone=zone) for other, at in known.placed.items()}
    before = max((other for other in placed if other < number), default=0)
    first = today
    if before:
        least = timedelta(days=course.protocol.stage_of(number).min_days)
        first = max(today, placed[before] + least)
    rhythm = Rhythm(protocol=course.protocol, placed=placed)
    days = (first + timedelta(days=offset) for offset in range(LOOK_AHEAD))
    return next((day for day in days if rhythm.allows(number=number, day=day)), first)


def known(*, course: Course, starts: Sequence[datetime], with_rides: bool = True) -> dict[datetime, Known]:
    """What is known of visits of this course that would begin then. Seven queries however many, two without the rides;
    none for none."""
    if not starts:
        return {}
    patient, zone = course.patient, course.patient.site.zone
    days = [local_day(moment=at, zone=zone) for at in starts]
    people = Drivers(patient=patient, first_day=min(days), last_day=max(days)) if with_rides else None
    wished = Wishes(wishes.of(patient=patient))
    policy = policies.current(site=patient.site)
    found = {}
    for at in starts:
        when = timing(protocol=course.protocol, policy=policy, starts_at=at)
        begin, end = at.astimezone(zone), when.ends_at.astimezone(zone)
        until = minute_of_day(end) if end.date() == begin.date() else END_OF_DAY
        found[at] = Known(
            rides=drivers.marks(people.at(when.pickup_from, when.ends_at)) if people else [],
            is_bad=not wished.allows(begin.weekday(), minute_of_day(begin), until),
        )
    return found
