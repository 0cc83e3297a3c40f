"""Taking back what was booked together a moment ago: a plan, the rest of a course, one visit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from clinic.domain import attempts, audit, infusions, locks
from clinic.domain.errors import Refused
from clinic.enums import TAKEN_BACK, CourseStatus, InfusionStatus
from clinic.models import Course, Infusion, Patient, StaffMember

UNDO_FOR = timedelta(minutes=10)


@dataclass(frozen=True)
class Booked:
    """The visits of one course that were booked at one moment and are still as they were."""

    at: datetime
    visits: int

    @property
    def until(self) -> datetime:
        return self.at + UNDO_FOR


def undoable(*, patient: Patient, now: datetime) -> dict[int, Booked]:
    """What ``undo`` would take back now, by course: the last booking of each. One query."""
    rows = Infusion.objects.filter(
        patient=patient, booked_at__gt=now - UNDO_FOR, status=InfusionStatus.BOOKED, version=1
    )
    found: dict[int, Booked] = {}
    for course, at in rows.order_by("booked_at").values_list("course_id", "booked_at"):
        known = found.get(course)
        found[course] = Booked(at, known.visits + 1 if known and known.at == at else 1)
    return found


def undo(*, course: Course, booked_at: datetime, actor: StaffMember, now: datetime) -> int:
    """Calls off all visits of the booking that are still as they were booked, or none; how many. A course that it
    opened and that has no other visit is closed with it.

    The patient is told only where something was said about the visit already, helpers where they were asked or said
    yes. Refused after ten minutes, and where nothing is left of the booking.
    """

    def work() -> int:
        _lock(course, _still_as_booked(course, booked_at))
        rows = _still_as_booked(course, booked_at)
        if now >= booked_at + UNDO_FOR:
            raise Refused(_("A booking can be undone for ten minutes. Cancel the visits instead."))
        if not rows:
            raise Refused(_("Nothing of this booking is left to undo."))
        for row in rows:
            infusions.cancel(infusion=row, actor=actor, now=now, reason=TAKEN_BACK)
        if course.opened_at == booked_at and not course.infusions.exclude(pk__in=[row.pk for row in rows]).exists():
            _close(course, actor, now)
        return len(rows)

    return attempts.run_or_refuse(work)


def _still_as_booked(course: Course, booked_at: datetime) -> list[Infusion]:
    rows = course.infusions.filter(booked_at=booked_at, status=InfusionStatus.BOOKED, version=1)
    return list(rows.order_by("pk"))


def _lock(course: Course, rows: Sequence[Infusion]) -> None:
    locks.diary(
        rooms=[row.room_id for row in rows],
        clinicians=[row.clinician_id for row in rows],
        patients=[course.patient_id],
    )


def _close(course: Course, actor: StaffMember, now: datetime) -> None:
    course.status = CourseStatus.STOPPED
    course.save(update_fields=["status"])
    audit.record(
        actor=audit.staff(actor),
        verb="course.stopped",
        now=now,
        patient_id=course.patient_id,
        subject=f"course:{course.pk}",
        note=TAKEN_BACK,
    )
