"""Where a course stands, read in one query under the lock of its patient."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from clinic.domain import locks
from clinic.domain.errors import Refused
from clinic.domain.slots import Slot
from clinic.enums import CourseStatus
from clinic.models import Course

# A function of the database (migration 0006): it looks once it holds the locks.
HOLD = "SELECT * FROM clinic_hold_course(%s, %s, %s)"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """``placed`` is the start (UTC) of each live visit by its number; ``stamp`` is the diary's."""

    status: str
    sessions: int
    is_archived: bool
    stamp: UUID | None
    placed: dict[int, datetime]

    @property
    def to_place(self) -> list[int]:
        """The numbers of the visits without a date, lowest first."""
        return [number for number in range(1, self.sessions + 1) if number not in self.placed]

    def next_number(self, *, but: Collection[int] = ()) -> int:
        """The lowest without a date, and not one of those that wait on purpose. Raises ``Refused`` where there is
        nothing to place."""
        if self.status != CourseStatus.OPEN:
            raise Refused(_("This course is over."))
        to_place = [number for number in self.to_place if number not in but]
        if not to_place:
            raise Refused(_("All visits of this course have a date."))
        return to_place[0]


def of(*, course: Course) -> Standing:
    """To be shown, or under locks that are held already: of the patient at least, so that two tabs never get the same
    number."""
    return _read(course, [], [])


def hold(*, course: Course, slot: Slot) -> Standing:
    """The same after taking the locks of a booking in ``slot``, as ``locks.diary`` does, in the same round trip."""
    kinds, whose = locks.keys(rooms=[slot.room.pk], clinicians=[slot.clinician.pk], patients=[course.patient_id])
    return _read(course, kinds, whose)


def _read(course: Course, kinds: list[int], whose: list[int]) -> Standing:
    with connection.cursor() as cursor:
        cursor.execute(HOLD, [kinds, whose, course.pk])
        status, sessions, is_archived, stamp, numbers, starts = cursor.fetchone()
    return Standing(
        status=status,
        sessions=sessions,
        is_archived=is_archived,
        stamp=stamp and UUID(str(stamp)),
        placed=dict(zip(numbers, starts, strict=True)),
    )
