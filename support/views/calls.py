"""Whom to phone about tomorrow, in order, with what they say recorded right there."""

from datetime import timedelta

from django.contrib import messages as said
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clinic.access import DESK_AND_CARE
from clinic.domain.errors import Refused
from clinic.views.desk import at_site, was_read
from support.domain import calls, risk
from support.domain.board_grid import day_of
from support.models import Commitment
from support.views.desk import back
from support.views.refusals import shown_on


def page(request: HttpRequest, refused: Refused | None = None) -> HttpResponse:
    now = timezone.now()
    day = day_of(request.GET.get("day"), today=calls.next_day(site=request.site, now=now))
    was_read(request, subject=f"calls:{request.site.pk}:{day.isoformat()}")
    context = {
        "calls": calls.of(site=request.site, day=day, now=now),
        "rules": risk.table(),
        "call_from": risk.CALL_FROM,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1),
        "refused": refused,
        "here": f"{request.path}?day={day.isoformat()}",
    }
    return render(request, "support/desk/calls.html", context)


@at_site(*DESK_AND_CARE)
@require_safe
def to_call(request: HttpRequest) -> HttpResponse:
    return page(request)


def _the_list(request: HttpRequest, pk: int, refused: Refused) -> HttpResponse:
    return page(request, refused=refused)


@at_site(*DESK_AND_CARE)
@require_POST
@shown_on(_the_list)
def no_answer(request: HttpRequest, pk: int) -> HttpResponse:
    rows = Commitment.objects.select_related("designation__person")
    commitment = get_object_or_404(rows, pk=pk, infusion__site=request.site)
    calls.no_answer(commitment=commitment, actor=request.user, now=timezone.now())
    said.success(request, _("Noted: %(name)s did not answer.") % {"name": commitment.designation.person.first_name})
    return back(request, "calls")
