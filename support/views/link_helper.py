"""A helper's pages: dates, the day itself, the handover, tonight."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clinic.domain.errors import Refused
from clinic.enums import InfusionStatus
from support.domain import (
    agreeing,
    attesting,
    checkins,
    designations,
    driving,
    going_on,
    handovers,
    helper_page,
    living,
    taken_on,
    whole_visit,
)
from support.enums import LinkPurpose, MayKnow, SupportRole
from support.models import Commitment, Handover
from support.views import link_checkin, link_reading
from support.views.by_link import by_link, tap, typed, who

TEMPLATES = {
    "series": "support/helper/series.html",
    "day": "support/helper/day.html",
    "handover": "support/helper/handover.html",
    "tonight": "support/helper/tonight.html",
}
MINUTES = [5, 10, 20, 30, 45]
REFRESH_SECONDS = 20


@require_safe
@by_link(LinkPurpose.HELPER, asks_who=True)
def page(request: HttpRequest) -> HttpResponse:
    built = helper_page.build(designation=request.link.designation, now=request.now)
    return render(request, TEMPLATES[built.stage], context(request, built))


def context(request: HttpRequest, built: helper_page.HelperPage) -> dict[str, object]:
    named = built.designation
    drives = SupportRole.RIDE in named.roles and named.person.is_adult is not False
    shared: dict[str, object] = {
        "page": built,
        "key": request.link_key,
        "site": request.link.site,
        "patient": named.patient,
        "person": named.person,
        "knows_progress": named.allows(MayKnow.PROGRESS),
        "knows_aftercare": named.allows(MayKnow.AFTERCARE),
        "with_a_date": agreeing.beside_the_button(person=named.person),
        "asked": checkins.waiting(patient=named.patient, designation=named, now=request.now),
        "answers": link_checkin.answers(),
        "rides": drives,
        "sits": SupportRole.PRESENCE in named.roles,
        "to_read": drives and attesting.needed(named.person),
        "is_load_asked": going_on.is_asked(named),
        "most": named.most_rides,
    }
    if built.today is None:
        return {**shared, "involves": helper_page.involves(built.mine[0]) if built.mine else first_involves(built)}
    return {**shared, **today_context(request, built, built.today)}


def first_involves(built: helper_page.HelperPage) -> list[dict[str, str]]:
    """What the next date would ask, before any is taken."""
    first = next((row.value for month in built.months for row in month.rows if row.state == "open"), None)
    asked = Commitment.objects.select_related("infusion__site", "infusion__patient", "infusion__policy")
    found = asked.filter(pk=first, designation=built.designation).first() if first else None
    return helper_page.involves(found) if found else []


def today_context(request: HttpRequest, built: helper_page.HelperPage, today: Commitment) -> dict[str, object]:
    visit, takes_home = today.infusion, helper_page.takes_home(today)
    return {
        "visit": visit,
        "refresh": REFRESH_SECONDS,
        "today": today,
        "minutes": MINUTES,
        "getting_there": living.getting_there(site=visit.site),
        "takes_home": takes_home,
        "says_home": helper_page.says_home(today),
        "involves": [] if takes_home else helper_page.involves(today),
        "standing": living.standing(infusion=visit, takes_home=takes_home, now=request.now),
        "drive_from": driving.drive_from(infusion=visit),
        "lines": taken_on.lines(visit=visit, handover=built.handover),
        "guide": link_reading.this_hour(request.link, visit=visit, now=request.now),
        "is_home": InfusionStatus(visit.status) == InfusionStatus.HOME,
    }


@require_POST
@by_link(LinkPurpose.HELPER, asks_who=True)
def stop(request: HttpRequest) -> HttpResponse:
    designations.stop_asking(designation=request.link.designation, now=request.now, actor=who(request))
    return stopped(request)


def stopped(request: HttpRequest) -> HttpResponse:
    """Their link is closed: the thanks are its last page."""
    name = request.link.designation.patient.first_name
    return render(request, "support/helper/stopped.html", {"site": request.link.site, "name": name})


def own_word(request: HttpRequest, pk: int) -> list[Commitment]:
    """What this link's person promised for this visit; somebody else's is the same 404 as none."""
    named = request.link.designation
    found = whole_visit.held(designation=named, infusion_id=pk)
    if not found and not named.commitments.filter(infusion=pk).exists():
        raise Http404
    if not found:
        raise Refused(_("You do not have this date."))
    return found


def given_back(request: HttpRequest, pk: int) -> list[Commitment]:
    return whole_visit.given_back(designation=request.link.designation, infusion_id=pk)


def own_commitment(request: HttpRequest, pk: int) -> Commitment:
    """The way home where they have it, else their other role."""
    return own_word(request, pk)[0]


@tap(LinkPurpose.HELPER)
def step_back(request: HttpRequest, pk: int) -> str:
    """The page itself says thank you, with the way to take it back."""
    if not given_back(request, pk):
        whole_visit.step_back(rows=own_word(request, pk), now=request.now, actor=who(request))
    return ""


@tap(LinkPurpose.HELPER)
def come_after_all(request: HttpRequest, pk: int) -> str:
    rows = given_back(request, pk) or own_word(request, pk)
    whole_visit.take_back(rows=rows, now=request.now, actor=who(request))
    return _("Thank you. You have this date again.")


@tap(LinkPurpose.HELPER)
def confirm(request: HttpRequest, pk: int) -> str:
    whole_visit.confirm(rows=own_word(request, pk), now=request.now, actor=who(request))
    return _("Thank you. You are confirmed.")


@tap(LinkPurpose.HELPER)
def on_my_way(request: HttpRequest, pk: int) -> str:
    minutes = request.POST.get("minutes", "")
    mine = own_word(request, pk)
    if minutes not in map(str, MINUTES):
        raise Refused(_("Choose how many minutes you need."))
    whole_visit.on_the_way(rows=mine, minutes=int(minutes), now=request.now, actor=who(request))
    return _("Thank you. The front desk knows. Drive safely.")


@tap(LinkPurpose.HELPER)
def outside(request: HttpRequest, pk: int) -> str:
    car = typed(request, "car", longest=60)
    whole_visit.outside(rows=own_word(request, pk), car=car, now=request.now, actor=who(request))
    return _("The front desk knows that you are here.")


@tap(LinkPurpose.HELPER)
def accept(request: HttpRequest, pk: int) -> str:
    mine = own_commitment(request, pk)
    drawn = Handover.objects.filter(infusion=mine.infusion).first()
    if drawn is None or mine.role != SupportRole.RIDE:
        raise Refused(_("It is not time for this yet. We tell you when."))
    handovers.accept(handover=drawn, now=request.now, actor=who(request), commitment=mine)
    return _("Thank you. You can leave together now, when the nurse says so.")


@tap(LinkPurpose.HELPER)
def home(request: HttpRequest, pk: int) -> str:
    mine = own_word(request, pk)
    if not any(helper_page.says_home(row) for row in mine):
        raise Refused(_("Whoever takes them home tells us."))
    handovers.say_home(infusion=mine[0].infusion, now=request.now, actor=who(request))
    return _("Good to know you are both home. Thank you.")
