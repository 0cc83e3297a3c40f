"""How a person without an account gets to their page, and what guards each view behind a link.

The address in a message is ``/l/<token>/``. Its first GET puts a grant for that link into a signed cookie and leads
on to ``/l/<link id>/``, so that the token leaves the address bar. Where cookies are refused, opening the address once
more serves the page under the token itself. GET shows; only POST acts.

A helper's link may have been forwarded: a browser that opens it for the first time is asked whose it is before their
dates and their day are shown and before anything is tapped there, and remembers the answer beside the grant. Not asked:
who reads a page of the library, looks at their own times, preferences or calendar, says how the evening goes or wants
no more messages.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST

from clinic.domain import audit
from clinic.domain.errors import Refused
from clinic.throttle import too_many
from clinic.views.desk import posted
from support.domain import links
from support.enums import LinkPurpose
from support.models import Link

COOKIE = "__Host-links" if settings.HTTPS else "links"
SALT = "homeward.links"
KEPT_SECONDS = 60 * 24 * 3600
SIDE_BY_SIDE = 12
TRIED_SECONDS = 900
# After a link's id in the cookie: whoever reads said that it is theirs.
THEIRS = "+"
THEIRS_SECONDS = 12 * 3600
READING = timedelta(minutes=10)

LinkView = Callable[..., HttpResponseBase]


def by_link(*purposes: LinkPurpose, asks_who: bool = False) -> Callable[[LinkView], LinkView]:
    """The view gets ``request.link``, ``request.link_key`` and ``request.now``.

    A wrong purpose or key answers the same 404 as nonsense. ``asks_who``: only for whoever has said in this browser
    that the link is theirs.
    """

    def declare(view: LinkView) -> LinkView:
        @wraps(view)
        def guarded(request: HttpRequest, key: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            link = granted(request, key)
            if link is None or link.purpose not in purposes:
                raise Http404
            now = timezone.now()
            if not links.is_usable(link, now=now):
                return closed(request, link)
            request.link, request.link_key, request.now = link, key, now  # type: ignore[attr-defined]
            if asks_who and not is_theirs(request, link, key):
                return ask_who(request, link, key)
            if request.method in {"GET", "HEAD"}:
                note_reading(link, request=request)
            # The grant cookie is sent by itself, so a form needs its own key; a token in the address is proof enough.
            act = view if len(key) == links.TOKEN_LENGTH else csrf_protect(view)
            with override(language_of(link)):
                return act(request, *args, **kwargs)

        answer: Any = csrf_exempt(guarded)
        answer.allows = frozenset(f"link:{purpose}" for purpose in purposes)
        return answer

    return declare


def tap(*purposes: LinkPurpose) -> Callable[[Callable[..., str]], LinkView]:
    """A button behind a link: the view acts and answers with a sentence, as a refusal does. Then back to the page. A
    helper has said before that the link is theirs."""

    def declare(act: Callable[..., str]) -> LinkView:
        @require_POST
        @by_link(*purposes, asks_who=purposes == (LinkPurpose.HELPER,))
        @wraps(act)
        def tapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                messages.success(request, act(request, *args, **kwargs))
            except Refused as refused:
                messages.info(request, str(refused))
            return redirect("link", request.link_key)  # type: ignore[attr-defined]

        return tapped

    return declare


def who(request: HttpRequest) -> str:
    """The actor of an act behind a link: the link's id, which opens nothing."""
    return f"link:{request.link.id}"  # type: ignore[attr-defined]


def typed(request: HttpRequest, name: str, *, longest: int) -> str:
    """Trimmed, and no longer than that."""
    return posted(request, name)[:longest].strip()


def language_of(link: Link) -> str:
    known = {code for code, _name in settings.LANGUAGES}
    person = link.designation.person if link.designation is not None else link.patient
    language = person.language if person is not None else "en"
    return language if language in known else "en"


def note_reading(link: Link, *, request: HttpRequest) -> None:
    """The only writing a GET does: the read log and "last opened".

    A page that stays open and refreshes itself is one reading, noted again after a while.
    """
    last, now = link.last_opened_at, request.now  # type: ignore[attr-defined]
    if "X-Poll" in request.headers and last is not None and now - last < READING:
        return
    if link.designation is None or is_theirs(request, link, request.link_key):  # type: ignore[attr-defined]
        # What a mail scanner opens is nobody's reading.
        links.opened(link, now=request.now)  # type: ignore[attr-defined]
    audit.record(
        actor=f"link:{link.id}",
        verb="read",
        now=request.now,  # type: ignore[attr-defined]
        patient_id=links.patient_of(link).pk,
        subject=request.resolver_match.view_name if request.resolver_match else "",
    )


def granted(request: HttpRequest, key: str) -> Link | None:
    """The link this browser may use under this key: a token proves itself, a link id needs the cookie's grant."""
    if key in grants(request):
        return links.find(key)
    # Whoever holds a grant has proved themselves: the brake is for those who try, and never stops the others' pages.
    if len(key) != links.TOKEN_LENGTH or is_hammering(request):
        return None
    return links.resolve(key)


def is_hammering(request: HttpRequest) -> bool:
    return too_many(what="link", who=str(request.META.get("REMOTE_ADDR")), limit=300, seconds=60)


def ask_who(request: HttpRequest, link: Link, key: str) -> HttpResponse:
    """ "Are you Sam?": nothing else is on the page. What was pressed meanwhile did nothing."""
    with override(language_of(link)):
        name = link.designation.person.first_name if link.designation is not None else ""
        shown = {"key": key, "site": link.site, "name": name, "preferences": False}
        return render(request, "support/helper/who.html", shown, status=200 if request.method != "POST" else 409)


def is_theirs(request: HttpRequest, link: Link, key: str) -> bool:
    """Whether somebody said so in this browser; where it keeps no cookies, from this address a while ago."""
    if f"{link.id}{THEIRS}" in kept(request):
        return True
    return len(key) == links.TOKEN_LENGTH and cache.get(whose(request, link)) is not None


def whose(request: HttpRequest, link: Link) -> str:
    return f"link-theirs:{link.id}:{request.META.get('REMOTE_ADDR')}"


def grants(request: HttpRequest) -> list[str]:
    """The link ids in the cookie, newest last."""
    return [entry.removesuffix(THEIRS) for entry in kept(request)]


def kept(request: HttpRequest) -> list[str]:
    """What the cookie holds: link ids, marked where the reader said that the link is theirs. A cookie that was tampered
    with holds none."""
    try:
        entries = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=KEPT_SECONDS)
    except signing.BadSignature:
        return []
    return [entry for entry in entries if isinstance(entry, str)] if isinstance(entries, list) else []


def give_grant(response: HttpResponseBase, request: HttpRequest, link: Link) -> None:
    """What was said of the link in this browser stays said."""
    theirs = f"{link.id}{THEIRS}"
    keep(response, request, link, [theirs if theirs in kept(request) else link.id])


def remember_theirs(response: HttpResponseBase, request: HttpRequest, link: Link) -> None:
    keep(response, request, link, [f"{link.id}{THEIRS}"])
    if len(request.link_key) == links.TOKEN_LENGTH:  # type: ignore[attr-defined]
        # No cookie stays in this browser.
        cache.set(whose(request, link), 1, THEIRS_SECONDS)


def forget(response: HttpResponseBase, request: HttpRequest, link: Link) -> None:
    """Somebody else had it in hand: the link opens nothing in this browser until its address is opened again."""
    keep(response, request, link, [])
    cache.delete(whose(request, link))


def keep(response: HttpResponseBase, request: HttpRequest, link: Link, entries: list[str]) -> None:
    """The cookie with these entries for this link, beside those for others."""
    others = [entry for entry in kept(request) if entry.removesuffix(THEIRS) != link.id]
    response.set_cookie(
        COOKIE,
        signing.dumps([*others, *entries][-SIDE_BY_SIDE:], salt=SALT),
        max_age=KEPT_SECONDS,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def closed(request: HttpRequest, link: Link) -> HttpResponse:
    """Expired or withdrawn: one page, which does not say which, and offers the same to everybody."""
    shown = {"site": link.site, "renew_url": reverse("link_renew", args=[links.token(link)])}
    with override(language_of(link)):
        return render(request, "errors/link_closed.html", shown, status=410)


def refuses_cookies(request: HttpRequest, link: Link) -> bool:
    """True when this address was opened here a moment ago and the cookie did not stay."""
    if link.id in grants(request):
        return False
    return not cache.add(f"link-tried:{link.id}:{request.META.get('REMOTE_ADDR')}", 1, TRIED_SECONDS)
