"""One message, as whoever gets it sees it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from clinic.access import DESK_AND_CARE
from clinic.views.desk import at_site, was_read
from messaging.models import Message
from support.domain import ledger_words, message_look


@at_site(*DESK_AND_CARE)
@require_safe
def look(request: HttpRequest, pk: int) -> HttpResponse:
    message = get_object_or_404(Message.objects.select_related("site", "wording"), pk=pk, site=request.site)
    now = timezone.now()
    (line,) = ledger_words.lines(messages=[message], now=now)
    was_read(request, patient_id=line.patient.pk if line.patient else None, subject=message)
    context = {"line": line, "message": message, "look": message_look.of(message=message, now=now)}
    return render(request, "support/desk/message_look.html", context)
