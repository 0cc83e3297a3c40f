"""This patient named this person: with consent, an order, roles, and what they may know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import count
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Max, Q
from django.utils.translation import gettext as _

from clinic.domain import audit, locks, patient_rows
from clinic.domain.errors import Refused
from clinic.models import Patient, StaffMember
from messaging.domain import outbox
from support.domain import alerts, asking, busy, commitments, invitations, links, replan, row_by_row
from support.domain.promise_rows import LEFT
from support.enums import HOLDING, AlertKind, AnsweredVia, CommitmentStatus, ConsentHow, SupportRole
from support.models import Commitment, Designation, PendingChange, SupportPerson

# Of promises that nothing revives.
FINAL = (CommitmentStatus.VOID, CommitmentStatus.KEPT)


@dataclass(frozen=True, kw_only=True)
class Consent:
    """How the patient agreed, in the words they saw or were read; heard by ``witness`` unless by their own link."""

    how: ConsentHow | str
    words: str
    witness: StaffMember | None = None


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
    call_first: bool = False,
    ask_first: bool = False,
) -> Designation:
    """Puts a person on the patient's list, asks them for every visit ahead and invites them by text and e-mail.

    ``person`` is somebody known already, else one is made of ``person_fields``. Somebody without mobile and e-mail is
    a call for the desk; who has no role is only called in an emergency, and asked and invited to nothing. Refused where
    the record was joined with another meanwhile. ``ask_first``: before everybody on the list, whatever ``rank`` says.
    """
    with transaction.atomic():
        # A visit that is being booked at this moment asks this person, or this person is asked for it here.
        locks.diary(rooms=[], clinicians=[], patients=[patient.pk])
        patient_rows.held(patient=patient)
        _refuse_over(valid_until, now)
        who = person or SupportPerson(site=patient.site, **dict(person_fields or {}))
        refuse_who_cannot(who, patient, roles, call_first=call_first)
        if who.pk is None:
            who.save()
        actor = audit.staff(witness) if witness is not None else f"patient:{patient.pk}"
        if call_first:
            _nobody_else_is_called_first(patient.pk, 0, actor, now)
        if ask_first:
            rank = _make_room_at_the_top(patient.pk)
        try:
            with transaction.atomic():
                designation = Designation.objects.create(
                    patient=patient,
                    person=who,
                    relationship=relationship,
                    roles=list(roles),
                    call_first=call_first,
                    may_know=list(may_know),
                    rank=rank,
                    valid_from=now,
                    valid_until=valid_until,
                    consent_how=consent_how,
                    consent_at=now,
                    consent_wording=wording[:300],
                    witnessed_by=witness,
                    invited_at=now if roles else None,
                )
        except IntegrityError as error:
            raise Refused(_("This person is already on the list.")) from error
        note(designation, actor, "designation.named", now)
        if roles:
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
    call_first: bool | None = None,
    ask_first: bool = False,
    valid_until: datetime | None = None,
    consent: Consent | None = None,
) -> Designation:
    """What the patient now wants of this person. A role taken away ends its open promises, a new one is asked; so do
    those for visits after ``valid_until``. For whom the clinic booked the end stays.

    ``call_first`` None: stays as it is. ``consent`` None: nothing new is agreed to, the yes of before stands.
    """
    with transaction.atomic():
        # Changes that touch the others on the list wait for each other.
        locks.diary(rooms=[], clinicians=[], patients=[designation.patient_id])
        row = _locked(designation)
        if row.withdrawn_at is not None:
            raise Refused(_("This person is no longer on the list."))
        called = row.call_first if call_first is None else call_first
        refuse_who_cannot(row.person, row.patient, roles, call_first=called, is_new=False)
        if called and not row.call_first:
            _nobody_else_is_called_first(row.patient_id, row.pk, actor, now)
        gone = set(row.roles) - set(roles)
        row.rank = _make_room_at_the_top(row.patient_id, but=row.pk) if ask_first else rank
        row.roles, row.may_know, row.relationship = list(roles), list(may_know), relationship
        row.call_first = called
        if not row.person.is_escort:
            _refuse_over(valid_until, now)
            row.valid_until = valid_until
        if consent is not None:
            row.consent_how, row.consent_at, row.consent_wording = consent.how, now, consent.words[:300]
            row.witnessed_by = consent.witness
        is_invited = row.invited_at is None and bool(roles)
        row.invited_at = now if is_invited else row.invited_at
        row.save()
        note(row, actor, "designation.changed", now)
        _end_open(row, gone, now, actor)
        asking.ask_for_all(designation=row, now=now)
        if is_invited:
            invitations.invite(designation=row, now=now)
        return row


def withdraw(*, designation: Designation, actor: str, now: datetime, via: AnsweredVia | str = "") -> Designation:
    """Takes a person off the list. Their link closes at once, nothing more is sent to them, the others are asked.
    ``via``: how they said themselves that they step back, where it was that."""
    with transaction.atomic():
        row = _locked(designation)
        if row.withdrawn_at is not None:
            return row
        row.withdrawn_at = now
        row.save(update_fields=["withdrawn_at"])
        waiting = PendingChange.objects.filter(designation=row, decided_at=None)
        waiting.update(decided_at=now, is_confirmed=False, decided_by=actor)
        links.withdraw_all(designation=row, now=now)
        _end_open(row, set(SupportRole.values), now, actor, via=via)
        outbox.reconcile(site_id=row.patient.site_id, scope=f"designation:{row.pk}", wanted=[], now=now)
        replan.replan_all(infusions=replan.upcoming_of(designation=row, now=now), now=now)
        note(row, actor, "designation.withdrawn", now)
        return row


def end_over(*, now: datetime) -> int:
    """Whom the patient named until a day that is over, with its night, is off the list. How many were; who was booked
    for a visit stays named for the next one."""
    over = Designation.objects.filter(withdrawn_at=None, valid_until__lte=now - links.NIGHT, person__is_escort=False)
    return row_by_row.each(partial(withdraw, designation=row, actor="system", now=now) for row in over.order_by("pk"))


def stop_asking(*, designation: Designation, now: datetime, actor: str) -> Designation:
    """The helper steps back from everything, by their own link. The desk tells the patient."""
    with transaction.atomic():
        held = Commitment.objects.filter(
            designation=designation, role=SupportRole.RIDE, status__in=HOLDING, infusion__ends_at__gt=now
        )
        had = held.exists()
        row = withdraw(designation=designation, actor=actor, now=now, via=AnsweredVia.LINK)
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


def next_rank(*, patient_id: int) -> int:
    """After everybody on the list."""
    ranks = Designation.objects.filter(patient=patient_id, withdrawn_at=None).aggregate(last=Max("rank"))
    return (ranks["last"] or 0) + 1


def note(row: Designation, actor: str, verb: str, now: datetime) -> None:
    """One line in the audit trail of the patient who named this person."""
    audit.record(actor=actor, verb=verb, now=now, patient_id=row.patient_id, subject=f"designation:{row.pk}")


def refuse_who_cannot(
    who: SupportPerson, patient: Patient, roles: Sequence[str], *, call_first: bool, is_new: bool = True
) -> None:
    """In sentences the patient and the desk read. ``who`` may not be saved yet."""
    if not roles and not call_first:
        raise Refused(_("Say what this person helps with."))
    if SupportRole.RIDE in roles and who.is_adult is False:
        raise Refused(_("Only somebody who is 18 or older can take a patient home."))
    if is_the_patient(who, patient):
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


def is_the_patient(who: SupportPerson, patient: Patient) -> bool:
    """Called so, and reached there."""
    is_family = not who.family_name or who.family_name.casefold() == patient.family_name.casefold()
    return is_family and busy.is_patient(who, patient)


def _nobody_else_is_called_first(patient_id: int, but: int, actor: str, now: datetime) -> None:
    """Whoever was on the list for nothing else is off it."""
    for other in Designation.objects.filter(patient=patient_id, call_first=True, withdrawn_at=None).exclude(pk=but):
        if not other.roles:
            withdraw(designation=other, actor=actor, now=now)
            continue
        other.call_first = False
        other.save(update_fields=["call_first"])
        note(other, actor, "designation.not_called_first", now)


def _make_room_at_the_top(patient_id: int, *, but: int = 0) -> int:
    """The rank of whoever is asked first from now on; all the others come after. Only those before the first gap move,
    so the ranks stay small. ``but``: who moves up, and leaves a gap."""
    others = Designation.objects.filter(patient=patient_id, withdrawn_at=None).exclude(pk=but)
    taken = set(others.values_list("rank", flat=True))
    gap = next(rank for rank in count(1) if rank not in taken)
    others.filter(rank__lt=gap).update(rank=F("rank") + 1)
    return 1


def _end_open(row: Designation, roles: set[str], now: datetime, actor: str, *, via: AnsweredVia | str = "") -> None:
    """Open promises in these roles, and for visits when they do not hold any more, end. In the order of the visits'
    ids, as everybody who locks several does.

    Each that could be taken up again is looked at under its visit's lock: a tap of the same second may have.
    """
    is_over = Q(role__in=roles)
    if row.valid_until is not None:
        is_over |= Q(for_starts_at__gte=row.valid_until)
    promises = Commitment.objects.filter(is_over, designation=row).exclude(status__in=FINAL)
    for commitment in promises.exclude(infusion__status__in=LEFT).order_by("infusion_id", "pk"):
        commitments.withdraw(commitment=commitment, via=via, now=now, actor=actor)


def _refuse_over(valid_until: datetime | None, now: datetime) -> None:
    if valid_until is not None and valid_until <= now:
        raise Refused(_("That day is over. Say a later one, or leave it empty."))


def _locked(designation: Designation) -> Designation:
    return locks.held(Designation.objects.select_related("patient__site", "person__site"), designation.pk)
