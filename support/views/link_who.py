""" "Are you Sam?": a helper's link opened in a browser for the first time."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from support.domain import forwarded
from support.enums import LinkPurpose
from support.views.by_link import by_link, forget, remember_theirs, who


@require_POST
@by_link(LinkPurpose.HELPER)
def answer(request: HttpRequest) -> HttpResponse:
    """Their own page, or a kind word and nothing else."""
    link = request.link
    if request.POST.get("me") == "yes":
        response = redirect("link", request.link_key)
        remember_theirs(response, request, link)
        return response
    forwarded.opened_by_somebody_else(designation=link.designation, actor=who(request), now=request.now)
    response = render(request, "support/helper/somebody_else.html", {"site": link.site})
    forget(response, request, link)
    return response
