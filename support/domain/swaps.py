"""Somebody else takes the patient home after all, decided at the desk with that person standing there."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from clinic.domain import audit
from clinic.domain.errors import Refused
from clinic.models import Infusion, StaffMember
from support.domain import asking, commitments, pending, promise_rows
from support.enums import AnsweredVia, SupportRole
from support.models import Commitment, Designation


def may_take(*, infusion: Infusion, now: datetime) -> list[Designation]:
    """Whom the patient named for the way home, but for who has it."""
    held = promise_rows.holder(infusion)
    named = asking.active(patient_id=infusion.patient_id, now=now)
    return [row for row in named if SupportRole.RIDE in row.roles and (held is None or held.designation_id != row.pk)]


def swap(*, infusion: Infusion, designation: Designation, actor: StaffMember, now: datetime) -> Commitment:
    """Their yes, said here; the promise of whoever had it ends and the old words are dead. Idempotent.

    Somebody named since the treatment began needs ``actor`` to be one who may judge that the patient's word counts.
    """
    with transaction.atomic():
        visit = promise_rows.locked(infusion_id=infusion.pk)
        named = Designation.objects.select_related("person", "patient").get(pk=designation.pk, patient=visit.patient_id)
        _refuse_if_named_while_impaired(visit, named, actor)
        held = promise_rows.holder(visit)
        if held is not None and held.designation_id != named.pk:
            commitments.end_here(commitment=held, recorded_by=actor, now=now)
        row = asking.ask(infusion=visit, designation=named, role=SupportRole.RIDE, now=now)
        row = commitments.accept(commitment=row, via=AnsweredVia.DESK, now=now, recorded_by=actor)
        row = commitments.reconfirm(commitment=row, via=AnsweredVia.DESK, now=now, recorded_by=actor)
        audit.record(
            actor=audit.staff(actor),
            verb="handover.swapped",
            now=now,
            patient_id=visit.patient_id,
            subject=f"infusion:{visit.pk}",
        )
        return row


def _refuse_if_named_while_impaired(visit: Infusion, named: Designation, actor: StaffMember) -> None:
    name = {"name": named.person.first_name}
    if not named.holds_at(visit.starts_at) or SupportRole.RIDE not in named.roles:
        raise Refused(_("The patient has not named %(name)s for the way home.") % name)
    is_new = visit.started_at is not None and named.consent_at >= visit.started_at
    if is_new and actor.role not in pending.MAY_JUDGE:
        raise Refused(_("%(name)s was named after the treatment began. A clinician does this.") % name)
