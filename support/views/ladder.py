"""The desk goes on with the ladder of a visit: does not wait any longer, or says that a way cannot be had."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages as said
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinic.access import DESK_AND_CARE, View
from clinic.views.desk import at_site, posted
from support.domain import ladder
from support.views import infusions
from support.views.desk import visit_of
from support.views.refusals import shown_on


def _going_on(act: Callable[..., Any]) -> View:
    @at_site(*DESK_AND_CARE)
    @require_POST
    @shown_on(infusions.page)
    def go_on(request: HttpRequest, pk: int) -> HttpResponse:
        note, step = posted(request, "note"), request.POST.get("step", "")
        seen = int(step) if step.isascii() and step.isdigit() and len(step) < 19 else None
        rung = act(infusion=visit_of(request, pk), actor=request.user, now=timezone.now(), note=note, seen=seen)
        said.success(request, _("Now: %(what)s.") % {"what": rung.label})
        return redirect("infusion", pk)

    return go_on


ask_next = _going_on(ladder.ask_next_now)
not_possible = _going_on(ladder.not_possible)
