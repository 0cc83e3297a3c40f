"""The ledger of texts and e-mails: what goes, what went, what failed and why."""

from django.contrib import messages as said
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
from support.domain import ledger_words, messages_page
from support.forms.messages import LedgerFilter
from support.views.desk import back


@at_site(*DESK_AND_CARE)
@require_safe
def messages(request: HttpRequest) -> HttpResponse:
    """What goes after tomorrow is left out until somebody asks for it."""
    site, now = request.site, timezone.now()
    form = LedgerFilter(request.GET)
    asked = form.asked()
    was_read(request, patient_id=None, subject=f"messages:{site.pk}")
    context = {
        "form": form,
        "asked": asked,
        "groups": messages_page.groups(site=site, asked=asked, now=now),
        "later": not asked.is_narrowed and messages_page.goes_later(site=site, now=now),
        "today": times.day_bounds(day=times.local_day(moment=now, zone=site.zone), zone=site.zone),
        "here": request.get_full_path(),
    }
    return render(request, "support/desk/messages.html", context)


@at_site(*DESK_AND_CARE)
@require_POST
def resend(request: HttpRequest, pk: int) -> HttpResponse:
    message = get_object_or_404(Message, pk=pk, site=request.site, status__in=ledger_words.FAILED)
    reason = request.POST.get("reason", "").strip() or _("asked for at the desk")
    outbox.resend(message=message, reason=reason, now=timezone.now())
    said.success(request, _("It goes again within a minute."))
    return back(request, "messages")
