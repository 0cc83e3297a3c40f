"""What the clinic's staff pages share: a site in view, the read log, refusals as sentences on the form."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages as said
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.access import SET_UP, View, staff_only
from clinic.domain import audit
from clinic.domain.errors import Refused
from clinic.models import Patient


def at_site(*roles: str) -> Callable[[View], View]:
    """Staff with one of these roles who work at a site; everything they see belongs to ``request.site``."""

    def declare(view: View) -> View:
        @wraps(view)
        def sited(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.site is not None:
                try:
                    return view(request, *args, **kwargs)
                except Joined as joined:
                    said.info(request, _("Two records of this patient were joined. This is the one that is left."))
                    return redirect("patient", joined.left)
            if request.user.role in SET_UP:
                return redirect("setup")
            return render(request, "clinic/no_site.html", status=403)

        return staff_only(*roles)(sited)

    return declare


class Joined(Exception):
    """The record was joined with another; ``left`` is the one to go on with. ``at_site`` leads there."""

    def __init__(self, left: int) -> None:
        super().__init__(left)
        self.left = left


def patient_of(request: HttpRequest, pk: int) -> Patient:
    patient = get_object_or_404(Patient.objects.select_related("site"), pk=pk, site=request.site)
    if patient.merged_into_id is not None:
        raise Joined(patient.merged_into_id)
    return patient


def posted(request: HttpRequest, name: str) -> str:
    """What somebody wrote into a field, without the one sign PostgreSQL cannot keep."""
    return request.POST.get(name, "").replace("\x00", "")


def was_read(request: HttpRequest, *, patient_id: int | None = None, subject: Model | str) -> None:
    """One line in the read log: who saw whose record, on which page."""
    name = subject if isinstance(subject, str) else f"{subject._meta.model_name}:{subject.pk}"
    now = timezone.now()
    audit.record(actor=audit.staff(request.user), verb="read", now=now, patient_id=patient_id, subject=name)


def done(form: forms.Form, act: Callable[[], Any]) -> bool:
    """Whether the form was fine and the domain said yes; a no stands on the form, with everything typed kept."""
    if not form.is_valid():
        return False
    try:
        act()
    except Refused as refused:
        form.add_error(None, refused.reasons)
        return False
    return True


def form_page(request: HttpRequest, template: str, form: forms.BaseForm, **context: Any) -> HttpResponse:
    """422 when a form comes back with something to mend."""
    return render(request, template, {"form": form, **context}, status=422 if form.errors else 200)
