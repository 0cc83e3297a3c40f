"""What the pages around a visit share: the visit with everything a page shows, and the way back."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import url_has_allowed_host_and_scheme

from clinic.models import Infusion
from support.domain.board import SHOWN


def visit_of(request: HttpRequest, pk: int) -> Infusion:
    return get_object_or_404(Infusion.objects.select_related(*SHOWN), pk=pk, site=request.site)


def back(request: HttpRequest, *default: Any) -> HttpResponse:
    """To the page the form named, if it is one of ours; else to ``default`` (a URL's name and arguments)."""
    address = request.POST.get("next", "")
    if address and url_has_allowed_host_and_scheme(address, allowed_hosts=None):
        return redirect(address)
    return redirect(*default)
