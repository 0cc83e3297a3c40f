"""Who has signed in on this device lately: a signed cookie, so that a shared tablet can change hands quickly."""

import json
import time

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse

from clinic.models import StaffMember

COOKIE = "people"
REMEMBERED_SECONDS = 12 * 3600
MOST = 12


def people(request: HttpRequest) -> list[int]:
    """Who signed in fully on this device within the last twelve hours, latest first."""
    return [pk for pk, _at in _read(request)]


def remember(request: HttpRequest, response: HttpResponse, staff: StaffMember) -> None:
    """After a sign-in with a password or a passkey."""
    others = [row for row in _read(request) if row[0] != staff.pk]
    _write(response, [(staff.pk, int(time.time())), *others][:MOST])


def forget(request: HttpRequest, response: HttpResponse, staff: StaffMember) -> None:
    """After too many wrong PINs: only a full sign-in brings them back."""
    _write(response, [row for row in _read(request) if row[0] != staff.pk])


def sign_in(request: HttpRequest, staff: StaffMember) -> None:
    """A new session; nothing of the person before is left in it."""
    request.session.flush()
    login(request, staff, backend=settings.AUTHENTICATION_BACKENDS[0])


def _read(request: HttpRequest) -> list[tuple[int, int]]:
    text = request.get_signed_cookie(COOKIE, default="[]", salt=COOKIE, max_age=REMEMBERED_SECONDS)
    oldest = time.time() - REMEMBERED_SECONDS
    return [(int(pk), int(at)) for pk, at in json.loads(text) if at > oldest]


def _write(response: HttpResponse, rows: list[tuple[int, int]]) -> None:
    response.set_signed_cookie(
        COOKIE,
        json.dumps(rows),
        salt=COOKIE,
        max_age=REMEMBERED_SECONDS,
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )
