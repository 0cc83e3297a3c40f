"""Two records that are one patient: find the other, see both side by side, join them."""

from django.contrib import messages as said
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic.access import RULES
from clinic.domain import merging as clinic_merging
from clinic.domain import patients
from clinic.domain.errors import Refused
from clinic.enums import Role
from clinic.models import Patient
from clinic.views.desk import at_site, patient_of, was_read
from support.domain import merging


@at_site(Role.FRONT_DESK, *RULES)
@require_http_methods(["GET", "POST"])
def same(request: HttpRequest, pk: int) -> HttpResponse:
    """GET finds the other record; with one named, it shows both. POST joins them, as they were shown."""
    keep = patient_of(request, pk)
    other = request.POST.get("with") or request.GET.get("with", "")
    was_read(request, patient_id=keep.pk, subject=keep)
    if not other.isdecimal():
        return _find(request, keep)
    away = patient_of(request, int(other[:18]))
    if request.method != "POST":
        return _both(request, keep, away)
    try:
        shown = request.POST.get("edition", "")
        merging.merge(keep=keep, away=away, actor=request.user, now=timezone.now(), as_shown=shown)
    except Refused as refused:
        return _both(request, keep, away, refused)
    said.success(request, _("The two records are one now."))
    return redirect("patient", keep.pk)


def _find(request: HttpRequest, keep: Patient) -> HttpResponse:
    query = request.GET.get("q", "")[:200].replace("\x00", "")
    found = patients.search(site=request.site, query=query) if query else clinic_merging.likely(patient=keep)
    context = {"patient": keep, "query": query, "rows": [row for row in found if row.pk != keep.pk]}
    return render(request, "support/desk/same_find.html", context)


def _both(request: HttpRequest, keep: Patient, away: Patient, refused: Refused | None = None) -> HttpResponse:
    was_read(request, patient_id=away.pk, subject=away)
    preview = merging.preview(keep=keep, away=away, now=timezone.now())
    context = {"patient": keep, "other": away, "preview": preview, "refused": refused}
    return render(request, "support/desk/same_join.html", context, status=422 if refused else 200)
