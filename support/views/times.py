"""The page of free times, for a visit to be moved and for one that waits to be placed."""

from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from clinic.domain import against, moves, scheduling, times
from clinic.domain.errors import Refused
from clinic.domain.slots import Slot
from clinic.forms import slot_text
from clinic.models import Course, Infusion
from clinic.views.desk import posted, was_read
from support.domain import free_times
from support.domain.board_grid import day_of
from support.domain.free_times import Known
from support.domain.proposal import Proposal
from support.forms import slots

DAYS_SHOWN = 7


def page(
    request: HttpRequest, *, course: Course, infusion: Infusion | None, refused: Refused | None = None
) -> HttpResponse:
    now = timezone.now()
    today = times.local_day(moment=now, zone=request.site.zone)
    usual = today
    if infusion is not None:
        usual = times.local_day(moment=infusion.starts_at, zone=request.site.zone)
    elif "from" not in request.GET:
        usual = free_times.first_day(course=course, today=today)
    first = max(day_of(request.GET.get("from"), today=usual), today)
    was_read(request, patient_id=course.patient_id, subject=infusion or course)
    written_down = request.GET if "day" in request.GET else None
    start = moves.place_of(infusion) if infusion else None
    free = _free(course, infusion, first, now)
    days = slots.by_day(free, site=request.site)
    warned = against.days_between(course=course, moments=[moment for moment, _times in days], infusion=infusion)
    known = free_times.known(course=course, starts=[slot.starts_at for slot in free])
    context = {
        "infusion": infusion,
        "course": course,
        "patient": course.patient,
        "days": [_day(moment, rows, warned[moment], known) for moment, rows in days],
        "alternatives": [(slot_text.written(slot), slot) for slot in getattr(refused, "alternatives", [])],
        "refused": refused,
        "any_time": slots.AnyTimeForm(written_down, site=request.site, start=start),
        "first": first,
        "before": max(first - timedelta(days=DAYS_SHOWN), today),
        "after": first + timedelta(days=DAYS_SHOWN),
    }
    return render(request, "support/desk/times.html", context)


def _day(
    moment: datetime, rows: list[tuple[str, Slot]], warned: list[str], known: dict[datetime, Known]
) -> dict[str, Any]:
    """What is the same for all times of a day is said once, with the day."""
    rides = [known[slot.starts_at].rides for _written, slot in rows]
    same = all(marks == rides[0] for marks in rides)
    return {
        "moment": moment,
        "warned": warned,
        "rides": rides[0] if same else [],
        "times": [
            (written, slot, [] if same else marks, known[slot.starts_at].is_bad)
            for (written, slot), marks in zip(rows, rides, strict=True)
        ],
    }


def of_proposal(request: HttpRequest, proposed: Proposal, *, course: Course, with_rides: bool) -> dict[str, Any]:
    """What the pages of a place that is not taken yet show of it; ``back_to`` is the first of the days it was chosen
    from."""
    starts_at = proposed.slot.starts_at
    day = times.local_day(moment=starts_at, zone=request.site.zone)
    return {
        "known": free_times.known(course=course, starts=[starts_at], with_rides=with_rides)[starts_at],
        "back_to": day_of((request.POST or request.GET).get("from") or day.isoformat(), today=day),
        "proposal": proposed,
        "written": slot_text.written(proposed.slot),
        "alternatives": [(slot_text.written(other), other) for other in proposed.alternatives],
        "typed": reason(request),
    }


def unreadable(response: HttpResponse) -> HttpResponse:
    response.status_code = 422
    return response


def reason(request: HttpRequest) -> str:
    """Why it is booked against a rule."""
    return posted(request, "override_reason")


def _free(course: Course, infusion: Infusion | None, first: date, now: datetime) -> list[Slot]:
    free = scheduling.free_slots(
        site=course.patient.site,
        protocol=course.protocol,
        first_day=first,
        last_day=first + timedelta(days=DAYS_SHOWN - 1),
        now=now,
        patient=course.patient,
        ignoring=infusion,
    )
    return slots.thinned([slot for slot in free if infusion is None or slot.starts_at != infusion.starts_at])
