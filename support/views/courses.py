"""Planning visits: say what is wished for, compare the plans, book all visits of one or nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages as said
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from clinic.access import DESK_AND_CARE
from clinic.domain import against, bookings, last_booking, policies, rest, times, wishes
from clinic.domain.errors import Refused
from clinic.domain.obstacles import WayOut
from clinic.domain.planning import Proposed, Visit
from clinic.domain.slots import Slot
from clinic.domain.study import Relaxed, Stretch, whole_course
from clinic.forms.slot_text import written
from clinic.models import Course, Patient, Protocol
from clinic.views.desk import at_site, patient_of, was_read
from support.domain import drivers, series
from support.domain.board_grid import day_of
from support.domain.drivers import Mark
from support.domain.places import Place
from support.forms.courses import GIVING_WAY, OLD, ChosenForm, CourseForm, RestForm, in_address, left_out_mark, moment
from support.views import places

# Books times of one plan. Takes the numbers of the visits left out, the form's own key and the reason for what goes
# against the rules.
Book = Callable[[list[Slot], set[int], UUID, str], object]


@dataclass(frozen=True, kw_only=True)
class Card:
    """One plan on the page: its times as the form carries them, what is known of its ways home, and each visit with
    what its box to leave it out carries, whether it is ticked, and who can drive."""

    value: str
    offer: Proposed
    is_chosen: bool
    rides: str
    visits: list[tuple[Visit, str, bool, list[Mark]]]


@at_site(*DESK_AND_CARE)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, pk: int) -> HttpResponse:
    """GET with a protocol and a day shows plans; POST books the one that was chosen."""
    patient, now = patient_of(request, pk), timezone.now()
    today = times.local_day(moment=now, zone=request.site.zone)
    wanted, prefer = request.GET.get("first_day"), request.GET.get("prefer", "")[:5]
    first = day_of(wanted, today=today) if wanted else series.first_day(site=request.site, now=now)
    asked = request.GET if "protocol" in request.GET else None
    initial = {"first_day": max(first, today), "prefer": prefer}
    form = CourseForm(asked, site=request.site, today=today, initial=initial)
    if not form.is_valid():
        return _page(request, patient, form)
    protocol: Protocol = form.cleaned_data["protocol"]

    def book(slots: list[Slot], left_out: set[int], form_key: UUID, reason: str) -> object:
        return bookings.book_series(
            patient=patient,
            protocol=protocol,
            slots=slots,
            actor=request.user,
            now=timezone.now(),
            form_key=form_key,
            override_reason=reason,
            left_out=left_out,
        )

    stretch = whole_course(protocol=protocol, first_day=form.cleaned_data["first_day"])
    return _planned(request, patient, form, protocol, stretch, book)


@at_site(*DESK_AND_CARE)
@require_http_methods(["GET", "POST"])
def plan_rest(request: HttpRequest, pk: int) -> HttpResponse:
    """The same for the visits of a course that have no date yet."""
    rows = Course.objects.select_related("patient__site", "protocol")
    course = get_object_or_404(rows, pk=pk, patient__site=request.site)
    now = timezone.now()
    today = times.local_day(moment=now, zone=request.site.zone)
    asked = request.GET if "first_day" in request.GET else {"first_day": series.first_day(site=request.site, now=now)}
    form = RestForm(asked, site=request.site, today=today)
    if not form.is_valid():
        return _page(request, course.patient, form, course=course)
    stretch = rest.of(course=course, first_day=form.cleaned_data["first_day"])
    if stretch is None and request.method == "POST":
        # Pressed twice: the first has booked them all.
        return redirect("patient", course.patient_id)
    if stretch is None:
        said.info(request, _("These visits are placed one by one."))
        return redirect("course_place", pk)

    def book(slots: list[Slot], left_out: set[int], _form_key: UUID, reason: str) -> object:
        by = {"actor": request.user, "now": timezone.now()}
        return rest.book(course=course, slots=slots, override_reason=reason, left_out=left_out, **by)

    return _planned(request, course.patient, form, course.protocol, stretch, book, course=course)


@at_site(*DESK_AND_CARE)
@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes back what was booked at the moment the form names."""
    course = get_object_or_404(Course, pk=pk, patient__site=request.site)
    booked_at = moment(request.POST.get("at", ""))
    try:
        off = last_booking.undo(course=course, booked_at=booked_at, actor=request.user, now=timezone.now())
    except Refused as refused:
        said.error(request, str(refused))
    else:
        words = ngettext("Undone: %(count)s visit is off.", "Undone: %(count)s visits are off.", off)
        said.success(request, words % {"count": off})
    return redirect("patient", course.patient_id)


def _planned(
    request: HttpRequest,
    patient: Patient,
    form: CourseForm,
    protocol: Protocol,
    stretch: Stretch,
    book: Book,
    **more: Any,
) -> HttpResponse:
    if request.method == "POST":
        try:
            booked = _book(request, stretch, form, book)
        except Refused as refused:
            # Somebody was faster, or a rule says no: the reasons, and fresh plans for the same wish.
            more |= {"refused": refused}
        else:
            words = ngettext("%(count)s visit is booked.", "%(count)s visits are booked.", booked)
            said.success(request, words % {"count": booked})
            return redirect("patient", patient.pk)
    plans = _plans(request, patient, form, protocol, stretch)
    return _page(request, patient, form, status=422 if "refused" in more else 200, **plans, **more)


def _book(request: HttpRequest, stretch: Stretch, form: CourseForm, book: Book) -> int:
    chosen = ChosenForm(request.POST, site=request.site)
    if not chosen.is_valid():
        raise Refused(*(str(error) for errors in chosen.errors.values() for error in errors))
    values = chosen.cleaned_data
    if len(values["slots"]) not in stretch.counts(form.relaxed or Relaxed()):
        raise Refused(str(OLD))
    left_out = {stretch.done + visit for visit in values["left_out"]}
    book(values["kept"], left_out, values["form_key"], values["override_reason"])
    return len(values["kept"])


def _plans(
    request: HttpRequest, patient: Patient, form: CourseForm, protocol: Protocol, stretch: Stretch
) -> dict[str, Any]:
    policy = policies.current(site=request.site)
    seen = series.look(
        patient=patient,
        protocol=protocol,
        stretch=stretch,
        now=timezone.now(),
        prefer=form.cleaned_data["prefer"],
        relaxed=form.relaxed,
        place=_place(request),
    )
    return {
        "place_says": seen.says,
        "outlook": seen.outlook,
        "has_drivers": seen.has_drivers,
        "cards": _cards(request, seen.outlook.offers),
        "ways_out": [(way, _address(request, way)) for way in seen.outlook.ways_out],
        "relaxed": form.relaxed,
        "may_override": against.may_override(actor=request.user, policy=policy),
    }


def _place(request: HttpRequest) -> Place | None:
    try:
        return places.pointed_at(request) if "at" in request.GET else None
    except Refused:
        return None


def _cards(request: HttpRequest, offers: Sequence[Proposed]) -> list[Card]:
    """With what was chosen and left out before, where the same plan is offered again; else the first is chosen."""
    plans = [" ".join(map(written, offer.slots)) for offer in offers]
    before, ticked = request.POST.get("slots", ""), request.POST.getlist("left_out")
    chosen = before if before in plans else next(iter(plans), "")
    found = []
    for plan, offer in zip(plans, offers, strict=True):
        boxes = [left_out_mark(plan=plan, visit=visit) for visit, _planned in enumerate(offer.visits, start=1)]
        visits = [
            (planned, box, box in ticked, drivers.marks(planned.drivers))
            for planned, box in zip(offer.visits, boxes, strict=True)
        ]
        rides = drivers.summed(planned.drivers for planned in offer.visits)
        found.append(Card(value=plan, offer=offer, is_chosen=plan == chosen, rides=rides, visits=visits))
    return found


def _address(request: HttpRequest, way: WayOut) -> str:
    """The same question with what gives way."""
    query = request.GET.copy()
    for name in GIVING_WAY:
        query.pop(name, None)
    for name, values in in_address(way.relaxed).items():
        query.setlist(name, values)
    return f"?{query.urlencode()}"


def _page(request: HttpRequest, patient: Patient, form: CourseForm, status: int = 200, **more: Any) -> HttpResponse:
    was_read(request, patient_id=patient.pk, subject=patient)
    context = {
        "patient": patient,
        "form": form,
        "form_key": uuid4(),
        "place_asked": [(name, request.GET[name]) for name in places.POINTED_AT if name in request.GET],
        "wishes": wishes.of(patient=patient),
        "reason_typed": request.POST.get("override_reason", ""),
        "chosen_before": request.POST.get("slots", ""),
        "left_out_before": request.POST.getlist("left_out"),
        **more,
    }
    return render(request, "support/desk/course_new.html", context, status=422 if form.errors else status)
