"""A nurse met whoever takes the patient home, before the treatment begins. It stands in the trail."""

from datetime import datetime

from django.db import transaction

from clinic.domain import audit
from clinic.models import AuditEntry, Infusion, StaffMember
from support.domain import people
from support.models import Commitment, SupportPerson

MET = "helper.met"


def meet(*, commitment: Commitment, actor: StaffMember, now: datetime) -> SupportPerson:
    """They are here, and 18 or older. Idempotent."""
    visit = commitment.infusion
    with transaction.atomic():
        person = people.confirm_adult(person=commitment.designation.person, actor=audit.staff(actor), now=now)
        if met_at(infusion=visit, commitment_id=commitment.pk) is None:
            audit.record(
                actor=audit.staff(actor),
                verb=MET,
                now=now,
                patient_id=visit.patient_id,
                subject=f"commitment:{commitment.pk}",
            )
        return person


def met_at(*, infusion: Infusion, commitment_id: int) -> datetime | None:
    """When they were met for this time of the visit."""
    trail = AuditEntry.objects.filter(patient_id=infusion.patient_id, verb=MET, subject=f"commitment:{commitment_id}")
    return trail.order_by("pk").values_list("at", flat=True).first()
