"""A free place on the schedule: what it is, who waits for one, and the time to book in it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Q
from django.utils.translation import gettext as _

from clinic.domain import standing, times
from clinic.domain.diary import Diary, Opening
from clinic.domain.errors import Refused
from clinic.domain.slots import Slot
from clinic.enums import OFF, CourseStatus
from clinic.models import Course, Patient, Protocol, Room, Site, StaffMember

WAITING_SHOWN = 12
QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class Place:
    """A start, and the room or the clinician that is free then; neither where it does not matter."""

    starts_at: datetime
    room: Room | None = None
    clinician: StaffMember | None = None


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A course with visits that have no time yet; ``placed`` of them have one."""

    course: Course
    placed: int


def at(*, site: Site, wall: datetime | None, room: Room | None, clinician: StaffMember | None) -> Place:
    """``wall`` is a time on the clinic's clock, without a zone. Refused where the clock never shows it."""
    starts_at = wall and times.wall(day=wall.date(), at=wall.time(), zone=site.zone)
    if starts_at is None:
        raise Refused(_("This time does not exist on the clinic's clock."))
    return Place(starts_at=starts_at, room=room, clinician=clinician)


def to_place(*, site: Site, patients: list[Patient] | None = None) -> list[Waiting]:
    """Who waits for a time, of these patients or of everybody: the longest first, a handful. One query."""
    rows = Course.objects.filter(patient__site=site, patient__is_archived=False, status=CourseStatus.OPEN)
    if patients is not None:
        rows = rows.filter(patient__in=patients)
    rows = rows.annotate(placed=Count("infusions", filter=~Q(infusions__status__in=OFF))).filter(
        placed__lt=F("sessions")
    )
    found = rows.select_related("patient", "protocol").order_by("opened_at", "pk")[:WAITING_SHOWN]
    return [Waiting(course=row, placed=row.placed) for row in found]


def is_to_place(*, course: Course) -> bool:
    """Whether a visit of this course still looks for a time. One query."""
    known = standing.of(course=course)
    return known.status == CourseStatus.OPEN and bool(known.to_place)


def slot(*, place: Place, patient: Patient, protocol: Protocol, now: datetime) -> Slot:
    """The place as a time of a visit, with whoever else it needs: there, or where the visit would run into what comes
    next, the last start before it. Refused where a whole visit finds no room."""
    day = times.local_day(moment=place.starts_at, zone=patient.site.zone)
    diary = Diary(site=patient.site, protocol=protocol, first_day=day, last_day=day, now=now, patient=patient)
    if place.starts_at < now:
        raise Refused(_("This time is over."))
    found = [_there(place, diary.opening(start)) for start in _starts(place, diary, now)]
    for start, rooms, clinicians in found:
        if rooms and clinicians and diary.calendar.is_open((start, start + diary.visit)):
            return Slot(starts_at=start, room=rooms[0], clinician=clinicians[0])
    start, rooms, clinicians = found[0]
    if not rooms:
        raise Refused(_("No room is free long enough at this time. Here are other times."))
    if not clinicians:
        raise Refused(_("No clinician is free at this time. Here are other times."))
    return Slot(starts_at=start, room=rooms[0], clinician=clinicians[0])


def _starts(place: Place, diary: Diary, now: datetime) -> list[datetime]:
    """The place's own start, then those a quarter of an hour earlier each whose visit still takes it in."""
    starts = [place.starts_at]
    while (earlier := starts[-1] - QUARTER) >= now and earlier + diary.visit > place.starts_at:
        starts.append(earlier)
    return starts


def _there(place: Place, opening: Opening) -> tuple[datetime, list[Room], list[StaffMember]]:
    rooms = [one for one in opening.rooms if place.room in (None, one)]
    return opening.starts_at, rooms, [one for one in opening.clinicians if place.clinician in (None, one)]


def earlier(*, place: Place, slot: Slot, site: Site) -> str:
    """Why the visit begins before the time that was pointed at."""
    pointed, last = (f"{at.astimezone(site.zone):%H:%M}" for at in (place.starts_at, slot.starts_at))
    return _("From %(pointed)s this visit does not fit. %(last)s is the last start that does.") % {
        "pointed": pointed,
        "last": last,
    }
