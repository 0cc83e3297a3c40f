"""A free place on the schedule: what it is, who waits for one, and the time to book in it."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Q
from django.utils.translation import gettext as _

from clinic.domain import times
from clinic.domain.diary import Diary
from clinic.domain.errors import Refused
from clinic.domain.slots import Slot
from clinic.enums import OFF, CourseStatus
from clinic.models import Course, Patient, Room, Site, StaffMember

WAITING_SHOWN = 12


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


def slot(*, place: Place, course: Course, now: datetime) -> Slot:
    """The place as a time of this course, with whoever else it needs. Refused where a whole visit finds no room."""
    site = course.patient.site
    day = times.local_day(moment=place.starts_at, zone=site.zone)
    diary = Diary(site=site, protocol=course.protocol, first_day=day, last_day=day, now=now, patient=course.patient)
    opening = diary.opening(place.starts_at)
    rooms = [one for one in opening.rooms if place.room in (None, one)]
    clinicians = [one for one in opening.clinicians if place.clinician in (None, one)]
    if place.starts_at < now:
        raise Refused(_("This time is over."))
    if not rooms:
        raise Refused(_("No room is free long enough at this time. Here are other times."))
    if not clinicians:
        raise Refused(_("No clinician is free at this time. Here are other times."))
    return Slot(starts_at=place.starts_at, room=rooms[0], clinician=clinicians[0])
