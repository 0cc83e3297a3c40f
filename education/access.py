"""Who may open a page of the library. The same promise as everywhere: ``view.allows`` names the roles."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

View = Callable[..., HttpResponse]

READERS = ("front_desk", "nurse", "clinician", "director", "admin")
WRITERS = ("nurse", "clinician", "director")
CHECKERS = ("front_desk", *WRITERS)
APPROVERS = ("director",)


def staff_only(*roles: str) -> Callable[[View], View]:
    """Signed-in staff with one of these roles; 403 for others."""

    def declare(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if getattr(request.user, "role", None) not in roles:
                raise PermissionDenied
            return view(request, *args, **kwargs)

        answer: Any = login_required(guarded)
        answer.allows = frozenset(roles)
        return answer

    return declare
