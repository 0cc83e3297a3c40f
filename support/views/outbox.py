"""The demonstration's texts and e-mails, as the phone would show them. Not there in a real clinic."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from clinic.access import DESK_AND_CARE
from clinic.views.desk import at_site, was_read
from support.domain import demo_outbox


@at_site(*DESK_AND_CARE)
@require_safe
def outbox(request: HttpRequest) -> HttpResponse:
    if not settings.DEMO:
        raise Http404
    was_read(request, patient_id=None, subject=f"outbox:{request.site.pk}")
    return render(request, "support/desk/outbox.html", {"phones": demo_outbox.phones(site=request.site)})
