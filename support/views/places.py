"""From the schedule to a booking: a free place, and a visit carried to another. Neither changes anything yet."""

from urllib.parse import urlencode

from django.contrib import messages as said
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from clinic.access import DESK_AND_CARE
from clinic.domain import patients, premises, times
from clinic.domain.errors import Refused
from clinic.domain.slots import Slot
from clinic.forms import slot_text
from clinic.models import Course, Infusion, Room, StaffMember
from clinic.views.desk import at_site, was_read
from support.domain import places
from support.domain.places import Place
from support.forms.schedule import wall_time, whole

FOUND = 20
# What of an address says which place it is.
POINTED_AT = ("at", "room", "clinician")


@at_site(*DESK_AND_CARE)
@require_safe
def book(request: HttpRequest) -> HttpResponse:
    """Who should come at this time? With ``course``, on to its page with the time chosen."""
    try:
        place = pointed_at(request)
    except Refused as refused:
        said.error(request, str(refused))
        return redirect("schedule")
    if "course" in request.GET:
        return _on_to_course(request, place)
    query = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    found = patients.search(site=request.site, query=query, limit=FOUND) if query else []
    was_read(request, subject="patient-search" if query else "to-place")
    context = {
        "place": place,
        "day": times.local_day(moment=place.starts_at, zone=request.site.zone),
        "asked": _for_plans(request, place),
        "one_visit": [one for one in premises.of(site=request.site).protocols if one.sessions == 1],
        "query": query,
        "found": found,
        "waiting": places.to_place(site=request.site, patients=found if query else None),
    }
    return render(request, "support/desk/book.html", context)


@at_site(*DESK_AND_CARE)
@require_safe
def drop(request: HttpRequest) -> HttpResponse:
    """Where a visit was put down on the schedule: on to what moving it there would change."""
    rows = Infusion.objects.select_related("room", "clinician")
    visit = get_object_or_404(rows, pk=whole(request.GET.get("visit")), site=request.site)
    try:
        place = pointed_at(request)
    except Refused as refused:
        said.error(request, str(refused))
        return redirect("schedule")
    slot = Slot(starts_at=place.starts_at, room=place.room or visit.room, clinician=place.clinician or visit.clinician)
    asked = {"slot": slot_text.written(slot), "version": whole(request.GET.get("version")) or 0}
    return redirect(f"{reverse('infusion_move_preview', args=[visit.pk])}?{urlencode(asked)}")


def _for_plans(request: HttpRequest, place: Place) -> str:
    """The place as the planner's address carries it, with its day and time as the wish."""
    local = place.starts_at.astimezone(request.site.zone)
    asked = {name: request.GET[name] for name in POINTED_AT if name in request.GET}
    return urlencode({"first_day": f"{local:%Y-%m-%d}", "prefer": f"{local:%H:%M}", **asked})


def pointed_at(request: HttpRequest) -> Place:
    """What the address says of a place on the schedule. Refused where its time is none."""
    site, asked = request.site, request.GET
    return places.at(
        site=site,
        wall=wall_time(asked.get("at", "")),
        room=Room.objects.filter(site=site, pk=whole(asked.get("room"))).first(),
        clinician=StaffMember.objects.filter(sites=site, pk=whole(asked.get("clinician"))).first(),
    )


def _on_to_course(request: HttpRequest, place: Place) -> HttpResponse:
    rows = Course.objects.select_related("patient__site", "protocol")
    course = get_object_or_404(rows, pk=whole(request.GET["course"]), patient__site=request.site)
    asked = {"from": times.local_day(moment=place.starts_at, zone=request.site.zone).isoformat()}
    try:
        slot = places.slot(place=place, patient=course.patient, protocol=course.protocol, now=timezone.now())
    except Refused as refused:
        said.warning(request, str(refused))
    else:
        asked["slot"] = slot_text.written(slot)
        if slot.starts_at < place.starts_at:
            said.info(request, places.earlier(place=place, slot=slot, site=request.site))
    return redirect(f"{reverse('course_place', args=[course.pk])}?{urlencode(asked)}")
