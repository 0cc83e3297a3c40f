"""Opening a course: look for dates, see them, book all of them or none."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import uuid4

from django.contrib import messages as said
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from clinic.access import DESK_AND_CARE
from clinic.domain import bookings, scheduling, times
from clinic.domain.errors import DoesNotFit, Refused, Taken
from clinic.domain.slots import Slot
from clinic.forms.courses import CourseForm, OfferedForm
from clinic.forms.slot_text import written
from clinic.models import Patient, Protocol
from clinic.views.desk import at_site, patient_of, was_read


@dataclass
class Offer:
    """What the page shows under the question: dates, or why there are none."""

    slots: list[Slot] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    next_start: date | None = None

    @property
    def written(self) -> str:
        return " ".join(written(slot) for slot in self.slots)


@at_site(*DESK_AND_CARE)
@require_http_methods(["GET", "POST"])
def course_new(request: HttpRequest, pk: int) -> HttpResponse:
    """GET with a protocol and a day offers dates; POST books those that were offered."""
    patient = patient_of(request, pk)
    today = times.local_day(moment=timezone.now(), zone=request.site.zone)
    asked = request.GET if "protocol" in request.GET else None
    form = CourseForm(asked, site=request.site, today=today, initial={"first_day": today})
    wanted = form.cleaned_data if form.is_valid() else None
    if request.method == "POST" and wanted:
        return _book(request, patient, form)
    return _page(request, patient, form, _offer(patient, wanted) if wanted else None)


def _offer(patient: Patient, wanted: dict[str, Any]) -> Offer:
    try:
        slots = scheduling.offer_series(site=patient.site, patient=patient, now=timezone.now(), **wanted)
    except DoesNotFit as refused:
        return Offer(reasons=refused.reasons, next_start=refused.next_start)
    return Offer(slots=slots)


def _book(request: HttpRequest, patient: Patient, form: CourseForm) -> HttpResponse:
    offered = OfferedForm(request.POST, site=request.site)
    wanted = form.cleaned_data
    try:
        if not offered.is_valid():
            raise Refused(*(str(error) for errors in offered.errors.values() for error in errors))
        _all_of_them(wanted["protocol"], offered.cleaned_data["slots"])
        course = bookings.book_series(
            patient=patient,
            protocol=wanted["protocol"],
            slots=offered.cleaned_data["slots"],
            actor=request.user,
            now=timezone.now(),
            form_key=offered.cleaned_data["form_key"],
        )
    except Refused as refused:
        return _refused(request, patient, form, refused)
    booked = ngettext("%(count)s visit is booked.", "%(count)s visits are booked.", course.sessions)
    said.success(request, booked % {"count": course.sessions})
    return redirect("patient", patient.pk)


def _all_of_them(protocol: Protocol, slots: list[Slot]) -> None:
    if len(slots) != protocol.sessions:
        raise Refused(_("These times are no longer as they were. Look for dates again."))


def _refused(request: HttpRequest, patient: Patient, form: CourseForm, refused: Refused) -> HttpResponse:
    """Somebody was faster, or a rule says no: the reasons, and fresh dates for the same wish."""
    offer = _offer(patient, form.cleaned_data)
    alternatives = refused.alternatives if isinstance(refused, Taken) else []
    return _page(request, patient, form, offer, status=422, refused=refused.reasons, alternatives=alternatives)


def _page(
    request: HttpRequest, patient: Patient, form: CourseForm, offer: Offer | None, status: int = 200, **more: Any
) -> HttpResponse:
    was_read(request, patient_id=patient.pk, subject=patient)
    context = {"patient": patient, "form": form, "offer": offer, "form_key": uuid4(), **more}
    return render(request, "clinic/course_new.html", context, status=422 if form.errors else status)
