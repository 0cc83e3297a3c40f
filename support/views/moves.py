"""Another time for a visit, a time for one that waits to be placed, and somebody who just came in."""

from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import messages as said
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic.access import DESK_AND_CARE
from clinic.domain import bookings, moves, scheduling, times
from clinic.domain.errors import Refused
from clinic.domain.slots import Slot
from clinic.forms import slot_text
from clinic.models import Course, Infusion, Patient
from clinic.views.desk import at_site, patient_of, was_read
from support.domain.board_grid import day_of
from support.forms import slots
from support.views.desk import visit_of
from support.views.refusals import shown_on

DAYS_SHOWN = 7


def _move_page(request: HttpRequest, pk: int, refused: Refused | None = None) -> HttpResponse:
    infusion = visit_of(request, pk)
    context = {"infusion": infusion, "title": _("Move this visit"), "confirm": _("Move to this time")}
    return _times(request, infusion.course, refused, infusion=infusion, context=context)


@at_site(*DESK_AND_CARE)
@require_http_methods(["GET", "POST"])
@shown_on(_move_page)
def move(request: HttpRequest, pk: int) -> HttpResponse:
    if request.method == "GET":
        return _move_page(request, pk)
    infusion = visit_of(request, pk)
    slot = slots.read(request.POST.get("slot", ""), site=request.site)
    version = request.POST.get("version", "")
    moves.move(
        infusion=infusion,
        slot=slot,
        actor=request.user,
        now=timezone.now(),
        version=int(version) if version.isdecimal() else 0,
    )
    said.success(request, _("Moved. Everybody who had said yes is asked again for the new time."))
    return redirect("infusion", pk)


def _course_of(request: HttpRequest, pk: int) -> Course:
    rows = Course.objects.select_related("patient__site", "protocol")
    return get_object_or_404(rows, pk=pk, patient__site=request.site)


def _place_page(request: HttpRequest, pk: int, refused: Refused | None = None) -> HttpResponse:
    context = {"title": _("Find a time for the next visit"), "confirm": _("Book this time")}
    return _times(request, _course_of(request, pk), refused, infusion=None, context=context)


@at_site(*DESK_AND_CARE)
@require_http_methods(["GET", "POST"])
@shown_on(_place_page)
def place(request: HttpRequest, pk: int) -> HttpResponse:
    if request.method == "GET":
        return _place_page(request, pk)
    course = _course_of(request, pk)
    slot = slots.read(request.POST.get("slot", ""), site=request.site)
    bookings.place(course=course, slot=slot, actor=request.user, now=timezone.now())
    said.success(request, _("Booked. The helpers are asked now."))
    return redirect("patient", course.patient_id)


def _times(
    request: HttpRequest,
    course: Course,
    refused: Refused | None,
    *,
    infusion: Infusion | None,
    context: dict[str, Any],
) -> HttpResponse:
    now = timezone.now()
    today = times.local_day(moment=now, zone=request.site.zone)
    usual = times.local_day(moment=infusion.starts_at, zone=request.site.zone) if infusion else today
    first = max(day_of(request.GET.get("from"), today=usual), today)
    was_read(request, patient_id=course.patient_id, subject=infusion or course)
    context |= {
        "course": course,
        "patient": course.patient,
        "days": slots.by_day(_free(course, infusion, first, now), site=request.site),
        "alternatives": [(slot_text.written(slot), slot) for slot in getattr(refused, "alternatives", [])],
        "refused": refused,
        "first": first,
        "before": max(first - timedelta(days=DAYS_SHOWN), today),
        "after": first + timedelta(days=DAYS_SHOWN),
        "chosen": request.POST.get("slot", ""),
    }
    return render(request, "support/desk/times.html", context)


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


def _walk_in_page(
    request: HttpRequest, pk: int, refused: Refused | None = None, patient: Patient | None = None
) -> HttpResponse:
    who = patient or patient_of(request, pk)
    form = slots.WalkInForm(request.POST or None, site=request.site)
    was_read(request, patient_id=who.pk, subject=who)
    context = {"form": form, "patient": who, "refused": refused}
    return render(request, "support/desk/walk_in.html", context, status=422 if form.errors else 200)


@at_site(*DESK_AND_CARE)
@require_http_methods(["GET", "POST"])
@shown_on(_walk_in_page)
def walk_in(request: HttpRequest, pk: int) -> HttpResponse:
    form = slots.WalkInForm(request.POST or None, site=request.site)
    if not form.is_valid():
        return _walk_in_page(request, pk)
    infusion = bookings.walk_in(
        patient=patient_of(request, pk), actor=request.user, now=timezone.now(), **form.cleaned_data
    )
    return redirect("infusion", infusion.pk)
