"""A patient's own page."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clinic.domain.errors import Refused
from clinic.enums import OFF
from clinic.models import Infusion
from clinic.templatetags.homeward import when_at
from education import directory
from support.domain import (
    checkins,
    closing_news,
    coverage,
    day,
    driving,
    handovers,
    patient_page,
    pending,
    place_offers,
    prechecks,
    quiet_words,
    rules,
    waitlist,
)
from support.enums import LinkPurpose, PatientAnswer
from support.models import PlaceOffer
from support.views import link_reading
from support.views.by_link import by_link, language_of, tap, typed, who

LATE_MINUTES = [10, 20, 30]


@require_safe
@by_link(LinkPurpose.PATIENT)
def page(request: HttpRequest) -> HttpResponse:
    built = patient_page.build(patient=request.link.patient, now=request.now)
    return render(request, "support/patient/page.html", context(request, built))


def context(request: HttpRequest, built: patient_page.PatientPage) -> dict[str, object]:
    site = request.link.site
    # What is promised here is the deadline of the alert it opens.
    minutes = rules.at(site=site).call_back_minutes
    numbers = directory.numbers(region=site.region, audience="patient", language=language_of(request.link))
    return {
        "page": built,
        "key": request.link_key,
        "site": site,
        "visit": built.visit,
        "patient": built.patient,
        "help": True,
        "numbers": [*numbers, {"label": _("Us"), "number": site.phone}],
        "late_minutes": LATE_MINUTES,
        "guide": link_reading.this_hour(request.link, visit=built.visit, now=request.now) if built.visit else "",
        "call_back_minutes": minutes,
        "answers": answers(minutes),
        "coverage": coverage.of(patient=built.patient, now=request.now),
        "questions": prechecks.of_patient(infusion=built.visit, now=request.now) if built.visit else None,
        "is_called_off": built.visit is not None and closing_news.is_called_off(visit=built.visit),
        "offers": waitlist.open_of(patient_id=built.patient.pk, now=request.now),
        "kept": pending.kept(patient=built.patient, now=request.now),
    }


def answers(call_back_minutes: int) -> list[dict[str, object]]:
    """The three answers of components/phone/answers.html, with promises the policy makes."""
    call = _("We call you within %(minutes)d minutes") % {"minutes": call_back_minutes}
    urgent = _("We call you now. In danger, use the numbers below.")
    return [
        {"value": PatientAnswer.FINE, "level": "ok", "title": PatientAnswer.FINE.label, "note": _("Nothing needed")},
        {
            "value": PatientAnswer.CALL_ME,
            "level": "risk",
            "icon": "phone",
            "title": PatientAnswer.CALL_ME.label,
            "note": call,
        },
        {"value": PatientAnswer.URGENT, "level": "stop", "title": PatientAnswer.URGENT.label, "note": urgent},
    ]


def own_visit(request: HttpRequest, pk: int) -> Infusion:
    """This patient's visit; anybody else's is the same 404 as none."""
    found = (
        Infusion.objects.select_related("site", "patient", "policy")
        .filter(pk=pk, patient=request.link.patient)
        .exclude(status__in=OFF)
        .first()
    )
    if found is None:
        raise Http404
    return found


@tap(LinkPurpose.PATIENT)
def late(request: HttpRequest, pk: int) -> str:
    minutes = request.POST.get("minutes", "")
    visit = own_visit(request, pk)
    if minutes not in map(str, LATE_MINUTES):
        raise Refused(_("Choose how late you will be."))
    day.patient_late(infusion=visit, minutes=int(minutes), now=request.now, actor=who(request))
    return _("Thank you. The front desk knows. Take your time.")


@tap(LinkPurpose.PATIENT)
def cannot_come(request: HttpRequest, pk: int) -> str:
    day.patient_cannot_come(infusion=own_visit(request, pk), now=request.now, actor=who(request))
    return _("That is all right. The front desk calls you to find another day.")


@tap(LinkPurpose.PATIENT)
def ask_nurse(request: HttpRequest, pk: int) -> str:
    """The page looks afterwards as it did before: whoever sits beside the patient sees nothing of it."""
    quiet_words.say(infusion=own_visit(request, pk), now=request.now, actor=who(request))
    return ""


@tap(LinkPurpose.PATIENT)
def home(request: HttpRequest, pk: int) -> str:
    handovers.say_home(infusion=own_visit(request, pk), now=request.now, actor=who(request))
    return _("Good to know you are home. Rest now.")


@tap(LinkPurpose.PATIENT)
def slept(request: HttpRequest, pk: int) -> str:
    visit, is_well = own_visit(request, pk), request.POST.get("how") != "badly"
    if visit.released_at is None:
        raise Refused(_("Tell us tomorrow morning."))
    driving.say_slept(infusion=visit, is_well=is_well, now=request.now, actor=who(request))
    return _("Thank you for telling us.") if is_well else _("Thank you for telling us. Somebody calls you.")


def own_offer(request: HttpRequest, pk: int) -> PlaceOffer:
    return get_object_or_404(PlaceOffer, pk=pk, entry__course__patient=request.link.patient)


@tap(LinkPurpose.PATIENT)
def offer_take(request: HttpRequest, pk: int) -> str:
    visit = place_offers.take(offer=own_offer(request, pk), now=request.now, by=who(request))
    return _("It is yours: %(when)s. The people you named are asked now.") % {
        "when": when_at(visit.starts_at, request.link.site)
    }


@tap(LinkPurpose.PATIENT)
def offer_leave(request: HttpRequest, pk: int) -> str:
    waitlist.decline(offer=own_offer(request, pk), now=request.now, by=who(request))
    return _("That is all right. You stay on the list.")


@require_POST
@by_link(LinkPurpose.PATIENT)
def how_are_you(request: HttpRequest) -> HttpResponse:
    """The three answers, at any hour: on the check-in that is open, or by itself."""
    answer = request.POST.get("answer", "")
    if answer not in PatientAnswer.values:
        messages.info(request, _("Choose one of the three answers."))
        return redirect("link", request.link_key)
    built = patient_page.build(patient=request.link.patient, now=request.now)
    checkins.patient_says(
        patient=request.link.patient,
        visit=built.visit,
        checkin=built.checkin,
        answer=PatientAnswer(answer),
        note=typed(request, "note", longest=1000),
        now=request.now,
        actor=who(request),
    )
    return render(request, "support/patient/answered.html", {**context(request, built), "answer": answer})
