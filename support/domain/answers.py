"""What patients and helpers answered after a visit, for staff. One query, changes nothing."""

from dataclasses import dataclass

from django.utils.functional import Promise

from clinic.models import Infusion
from support.enums import CheckInStatus, HelperAnswer, PatientAnswer
from support.models import CheckIn

WORDS: dict[str, str | Promise] = {**dict(PatientAnswer.choices), **dict(HelperAnswer.choices)}
LEVELS: dict[str, str] = {
    PatientAnswer.FINE: "ok",
    PatientAnswer.CALL_ME: "risk",
    PatientAnswer.URGENT: "stop",
    HelperAnswer.AS_EXPECTED: "ok",
    HelperAnswer.NOT_SURE: "risk",
    HelperAnswer.WORRIED: "stop",
}


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One question to one person and what became of it."""

    checkin: CheckIn
    who: str
    is_helper: bool
    level: str
    word: str


def of(*, infusion: Infusion) -> list[Answered]:
    """In the order they are due; ``infusion`` comes with its patient."""
    rows = CheckIn.objects.filter(infusion=infusion).select_related("designation__person")
    return [_answered(row, infusion) for row in rows]


def _answered(row: CheckIn, infusion: Infusion) -> Answered:
    person = row.designation.person if row.designation else None
    return Answered(
        checkin=row,
        who=person.full_name if person else infusion.patient.full_name,
        is_helper=person is not None,
        level=LEVELS.get(row.answer, "calm"),
        word=str(WORDS.get(row.answer) or CheckInStatus(row.status).label),
    )
