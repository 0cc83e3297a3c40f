"""Visits as the calendar of one helper, patient, clinician or room shows them.

What is ahead and what ended within a month. What was lost after ``since`` (the day the calendar began) stays for a
month as cancelled, so that calendars which never forget learn of it. Names: only a patient's first name, only for a
helper who may know the dates; calendars live with companies that have no business knowing who is treated where.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Count, Max, Q
from django.utils.translation import gettext as _

from clinic.domain import times
from clinic.enums import OFF
from clinic.models import Infusion, Move, Patient, Room, Site, StaffMember
from support.domain.calendars import Entry, Sender, Status
from support.domain.helper_dates import own_window
from support.enums import HOLDING, CommitmentStatus, MayKnow, SupportRole
from support.models import Commitment, Designation

KEPT = timedelta(days=30)
EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class _Whose:
    """Whose calendar: which visits stand in it, as theirs or no longer, and what it says of each."""

    uid: str
    which: Q
    is_theirs: Callable[[Infusion], bool]
    title: Callable[[Infusion], str]


def sender(*, site: Site) -> Sender:
    """The clinic, at the address its e-mails come from."""
    email = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    return Sender(name=site.public_name, email=email, never=tuple(site.never_say))


def of_patient(*, patient: Patient, now: datetime, since: datetime = EVER) -> list[Entry]:
    whose = _Whose(
        uid="patient",
        which=Q(patient=patient),
        is_theirs=lambda visit: visit.patient_id == patient.pk,
        title=lambda visit: visit.site.public_name,
    )
    return _of_visits(whose, now=now, since=since)


def of_clinician(*, staff: StaffMember, now: datetime, since: datetime = EVER, site: Site | None = None) -> list[Entry]:
    """At all the sites this person still works at, or at one of them; what went to a colleague is cancelled."""
    sites = staff.sites.all() if site is None else staff.sites.filter(pk=site.pk)
    left = Move.objects.filter(from_clinician=staff, at__gt=max(since, now - KEPT))
    whose = _Whose(
        uid=f"clinician-{staff.pk}",
        which=Q(site__in=sites) & (Q(clinician=staff) | Q(pk__in=left.values("infusion"))),
        is_theirs=lambda visit: visit.clinician_id == staff.pk,
        title=lambda visit: _("Visit, %(room)s") % {"room": visit.room.name},
    )
    return _of_visits(whose, now=now, since=since)


def of_room(*, room: Room, now: datetime, since: datetime = EVER) -> list[Entry]:
    """What went to another room is cancelled."""
    left = Move.objects.filter(from_room=room, at__gt=max(since, now - KEPT))
    whose = _Whose(
        uid=f"room-{room.pk}",
        which=Q(room=room) | Q(pk__in=left.values("infusion")),
        is_theirs=lambda visit: visit.room_id == room.pk,
        title=lambda visit: _("Visit, %(name)s") % {"name": visit.clinician.short_name},
    )
    return _of_visits(whose, now=now, since=since)


def _of_visits(whose: _Whose, *, now: datetime, since: datetime) -> list[Entry]:
    rows = Infusion.objects.filter(whose.which, ends_at__gt=now - KEPT).select_related("site", "room", "clinician")
    visits = [v for v in rows if v.status not in OFF or _went_off(v) > max(since, now - KEPT)]
    changed = _changed(visit.pk for visit in visits)
    return [
        Entry(
            visit_id=visit.pk,
            uid=_uid(visit, whose.uid),
            sequence=visit.version,
            changed_at=changed[visit.pk],
            starts_at=visit.starts_at,
            ends_at=visit.ends_at,
            status="CANCELLED" if visit.status in OFF or not whose.is_theirs(visit) else "CONFIRMED",
            title=whose.title(visit),
            place=_place(visit.site),
            note=_note(visit.site, visit.starts_at, visit.ends_at),
        )
        for visit in visits
    ]


def of_helper(*, designation: Designation, now: datetime, since: datetime = EVER) -> list[Entry]:
    """Dates this person has, had or is asked for. Without leave to know dates: only those they have or had, as they
    had them, and no name."""
    rows = list(
        Commitment.objects.filter(designation=designation, infusion__ends_at__gt=now - KEPT)
        .select_related("infusion__site", "infusion__patient", "infusion__policy")
        .order_by("infusion__starts_at", "pk")
    )
    said_yes = Count("events", filter=Q(events__status__in=HOLDING))
    known = Commitment.objects.filter(pk__in=[row.pk for row in rows]).values_list("pk")
    counted: Any = known.annotate(Count("events"), Max("events__pgh_created_at"), said_yes=said_yes)
    revised = {pk: (count, at) for pk, count, at, _yes in counted}
    knows_dates = designation.allows(MayKnow.DATES)
    tellable = {pk for pk, _count, _at, yes in counted if knows_dates or yes}
    changed = _changed(row.infusion_id for row in rows)
    of_visit: dict[int, list[Commitment]] = {}
    for row in rows:
        of_visit.setdefault(row.infusion_id, []).append(row)
    found = []
    for visit_id, mine in of_visit.items():
        told = [row for row in mine if row.pk in tellable]
        if not told:
            continue
        row = min(told, key=_weight)
        status = _status(row, now)
        last = max(changed[visit_id], *(revised[other.pk][1] for other in mine))
        lost_at = _went_off(row.infusion) if row.infusion.status in OFF else revised[row.pk][1]
        if status == "CANCELLED" and lost_at <= max(since, now - KEPT):
            continue
        if status == "TENTATIVE" and not knows_dates:
            continue
        # Both numbers only grow, so their sum does with each change of either.
        sequence = row.infusion.version + sum(revised[other.pk][0] for other in mine)
        found.append(_helpers_entry(row, designation, status=status, sequence=sequence, changed_at=last))
    return found


def _helpers_entry(
    row: Commitment, designation: Designation, *, status: Status, sequence: int, changed_at: datetime
) -> Entry:
    visit = row.infusion
    # A promise for a time the visit has left is told as it was made, never with the new time.
    aside = row.for_starts_at - visit.starts_at
    starts_at, ends_at = (moment + aside for moment in own_window(row))
    return Entry(
        visit_id=visit.pk,
        uid=_uid(visit, f"helper-{designation.pk}"),
        sequence=sequence,
        changed_at=changed_at,
        starts_at=starts_at,
        ends_at=ends_at,
        status=status,
        title=_helpers_title(row, designation, status),
        place=_place(visit.site),
        note=_note(visit.site, starts_at, ends_at),
    )


def _weight(row: Commitment) -> tuple[int, bool, int]:
    """What somebody has comes before what they are asked, that before what is gone; the ride before the rest."""
    standing = 0 if row.status in HOLDING else 1 if row.status == CommitmentStatus.ASKED else 2
    return standing, row.role != SupportRole.RIDE, -row.pk


def _status(row: Commitment, now: datetime) -> Status:
    if row.infusion.status not in OFF and row.status in HOLDING:
        return "CONFIRMED"
    is_open = row.infusion.status not in OFF and row.status == CommitmentStatus.ASKED
    return "TENTATIVE" if is_open and row.infusion.starts_at > now else "CANCELLED"


def _helpers_title(row: Commitment, designation: Designation, status: Status) -> str:
    if not designation.allows(MayKnow.DATES):
        return row.infusion.site.public_name
    name = {"name": row.infusion.patient.first_name}
    if row.role == SupportRole.RIDE:
        return _("Asked: lift for %(name)s") % name if status == "TENTATIVE" else _("Lift for %(name)s") % name
    if row.role == SupportRole.PRESENCE:
        return _("Asked: be with %(name)s") % name if status == "TENTATIVE" else _("Be with %(name)s") % name
    return _("Asked: evening with %(name)s") % name if status == "TENTATIVE" else _("Evening with %(name)s") % name


def _went_off(visit: Infusion) -> datetime:
    return visit.cancelled_at or visit.no_show_at or visit.ends_at


def _changed(visit_ids: Iterable[int]) -> dict[int, datetime]:
    """When each visit last changed, from its history."""
    rows = Infusion.objects.filter(pk__in=list(visit_ids)).order_by().values_list("pk")
    return dict(rows.annotate(Max("events__pgh_created_at")))


def _uid(visit: Infusion, owner: str) -> str:
    return f"visit-{visit.pk}-{owner}@{urlsplit(settings.PUBLIC_URL).hostname}"


def _place(site: Site) -> str:
    return ", ".join(part for part in (site.street, site.city) if part)


def _note(site: Site, starts_at: datetime, ends_at: datetime) -> str:
    """The clinic's own time, for whoever reads it in another zone."""
    return _("Clinic time: %(from)s to %(until)s in %(zone)s. Questions: %(phone)s") % {
        "from": f"{starts_at.astimezone(site.zone):%H:%M}",
        "until": f"{ends_at.astimezone(site.zone):%H:%M}",
        "zone": times.zone_name(site.timezone),
        "phone": site.phone,
    }
