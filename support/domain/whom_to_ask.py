"""Who is passed over, though the patient named them: who is under 18 and would take the patient home, and for whom the
ride would be more than they said. Changes nothing."""

from collections.abc import Sequence

from clinic.models import Infusion
from support.domain import load
from support.enums import SupportRole
from support.models import Commitment


def left(*, rows: Sequence[Commitment], visit: Infusion) -> list[Commitment]:
    """Of these promises to one visit, written or only thought of, those that may be asked for. No query, one where
    somebody said a number."""
    rides = [row.designation for row in rows if row.role == SupportRole.RIDE]
    too_much = load.over_caps(designations=rides, visit=visit)
    return [row for row in rows if row.role != SupportRole.RIDE or _may_drive(row, too_much)]


def _may_drive(row: Commitment, too_much: set[int]) -> bool:
    return row.designation.person.is_adult is not False and row.designation_id not in too_much
