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
from redis.exceptions import RedisError

from messaging.domain import inbound, receipts
from messaging.transports import signature

log = structlog.get_logger(__name__)

View = Callable[[HttpRequest], HttpResponse]
REMEMBERED = 24 * 3600
# Bytes. A text of ten parts with all that providers tell of it is far below.
LONGEST_BODY = 64 * 1024
LONGEST_ID = 64


def signed(view: View) -> View:
    """Refuses what is not signed over our exact public address, and what was answered before.

    What is too long is refused unread, what came in half is no request. The memory of answered requests is in the
    cache and may fail: each view is idempotent without it. What was not taken may come again.
    """

    @wraps(view)
    def checked(request: HttpRequest) -> HttpResponse:
        length = _length(request)
        if length > LONGEST_BODY:
            return HttpResponse(status=413)
        if len(request.body) < length:
            return HttpResponse(status=400)
        given = request.headers.get("X-Twilio-Signature", "")
        params = {name: [str(value) for value in request.POST.getlist(name)] for name in request.POST}
        url = settings.PUBLIC_URL + request.get_full_path()
        if not signature.is_valid(token=settings.SMS_TOKEN, url=url, params=params, given=given) or _answered(given):
            return HttpResponse(status=403)
        response = view(request)
        if response.status_code < 400:
            _answered(given, mark=True)
        return response

    answer = csrf_exempt(require_POST(checked))
    answer.allows = frozenset({"signed:sms"})  # type: ignore[attr-defined]
    return answer


@signed
def sms_status(request: HttpRequest) -> HttpResponse:
    receipts.apply(
        provider_id=request.POST.get("MessageSid", ""),
        send_key=_key(request.GET.get("key", "")),
        status=request.POST.get("MessageStatus", ""),
        now=timezone.now(),
    )
    return HttpResponse(status=204)


@signed
def sms_inbound(request: HttpRequest) -> HttpResponse:
    """A text without the provider's name for it, or without a sender, is refused, and the provider hears so.

    It cannot be kept under a name made of its parts: a second STOP after a START would be the first one come again.
    """
    provider_id, from_number = _said(request, "MessageSid"), _said(request, "From")
    if not provider_id or len(provider_id) > LONGEST_ID or not from_number:
        log.error("text_without_a_name")
        return HttpResponse(status=400)
    inbound.receive(
        provider_id=provider_id, from_number=from_number[:32], body=_said(request, "Body"), now=timezone.now()
    )
    return HttpResponse("<Response/>", content_type="text/xml")


def _length(request: HttpRequest) -> int:
    declared = request.META.get("CONTENT_LENGTH") or "0"
    return int(declared) if declared.isdecimal() and len(declared) < 10 else LONGEST_BODY + 1


def _said(request: HttpRequest, name: str) -> str:
    return str(request.POST.get(name, "")).replace("\0", "").strip()


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _answered(given: str, *, mark: bool = False) -> bool:
    name = "hook:" + hashlib.sha256(given.encode()).hexdigest()
    try:
        return not cache.add(name, 1, REMEMBERED) if mark else cache.get(name) is not None
    except RedisError as error:
        log.warning("hook_memory_unavailable", error=type(error).__name__)
        return False
