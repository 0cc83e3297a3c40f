"""Where a course stands, read in one query under the lock of its patient."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from clinic.domain.errors import Refused
from clinic.enums import CourseStatus
from clinic.models import Course

STANDING = """
SELECT course.status, course.sessions, patient.is_archived, (SELECT stamp FROM clinic_diarystamp),
    ARRAY(SELECT number FROM clinic_infusion WHERE course_id = course.id AND NOT (status IN ('cancelled', 'no_show'))
          ORDER BY number),
    ARRAY(SELECT starts_at FROM clinic_infusion WHERE course_id = course.id
          AND NOT (status IN ('cancelled', 'no_show')) ORDER BY number)
FROM clinic_course course JOIN clinic_patient patient ON patient.id = course.patient_id
WHERE course.id = %s
"""


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

    def next_number(self) -> int:
        """Raises ``Refused`` where there is nothing to place."""
        if self.status != CourseStatus.OPEN:
            raise Refused(_("This course is over."))
        if not self.to_place:
            raise Refused(_("All visits of this course have a date."))
        return self.to_place[0]


def of(*, course: Course) -> Standing:
    """Ask under the patient's lock, so that two tabs never get the same number."""
    with connection.cursor() as cursor:
        cursor.execute(STANDING, [course.pk])
        status, sessions, is_archived, stamp, numbers, starts = cursor.fetchone()
    return Standing(
        status=status,
        sessions=sessions,
        is_archived=is_archived,
        stamp=stamp and UUID(str(stamp)),
        placed=dict(zip(numbers, starts, strict=True)),
    )
