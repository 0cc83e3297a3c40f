"""What every staff page of this app shares: a site in view, the read log, the way back, refusals in words."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from clinic.access import SET_UP, View, staff_only
from clinic.domain import audit
from clinic.models import Infusion, Patient

VISIT = (
    "site",
    "patient",
    "room",
    "clinician",
    "policy",
    "course__protocol",
    "handover__commitment__designation__person",
)


def at_desk(*roles: str) -> Callable[[View], View]:
    """Staff with one of these roles who work at a site; everything they see belongs to ``request.site``."""

    def declare(view: View) -> View:
        @wraps(view)
        def sited(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.site is None and request.user.role in SET_UP:
                return redirect("setup")
            if request.site is None:
                return render(request, "support/desk/no_site.html", status=403)
            return view(request, *args, **kwargs)

        return staff_only(*roles)(sited)

    return declare


def visit_of(request: HttpRequest, pk: int) -> Infusion:
    return get_object_or_404(Infusion.objects.select_related(*VISIT), pk=pk, site=request.site)


def patient_of(request: HttpRequest, pk: int) -> Patient:
    return get_object_or_404(Patient.objects.select_related("site"), pk=pk, site=request.site)


def was_read(request: HttpRequest, *, patient_id: int | None, subject: Model | str, now: datetime) -> None:
    """One line in the read log: who saw whose record, on which page."""
    name = subject if isinstance(subject, str) else f"{subject._meta.model_name}:{subject.pk}"
    audit.record(actor=audit.staff(request.user), verb="read", now=now, patient_id=patient_id, subject=name)


def back(request: HttpRequest, *default: Any) -> HttpResponse:
    """To the page the form named, if it is one of ours; else to ``default`` (a URL's name and arguments)."""
    address = request.POST.get("next", "")
    if address and url_has_allowed_host_and_scheme(address, allowed_hosts=None):
        return redirect(address)
    return redirect(*default)
