"""A time for a visit that waits to be placed, and somebody who just came in."""

from django.contrib import messages as said
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from clinic.access import DESK_AND_CARE
from clinic.domain import bookings
from clinic.domain.errors import Refused
from clinic.models import Course, Patient
from clinic.views.desk import at_site, patient_of, was_read
from support.domain import proposal, reached, walk_ins
from support.forms import slots
from support.views import times
from support.views.refusals import shown_on


def _course_of(request: HttpRequest, pk: int) -> Course:
    rows = Course.objects.select_related("patient__site", "protocol")
    return get_object_or_404(rows, pk=pk, patient__site=request.site)


def _proposed(request: HttpRequest, pk: int, refused: Refused | None = None) -> HttpResponse:
    course, asked = _course_of(request, pk), request.POST or request.GET
    try:
        slot = slots.asked(asked, site=request.site)
        proposed = proposal.of_course(course=course, slot=slot, actor=request.user, now=timezone.now(), refused=refused)
    except Refused as unreadable:
        return times.unreadable(times.page(request, course=course, infusion=None, refused=unreadable))
    was_read(request, patient_id=course.patient_id, subject=course)
    shown = times.of_proposal(request, proposed, course=course, with_rides=True)
    return render(request, "support/desk/place.html", {"course": course, **shown})


@at_site(*DESK_AND_CARE)
@require_http_methods(["GET", "POST"])
@shown_on(_proposed)
def place(request: HttpRequest, pk: int) -> HttpResponse:
    """Free times; with a time in the address, what speaks against it."""
    if request.method == "GET" and not {"slot", "day"} & request.GET.keys():
        return times.page(request, course=_course_of(request, pk), infusion=None)
    if request.method == "GET":
        return _proposed(request, pk)
    course = _course_of(request, pk)
    slot = slots.read(request.POST.get("slot", ""), site=request.site)
    visit = bookings.place(
        course=course, slot=slot, actor=request.user, now=timezone.now(), override_reason=times.reason(request)
    )
    said.success(request, reached.booked(infusion=visit))
    return redirect("patient", course.patient_id)


def _walk_in_page(
    request: HttpRequest, pk: int, refused: Refused | None = None, patient: Patient | None = None
) -> HttpResponse:
    who, now = patient or patient_of(request, pk), timezone.now()
    what_for = slots.WhatForForm(request.POST or request.GET, site=request.site)
    protocol = what_for.cleaned_data["protocol"] if what_for.is_valid() else walk_ins.protocol(patient=who)
    form = slots.WalkInForm(request.POST or None, site=request.site, protocol=protocol, now=now)
    was_read(request, patient_id=who.pk, subject=who)
    context = {
        "form": form,
        "what_for": slots.WhatForForm(site=request.site, initial={"protocol": protocol}),
        "at_once": protocol and walk_ins.at_once(protocol=protocol, slot=form.soonest.slot, site=request.site, now=now),
        "patient": who,
        "refused": refused,
        "typed": times.reason(request),
    }
    return render(request, "support/desk/walk_in.html", context, status=422 if form.errors else 200)


@at_site(*DESK_AND_CARE)
@require_http_methods(["GET", "POST"])
@shown_on(_walk_in_page)
def walk_in(request: HttpRequest, pk: int) -> HttpResponse:
    form = slots.WalkInForm(request.POST or None, site=request.site, now=timezone.now())
    if not form.is_valid():
        return _walk_in_page(request, pk)
    infusion = bookings.walk_in(
        patient=patient_of(request, pk),
        actor=request.user,
        now=timezone.now(),
        override_reason=times.reason(request),
        **form.cleaned_data,
    )
    return redirect("infusion", infusion.pk)
