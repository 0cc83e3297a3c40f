"""The ledger of texts and e-mails: what goes, what went, what failed and why."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.contrib import messages as said
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clinic.access import DESK_AND_CARE
from clinic.domain import times
from clinic.views.desk import at_site, was_read
from messaging.domain import outbox
from messaging.models import Message
from support.domain import ledger_words
from support.forms.messages import LedgerFilter
from support.views.desk import back

PER_PAGE = 50


@at_site(*DESK_AND_CARE)
@require_safe
def messages(request: HttpRequest) -> HttpResponse:
    """What goes after tomorrow is left out until somebody asks for it."""
    form = LedgerFilter(request.GET)
    today, soon = _days(request.site.zone)
    page = Paginator(form.rows(site=request.site, soon=soon), PER_PAGE).get_page(request.GET.get("page"))
    was_read(request, patient_id=None, subject=f"messages:{request.site.pk}")
    lines = ledger_words.lines(messages=page.object_list)
    context = {
        "form": form,
        "page": page,
        "lines": lines,
        "groups": ledger_words.grouped(lines=lines),
        "later": form.later(site=request.site, soon=soon),
        "today": today,
        "here": request.get_full_path(),
        "narrowed": form.is_narrowed,
    }
    return render(request, "support/desk/messages.html", context)


def _days(zone: ZoneInfo) -> tuple[tuple[datetime, datetime], datetime]:
    """When today begins and ends, and when tomorrow ends."""
    today = times.local_day(moment=timezone.now(), zone=zone)
    tomorrow = times.day_bounds(day=today + timedelta(days=1), zone=zone)
    return times.day_bounds(day=today, zone=zone), tomorrow[1]


@at_site(*DESK_AND_CARE)
@require_POST
def resend(request: HttpRequest, pk: int) -> HttpResponse:
    message = get_object_or_404(Message, pk=pk, site=request.site, status__in=ledger_words.FAILED)
    reason = request.POST.get("reason", "").strip() or _("asked for at the desk")
    outbox.resend(message=message, reason=reason, now=timezone.now())
    said.success(request, _("It goes again within a minute."))
    return back(request, "messages")
