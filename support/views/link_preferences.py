"""How somebody wants to hear from us, by their own link."""

from collections.abc import Callable
from datetime import time

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_time
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_http_methods

from clinic.domain.errors import Refused
from messaging.enums import Channel
from support.domain import preferences, rules
from support.enums import LinkPurpose
from support.views.by_link import by_link, language_of, typed, who

Act = Callable[[HttpRequest], None]


@require_http_methods(["GET", "HEAD", "POST"])
@by_link(LinkPurpose.HELPER, LinkPurpose.PATIENT)
def page(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return shown(request)
    if request.POST.get("List-Unsubscribe") == "One-Click":
        # Pressed in the mail program, which follows no redirect: e-mails end, nothing else does.
        preferences.stop(link=request.link, actor=who(request), now=request.now, only=Channel.EMAIL)
        return shown(request)
    try:
        say(request)
    except Refused as refused:
        if request.POST.get("act") == "quiet":
            return shown(request, refused)
        messages.info(request, str(refused))
    return redirect("link_preferences", request.link_key)


def shown(request: HttpRequest, refused: Refused | None = None) -> HttpResponse:
    """``refused``: why the quiet hours that were typed do not count; they stand in their fields still."""
    found = preferences.of(link=request.link, rules=rules.at(site=request.link.site))
    context: dict[str, object] = {"key": request.link_key, "site": request.link.site, "page": found}
    if refused:
        context |= {"refused": refused, "begins": hour_typed(request, "begins"), "ends": hour_typed(request, "ends")}
    return render(request, "support/preferences.html", context, status=422 if refused else 200)


def say(request: HttpRequest) -> None:
    """One button, one act. Refused with its sentence, and nothing is changed."""
    act = ACTS.get(request.POST.get("act", ""))
    if act is None:
        raise Refused(_("Nothing is changed yet. Choose one of the buttons."))
    act(request)
    # In the language they may have chosen just now.
    request.link.refresh_from_db()
    with override(language_of(request.link)):
        messages.success(request, _("Thank you. That is how we do it from now on."))


def by(request: HttpRequest) -> dict[str, object]:
    return {"link": request.link, "actor": who(request), "now": request.now}


def value(request: HttpRequest) -> str:
    return request.POST.get("value", "")


def hour_typed(request: HttpRequest, name: str) -> str:
    return typed(request, name, longest=8)


def hour(request: HttpRequest, name: str) -> time | None:
    """None where it was left empty; what is no time is refused."""
    said = hour_typed(request, name)
    try:
        read = parse_time(said)
    except ValueError:
        read = None
    if said and read is None:
        raise Refused(_("Give both times."))
    return read


def quiet(request: HttpRequest) -> None:
    hours = {"begins": hour(request, "begins"), "ends": hour(request, "ends")}
    preferences.be_quiet(**hours, rules=rules.at(site=request.link.site), **by(request))


def no_quiet(request: HttpRequest) -> None:
    preferences.be_quiet(begins=None, ends=None, rules=rules.at(site=request.link.site), **by(request))


ACTS: dict[str, Act] = {
    "way": lambda request: preferences.prefer(way=value(request), **by(request)),
    "landline": lambda request: preferences.cannot_show_texts(is_landline=value(request) == "yes", **by(request)),
    "language": lambda request: preferences.speak(language=value(request), **by(request)),
    "quiet": quiet,
    "no-quiet": no_quiet,
    "less": lambda request: preferences.hear_less(less=value(request) == "yes", **by(request)),
    "agree": lambda request: preferences.say_yes(about=value(request), **by(request)),
    "take-back": lambda request: preferences.say_no(about=value(request), **by(request)),
    "stop": lambda request: preferences.stop(**by(request)),
    "start": lambda request: preferences.start(**by(request)),
}
