"""Opening a course: say what is wished for, compare the plans, book all of one or nothing."""

from typing import Any
from uuid import uuid4

from django.contrib import messages as said
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from clinic.access import DESK_AND_CARE
from clinic.domain import against, bookings, planning, policies, times, wishes
from clinic.domain.errors import Refused
from clinic.domain.obstacles import WayOut
from clinic.forms.slot_text import written
from clinic.models import Course, Patient
from clinic.views.desk import at_site, patient_of, was_read
from support.domain import series
from support.domain.board_grid import day_of
from support.forms.courses import GIVING_WAY, OLD, ChosenForm, CourseForm, in_address


@at_site(*DESK_AND_CARE)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, pk: int) -> HttpResponse:
    """GET with a protocol and a day shows plans; POST books the one that was chosen."""
    patient = patient_of(request, pk)
    today = times.local_day(moment=timezone.now(), zone=request.site.zone)
    asked = request.GET if "protocol" in request.GET else None
    first = max(day_of(request.GET.get("first_day"), today=today), today)
    form = CourseForm(asked, site=request.site, today=today, initial={"first_day": first})
    if not form.is_valid():
        return _page(request, patient, form)
    if request.method == "GET":
        return _page(request, patient, form, **_plans(request, patient, form))
    try:
        course = _book(request, patient, form)
    except Refused as refused:
        # Somebody was faster, or a rule says no: the reasons, and fresh plans for the same wish.
        return _page(request, patient, form, status=422, refused=refused, **_plans(request, patient, form))
    return _booked(request, course)


def _book(request: HttpRequest, patient: Patient, form: CourseForm) -> Course:
    chosen = ChosenForm(request.POST, site=request.site)
    if not chosen.is_valid():
        raise Refused(*(str(error) for errors in chosen.errors.values() for error in errors))
    slots, protocol = chosen.cleaned_data["slots"], form.cleaned_data["protocol"]
    if not planning.may_have(protocol=protocol, visits=len(slots), relaxed=form.relaxed):
        raise Refused(str(OLD))
    return bookings.book_series(
        patient=patient,
        protocol=protocol,
        slots=slots,
        actor=request.user,
        now=timezone.now(),
        form_key=chosen.cleaned_data["form_key"],
        override_reason=chosen.cleaned_data["override_reason"],
    )


def _booked(request: HttpRequest, course: Course) -> HttpResponse:
    count = course.infusions.count()
    said.success(
        request, ngettext("%(count)s visit is booked.", "%(count)s visits are booked.", count) % {"count": count}
    )
    return redirect("patient", course.patient_id)


def _plans(request: HttpRequest, patient: Patient, form: CourseForm) -> dict[str, Any]:
    wanted = {name: form.cleaned_data[name] for name in ("protocol", "first_day", "prefer")}
    policy = policies.current(site=request.site)
    seen = series.look(patient=patient, now=timezone.now(), relaxed=form.relaxed, **wanted)
    return {
        "outlook": seen.outlook,
        "has_drivers": seen.has_drivers,
        "offers": [(" ".join(map(written, offer.slots)), offer) for offer in seen.outlook.offers],
        "ways_out": [(way, _address(request, way)) for way in seen.outlook.ways_out],
        "relaxed": form.relaxed,
        "may_override": against.may_override(actor=request.user, policy=policy),
    }


def _address(request: HttpRequest, way: WayOut) -> str:
    """The same question with what gives way."""
    query = request.GET.copy()
    for name in GIVING_WAY:
        query.pop(name, None)
    for name, values in in_address(way.relaxed).items():
        query.setlist(name, values)
    return f"?{query.urlencode()}"


def _page(request: HttpRequest, patient: Patient, form: CourseForm, status: int = 200, **more: Any) -> HttpResponse:
    was_read(request, patient_id=patient.pk, subject=patient)
    context = {
        "patient": patient,
        "form": form,
        "form_key": uuid4(),
        "wishes": wishes.of(patient=patient),
        "reason_typed": request.POST.get("override_reason", ""),
        **more,
    }
    return render(request, "support/desk/course_new.html", context, status=422 if form.errors else status)
