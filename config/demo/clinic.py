"""The demo clinic itself: site, rooms, hours, staff, signed rules, protocols, approved pages."""

from dataclasses import dataclass
from datetime import datetime, time

from django.contrib.auth.hashers import make_password

from clinic.domain import policies, presets
from clinic.enums import Equipment, Role, Rung
from clinic.models import OpeningHours, Protocol, Room, Site, StaffMember
from config.demo.people import PASSWORD, PIN, ROOMS, STAFF
from education import directory, library
from education.models import PageRevision

SITE_NAME = "Northgate Care"
IN_THREE_WEEKS = "IV, 6 in 3 weeks"
EQUIPMENT = [Equipment.MONITOR, Equipment.PUMP, Equipment.OXYGEN]


@dataclass(frozen=True)
class Clinic:
    site: Site
    rooms: list[Room]
    clinicians: list[StaffMember]
    desk: StaffMember
    nurse: StaffMember
    director: StaffMember
    protocol: Protocol


def found() -> Clinic | None:
    """The demo clinic, if it was opened before."""
    site = Site.objects.filter(name=SITE_NAME).first()
    return None if site is None else assemble(site)


def assemble(site: Site) -> Clinic:
    by_role = {member.role: member for member in site.staff.order_by("-pk")}
    return Clinic(
        site=site,
        rooms=list(site.rooms.order_by("pk")),
        clinicians=list(site.staff.filter(role=Role.CLINICIAN).order_by("pk")),
        desk=by_role[Role.FRONT_DESK],
        nurse=by_role[Role.NURSE],
        director=by_role[Role.DIRECTOR],
        protocol=Protocol.objects.filter(site=site, name=IN_THREE_WEEKS).latest("version"),
    )


def open_clinic(*, zone: str, now: datetime) -> Clinic:
    """Founded at ``now``, which lies weeks back in the demo."""
    site = Site.objects.create(
        name=SITE_NAME,
        public_name=SITE_NAME,
        timezone=zone,
        phone="+14105550142",
        street="12 Elm Street",
        city="Annapolis",
        arrival_note="Front desk, ground floor",
        parking_note="Park behind the house, row B. It is free.",
    )
    for weekday in range(7):
        OpeningHours.objects.create(site=site, weekday=weekday, opens=time(7), closes=time(19))
    for name, guests in ROOMS:
        Room.objects.create(site=site, name=name, guest_places=guests, equipment=EQUIPMENT)
    hire(site, now)
    make_protocols(site, site.staff.get(role=Role.DIRECTOR), now)
    clinic = assemble(site)
    sign_rules(clinic, now)
    approve_pages(clinic, now)
    return clinic


def sign_rules(clinic: Clinic, now: datetime) -> None:
    """The presets, but for the shortest recovery: whoever tries the demo walks a visit through in one go. Every way
    home is allowed, so that each can be tried."""
    rules = policies.draft(site=clinic.site, now=now)
    rules.min_recovery_minutes = 1
    rules.rungs = list(Rung)
    rules.save(update_fields=["min_recovery_minutes", "rungs"])
    policies.sign(policy=rules, actor=clinic.director, now=now)


def hire(site: Site, now: datetime) -> None:
    """Everybody has the same password and PIN, hashed once: hashing is slow on purpose."""
    password, pin = make_password(PASSWORD), make_password(PIN)
    for person in STAFF:
        member = StaffMember.objects.create(
            email=person.email,
            full_name=person.name,
            role=person.role,
            invited_at=now,
            password=password,
            quick_pin=pin,
        )
        member.sites.set([site])


def make_protocols(site: Site, director: StaffMember, now: datetime) -> None:
    names = [
        IN_THREE_WEEKS,
        "IV, 6 in 2 weeks",
        "IV, 4 in 2 weeks, then further apart",
        "IV, one booster",
        "Nasal, twice a week for 4 weeks",
    ]
    presets.add(site=site, names=names, actor=director, now=now)


def approve_pages(clinic: Clinic, now: datetime) -> None:
    directory.sync(now=now)
    library.sync(site=clinic.site, now=now)
    for revision in PageRevision.objects.filter(page__site=clinic.site, reviewed_at=None):
        library.approve(revision=revision, actor=clinic.director, now=now)
