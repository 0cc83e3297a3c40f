"""Somebody stood there and the patient was not given to them. The patient stays; a clinician is told."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from clinic.domain import audit
from clinic.domain.errors import Refused
from clinic.models import Infusion, StaffMember
from support.domain import alerts, attesting, commitments, promise_rows
from support.enums import AlertKind, NotHandedOver
from support.models import Commitment, NotHandedOverTo

N = NotHandedOver
# Here the note says who it was: there is no name on record.
NEEDS_A_NOTE = frozenset({N.WRONG_PERSON, N.UNFIT})
SHORTEST_NOTE = 5


def not_handed_over(
    *,
    infusion: Infusion,
    why: NotHandedOver | str,
    note: str,
    actor: StaffMember,
    now: datetime,
    commitment: Commitment | None = None,
) -> NotHandedOverTo:
    """``commitment``: the promise of the person who stood there; None where it was somebody the patient had not named.
    A promise ends and the others are asked; nothing is sent to whoever made it. Who is under 18 takes nobody home."""
    said = note.strip()[:300]
    with transaction.atomic():
        visit = promise_rows.locked(infusion_id=infusion.pk)
        missing = _missing(visit, why, said, commitment)
        if missing:
            raise Refused(*missing)
        row = NotHandedOverTo.objects.create(
            infusion=visit, commitment=commitment, why=why, note=said, at=now, by=actor
        )
        audit.record(
            actor=audit.staff(actor),
            verb="handover.refused",
            now=now,
            patient_id=visit.patient_id,
            subject=f"infusion:{visit.pk}",
            note=str(why),
        )
        if commitment is not None:
            commitments.end_here(commitment=commitment, recorded_by=actor, now=now)
        _tell(visit, row, now)
    if commitment is not None and row.why == N.UNDER_AGE:
        attesting.seen_under_age(designation=commitment.designation, actor=actor, now=now)
    return row


def of(*, infusion: Infusion) -> list[NotHandedOverTo]:
    rows = NotHandedOverTo.objects.filter(infusion=infusion)
    return list(rows.select_related("commitment__designation__person", "by"))


def _missing(visit: Infusion, why: str, said: str, commitment: Commitment | None) -> list[str]:
    missing = []
    if visit.started_at is None or not visit.state.in_the_house:
        missing.append(_("The patient is not waiting to go home."))
    if why not in N.values:
        missing.append(_("Say why."))
    elif len(said) < SHORTEST_NOTE and (commitment is None or why in NEEDS_A_NOTE):
        missing.append(_("Write down in a few words whom you saw, and what."))
    if commitment is not None and commitment.infusion_id != visit.pk:
        missing.append(_("This promise belongs to another visit."))
    return missing


def _tell(visit: Infusion, row: NotHandedOverTo, now: datetime) -> None:
    named = row.commitment.designation if row.commitment is not None else None
    with alerts.for_the_desk():
        who = named.person.first_name if named is not None else _("somebody who came")
        words = {"name": visit.patient.first_name, "who": who, "why": N(row.why).label}
        sentence = _("%(name)s was not given to %(who)s: %(why)s. %(name)s stays until somebody else is here.")
        held = promise_rows.holder(visit)
        if held is not None:
            words["helper"] = held.designation.person.first_name
            sentence = _("%(name)s was not given to %(who)s: %(why)s. %(helper)s still has the way home.")
        says = sentence % words
    alerts.open_alert(
        kind=AlertKind.ON_CALL,
        key=f"turned-away:{row.pk}",
        says=says,
        patient=visit.patient,
        infusion=visit,
        # Nobody calls whoever was turned away: the page of the alert names those who can come.
        now=now,
    )
