"""Who may open a view. Every view of the project declares it; a test generated from the URLconf holds us to it."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from clinic.enums import Role

View = Callable[..., HttpResponse]

EVERYBODY_AT_WORK = tuple(Role.values)
CARE = (Role.NURSE, Role.CLINICIAN, Role.DIRECTOR)
DESK_AND_CARE = (Role.FRONT_DESK, *CARE)
CLINICIANS = (Role.CLINICIAN,)
RULES = (Role.DIRECTOR,)
SET_UP = (Role.ADMIN, Role.DIRECTOR)


def staff_only(*roles: str) -> Callable[[View], View]:
    """Signed-in staff with one of these roles; 403 for others. Roles are readable as ``view.allows``."""

    def declare(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if getattr(request.user, "role", None) not in roles:
                raise PermissionDenied
            return view(request, *args, **kwargs)

        answer: View = login_required(guarded)
        answer.allows = frozenset(roles)  # type: ignore[attr-defined]
        return answer

    return declare


def public(view: View) -> View:
    """No sign-in and no data of a person."""
    view.allows = frozenset({"public"})  # type: ignore[attr-defined]
    return view
