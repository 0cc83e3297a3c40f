"""Two minutes before a first ride: what it involves, and three ticks. Whoever is under 18 is told kindly."""

from collections.abc import Collection

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic.domain.errors import Refused
from support.domain import attesting, rules
from support.enums import AnsweredVia, LinkPurpose
from support.views import link_dates
from support.views.by_link import by_link, who

PAGE = "support/helper/training.html"
# The names of the three boxes, in the order of their words.
TICKS = ("adult", "sober", "stay")


@require_http_methods(["GET", "HEAD", "POST"])
@by_link(LinkPurpose.HELPER, asks_who=True)
def training(request: HttpRequest) -> HttpResponse:
    """The ticked dates come along and are taken with the yes."""
    ticked = link_dates.ticks(request)
    if request.method != "POST":
        return shown(request, ticked)
    if request.POST.get("answer") == "under_age":
        attesting.under_age(designation=request.link.designation, actor=who(request), now=request.now)
        return shown(request, ())
    try:
        attested(request)
    except Refused as refused:
        return shown(request, ticked, refused)
    if ticked:
        link_dates.take(request, ticked)
    else:
        messages.success(request, _("Thank you. That is all we need to know."))
    return redirect("link", request.link_key)


def attested(request: HttpRequest) -> None:
    said, person = request.POST, request.link.designation.person
    if not (said.get("adult") and said.get("sober")):
        raise Refused(_("Please tick both: that you are 18 or over, and that you will be sober on the day."))
    attesting.attest(
        person=person,
        stay_hours=hours(request),
        travel_minutes=number(said.get("travel", "")),
        via=AnsweredVia.LINK,
        actor=who(request),
        now=request.now,
    )


def hours(request: HttpRequest) -> int:
    """As long as the rules ask, or the hours they wrote."""
    fewer = number(request.POST.get("hours", ""))
    if fewer is not None:
        return fewer
    asked = rules.at(site=request.link.site).stay_with_hours
    if request.POST.get("stay") or not asked:
        return asked
    raise Refused(_("Please say how long you can stay. A short time is all right too: then somebody else comes later."))


def number(value: str) -> int | None:
    """None for an empty field. Refused for what is no number."""
    value = value.strip()
    if not value:
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= 4):
        raise Refused(_("Please write a number, like 30."))
    return int(value)


def shown(request: HttpRequest, ticked: Collection[int], refused: Refused | None = None) -> HttpResponse:
    named = request.link.designation
    named.person.refresh_from_db()
    policy = rules.at(site=request.link.site)
    context = {
        "key": request.link_key,
        "site": request.link.site,
        "patient": named.patient,
        "person": named.person,
        "ticked": sorted(ticked),
        "typed": request.POST,
        "checked": [name for name in TICKS if request.POST.get(name)],
        "refused": refused,
        "lines": attesting.lines(policy=policy),
        "stays": policy.stay_with_hours > 0,
        "ticks": list(zip(TICKS, attesting.ticks(hours=policy.stay_with_hours), strict=False)),
        "is_done": not attesting.needed(named.person),
    }
    return render(request, PAGE, context, status=422 if refused else 200)
