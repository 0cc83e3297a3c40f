"""What every request passes: private answers, its language, idle sign-out, the site in view, whose change it is."""

import time
from collections.abc import Callable

import pghistory
import structlog
from django.conf import settings
from django.contrib.auth import logout
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language_from_request, override

from clinic.domain.attempts import is_crowd
from clinic.domain.sites import with_rules
from config import errors

Handler = Callable[[HttpRequest], HttpResponse]
log = structlog.get_logger(__name__)

POLL_HEADER = "X-Poll"
SIGNED_IN_AT, LAST_ACTIVE = "signed_in_at", "last_active"
LINK_PAGES = "/l/"


def private_pages(get_response: Handler) -> Handler:
    """Nothing of a page is kept by caches or found by search engines."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("X-Robots-Tag", "noindex, nofollow")
        response.headers.setdefault("Permissions-Policy", "geolocation=(), camera=(), microphone=()")
        return response

    return handle


def one_language(get_response: Handler) -> Handler:
    """Staff pages speak the clinic's language, whatever the browser asks for: the catalogue holds no words for staff.

    Behind a link the browser's wish counts until the link has said whose it is: for a page that is not there, say.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        of_link = request.path_info.startswith(LINK_PAGES)
        with override(get_language_from_request(request) if of_link else settings.LANGUAGE_CODE):
            return get_response(request)

    return handle


def idle_sign_out(get_response: Handler) -> Handler:
    """Ends a staff session after ``SESSION_IDLE_SECONDS`` without a person at work, and after ``SESSION_COOKIE_AGE``
    in any case. A page that polls is no person."""

    def handle(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now = time.time()
            if SIGNED_IN_AT not in request.session:
                request.session[SIGNED_IN_AT] = request.session[LAST_ACTIVE] = now
            last = request.session[LAST_ACTIVE]
            is_old = now - request.session[SIGNED_IN_AT] > settings.SESSION_COOKIE_AGE
            if is_old or now - last > settings.SESSION_IDLE_SECONDS:
                logout(request)
            elif POLL_HEADER not in request.headers and now - last > 15:
                request.session[LAST_ACTIVE] = now
        return get_response(request)

    return handle


def current_site(get_response: Handler) -> Handler:
    """``request.site``: the signed-in person's site (the chosen one where they have several), or None."""

    def handle(request: HttpRequest) -> HttpResponse:
        request.site = None  # type: ignore[assignment]
        if request.user.is_authenticated:
            sites = list(with_rules(request.user.sites.all()))
            chosen = request.session.get("site_id")
            request.site = next((s for s in sites if s.pk == chosen), sites[0] if sites else None)  # type: ignore[assignment]
        return get_response(request)

    return handle


def crowded(get_response: Handler) -> Handler:
    """Where many do the same at once, whoever waited too long reads so, and presses again."""

    def handle(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_exception(request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, DatabaseError) or not is_crowd(error):
            return None
        log.warning("crowded", error=type(error).__name__)
        return errors.crowded(request)

    handle.process_exception = process_exception  # type: ignore[attr-defined]
    return handle


def history_context(get_response: Handler) -> Handler:
    """Every history row of a change names the member of staff who made it; no address, no token."""

    def handle(request: HttpRequest) -> HttpResponse:
        if request.method in {"GET", "HEAD", "OPTIONS"}:
            return get_response(request)
        with pghistory.context(staff=request.user.pk if request.user.is_authenticated else None):
            return get_response(request)

    return handle
