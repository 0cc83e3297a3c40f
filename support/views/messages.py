"""The ledger of texts and e-mails: what goes, what went, what failed and why."""

from django.contrib import messages as said
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clinic.access import DESK_AND_CARE
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
    form = LedgerFilter(request.GET)
    page = Paginator(form.rows(site=request.site), PER_PAGE).get_page(request.GET.get("page"))
    was_read(request, patient_id=None, subject=f"messages:{request.site.pk}")
    context = {
        "form": form,
        "page": page,
        "lines": ledger_words.lines(messages=page.object_list),
        "here": request.get_full_path(),
        "narrowed": form.is_narrowed,
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
