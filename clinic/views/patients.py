"""The list of patients, finding one, taking one in, correcting who they are."""

from typing import Any

from django.contrib import messages as said
from django.core.paginator import Paginator
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic.access import DESK_AND_CARE
from clinic.domain import patients, records
from clinic.domain.errors import Refused
from clinic.forms.patients import PatientEditForm, PatientForm
from clinic.models import Infusion, Patient
from clinic.models.infusion import LIVE
from clinic.views.desk import at_site, done, form_page, patient_of, was_read

PAGE = 50
FOUND = 30


def with_next_visit(rows: QuerySet[Patient]) -> QuerySet[Patient]:
    ahead = Infusion.objects.filter(LIVE, patient=OuterRef("pk"), starts_at__gte=timezone.now()).order_by("starts_at")
    return rows.annotate(next_visit=Subquery(ahead.values("starts_at")[:1]))


@at_site(*DESK_AND_CARE)
@require_safe
def patient_list(request: HttpRequest) -> HttpResponse:
    away = "away" in request.GET
    rows = with_next_visit(Patient.objects.filter(site=request.site, is_archived=away))
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    was_read(request, subject="patients")
    context = {"page": page, "rows": page.object_list, "away": away, "for_series": _for_series(request)}
    return render(request, "clinic/patient_list.html", context)


def _for_series(request: HttpRequest) -> bool:
    """Whether the list was opened to choose whom a series is booked for."""
    return request.GET.get("for") == "series"


@at_site(*DESK_AND_CARE)
@require_safe
def patient_search(request: HttpRequest) -> HttpResponse:
    query = request.GET.get("q", "")[:200].replace("\x00", "")
    found = patients.search(site=request.site, query=query, limit=FOUND)
    rows = _in_order(found)
    was_read(request, subject="patient-search")
    name = "clinic/patient_list.html#rows" if request.htmx else "clinic/patient_list.html"
    context = {
        "rows": rows,
        "query": query,
        "searched": True,
        "more": len(found) == FOUND,
        "for_series": _for_series(request),
    }
    return render(request, name, context)


def _in_order(found: list[Patient]) -> list[Patient]:
    """With their next visit, best match first."""
    known = with_next_visit(Patient.objects.all()).in_bulk([patient.pk for patient in found])
    return [known[patient.pk] for patient in found]


@at_site(*DESK_AND_CARE)
@require_http_methods(["GET", "POST"])
def patient_new(request: HttpRequest) -> HttpResponse:
    asked = "known_is_fine" in request.POST
    form = PatientForm(request.POST or None, ask_if_known=asked)
    if form.is_valid():
        try:
            patient = patients.register(site=request.site, actor=request.user, now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            return _refused(request, form, refused)
        said.success(request, _("%(name)s is on the list.") % {"name": patient.full_name})
        return redirect("patient", patient.pk)
    return form_page(request, "clinic/patient_new.html", form)


def _refused(request: HttpRequest, form: PatientForm, refused: Refused) -> HttpResponse:
    """With the people who have this name and birth date, and a box to say that it is somebody else."""
    typed = form.cleaned_data
    names = {"given_name__iexact": typed["given_name"], "family_name__iexact": typed["family_name"]}
    same = list(Patient.objects.filter(site=request.site, birth_date=typed["birth_date"], **names)[:5])
    again = PatientForm(request.POST, ask_if_known=bool(same))
    again.is_valid()
    again.add_error(None, refused.reasons)
    for patient in same:
        was_read(request, patient_id=patient.pk, subject=patient)
    return form_page(request, "clinic/patient_new.html", again, same=same)


@at_site(*DESK_AND_CARE)
@require_http_methods(["GET", "POST"])
def patient_edit(request: HttpRequest, pk: int) -> HttpResponse:
    patient = patient_of(request, pk)
    form = PatientEditForm(request.POST or None, patient=patient)

    def correct() -> None:
        typed: dict[str, Any] = {**form.cleaned_data, "timezone": patient.timezone}
        records.correct(patient=patient, actor=request.user, now=timezone.now(), **typed)

    if done(form, correct):
        said.success(request, _("Saved."))
        return redirect("patient", pk)
    was_read(request, patient_id=pk, subject=patient)
    return form_page(request, "clinic/patient_edit.html", form, patient=patient)


@at_site(*DESK_AND_CARE)
@require_POST
def patient_put_away(request: HttpRequest, pk: int) -> HttpResponse:
    patient = patient_of(request, pk)
    act = records.bring_back if patient.is_archived else records.put_away
    try:
        act(patient=patient, actor=request.user, now=timezone.now())
    except Refused as refused:
        said.error(request, str(refused))
        return redirect("patient_edit", pk)
    said.success(request, _("The record is back.") if patient.is_archived else _("The record is put away."))
    return redirect("patient", pk) if patient.is_archived else redirect("patients")
