"""The nurse's page before a treatment: what is asked, what is measured, who takes the patient home."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages as said
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clinic.access import CARE, View
from clinic.domain import prechecks as clinics
from clinic.domain.errors import Refused
from clinic.enums import HoldQuestion, InfusionStatus, Role
from clinic.models import BloodPressure, HoldAnswer, Infusion
from clinic.views.desk import at_site, posted, was_read
from support.domain import meeting, prechecks, steps
from support.enums import SupportRole
from support.models import Commitment
from support.views.desk import visit_of
from support.views.refusals import shown_on

YES, NO = "yes", "no"


def page(request: HttpRequest, pk: int, refused: Refused | None = None) -> HttpResponse:
    now = timezone.now()
    infusion = visit_of(request, pk)
    was_read(request, patient_id=infusion.patient_id, subject=infusion)
    zone = infusion.site.zone
    context = {
        "infusion": infusion,
        "phase": steps.phase(infusion=infusion, zone=zone, now=now),
        "checks": prechecks.of_visit(infusion=infusion, actor=request.user, now=now),
        "step": steps.next_step(infusion=infusion, zone=zone, now=now),
        "is_here": infusion.state == InfusionStatus.ARRIVED,
        "refused": refused,
        "typed": request.POST,
        "here": reverse("infusion", args=[pk]),
    }
    return render(request, "support/desk/prechecks.html", context)


@at_site(*CARE)
@require_safe
def checks(request: HttpRequest, pk: int) -> HttpResponse:
    return page(request, pk)


def _change(*roles: str) -> Callable[[Callable[[HttpRequest, Infusion], str]], View]:
    """A POST on this page: it acts on the visit and answers with a sentence, or the page comes again with the no."""

    def declare(act: Callable[[HttpRequest, Infusion], str]) -> View:
        @at_site(*roles)
        @require_POST
        @shown_on(page)
        def changed(request: HttpRequest, pk: int) -> HttpResponse:
            said.success(request, act(request, visit_of(request, pk)))
            return redirect("infusion_checks", pk)

        return changed

    return declare


@_change(*CARE)
def answer(request: HttpRequest, infusion: Infusion) -> str:
    """What the nurse asked aloud; what was not asked yet stays open."""
    answers = picked(request.POST)
    if not answers:
        raise Refused(_("Choose yes or no first."))
    prechecks.answer(
        infusion=infusion,
        answers=answers,
        actor=request.user,
        now=timezone.now(),
        corrects=request.POST.get("corrects") == YES,
    )
    return _("Written down.")


@_change(*CARE)
def pressure(request: HttpRequest, infusion: Infusion) -> str:
    clinics.record_pressure(
        infusion=infusion,
        point=request.POST.get("point", ""),
        systolic=number(request, "systolic"),
        diastolic=number(request, "diastolic"),
        actor=request.user,
        now=timezone.now(),
    )
    return _("Written down.")


@_change(Role.CLINICIAN, Role.DIRECTOR)
def clear(request: HttpRequest, infusion: Infusion) -> str:
    known: dict[str, Any] = {"note": posted(request, "note"), "actor": request.user, "now": timezone.now()}
    if request.POST.get("reading"):
        reading = get_object_or_404(BloodPressure, pk=number(request, "reading"), infusion=infusion)
        clinics.clear_pressure(reading=reading, **known)
    else:
        row = get_object_or_404(HoldAnswer, pk=number(request, "answer"), infusion=infusion)
        clinics.clear(answer=row, **known)
    return _("Cleared, with your name and the reason.")


@_change(*CARE)
def seen(request: HttpRequest, infusion: Infusion) -> str:
    """The nurse met whoever takes the patient home."""
    rides = Commitment.objects.select_related("infusion", "designation__person").filter(role=SupportRole.RIDE)
    promise = get_object_or_404(rides, pk=number(request, "commitment"), infusion=infusion)
    person = meeting.meet(commitment=promise, actor=request.user, now=timezone.now())
    return _("Written down: %(name)s is here, and 18 or older.") % {"name": person.first_name}


def picked(posted: Any) -> dict[HoldQuestion, bool]:
    """The answers of a form, by the names of the questions; anything but yes and no is no answer."""
    return {one: posted[one] == YES for one in HoldQuestion if posted.get(one) in (YES, NO)}


def number(request: HttpRequest, name: str) -> int:
    """A whole number somebody typed; 0 for anything else."""
    typed = request.POST.get(name, "").strip()
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0
