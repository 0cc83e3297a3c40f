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


def signed(view: View) -> View:
    """Refuses what is not signed over our exact public address, and what was answered before.

    The memory of answered requests is in the cache and may fail: each view is idempotent without it.
    """

    @wraps(view)
    def checked(request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Twilio-Signature", "")
        params = {name: [str(value) for value in request.POST.getlist(name)] for name in request.POST}
        url = settings.PUBLIC_URL + request.get_full_path()
        if not signature.is_valid(token=settings.SMS_TOKEN, url=url, params=params, given=given) or _answered(given):
            return HttpResponse(status=403)
        response = view(request)
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
    inbound.receive(
        provider_id=request.POST.get("MessageSid", "")[:64],
        from_number=request.POST.get("From", "")[:32],
        body=request.POST.get("Body", "").replace("\0", ""),
        now=timezone.now(),
    )
    return HttpResponse("<Response/>", content_type="text/xml")


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
