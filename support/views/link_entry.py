"""Opening the address that came in a message."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import override
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from clinic.throttle import too_many
from support.domain import links, renewal
from support.enums import LinkPurpose
from support.models import Link
from support.views import link_helper, link_patient
from support.views.by_link import give_grant, granted, language_of, refuses_cookies

PAGES = {LinkPurpose.HELPER: link_helper.page, LinkPurpose.PATIENT: link_patient.page}


@csrf_exempt
@require_safe
def link(request: HttpRequest, key: str) -> HttpResponseBase:
    """By token it leads on to the page, by link id it is the page. Unknown and malformed are one and the same 404."""
    found = granted(request, key)
    if found is not None and found.purpose not in PAGES:
        found = None
    if found is None and len(key) == links.ID_LENGTH:
        return render(request, "errors/link_again.html", status=404)
    if found is None:
        raise Http404
    if leads_on(request, key, found):
        return with_grant(request, found)
    return PAGES[LinkPurpose(found.purpose)](request, key)


link.allows = frozenset({"link:helper", "link:patient"})  # type: ignore[attr-defined]


def leads_on(request: HttpRequest, key: str, found: Link) -> bool:
    by_token = len(key) == links.TOKEN_LENGTH
    return by_token and links.is_usable(found, now=timezone.now()) and not refuses_cookies(request, found)


def with_grant(request: HttpRequest, found: Link) -> HttpResponse:
    response = redirect("link", found.id)
    response.status_code = 303
    give_grant(response, request, found)
    return response


@csrf_exempt
@require_POST
def renew(request: HttpRequest, key: str) -> HttpResponse:
    """ "Send me a new one": the answer is the same whether anything goes out or not."""
    found = granted(request, key) if len(key) == links.TOKEN_LENGTH else None
    if found is None or found.purpose not in PAGES:
        raise Http404
    if not too_many(what="renew", who=found.id, limit=3, seconds=3600):
        renewal.ask(link=found, now=timezone.now())
    with override(language_of(found)):
        return render(request, "errors/link_closed.html", {"site": found.site, "asked": True})


renew.allows = frozenset({"link:helper", "link:patient"})  # type: ignore[attr-defined]
