"""The dates on a helper's page: taken, maybe, none, and days that never suit."""

from collections.abc import Collection
from dataclasses import replace
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from clinic.domain.errors import Refused
from support.domain import attesting, date_answers, helper_page, own_times
from support.enums import AnsweredVia, LinkPurpose
from support.views import link_helper
from support.views.by_link import by_link, tap, who


@require_http_methods(["GET", "HEAD", "POST"])
@by_link(LinkPurpose.HELPER, asks_who=True)
def dates(request: HttpRequest) -> HttpResponse:
    """All the dates, also on the day of one of them."""
    if request.method == "POST":
        return answered(request)
    built = helper_page.build(designation=request.link.designation, now=request.now)
    shown = link_helper.context(request, replace(built, today=None))
    return render(request, link_helper.TEMPLATES["series"], shown)


def answered(request: HttpRequest) -> HttpResponse:
    """Before a first ride the words about it are read: the ticks go along to that page and come back with the yes."""
    said, ticked = request.POST.get("answer"), ticks(request)
    if said == "none":
        none_of_these(request)
    elif not ticked:
        messages.info(request, _("No date is ticked yet. Tick the ones you can take, or choose “None of these”."))
    elif said == "maybe":
        maybe(request, ticked)
    elif said == "no":
        no(request, ticked)
    elif attesting.needed_for(designation=request.link.designation, dates=ticked):
        query = urlencode([("date", pk) for pk in sorted(ticked)])
        return redirect(f"{reverse('link_training', args=[request.link_key])}?{query}")
    else:
        take(request, ticked)
    return redirect("link", request.link_key)


def ticks(request: HttpRequest) -> set[int]:
    """The dates that are ticked, or that came along in the address."""
    values = request.POST.getlist("date") or request.GET.getlist("date")
    return {int(value[:18]) for value in values if value.isascii() and value.isdigit()}


def take(request: HttpRequest, ticked: Collection[int]) -> None:
    """A date that somebody took meanwhile is told kindly."""
    by = {"designation": request.link.designation, "actor": who(request), "now": request.now}
    try:
        answers = date_answers.answer_dates(take=ticked, via=AnsweredVia.LINK, **by)
    except Refused as refused:
        messages.info(request, str(refused))
        return
    if not any((answers.taken, answers.changed, answers.too_late, answers.full, answers.busy)):
        messages.info(request, _("This visit is off. There is nothing for you to do."))
    if answers.taken:
        dates = len({row.infusion_id for row in answers.taken})
        thanks = ngettext(
            "Thank you. You have this date now, and we have told the clinic.",
            "Thank you. You have these dates now, and we have told the clinic.",
            dates,
        )
        messages.success(request, thanks)
    if answers.changed:
        messages.info(request, _("The time of a date has just changed. Please look at the new time below."))
    if answers.too_late:
        messages.info(request, _("Somebody else has just taken one of these dates. Nothing for you to do there."))
    if answers.busy:
        messages.info(request, _("It looks as if something else is on for you then. Please call us about this date."))
    if answers.full:
        messages.info(request, _("The room has no place left for another guest on one of these dates. Thank you."))


def maybe(request: HttpRequest, ticked: Collection[int]) -> None:
    by = {"designation": request.link.designation, "actor": who(request), "now": request.now}
    if date_answers.maybe(dates=ticked, **by):
        messages.success(request, _("Noted as maybe. Tell us when you know: this page asks you again."))
    else:
        messages.info(request, _("Somebody else has these dates by now, or their time changed. Nothing is noted."))


def no(request: HttpRequest, ticked: Collection[int]) -> None:
    date_answers.no(designation=request.link.designation, dates=ticked, actor=who(request), now=request.now)
    messages.success(request, _("Thank you for telling us. We ask somebody else. You can come back any time."))


def none_of_these(request: HttpRequest) -> None:
    date_answers.decline_open(
        designation=request.link.designation, via=AnsweredVia.LINK, now=request.now, actor=who(request)
    )
    messages.success(request, _("Thank you for telling us. We ask somebody else. You can come back any time."))


@tap(LinkPurpose.HELPER)
def never(request: HttpRequest) -> str:
    """ "Never on Thursdays": what they were asked on such a day nobody waits for any more."""
    day = request.POST.get("weekday", "")
    if day not in map(str, range(7)):
        raise Refused(_("Say on which day of the week."))
    designation = request.link.designation
    own_times.state(designation=designation, can=False, weekdays=[int(day)], actor=who(request), now=request.now)
    return _("Noted. We do not ask you for that day of the week. You can still take a date below.")
