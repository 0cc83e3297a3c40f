"""One visit: its page, and each of its steps as one POST."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages as said
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clinic.access import CARE, DESK_AND_CARE, View
from clinic.domain import audit, gates, infusions
from clinic.domain.errors import Refused
from clinic.enums import OFF
from clinic.models import Infusion, StaffMember
from clinic.views.desk import at_site, posted, was_read
from support.domain import handovers, places, steps, visit_page
from support.views import other_ways
from support.views.desk import back, visit_of
from support.views.refusals import shown_on


def page(request: HttpRequest, pk: int, refused: Refused | None = None) -> HttpResponse:
    now = timezone.now()
    infusion = visit_of(request, pk)
    was_read(request, patient_id=infusion.patient_id, subject=infusion)
    context = {
        "page": visit_page.of(infusion=infusion, now=now),
        "infusion": infusion,
        "may_place": infusion.state in OFF and places.is_to_place(course=infusion.course),
        "refused": refused,
        "may_undo": steps.may_undo(state=infusion.state, role=request.user.role),
        "may_override": gates.may_override(actor=request.user, infusion=infusion),
        "typed": request.POST,
        "here": reverse("infusion", args=[pk]),
        **other_ways.context(request, infusion, now),
    }
    return render(request, "support/desk/infusion.html", context)


@at_site(*DESK_AND_CARE)
@require_safe
def infusion(request: HttpRequest, pk: int) -> HttpResponse:
    return page(request, pk)


def _step(change: Callable[..., Any], *roles: str, typed: tuple[str, ...] = ()) -> View:
    """A POST that makes one change to one visit; ``typed`` names the text fields it passes on."""

    @at_site(*roles)
    @require_POST
    @shown_on(page)
    def step(request: HttpRequest, pk: int) -> HttpResponse:
        words = {name: posted(request, name) for name in typed}
        row = change(infusion=visit_of(request, pk), actor=request.user, now=timezone.now(), **words)
        said.success(request, _("%(name)s: %(state)s.") % {"name": row.patient.short_name, "state": row.state.label})
        return back(request, "infusion", pk)

    return step


def _say_home(*, infusion: Infusion, actor: StaffMember, now: datetime) -> Infusion:
    return handovers.say_home(infusion=infusion, actor=audit.staff(actor), now=now)


arrive = _step(infusions.arrive, *DESK_AND_CARE)
recover = _step(infusions.recover, *CARE)
ready = _step(infusions.ready, *CARE)
home = _step(_say_home, *DESK_AND_CARE)
cancel = _step(infusions.cancel, *DESK_AND_CARE, typed=("reason",))
no_show = _step(infusions.no_show, *DESK_AND_CARE)
stop_early = _step(infusions.stop_early, *CARE, typed=("reason",))


@at_site(*DESK_AND_CARE)
@require_POST
@shown_on(page)
def late(request: HttpRequest, pk: int) -> HttpResponse:
    minutes = request.POST.get("minutes", "")
    whole = int(minutes) if minutes.isascii() and minutes.isdigit() and len(minutes) < 5 else 0
    infusions.say_late(infusion=visit_of(request, pk), actor=request.user, now=timezone.now(), minutes=whole)
    return back(request, "infusion", pk)


@at_site(*DESK_AND_CARE)
@require_POST
@shown_on(page)
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Of the visit as the page showed it: ``version`` comes with the button."""
    visit = visit_of(request, pk)
    if not steps.may_undo(state=visit.state, role=request.user.role):
        raise PermissionDenied
    shown = request.POST.get("version", "")
    version = int(shown) if shown.isascii() and shown.isdigit() and len(shown) < 9 else 0
    row = infusions.undo(infusion=visit, actor=request.user, now=timezone.now(), version=version)
    name = {"name": row.patient.short_name, "state": row.state.label}
    said.success(request, _("Undone. %(name)s: %(state)s.") % name)
    return back(request, "infusion", pk)
