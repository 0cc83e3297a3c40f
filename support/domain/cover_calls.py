"""A date nobody took, days ahead: a task for the desk, one for a course, not an emergency."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial

from django.db.models import F, Max, Q
from django.utils.translation import gettext as _

from clinic.enums import InfusionStatus
from clinic.models import Infusion
from support.domain import alerts, ladder, row_by_row, rules, rungs, way_home
from support.enums import CommitmentStatus, SupportRole
from support.models import Alert

WITH = ("site", "patient__site", "policy")


def find(*, now: datetime) -> int:
    """Opens one call for each course with dates that nobody took in the time people have to answer. How many."""
    asked = Q(commitments__role=SupportRole.RIDE, commitments__for_starts_at=F("starts_at"))
    asked_at = Max("commitments__asked_at", filter=asked & ~Q(commitments__status=CommitmentStatus.VOID))
    ahead = Infusion.objects.filter(ladder.uncovered(now), status=InfusionStatus.BOOKED, starts_at__gt=now)
    courses: dict[int, list[tuple[Infusion, datetime]]] = defaultdict(list)
    last_asked = dict(ahead.annotate(last=asked_at).values_list("pk", "last"))
    for visit in Infusion.objects.filter(pk__in=last_asked).select_related(*WITH).order_by("starts_at", "pk"):
        due = _due(visit, last_asked[visit.pk] or visit.booked_at)
        # The day before is a matter of its own.
        if due <= now < visit.starts_at - timedelta(hours=rules.of(infusion=visit).reconfirm_hours):
            courses[visit.course_id].append((visit, due))
    told = _told(courses)
    new = [dates for course, dates in courses.items() if any(_is_news(due, told[course]) for _visit, due in dates)]
    return row_by_row.each(partial(_open, [visit for visit, _due_at in dates], now) for dates in new)


def _due(visit: Infusion, asked_at: datetime) -> datetime:
    """Near enough, and whoever is asked had the time that the rules give to answer."""
    policy = rules.of(infusion=visit)
    answered_by = max(visit.booked_at, asked_at) + timedelta(hours=policy.ladder_hours)
    return max(rungs.begins_at(policy=policy, starts_at=visit.starts_at), answered_by)


def _told(courses: Iterable[int]) -> dict[int, list[datetime | None]]:
    """When each call about these courses was done, None for one that waits. One query."""
    told: dict[int, list[datetime | None]] = defaultdict(list)
    calls = Alert.objects.filter(infusion__course__in=list(courses), key__startswith="cover:")
    for course, closed_at in calls.values_list("infusion__course_id", "closed_at"):
        told[course].append(closed_at)
    return told


def _is_news(due: datetime, told: Sequence[datetime | None]) -> bool:
    """Not while a call about the course waits, nor where one was done when this date was among those without."""
    return all(closed_at is not None and closed_at < due for closed_at in told)


def _open(visits: Sequence[Infusion], now: datetime) -> bool:
    first = visits[0]
    way = way_home.of(infusions=[first], now=now)[first.pk]
    with alerts.for_the_desk():
        words = {
            "name": first.patient.first_name,
            "when": ", ".join(alerts.when(visit) for visit in visits),
            "asked": ", ".join(row.first_name for row in way.asked),
        }
        says = _("Nobody is found yet to take %(name)s home: %(when)s. Please call the patient.") % words
        if way.asked:
            says = _("Nobody is found yet to take %(name)s home: %(when)s. Please call: %(asked)s.") % words
    deadline = rules.in_good_time(infusion=first, now=now)
    alerts.call_task(key=alerts.time_key("cover", first), says=says, visit=first, now=now, deadline=deadline)
    return True
