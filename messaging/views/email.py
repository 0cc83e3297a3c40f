"""What the e-mail service calls. Each request must carry the secret of the set-up; anything else learns nothing."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import structlog
from anymail.exceptions import AnymailWebhookValidationFailure
from anymail.signals import AnymailTrackingEvent
from anymail.urls import urlpatterns as hooks
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from messaging.domain import mail_events
from messaging.transports.email import KEY
from messaging.views.sms import length_of

log = structlog.get_logger(__name__)

Hook = Callable[..., HttpResponse]
# Bytes. Services tell of up to a thousand e-mails at once.
LONGEST_BODY = 1024 * 1024


@csrf_exempt
@require_http_methods(["POST", "HEAD"])
def email_status(request: HttpRequest) -> HttpResponse:
    """Checked and read by anymail, which knows the ways of each service; ``heard`` gets what it says.

    Not there without a service, and without a secret: some services sign nothing.
    """
    hook = tracking_of(settings.EMAIL_SERVICE)
    if hook is None or not settings.ANYMAIL.get("WEBHOOK_SECRET"):
        return HttpResponse(status=404)
    if length_of(request) > LONGEST_BODY:
        return HttpResponse(status=413)
    try:
        return hook(request)
    except AnymailWebhookValidationFailure:
        return HttpResponse(status=403)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        log.warning("email_hook_not_read", error=type(error).__name__)
        return HttpResponse(status=400)


email_status.allows = frozenset({"signed:email"})  # type: ignore[attr-defined]


def tracking_of(service: str) -> Hook | None:
    """Anymail's view for what this service tells of e-mails."""
    found = {pattern.name: pattern.callback for pattern in hooks}
    return found.get(f"{service}_tracking_webhook")


def heard(event: AnymailTrackingEvent, **_sender: Any) -> None:
    """Anymail's signal: one e-mail, one thing that happened to it."""
    mail_events.apply(
        event=str(event.event_type),
        send_key=_key(event.metadata or {}),
        provider_id=str(event.message_id or ""),
        now=timezone.now(),
    )


def _key(metadata: dict[str, Any]) -> UUID | None:
    try:
        return UUID(str(metadata.get(KEY, "")))
    except ValueError:
        return None
