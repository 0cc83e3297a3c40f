"""Calendar files: the address a calendar reads by itself, a file for one date or all, and who gives and closes it."""

from typing import Any

from django.contrib import messages as said
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_http_methods, require_safe

from clinic.access import CLINICIANS, DESK_AND_CARE, SET_UP
from clinic.domain import audit
from clinic.domain.errors import Refused
from clinic.models import Room, Site, StaffMember
from clinic.throttle import too_many
from clinic.views.desk import at_site, patient_of, was_read
from support.domain import calendars, feeds, links, visit_entries
from support.domain.calendars import Entry
from support.domain.feeds import Owner
from support.enums import LinkPurpose
from support.views.by_link import READING, by_link, is_hammering, language_of, who
from support.views.people import designation_of

# A calendar looks every few hours; somebody trying things out, a few times a minute.
READS_AN_HOUR = 120
AN_HOUR = 3600


@require_safe
def feed(request: HttpRequest, key: str) -> HttpResponse:
    """What a calendar reads. Unknown, malformed, expired and withdrawn are one and the same 404."""
    now = timezone.now()
    link = feeds.resolve(key, now=now)
    if link is None:
        # A wrong address counts for the brake on pages; however many calendars read from one place, theirs are right.
        is_hammering(request)
        raise Http404
    if too_many(what="feed", who=link.id, limit=READS_AN_HOUR, seconds=AN_HOUR):
        return HttpResponse(status=429, headers={"Retry-After": str(AN_HOUR)})
    if link.last_opened_at is None or now - link.last_opened_at >= READING:
        links.opened(link, now=now)
        feeds.was_read(link=link, now=now)
    with override(language_of(link)):
        return calendar_file(feeds.entries(link=link, now=now), link.site, name="calendar")


feed.allows = frozenset(f"link:{purpose}" for purpose in feeds.FEEDS)  # type: ignore[attr-defined]


def calendar_file(entries: list[Entry], site: Site, *, name: str) -> HttpResponse:
    written = calendars.write(entries=entries, sender=visit_entries.sender(site=site), now=timezone.now())
    response = HttpResponse(written, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.ics"'
    return response


def entries_of(request: HttpRequest) -> list[Entry]:
    """Of the person whose page the link opens."""
    if request.link.designation is not None:
        return visit_entries.of_helper(designation=request.link.designation, now=request.now)
    return visit_entries.of_patient(patient=request.link.patient, now=request.now)


@require_safe
@by_link(LinkPurpose.HELPER, LinkPurpose.PATIENT)
def one_date(request: HttpRequest, pk: int) -> HttpResponse:
    """One visit as a file; opened again after a move or a cancellation, it changes what the calendar has."""
    found = [entry for entry in entries_of(request) if entry.visit_id == pk]
    if not found:
        raise Http404
    return calendar_file(found, request.link.site, name="date")


@require_safe
@by_link(LinkPurpose.HELPER, LinkPurpose.PATIENT)
def all_dates(request: HttpRequest) -> HttpResponse:
    """Every date that is on, as one file."""
    ahead = [e for e in entries_of(request) if e.status == "CONFIRMED" and e.ends_at > request.now]
    return calendar_file(ahead, request.link.site, name="dates")


@require_http_methods(["GET", "HEAD", "POST"])
@by_link(LinkPurpose.HELPER, LinkPurpose.PATIENT)
def my_dates(request: HttpRequest) -> HttpResponse:
    """Opening it shows no address; asking for it does, so that nobody's calendar is opened by a preview."""
    owner = request.link.designation or request.link.patient
    shown: dict[str, Any] = {"key": request.link_key, "site": request.link.site, "asked": request.POST.get("act")}
    if request.method == "POST" and shown["asked"] == "stop":
        feeds.withdraw(owner=owner, site=request.link.site, actor=who(request), now=request.now)
        said.success(request, _("Your calendar gets no more news from us."))
        return redirect("link_calendar", request.link_key)
    if request.method == "POST":
        try:
            link = feeds.make(owner=owner, site=request.link.site, actor=who(request), now=request.now)
        except Refused:
            # The record was joined with another at this moment, and this page closed with it: it says so.
            return redirect("link_calendar", request.link_key)
        shown |= {"address": feeds.address(link), "subscription": feeds.subscription(link)}
    shown["link"] = feeds.current(owner=owner, site=request.link.site, now=request.now)
    return render(request, "support/calendar.html", shown)


@at_site(*DESK_AND_CARE)
@require_http_methods(["GET", "POST"])
def of_helper(request: HttpRequest, pk: int) -> HttpResponse:
    named = designation_of(request, pk)
    was_read(request, patient_id=named.patient_id, subject=named)
    return handed_out(request, named, whose=named.person.full_name, back=reverse("designation_edit", args=[pk]))


@at_site(*DESK_AND_CARE)
@require_http_methods(["GET", "POST"])
def of_patient(request: HttpRequest, pk: int) -> HttpResponse:
    patient = patient_of(request, pk)
    was_read(request, patient_id=pk, subject=patient)
    return handed_out(request, patient, whose=patient.full_name, back=reverse("patient", args=[pk]))


@at_site(*SET_UP)
@require_http_methods(["GET", "POST"])
def of_clinician(request: HttpRequest, pk: int) -> HttpResponse:
    colleague = get_object_or_404(StaffMember, pk=pk, sites=request.site)
    return handed_out(request, colleague, whose=colleague.full_name, back=reverse("staff_edit", args=[pk]))


@at_site(*SET_UP)
@require_http_methods(["GET", "POST"])
def of_room(request: HttpRequest, pk: int) -> HttpResponse:
    room = get_object_or_404(Room, pk=pk, site=request.site)
    return handed_out(request, room, whose=room.name, back=reverse("setup_room", args=[pk]))


@at_site(*CLINICIANS)
@require_http_methods(["GET", "POST"])
def mine(request: HttpRequest) -> HttpResponse:
    """Of all the clinics one works at; what set-up hands out is of one clinic."""
    return handed_out(request, request.user, whose=request.user.full_name, back=reverse("today"), is_own=True)


def handed_out(request: HttpRequest, owner: Owner, *, whose: str, back: str, is_own: bool = False) -> HttpResponse:
    """The address on demand, with an entry in the audit trail; closed with one button."""
    actor, now = audit.staff(request.user), timezone.now()
    of: dict[str, Any] = {"owner": owner, "site": request.site, "is_own": is_own, "now": now}
    shown: dict[str, Any] = {"whose": whose, "back": back, "kind": owner._meta.model_name, "is_own": is_own}
    if request.POST.get("act") == "withdraw":
        feeds.withdraw(**of, actor=actor)
        said.success(request, _("The calendar address is closed."))
        return redirect(request.path)
    if request.method == "POST":
        try:
            link = feeds.make(**of, actor=actor)
        except Refused as refused:
            # Opened again, the page leads to the record that is left.
            said.error(request, str(refused))
            return redirect(request.path)
        shown["address"] = feeds.show(link=link, owner=owner, actor=actor, now=now)
    shown["link"] = feeds.current(**of)
    return render(request, "support/desk/calendar.html", shown)
