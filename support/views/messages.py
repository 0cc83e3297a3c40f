"""The ledger of texts and e-mails: what goes, what went, what failed and why."""

from django.contrib import messages as said
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from clinic.access import DESK_AND_CARE
from clinic.domain import times
from clinic.domain.errors import Refused
from clinic.views.desk import at_site, posted, was_read
from messaging.models import Message
from support.domain import day_counts, flow, ledger_words, messages_page, resending
from support.forms.messages import LedgerFilter
from support.views.desk import back
from support.views.refusals import shown_on


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
        "flows": flow.of(site=site, now=now),
        "counts": None if asked.is_narrowed else day_counts.of(site=site, now=now),
        "later": not asked.is_narrowed and messages_page.goes_later(site=site, now=now),
        "today": times.day_bounds(day=times.local_day(moment=now, zone=site.zone), zone=site.zone),
        "here": request.get_full_path(),
    }
    return render(request, "support/desk/messages.html", context)


def page(request: HttpRequest, pk: int, refused: Refused | None = None) -> HttpResponse:
    now = timezone.now()
    message = message_of(request, pk)
    [line] = ledger_words.lines(messages=[message], now=now)
    was_read(request, patient_id=line.patient.pk if line.patient else None, subject=message)
    context = {
        "line": line,
        "look": resending.preview(message=message, now=now),
        "refused": refused,
        "reason": posted(request, "reason"),
        "next": request.POST.get("next", request.GET.get("next", "")),
    }
    return render(request, "support/desk/message_again.html", context)


def message_of(request: HttpRequest, pk: int) -> Message:
    return get_object_or_404(Message.objects.select_related("site"), pk=pk, site=request.site)


@at_site(*DESK_AND_CARE)
@require_http_methods(["GET", "HEAD", "POST"])
@shown_on(page)
def resend(request: HttpRequest, pk: int) -> HttpResponse:
    """What would happen, and a press of the button: it goes again."""
    if request.method != "POST":
        return page(request, pk)
    message, reason = message_of(request, pk), posted(request, "reason")
    resending.resend(message=message, reason=reason, actor=request.user, now=timezone.now())
    said.success(request, _("It goes again."))
    return back(request, "messages")
