"""This patient named this person: with consent, an order, roles, and what they may know."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from clinic.domain import audit, locks, patient_rows
from clinic.domain.errors import Refused
from clinic.models import Patient, StaffMember
from messaging.domain import outbox
from support.domain import alerts, asking, commitments, invitations, links, replan
from support.domain.promise_rows import LEFT
from support.enums import HOLDING, OPEN_COMMITMENTS, AlertKind, ConsentHow, SupportRole
from support.models import Commitment, Designation, SupportPerson


def name(
    *,
    patient: Patient,
    roles: Sequence[str],
    rank: int,
    may_know: Sequence[str],
    consent_how: ConsentHow | str,
    wording: str,
    now: datetime,
    person: SupportPerson | None = None,
    person_fields: Mapping[str, Any] | None = None,
    relationship: str = "",
    witness: StaffMember | None = None,
    valid_until: datetime | None = None,
) -> Designation:
    """Puts a person on the patient's list, asks them for every visit ahead and invites them by text and e-mail.

    ``person`` is somebody known already, else one is made of ``person_fields``. Somebody without mobile and e-mail is
    a call for the desk. Refused where the record was joined with another meanwhile.
    """
    with transaction.atomic():
        # A visit that is being booked at this moment asks this person, or this person is asked for it here.
        locks.diary(rooms=[], clinicians=[], patients=[patient.pk])
        patient_rows.held(patient=patient)
        who = person or SupportPerson(site=patient.site, **dict(person_fields or {}))
        _refuse_who_cannot(who, patient, roles)
        if who.pk is None:
            who.save()
        try:
            with transaction.atomic():
                designation = Designation.objects.create(
                    patient=patient,
                    person=who,
                    relationship=relationship,
                    roles=list(roles),
                    may_know=list(may_know),
                    rank=rank,
                    valid_from=now,
                    valid_until=valid_until,
                    consent_how=consent_how,
                    consent_at=now,
                    consent_wording=wording[:300],
                    witnessed_by=witness,
                    invited_at=now,
                )
        except IntegrityError as error:
            raise Refused(_("This person is already on the list.")) from error
        actor = audit.staff(witness) if witness is not None else f"patient:{patient.pk}"
        note(designation, actor, "designation.named", now)
        asking.ask_for_all(designation=designation, now=now)
        invitations.invite(designation=designation, now=now)
        return designation


def change(
    *,
    designation: Designation,
    roles: Sequence[str],
    rank: int,
    may_know: Sequence[str],
    actor: str,
    now: datetime,
    relationship: str = "",
) -> Designation:
    """What the patient now wants of this person. A role taken away ends its open promises, a new one is asked."""
    with transaction.atomic():
        row = _locked(designation)
        _refuse_who_cannot(row.person, row.patient, roles, is_new=False)
        gone = set(row.roles) - set(roles)
        row.roles, row.rank, row.may_know, row.relationship = list(roles), rank, list(may_know), relationship
        row.save(update_fields=["roles", "rank", "may_know", "relationship"])
        note(row, actor, "designation.changed", now)
        _end_open(row, gone, now, actor)
        asking.ask_for_all(designation=row, now=now)
        return row


def withdraw(*, designation: Designation, actor: str, now: datetime) -> Designation:
    """Takes a person off the list. Their link closes at once, nothing more is sent to them, the others are asked."""
    with transaction.atomic():
        row = _locked(designation)
        if row.withdrawn_at is not None:
            return row
        row.withdrawn_at = now
        row.save(update_fields=["withdrawn_at"])
        links.withdraw_all(designation=row, now=now)
        _end_open(row, set(SupportRole.values), now, actor)
        outbox.reconcile(site_id=row.patient.site_id, scope=f"designation:{row.pk}", wanted=[], now=now)
        replan.replan_all(infusions=replan.upcoming_of(designation=row, now=now), now=now)
        note(row, actor, "designation.withdrawn", now)
        return row


def stop_asking(*, designation: Designation, now: datetime, actor: str) -> Designation:
    """The helper steps back from everything, by their own link. The desk tells the patient."""
    with transaction.atomic():
        held = Commitment.objects.filter(
            designation=designation, role=SupportRole.RIDE, status__in=HOLDING, infusion__ends_at__gt=now
        )
        had = held.exists()
        row = withdraw(designation=designation, actor=actor, now=now)
        with alerts.for_the_desk():
            sentence = _("%(name)s does not want to be asked any more. Please tell the patient.")
            if had:
                sentence = _("%(name)s does not want to be asked any more and had dates. Please tell the patient.")
        alerts.open_alert(
            kind=AlertKind.CANT_COME if had else AlertKind.CALL_TASK,
            key=f"stopped:{row.pk}",
            says=sentence % {"name": row.person.first_name},
            patient=row.patient,
            designation=row,
            now=now,
            once=True,
        )
        return row


def send_link_again(*, designation: Designation, actor: str, now: datetime) -> None:
    """By text where there is a number, else by e-mail. Pressed twice within a minute it goes once."""
    with transaction.atomic():
        row = _locked(designation)
        if row.withdrawn_at is not None:
            raise Refused(_("This person is no longer on the list."))
        reachable = invitations.channels(designation=row)
        if not reachable:
            raise Refused(_("There is no number or e-mail it could go to. Correct one first, or call."))
        invitations.invite_again(designation=row, by=reachable[:1], now=now)
        note(row, actor, "designation.link_sent", now)


def note(row: Designation, actor: str, verb: str, now: datetime) -> None:
    """One line in the audit trail of the patient who named this person."""
    audit.record(actor=actor, verb=verb, now=now, patient_id=row.patient_id, subject=f"designation:{row.pk}")


def _refuse_who_cannot(who: SupportPerson, patient: Patient, roles: Sequence[str], *, is_new: bool = True) -> None:
    if not roles:
        raise Refused(_("Say what this person helps with."))
    if SupportRole.RIDE in roles and who.is_adult is False:
        raise Refused(_("Only somebody who is 18 or older can take a patient home."))
    if who.patient_id is not None and who.patient_id == patient.pk:
        raise Refused(_("Nobody can be their own way home."))
    if is_new and who.pk is None:
        listed = Designation.objects.filter(
            patient=patient, withdrawn_at=None, person__phone=who.phone, person__given_name__iexact=who.given_name
        )
        if not who.phone:
            # Pressed twice: the same name without a number is the same person too.
            listed = listed.filter(person__family_name__iexact=who.family_name, person__email=who.email)
        if listed.exists():
            raise Refused(_("This person is already on the list."))


def _end_open(row: Designation, roles: set[str], now: datetime, actor: str) -> None:
    """Open promises in these roles end. In the order of the visits' ids, as everybody who locks several does."""
    promises = Commitment.objects.filter(designation=row, role__in=roles, status__in=OPEN_COMMITMENTS)
    for commitment in promises.exclude(infusion__status__in=LEFT).order_by("infusion_id", "pk"):
        commitments.withdraw(commitment=commitment, via="", now=now, actor=actor)


def _locked(designation: Designation) -> Designation:
    return locks.held(Designation.objects.select_related("patient__site", "person__site"), designation.pk)
