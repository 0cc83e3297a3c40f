"""Calendar addresses: who has one, and what it opens.

A feed is a ``Link`` of its own purpose, so it can be closed without closing the person's page.
"""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from clinic.domain import audit, patient_rows
from clinic.models import Patient, Room, Site, StaffMember
from support.domain import links, visit_entries
from support.domain.calendars import Entry
from support.enums import LinkPurpose
from support.models import Designation, Link

Owner = Designation | Patient | StaffMember | Room

# Long, because nobody sends a calendar a new address; withdrawn with one tap.
LIFE = timedelta(days=2 * 365)
FEEDS = (
    LinkPurpose.HELPER_FEED,
    LinkPurpose.PATIENT_FEED,
    LinkPurpose.CLINICIAN_FEED,
    LinkPurpose.OWN_FEED,
    LinkPurpose.ROOM_FEED,
)


def current(*, owner: Owner, site: Site, now: datetime, is_own: bool = False) -> Link | None:
    """The address in use, if there is one. ``is_own``: a clinician's own, for all their sites; here and below."""
    rows = Link.objects.filter(**_bound(owner, site, is_own), withdrawn_at=None, expires_at__gt=now)
    return rows.order_by("created_at").last()


def make(*, owner: Owner, site: Site, actor: str, now: datetime, is_own: bool = False) -> Link:
    """The address in use, or a new one. Asked twice at once, there is one. Refused for a patient's record that was
    joined with another."""
    with transaction.atomic():
        if isinstance(owner, Patient):
            patient_rows.held(patient=owner)
        owner.__class__._default_manager.select_for_update(no_key=True).get(pk=owner.pk)
        link = current(owner=owner, site=site, now=now, is_own=is_own)
        if link is None:
            bound = _bound(owner, site, is_own) | {"site": site}
            link = Link.objects.create(**bound, created_at=now, expires_at=now + LIFE)
            _note(link, owner, "calendar.made", actor, now)
        return link


def show(*, link: Link, owner: Owner, actor: str, now: datetime) -> str:
    """The address to hand over; who saw it is written down."""
    _note(link, owner, "calendar.shown", actor, now)
    return address(link)


def withdraw(*, owner: Owner, site: Site, actor: str, now: datetime, is_own: bool = False) -> None:
    """From now on the address is as unknown as any other. Idempotent."""
    with transaction.atomic():
        for link in Link.objects.select_for_update().filter(**_bound(owner, site, is_own), withdrawn_at=None):
            link.withdrawn_at = now
            link.save(update_fields=["withdrawn_at"])
            _note(link, owner, "calendar.withdrawn", actor, now)


def address(link: Link) -> str:
    """For "add a calendar by its address"."""
    return settings.PUBLIC_URL + reverse("feed", args=[links.token(link)])


def subscription(link: Link) -> str:
    """For a tap on a phone: the same address, opened by the calendar."""
    return "webcal" + address(link)[len(urlsplit(settings.PUBLIC_URL).scheme) :]


def resolve(candidate: str, *, now: datetime) -> Link | None:
    """The feed a token opens; None for unknown, malformed, expired and withdrawn alike, and for people's own pages."""
    link = links.resolve(candidate)
    if link is None or link.purpose not in FEEDS or not links.is_usable(link, now=now):
        return None
    is_open = (
        (link.patient is None or not link.patient.is_archived)
        and (link.staff is None or link.staff.is_active)
        and (link.room is None or link.room.is_active)
    )
    return link if is_open else None


def was_read(*, link: Link, now: datetime) -> None:
    """A line in the read log, in the name of the address."""
    patient_id = link.designation.patient_id if link.designation is not None else link.patient_id
    audit.record(actor=f"link:{link.id}", verb="read", now=now, patient_id=patient_id, subject="feed")


def entries(*, link: Link, now: datetime) -> list[Entry]:
    """What the address shows now. A constant number of queries."""
    since = link.created_at
    if link.designation is not None:
        return visit_entries.of_helper(designation=link.designation, now=now, since=since)
    if link.patient is not None:
        return visit_entries.of_patient(patient=link.patient, now=now, since=since)
    if link.staff is not None:
        site = None if link.purpose == LinkPurpose.OWN_FEED else link.site
        return visit_entries.of_clinician(staff=link.staff, now=now, since=since, site=site)
    if link.room is not None:
        return visit_entries.of_room(room=link.room, now=now, since=since)
    raise ValueError("a link is bound to one person or room")


def _bound(owner: Owner, site: Site, is_own: bool) -> dict[str, Any]:
    if isinstance(owner, Designation):
        return {"purpose": LinkPurpose.HELPER_FEED, "designation": owner, "site": site}
    if isinstance(owner, Patient):
        return {"purpose": LinkPurpose.PATIENT_FEED, "patient": owner, "site": site}
    if isinstance(owner, StaffMember) and is_own:
        # One for all sites: the one it was made at says only how the clinic is called.
        return {"purpose": LinkPurpose.OWN_FEED, "staff": owner}
    if isinstance(owner, StaffMember):
        return {"purpose": LinkPurpose.CLINICIAN_FEED, "staff": owner, "site": site}
    return {"purpose": LinkPurpose.ROOM_FEED, "room": owner, "site": site}


def _note(link: Link, owner: Owner, verb: str, actor: str, now: datetime) -> None:
    patient_id = None
    if isinstance(owner, Designation):
        patient_id = owner.patient_id
    elif isinstance(owner, Patient):
        patient_id = owner.pk
    audit.record(actor=actor, verb=verb, now=now, patient_id=patient_id, subject=f"link:{link.id}")
