"""A rule said no: the page comes again with the reasons in words, nothing lost, status 422."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

from clinic.access import View
from clinic.domain.errors import Refused

Page = Callable[..., HttpResponse]


def shown_on(page: Page) -> Callable[[View], View]:
    """``page(request, *args, refused=…, **kwargs)`` draws the page the person came from."""

    def declare(view: View) -> View:
        @wraps(view)
        def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                return view(request, *args, **kwargs)
            except Refused as refused:
                response = page(request, *args, refused=refused, **kwargs)
                response.status_code = 422
                return response

        return asked

    return declare
