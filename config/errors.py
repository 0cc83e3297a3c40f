"""Pages for what went wrong: what happened, what was kept, what to do."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form's own key did not fit: the page was open too long, or the session ended."""
    return render(request, "errors/stale_form.html", status=403)


def crowded(request: HttpRequest) -> HttpResponse:
    """Others held the same rows too long, or two waited for each other: what was sent is not saved."""
    response = render(request, "errors/crowded.html", {"back": _start_of(request)}, status=503)
    response["Retry-After"] = "5"
    return response


def _start_of(request: HttpRequest) -> str:
    """Where the reader's pages begin: behind a link theirs, else the day of the clinic."""
    _empty, first, *rest = request.path_info.split("/")
    return f"/{first}/{rest[0]}/" if first == "l" and rest else "/"
