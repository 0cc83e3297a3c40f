"""What a patient asked for while the medicine may still have been at work, or without their guardian: kept, and done
only when it is said again. Nobody else hears of it meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from clinic.domain import audit, locks, patient_rows
from clinic.domain.errors import Refused
from clinic.domain.spoken import say_moment
from clinic.domain.times import local_day
from clinic.enums import Role
from clinic.models import Patient, StaffMember
from support.domain import alerts, designations, impaired
from support.domain.designations import Consent
from support.enums import ConsentHow, MayKnow, PendingKind, SupportRole
from support.models import Designation, PendingChange, SupportPerson

KEPT_FOR = timedelta(days=7)
# So long the record tells of what was not done.
TOLD_FOR = timedelta(days=30)
# Who may judge, with the patient in front of them, that a word said now counts.
MAY_JUDGE = (Role.CLINICIAN, Role.DIRECTOR)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """``wait_until`` None: nothing but the yes is missing, and the guardian's where ``needs_guardian``."""

    change: PendingChange
    name: str
    helps_with: str
    may_know: str
    wait_until: datetime | None
    needs_guardian: bool


def waits(*, patient: Patient, now: datetime, by: StaffMember | None = None) -> bool:
    """Whether something new is kept instead of done: said by the patient's own link, or heard by ``by``."""
    if by is not None and by.role in MAY_JUDGE:
        return False
    return (by is None and bool(patient.guardian)) or impaired.until(patient=patient, now=now) is not None


def refuse_if_it_waits(*, patient: Patient, now: datetime, by: StaffMember, said_on: date | None = None) -> None:
    """A yes heard by ``by`` that cannot be kept for later. ``said_on``: its day, where it may be older than today."""
    window = None if by.role in MAY_JUDGE else impaired.window(patient=patient, now=now)
    if window is None:
        return
    site = window.visit.site
    if said_on is None or said_on >= local_day(moment=window.visit.starts_at, zone=site.zone):
        sentence = _("The patient agrees to nothing new before %(when)s. A clinician can judge it with them.")
        raise Refused(sentence % {"when": say_moment(window.until, site)})


def keep(
    *,
    patient: Patient,
    kind: PendingKind,
    asked_for: Mapping[str, Any],
    actor: str,
    now: datetime,
    designation: Designation | None = None,
) -> PendingChange:
    """Idempotent. ``asked_for`` goes, by its names, to ``designations.name`` or ``change`` once it is confirmed. What
    was asked about the same person before gives way."""
    with transaction.atomic():
        locks.diary(rooms=[], clinicians=[], patients=[patient.pk])
        held = patient_rows.held(patient=patient)
        waiting = PendingChange.objects.filter(patient=held, kind=kind, designation=designation, decided_at=None)
        same = waiting.filter(asked_for=dict(asked_for)).first()
        if same is not None:
            return same
        if designation is not None:
            for older in waiting:
                _decide(older, False, actor, now)
        window = impaired.window(patient=patient, now=now)
        row = PendingChange.objects.create(
            patient=held,
            infusion=window.visit if window is not None else None,
            kind=kind,
            designation=designation,
            asked_for=dict(asked_for),
            asked_at=now,
            confirm_from=None if held.guardian or window is None else window.until,
        )
        _note(row, actor, "pending.kept", now)
        return row


def confirm(
    *,
    change: PendingChange,
    actor: str,
    now: datetime,
    witness: StaffMember | None = None,
    consent_how: ConsentHow | str = ConsentHow.IN_PERSON,
    guardian_agreed: bool = False,
) -> Designation:
    """It is still wanted, and done. By the patient's own link, or heard by ``witness``; before the clear time only by
    one who may judge that. Pressed twice it is refused the second time."""
    with transaction.atomic():
        row = _locked(change)
        patient = row.patient
        _refuse_too_early(patient, now, witness)
        if patient.guardian and not (witness is not None and guardian_agreed):
            raise Refused(_("The guardian agrees first. The front desk asks them and writes it down."))
        fields = dict(row.asked_for)
        words, until = fields.pop("wording"), fields.pop("valid_until", None)
        fields["valid_until"] = datetime.fromisoformat(until) if until else None
        if guardian_agreed:
            words = with_guardian(words, patient=patient)
        _decide(row, True, actor, now)
        how = ConsentHow.OWN_LINK if witness is None else consent_how
        if row.designation is not None:
            consent = Consent(how=how, words=words, witness=witness)
            return designations.change(designation=row.designation, actor=actor, now=now, consent=consent, **fields)
        return designations.name(
            patient=patient,
            person=SupportPerson.objects.filter(site=patient.site, pk=fields.pop("person_id", None)).first(),
            consent_how=how,
            wording=words,
            witness=witness,
            now=now,
            **fields,
        )


def drop(*, change: PendingChange, actor: str, now: datetime) -> PendingChange:
    """It is not wanted any more. Idempotent where it was dropped already."""
    with transaction.atomic():
        row = PendingChange.objects.select_for_update(of=("self",)).get(pk=change.pk)
        if row.is_confirmed:
            raise Refused(_("This was done already."))
        if row.decided_at is None:
            _decide(row, False, actor, now)
        return row


def open_of(*, patient: Patient) -> list[PendingChange]:
    """What still waits, the oldest first."""
    rows = PendingChange.objects.filter(patient=patient, decided_at=None)
    return list(rows.select_related("designation__person").order_by("pk"))


def kept(*, patient: Patient, now: datetime) -> list[Kept]:
    """The same, as pages show it. One query where nothing waits, at most three."""
    rows = open_of(patient=patient)
    until = impaired.until(patient=patient, now=now) if rows else None
    return [
        Kept(
            change=row,
            name=name_in(row),
            helps_with=helps_with(row.asked_for["roles"], call_first=row.asked_for["call_first"]),
            may_know=" · ".join(str(MayKnow(word).label) for word in row.asked_for["may_know"]),
            wait_until=until,
            needs_guardian=bool(patient.guardian),
        )
        for row in rows
    ]


def let_go(*, patient: Patient, now: datetime) -> list[PendingChange]:
    """What nobody confirmed in time, newest first: the record tells of it for a month."""
    rows = PendingChange.objects.filter(
        patient=patient, is_confirmed=False, decided_by="system", decided_at__gt=now - TOLD_FOR
    )
    return list(rows.select_related("designation__person").order_by("-pk"))


def sweep(*, now: datetime) -> int:
    """What was not confirmed for a week is dropped. How many were."""
    old = PendingChange.objects.filter(decided_at=None, asked_at__lte=now - KEPT_FOR).order_by("pk")
    dropped = 0
    for pk in list(old.values_list("pk", flat=True)):
        with transaction.atomic():
            waiting = PendingChange.objects.select_for_update(of=("self",), skip_locked=True)
            row = waiting.filter(pk=pk, decided_at=None).first()
            if row is not None:
                _decide(row, False, "system", now)
                dropped += 1
    return dropped


def name_in(change: PendingChange) -> str:
    """Whom it is about."""
    if change.designation is not None:
        return change.designation.person.full_name
    person = change.asked_for["person_fields"]
    return f"{person['given_name']} {person['family_name']}".strip()


def helps_with(roles: list[str], *, call_first: bool) -> str:
    """As one line: "Way home · In the room"."""
    words = [str(SupportRole(role).label) for role in roles]
    if call_first:
        words.append(_("Called first in an emergency"))
    return " · ".join(words)


def with_guardian(words: str, *, patient: Patient) -> str:
    """What was agreed to, and that whoever decides with the patient agreed too."""
    with alerts.for_the_desk():
        agreed = _("The guardian agreed: %(guardian)s.") % {"guardian": patient.guardian}
    return f"{words[: 299 - len(agreed)]} {agreed}"


def _refuse_too_early(patient: Patient, now: datetime, witness: StaffMember | None) -> None:
    until = impaired.until(patient=patient, now=now)
    if until is not None and not (witness is not None and witness.role in MAY_JUDGE):
        when = {"when": say_moment(until, patient.site)}
        raise Refused(_("This can be said from %(when)s. Before that only a clinician can hear it.") % when)


def _locked(change: PendingChange) -> PendingChange:
    """Held, with what it is about; refused where somebody was quicker. The patient's lock is first, as in ``keep``, and
    the person's before what waits about them, as where they are taken off the list."""
    locks.diary(rooms=[], clinicians=[], patients=[change.patient_id])
    if change.designation_id is not None:
        locks.held(Designation.objects.all(), change.designation_id)
    rows = PendingChange.objects.select_related("patient__site", "designation__person", "designation__patient__site")
    row = locks.held(rows, change.pk)
    if row.decided_at is not None:
        raise Refused(_("This was done already.") if row.is_confirmed else _("This does not wait any more."))
    return row


def _decide(row: PendingChange, is_confirmed: bool, actor: str, now: datetime) -> None:
    row.decided_at, row.is_confirmed, row.decided_by = now, is_confirmed, actor
    row.save(update_fields=["decided_at", "is_confirmed", "decided_by"])
    _note(row, actor, "pending.confirmed" if is_confirmed else "pending.dropped", now)


def _note(row: PendingChange, actor: str, verb: str, now: datetime) -> None:
    audit.record(actor=actor, verb=verb, now=now, patient_id=row.patient_id, subject=f"pending:{row.pk}")
