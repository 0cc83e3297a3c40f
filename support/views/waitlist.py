"""The waitlist at the desk: who waits, what became free, whom it fits."""

from datetime import timedelta

from django.contrib import messages as said
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic.access import DESK_AND_CARE
from clinic.domain import audit, times
from clinic.domain.errors import Refused
from clinic.forms import slot_text
from clinic.models import Course
from clinic.views.desk import at_site, done, form_page, was_read
from support.domain import place_offers, reached, waitlist
from support.forms import slots
from support.forms.waitlist import WaitForm
from support.models import PlaceOffer, WaitlistEntry
from support.views.refusals import shown_on

WAITS_DAYS = timedelta(days=14)
# Why somebody is not offered what is free: the first places, more are counted.
REASONS = 2


def page(request: HttpRequest, pk: int = 0, refused: Refused | None = None) -> HttpResponse:
    """``pk``: of the row an act was about; the page is the same."""
    now = timezone.now()
    was_read(request, subject=f"waitlist:{request.site.pk}")
    offers = Prefetch("offers", PlaceOffer.objects.select_related("room"))
    entries = WaitlistEntry.objects.filter(closed_at=None, course__patient__site=request.site)
    places = waitlist.free_places(site=request.site, now=now)
    reasons = waitlist.not_offered(places)
    rows = entries.select_related("course__patient", "course__protocol", "infusion").prefetch_related(offers)
    context = {
        "entries": [(entry, reasons[entry.pk][:REASONS], len(reasons[entry.pk][REASONS:])) for entry in rows],
        "places": [(place, slot_text.written(place.slot)) for place in places if place.is_for_somebody],
        "refused": refused,
    }
    return render(request, "support/desk/waitlist.html", context)


@at_site(*DESK_AND_CARE)
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    return page(request)


@at_site(*DESK_AND_CARE)
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, pk: int) -> HttpResponse:
    rows = Course.objects.select_related("patient__site", "protocol")
    course, now = get_object_or_404(rows, pk=pk, patient__site=request.site), timezone.now()
    today = times.local_day(moment=now, zone=request.site.zone)
    form = WaitForm(request.POST or None, course=course, initial={"first_day": today, "last_day": today + WAITS_DAYS})
    if done(form, lambda: waitlist.join(course=course, actor=request.user, now=now, **form.cleaned_data)):
        said.success(request, _("%(name)s is on the waitlist.") % {"name": course.patient.short_name})
        return redirect("waitlist")
    was_read(request, patient_id=course.patient_id, subject=course)
    return form_page(request, "support/desk/waitlist_join.html", form, course=course, patient=course.patient)


@at_site(*DESK_AND_CARE)
@require_POST
@shown_on(page)
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    waitlist.leave(entry=_entry(request, pk), actor=request.user, now=timezone.now())
    said.success(request, _("Off the waitlist."))
    return redirect("waitlist")


@at_site(*DESK_AND_CARE)
@require_POST
@shown_on(page)
def give(request: HttpRequest, pk: int) -> HttpResponse:
    """A free place to somebody it fits, agreed on the phone."""
    entry = _entry(request, pk)
    slot = slots.read(request.POST.get("slot", ""), site=request.site)
    visit = waitlist.give(entry=entry, slot=slot, actor=request.user, now=timezone.now())
    said.success(request, reached.booked(infusion=visit))
    return redirect("infusion", visit.pk)


@at_site(*DESK_AND_CARE)
@require_POST
@shown_on(page)
def take(request: HttpRequest, pk: int) -> HttpResponse:
    """The patient said yes on the phone."""
    visit = place_offers.take(
        offer=_offer(request, pk), now=timezone.now(), by=audit.staff(request.user), actor=request.user
    )
    said.success(request, reached.booked(infusion=visit))
    return redirect("infusion", visit.pk)


@at_site(*DESK_AND_CARE)
@require_POST
def decline(request: HttpRequest, pk: int) -> HttpResponse:
    """The patient said no on the phone."""
    waitlist.decline(offer=_offer(request, pk), now=timezone.now(), by=audit.staff(request.user))
    said.success(request, _("Noted. They stay on the list, and the next one is asked."))
    return redirect("waitlist")


def _entry(request: HttpRequest, pk: int) -> WaitlistEntry:
    rows = WaitlistEntry.objects.select_related("course__patient__site", "course__protocol", "infusion")
    return get_object_or_404(rows, pk=pk, course__patient__site=request.site)


def _offer(request: HttpRequest, pk: int) -> PlaceOffer:
    return get_object_or_404(PlaceOffer, pk=pk, site=request.site)
