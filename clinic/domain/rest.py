"""The visits at the end of a course that have no date yet: planned together, and booked together."""

from collections.abc import Collection, Sequence
from datetime import date, datetime

from clinic.domain import bookings, conflicts, locks, standing
from clinic.domain.slots import Slot
from clinic.domain.study import Stretch, rest_of_course
from clinic.domain.times import local_day
from clinic.enums import CourseStatus
from clinic.models import Course, Infusion, StaffMember
from clinic.models.infusion import LIVE


def of(*, course: Course, first_day: date) -> Stretch | None:
    """None where nothing is to place, the course is over, or a visit is missing between others: that one is placed by
    itself first. Two queries."""
    known = standing.of(course=course)
    if known.status != CourseStatus.OPEN or not known.to_place:
        return None
    done = known.to_place[0] - 1
    if max(known.placed, default=0) > done:
        return None
    if not done:
        gaps = course.protocol.gaps()[: known.sessions - 1]
        return Stretch(visits=known.sessions, gaps=tuple(gaps), first_day=first_day)
    zone = course.patient.site.zone
    return rest_of_course(
        protocol=course.protocol,
        sessions=known.sessions,
        done=done,
        last=max(local_day(moment=start, zone=zone) for start in known.placed.values()),
        first_day=first_day,
    )


def book(
    *,
    course: Course,
    slots: Sequence[Slot],
    actor: StaffMember,
    now: datetime,
    override_reason: str = "",
    left_out: Collection[int] = (),
) -> list[Infusion]:
    """All of them or none, as the next visits of the course but those ``left_out``, by their numbers; the same again
    gives those that were booked. Raises what ``bookings.place`` raises."""
    ordered = sorted(slots, key=lambda slot: slot.starts_at)

    def work() -> list[Infusion]:
        # All locks at once, in the order for everybody: one by one, two desks could wait for each other.
        locks.diary(
            rooms=[slot.room.pk for slot in ordered],
            clinicians=[slot.clinician.pk for slot in ordered],
            patients=[course.patient_id],
        )
        known = course.infusions.filter(LIVE, starts_at__in=[slot.starts_at for slot in ordered]).order_by("starts_at")
        if len(known) == len(ordered):
            return list(known)
        return [
            bookings.place(
                course=course,
                slot=slot,
                actor=actor,
                now=now,
                override_reason=override_reason,
                left_out=left_out,
            )
            for slot in ordered
        ]

    return conflicts.booking(work, patient=course.patient, protocol=course.protocol, slots=ordered, now=now)
