"""Closed times: recording one, seeing whom it hits, finding those another time, telling them, lifting it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages as said
from django.core.paginator import Page, Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic.access import DESK_AND_CARE, EVERYBODY_AT_WORK
from clinic.domain import hours, moves, spoken
from clinic.domain.errors import Refused
from clinic.forms import slot_text
from clinic.forms.setup import ClosureForm
from clinic.models import Closure, Infusion
from clinic.views.desk import at_site, form_page, was_read
from support.domain import closing, closing_news, closing_offers, drivers
from support.domain.closing import Choice, Outcome
from support.domain.closing_offers import Way
from support.forms import slots
from support.views.refusals import shown_on

PER_PAGE = 25
LISTED = 200


@at_site(*EVERYBODY_AT_WORK)
@require_http_methods(["GET", "POST"])
def closures(request: HttpRequest) -> HttpResponse:
    form = ClosureForm(request.POST or None, site=request.site)
    now = timezone.now()
    if form.is_valid():
        try:
            closure = hours.close(site=request.site, actor=request.user, now=now, **form.closure())
        except Refused as refused:
            form.add_error(None, refused.reasons)
        else:
            return _was_closed(request, closure, now)
    rows = _here(request).filter(ends_at__gte=now).order_by("starts_at", "pk")
    listed = closing.with_left(closures=rows, site=request.site, now=now)[:LISTED]
    context = {"rows": listed, "count": rows.count(), "may_open": request.user.role in DESK_AND_CARE}
    return form_page(request, "support/desk/closures.html", form, **context)


def _was_closed(request: HttpRequest, closure: Closure, now: datetime) -> HttpResponse:
    left = closing.hit(closure=closure, now=now).count()
    words = ngettext("%(count)s visit is booked in this time.", "%(count)s visits are booked in this time.", left)
    said.success(request, f"{_('Closed.')} {words % {'count': left}}")
    return redirect("closure", closure.pk) if request.user.role in DESK_AND_CARE else redirect("closures")


def page(
    request: HttpRequest, pk: int, refused: Refused | None = None, outcomes: Sequence[Outcome] = ()
) -> HttpResponse:
    now = timezone.now()
    closure = get_object_or_404(_here(request), pk=pk)
    was_read(request, subject=closure)
    shown, lines = _lines(request, closure, now)
    told = closing_news.told(closure=closure, visits=[visit for visit, _ways in lines])
    context = {
        "closure": closure,
        "progress": closing.progress(closure=closure, site=request.site, now=now),
        "shown": shown,
        "lines": [
            {"visit": visit, "offers": [(slot_text.written(way.slot), way) for way in ways], "told": visit.pk in told}
            for visit, ways in lines
        ],
        "outcomes": outcomes,
        "not_moved": [one for one in outcomes if not one.is_done],
        "moved": closing.just_moved(closure=closure, site=request.site, now=now)[:LISTED],
        "undo_minutes": moves.UNDO_FOR // timedelta(minutes=1),
        "refused": refused,
        "is_own": closure.site_id == request.site.pk,
        "can_move_all": any(ways for _visit, ways in lines),
    }
    return render(request, "support/desk/closure.html", context)


def _lines(request: HttpRequest, closure: Closure, now: datetime) -> tuple[Page, list[tuple[Infusion, list[Way]]]]:
    """One page of the visits that are still hit here, each with where it could go."""
    rows = closing.hit(closure=closure, now=now).filter(site=request.site).select_related(*closing.WITH)
    shown = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    visits = list(shown)
    found = closing_offers.of(closure=closure, visits=visits, now=now)
    return shown, [(visit, found[visit.pk]) for visit in visits]


@at_site(*DESK_AND_CARE)
@require_safe
def closure(request: HttpRequest, pk: int) -> HttpResponse:
    return page(request, pk)


@at_site(*DESK_AND_CARE)
@require_POST
@shown_on(page)
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """One visit to the offer that was tapped."""
    closure = get_object_or_404(_here(request), pk=pk)
    choice = _choice(request, request.POST.get("offer", ""))
    row = closing.move(closure=closure, choice=choice, actor=request.user, now=timezone.now())
    named = {"name": row.patient.short_name, "when": spoken.say_moment(row.starts_at, row.site), "room": row.room}
    said.success(request, _("%(name)s comes on %(when)s now, %(room)s.") % named)
    return redirect("closure", pk)


def _before_moving(request: HttpRequest, closure: Closure) -> HttpResponse:
    now = timezone.now()
    was_read(request, subject=closure)
    _shown, lines = _lines(request, closure, now)
    firsts = [(visit, ways[0], slot_text.written(ways[0].slot)) for visit, ways in lines if ways]
    context = {
        "closure": closure,
        "firsts": firsts,
        "without": [visit for visit, ways in lines if not ways],
        "rides": drivers.summed(way.drivers for _visit, way, _value in firsts if not way.keeps_time),
        "undo_minutes": moves.UNDO_FOR // timedelta(minutes=1),
    }
    return render(request, "support/desk/closure_move_all.html", context)


@at_site(*DESK_AND_CARE)
@require_http_methods(["GET", "POST"])
@shown_on(page)
def move_all(request: HttpRequest, pk: int) -> HttpResponse:
    """First what it would do. Then everybody on the page to the offer that was shown, and what became of each."""
    closure = get_object_or_404(_here(request), pk=pk)
    if request.method == "GET":
        return _before_moving(request, closure)
    choices = [_choice(request, text) for text in request.POST.getlist("first")[:PER_PAGE]]
    outcomes = closing.move_all(closure=closure, choices=choices, actor=request.user, now=timezone.now())
    return page(request, pk, outcomes=outcomes)


@at_site(*DESK_AND_CARE)
@require_POST
@shown_on(page)
def take_off(request: HttpRequest, pk: int) -> HttpResponse:
    closure = get_object_or_404(_here(request), pk=pk)
    infusion, version = _visit(request, request.POST.get("visit", ""))
    closing.take_off(closure=closure, infusion=infusion, version=version, actor=request.user, now=timezone.now())
    said.success(request, _("%(name)s: cancelled. The visit waits for a time.") % {"name": infusion.patient.short_name})
    return redirect("closure", pk)


@at_site(*DESK_AND_CARE)
@require_POST
def tell(request: HttpRequest, pk: int) -> HttpResponse:
    closure = get_object_or_404(_here(request), pk=pk)
    told = closing_news.tell(closure=closure, site=request.site, actor=request.user, now=timezone.now())
    sent = ngettext("%(count)s message goes out", "%(count)s messages go out", told.messages)
    said.success(request, _and_calls(sent % {"count": told.messages}, told.calls))
    if told.left:
        words = ngettext(
            "%(count)s visit is left. Press “Tell them all” again.",
            "%(count)s visits are left. Press “Tell them all” again.",
            told.left,
        )
        said.info(request, words % {"count": told.left})
    return redirect("closure", pk)


@at_site(*EVERYBODY_AT_WORK)
@require_POST
def lift(request: HttpRequest, pk: int) -> HttpResponse:
    closure = get_object_or_404(Closure, pk=pk, site=request.site)
    try:
        told = closing_news.lift(closure=closure, actor=request.user, now=timezone.now())
    except Refused as refused:
        said.error(request, str(refused))
        return redirect("closures")
    said.success(request, _("Open again. Visits that were moved or cancelled stay as they are."))
    if told.messages or told.calls:
        words = ngettext(
            "%(count)s is told that their time holds", "%(count)s are told that their time holds", told.messages
        )
        said.info(request, _and_calls(words % {"count": told.messages}, told.calls))
    return redirect("closures")


def _and_calls(told: str, calls: int) -> str:
    """``3 messages go out; 1 to call.``"""
    return f"{told}; {_('%(count)s to call') % {'count': calls}}." if calls else f"{told}."


def _here(request: HttpRequest) -> Any:
    """This clinic's, and the absences of those who also work here."""
    rows = Closure.objects.filter(Q(site=request.site) | Q(clinician__sites=request.site))
    return rows.select_related("site", "room", "clinician").distinct()


def _visit(request: HttpRequest, text: str) -> tuple[Infusion, int]:
    """``12~3``: the visit's id and the version that was shown."""
    pk, _sign, version = text.partition("~")
    if not (pk.isdecimal() and version.isdecimal() and len(text) < 40):
        raise Refused(_("Pick one of the times."))
    rows = Infusion.objects.select_related(*closing.WITH)
    return get_object_or_404(rows, pk=min(int(pk), 2**62), site=request.site), int(version)


def _choice(request: HttpRequest, text: str) -> Choice:
    """``12~3~`` and a free time as forms carry it."""
    head, version, place = (*text.split("~", 2), "", "")[:3]
    infusion, shown = _visit(request, f"{head}~{version}")
    return Choice(infusion=infusion, slot=slots.read(place, site=request.site), version=shown)
