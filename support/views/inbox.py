"""Texts that came in, one page for each number, and who deals with them."""

from django.contrib import messages as said
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clinic.access import DESK_AND_CARE
from clinic.domain.errors import Refused
from clinic.views.desk import at_site, posted, was_read
from messaging.models import InboundText
from support.domain import inbox as domain
from support.forms.inbox import InboxFilter
from support.views.refusals import shown_on

# Of what was written; the rest unfolds.
LINES = 6


@at_site(*DESK_AND_CARE)
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    form = InboxFilter(request.GET)
    threads = domain.threads(site=request.site, only_waiting=form.only_waiting, who=form.who_asked)
    was_read(request, patient_id=None, subject=f"inbox:{request.site.pk}")
    context = {
        "form": form,
        "threads": threads,
        "waiting": domain.waiting(site=request.site).count(),
        "now": timezone.now(),
    }
    return render(request, "support/desk/inbox.html", context)


def text_of(request: HttpRequest, pk: int) -> InboundText:
    return get_object_or_404(InboundText, pk=pk, site=request.site)


def page(request: HttpRequest, pk: int, refused: Refused | None = None) -> HttpResponse:
    """Everybody whose number it is has been read."""
    thread = domain.thread(text=text_of(request, pk), site=request.site)
    for patient in thread.patients or [None]:
        was_read(request, patient_id=patient.pk if patient else None, subject=thread.last)
    lines = domain.lines(number=thread.number, site=request.site)
    shown = max(LINES, thread.waiting + 1)
    context = {
        "thread": thread,
        "earlier": lines[:-shown],
        "lines": lines[-shown:],
        "refused": refused,
        "outcome": posted(request, "outcome"),
        "now": timezone.now(),
    }
    return render(request, "support/desk/inbox_thread.html", context)


@at_site(*DESK_AND_CARE)
@require_safe
def thread(request: HttpRequest, pk: int) -> HttpResponse:
    return page(request, pk)


@at_site(*DESK_AND_CARE)
@require_POST
@shown_on(page)
def done(request: HttpRequest, pk: int) -> HttpResponse:
    outcome = posted(request, "outcome")
    domain.done(text=text_of(request, pk), site=request.site, outcome=outcome, actor=request.user, now=timezone.now())
    said.success(request, _("Done and written down."))
    return redirect("inbox")
