"""Another time for a visit: choose one, see what it sets going, do it, take it back."""

from django.contrib import messages as said
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic.access import DESK_AND_CARE
from clinic.domain import moves
from clinic.domain.errors import Refused
from clinic.views.desk import at_site, was_read
from support.domain import proposal
from support.forms import slots
from support.forms.schedule import whole
from support.views import infusions, times
from support.views.desk import visit_of
from support.views.refusals import shown_on


def _choose(request: HttpRequest, pk: int, refused: Refused | None = None) -> HttpResponse:
    infusion = visit_of(request, pk)
    return times.page(request, course=infusion.course, infusion=infusion, refused=refused)


def _preview(request: HttpRequest, pk: int, refused: Refused | None = None) -> HttpResponse:
    infusion, asked = visit_of(request, pk), request.POST or request.GET
    try:
        slot = slots.asked(asked, site=request.site)
    except Refused as unreadable:
        return times.unreadable(_choose(request, pk, refused=unreadable))
    was_read(request, patient_id=infusion.patient_id, subject=infusion)
    proposed = proposal.of_move(
        infusion=infusion,
        slot=slot,
        actor=request.user,
        now=timezone.now(),
        version=whole(asked.get("version")) or infusion.version,
        refused=refused,
    )
    shown = times.of_proposal(request, proposed, course=infusion.course, with_rides=False)
    return render(request, "support/desk/move.html", {"infusion": infusion, **shown})


@at_site(*DESK_AND_CARE)
@require_safe
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The move is made and taken back to be shown: nothing of it stays. Without a time, the times to choose from."""
    return _preview(request, pk) if {"slot", "day"} & request.GET.keys() else _choose(request, pk)


@at_site(*DESK_AND_CARE)
@require_http_methods(["GET", "POST"])
@shown_on(_preview)
def move(request: HttpRequest, pk: int) -> HttpResponse:
    if request.method == "GET":
        return _choose(request, pk)
    infusion = visit_of(request, pk)
    slot = slots.read(request.POST.get("slot", ""), site=request.site)
    had_said_yes = proposal.said_yes(infusion=infusion)
    moved = moves.move(
        infusion=infusion,
        slot=slot,
        actor=request.user,
        now=timezone.now(),
        version=whole(request.POST.get("version")) or 0,
        override_reason=times.reason(request),
    )
    if moved.version == infusion.version:
        said.info(request, _("It is there already. Nothing was changed and nobody is told."))
    elif moved.starts_at == infusion.starts_at:
        said.success(request, _("Moved. The time stays, so nobody is asked again."))
    else:
        asked = proposal.who_is_asked(infusion=moved, had_said_yes=had_said_yes)
        said.success(request, f"{_('Moved.')} {asked}".strip())
    return redirect("infusion", pk)


@at_site(*DESK_AND_CARE)
@require_POST
@shown_on(infusions.page)
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    infusion, shown = visit_of(request, pk), whole(request.POST.get("version")) or 0
    moves.undo(infusion=infusion, actor=request.user, now=timezone.now(), version=shown)
    asked = proposal.who_is_asked(infusion=infusion, had_said_yes=False)
    said.success(request, f"{_('Undone: the visit is where it was.')} {asked}".strip())
    return redirect("infusion", pk)
