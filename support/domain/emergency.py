"""Whom the clinic may call about a patient whom it does not reach."""

from datetime import datetime

from clinic.models import Patient
from support.enums import MayKnow
from support.models import Designation


def to_call_first(*, patient: Patient, now: datetime) -> Designation | None:
    """Whom the patient said to call first, if they may be asked at all; nobody else in their place."""
    rows = Designation.objects.filter(patient=patient, call_first=True, withdrawn_at=None).select_related("person")
    return next((row for row in rows if row.holds_at(now) and row.allows(MayKnow.CONTACT)), None)
