"""One line for staff about each person on a patient's list: what they carry, said and can."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from support.domain import attesting, load
from support.domain.load import Load
from support.enums import LoadAnswer, SupportRole
from support.models import Attestation, Designation


def of(*, designations: Sequence[Designation], now: datetime) -> dict[int, str]:
    """By designation; who has nothing to say about is left out. Two queries where anybody takes the patient home."""
    rides = [row for row in designations if SupportRole.RIDE in row.roles and not row.person.is_escort]
    if not rides:
        return {}
    loads = load.of(designations=rides, now=now)
    said = attesting.newest(people=[row.person_id for row in rides])
    return {row.pk: _line(row, loads[row.pk], said.get(row.person_id)) for row in rides}


def _line(row: Designation, carried: Load, said: Attestation | None) -> str:
    parts = [carried.words]
    if row.load_answer:
        parts.append(_("last asked: “%(answer)s”") % {"answer": LoadAnswer(row.load_answer).label})
    if said is None:
        parts.append(_("has not read yet what it involves"))
    else:
        parts.append(_("can stay %(hours)d h") % {"hours": said.stay_hours})
    if row.person.travel_minutes is not None:
        parts.append(_("about %(minutes)d minutes away") % {"minutes": row.person.travel_minutes})
    return " · ".join(part for part in parts if part)
