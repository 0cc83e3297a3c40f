"""What decides when a site can be booked, kept in the process until PostgreSQL says that it changed.

Rooms, hours, closures, people and rules change a few times a day and are asked for with every look for a free time.
A trigger gives the diary a new stamp with each change (``DiaryStamp``), so one small query tells whether what was read
before still holds.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from clinic.domain.spans import joined
from clinic.enums import Role
from clinic.models import Closure, DiaryStamp, OpeningHours, Policy, Protocol, Room, Site, StaffMember, WorkingHours

Span = tuple[datetime, datetime]
Hours = list[tuple[time, time]]
SITES_KEPT = 64


@dataclass(frozen=True, kw_only=True)
class Premises:
    """Shared between requests: nobody changes it or the rows in it.

    Hours are wall clock by weekday, joined where they meet; spans are UTC, sorted and joined likewise. A clinician
    without an entry in ``working`` works whenever the site is open. ``protocols`` are those offered. ``closed`` is the
    site's, ``room_closed`` and ``absent`` are by id; an absence counts wherever it was recorded.
    """

    zone: ZoneInfo
    policy: Policy | None
    protocols: tuple[Protocol, ...]
    rooms: tuple[Room, ...]
    clinicians: tuple[StaffMember, ...]
    opening: dict[int, Hours]
    working: dict[int, dict[int, Hours]]
    closed: list[Span]
    room_closed: dict[int, list[Span]]
    absent: dict[int, list[Span]]


_kept: dict[int, tuple[UUID, Premises]] = {}


def of(*, site: Site) -> Premises:
    """One query while nothing has changed, nine otherwise."""
    return under(site=site, stamp=stamp())


def stamp() -> UUID | None:
    """The diary's present stamp; None in a database where nothing was ever set up."""
    return DiaryStamp.objects.values_list("stamp", flat=True).first()


def under(*, site: Site, stamp: UUID | None) -> Premises:
    """The same for a stamp that was read just now."""
    known = _kept.get(site.pk)
    if known is not None and known[0] == stamp:
        return known[1]
    fresh = _read(site)
    if stamp is not None:
        if len(_kept) >= SITES_KEPT:
            _kept.clear()
        _kept[site.pk] = stamp, fresh
    return fresh


def rooms_of(*, site: Site) -> QuerySet[Room]:
    return Room.objects.filter(site=site, is_active=True).order_by("name", "pk")


def clinicians_of(*, site: Site) -> QuerySet[StaffMember]:
    return StaffMember.objects.filter(sites=site, role=Role.CLINICIAN, is_active=True).order_by("full_name", "pk")


def _read(site: Site) -> Premises:
    clinicians = tuple(clinicians_of(site=site))
    opening: dict[int, Hours] = defaultdict(list)
    for row in OpeningHours.objects.filter(site=site):
        opening[row.weekday].append((row.opens, row.closes))
    working: dict[int, dict[int, Hours]] = {}
    for work in WorkingHours.objects.filter(site=site, staff__in=clinicians):
        working.setdefault(work.staff_id, defaultdict(list))[work.weekday].append((work.starts, work.ends))
    closed: list[Span] = []
    room_closed: dict[int, list[Span]] = defaultdict(list)
    absent: dict[int, list[Span]] = defaultdict(list)
    spans = Closure.objects.order_by().values_list("room_id", "clinician_id", "starts_at", "ends_at")
    of_the_site, of_people = spans.filter(site=site, clinician=None), spans.filter(clinician__in=clinicians)
    for room, who, begin, end in of_the_site.union(of_people, all=True):
        (absent[who] if who else room_closed[room] if room else closed).append((begin, end))
    policy = Policy.objects.filter(site=site, signed_at__isnull=False).order_by("-version").first()
    return Premises(
        # As it is now: the site at hand may have been read before its zone was changed.
        zone=ZoneInfo(Site.objects.values_list("timezone", flat=True).get(pk=site.pk)),
        policy=policy,
        protocols=tuple(Protocol.objects.filter(site=site, is_active=True)),
        rooms=tuple(rooms_of(site=site)),
        clinicians=clinicians,
        opening={day: joined(hours) for day, hours in opening.items()},
        working={who: {day: joined(hours) for day, hours in week.items()} for who, week in working.items()},
        closed=joined(closed),
        room_closed={room: joined(spans) for room, spans in room_closed.items()},
        absent={who: joined(spans) for who, spans in absent.items()},
    )
