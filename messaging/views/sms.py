"""What the text provider calls. Each request must carry its signature; anything else learns nothing."""

import hashlib
from collections.abc import Callable
from functools import wraps
from uuid import UUID

import structlog
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from messaging.domain import inbound, receipts
from messaging.transports import signature

log = structlog.get_logger(__name__)

Said = dict[str, str]
REMEMBERED = 24 * 3600
# Bytes. A text of ten parts with all that providers tell of it is far below.
LONGEST_BODY = 64 * 1024
# What is declared in no figures, or in too many, is longer than anything that is read.
NONSENSE = 10**9
LONGEST_ID = 64
LONGEST_NUMBER = 32
# Characters. What a text of ten parts holds; a provider that sends more sends no text.
LONGEST_TEXT = 1600


def signed(view: Callable[[HttpRequest, Said], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Refuses what is not signed over our exact public address and its own raw body, and what was answered before.

    The view is given the parameters that the signature is over, and reads nothing else. What is too long is refused
    unread, what came in half is no request. The memory of answered requests is in the cache and may be lost: each view
    is idempotent without it. What was not taken may come again.
    """

    @wraps(view)
    def checked(request: HttpRequest) -> HttpResponse:
        length = length_of(request)
        if length > LONGEST_BODY:
            return HttpResponse(status=413)
        if len(request.body) < length:
            return HttpResponse(status=400)
        given = request.headers.get("X-Twilio-Signature", "")
        try:
            params = signature.params_of(body=request.body)
        except ValueError:
            return HttpResponse(status=400)
        query = request.META.get("QUERY_STRING", "")
        url = settings.PUBLIC_URL + request.path + (f"?{query}" if query else "")
        if not signature.is_valid(token=settings.SMS_TOKEN, url=url, params=params, given=given) or _answered(given):
            return HttpResponse(status=403)
        response = view(request, {name: signature.text(values[-1]) for name, values in params.items()})
        if response.status_code < 400:
            _answered(given, mark=True)
        return response

    answer = csrf_exempt(require_POST(checked))
    answer.allows = frozenset({"signed:sms"})  # type: ignore[attr-defined]
    return answer


@signed
def sms_status(request: HttpRequest, said: Said) -> HttpResponse:
    receipts.apply(
        provider_id=said.get("MessageSid", ""),
        send_key=_key(request.GET.get("key", "")),
        status=said.get("MessageStatus", ""),
        now=timezone.now(),
    )
    return HttpResponse(status=204)


@signed
def sms_inbound(request: HttpRequest, said: Said) -> HttpResponse:
    """A text without the provider's name for it, or without a sender, is refused, and the provider hears so.

    It cannot be kept under a name made of its parts: a second STOP after a START would be the first one come again.
    """
    provider_id, from_number, to_number, body = (
        said.get(name, "").replace("\0", "").strip() for name in ("MessageSid", "From", "To", "Body")
    )
    if not provider_id or len(provider_id) > LONGEST_ID or not from_number:
        log.error("text_without_a_name")
        return HttpResponse(status=400)
    inbound.receive(
        provider_id=provider_id,
        from_number=from_number[:LONGEST_NUMBER],
        to_number=to_number[:LONGEST_NUMBER],
        body=body[:LONGEST_TEXT],
        now=timezone.now(),
    )
    return HttpResponse("<Response/>", content_type="text/xml")


def length_of(request: HttpRequest) -> int:
    """As declared; too long where that is nonsense."""
    declared = request.META.get("CONTENT_LENGTH") or "0"
    return int(declared) if declared.isdecimal() and len(declared) < 10 else NONSENSE


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _answered(given: str, *, mark: bool = False) -> bool:
    name = "hook:" + hashlib.sha256(given.encode()).hexdigest()
    return not cache.add(name, 1, REMEMBERED) if mark else cache.get(name) is not None
