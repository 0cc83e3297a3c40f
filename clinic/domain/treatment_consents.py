"""That a patient agreed to the treatment on paper, from when and until when. The paper itself is kept elsewhere."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from clinic.domain import audit, locks, times
from clinic.domain.errors import Refused
from clinic.models import Patient, Policy, StaffMember, TreatmentConsent


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Days on the clinic's calendar; ``signed_on`` and ``until`` are None where there is no paper."""

    signed_on: date | None
    until: date | None
    today: date

    @property
    def is_good(self) -> bool:
        return self.until is not None and self.until >= self.today


def record(*, patient: Patient, signed_on: date, actor: StaffMember, now: datetime) -> TreatmentConsent:
    """Idempotent for the same day; signed once more on the day it was taken back, it stands again."""
    with transaction.atomic():
        row = _locked(patient)
        if signed_on > times.local_day(moment=now, zone=row.site.zone):
            raise Refused(_("A paper cannot be signed on a day to come."))
        if signed_on < row.birth_date:
            raise Refused(_("This day is before the patient was born."))
        known = TreatmentConsent.objects.filter(patient=row, signed_on=signed_on).first()
        if known is not None and known.withdrawn_at is None:
            return known
        consent = known or TreatmentConsent(patient=row, signed_on=signed_on)
        consent.recorded_by, consent.recorded_at, consent.withdrawn_at = actor, now, None
        consent.save()
        _note(row, actor, "treatment_consent.recorded", now)
        return consent


def withdraw(*, patient: Patient, actor: StaffMember, now: datetime) -> int:
    """The patient takes back whatever they signed: nothing starts on it any more. How many stood. Idempotent."""
    with transaction.atomic():
        row = _locked(patient)
        count = TreatmentConsent.objects.filter(patient=row, withdrawn_at=None).update(withdrawn_at=now)
        if count:
            _note(row, actor, "treatment_consent.withdrawn", now)
        return int(count)


def newest(*, patient: Patient) -> TreatmentConsent | None:
    """The last paper that was not taken back."""
    rows = TreatmentConsent.objects.filter(patient=patient, withdrawn_at=None).select_related("recorded_by")
    return rows.order_by("-signed_on").first()


def standing(*, patient: Patient, policy: Policy | None, now: datetime) -> Standing | None:
    """None where the signed rules do not ask for it here; then the database is not asked either."""
    if policy is None or not policy.consent_days:
        return None
    consent = newest(patient=patient)
    return Standing(
        signed_on=consent.signed_on if consent else None,
        until=consent.signed_on + timedelta(days=policy.consent_days) if consent else None,
        today=times.local_day(moment=now, zone=patient.site.zone),
    )


def good_until(*, patient: Patient, policy: Policy) -> date | None:
    """The last day on which it is good under these rules; None where there is none."""
    consent = newest(patient=patient)
    return consent.signed_on + timedelta(days=policy.consent_days) if consent else None


def _locked(patient: Patient) -> Patient:
    """A start that is going on, which asked for the paper already, comes first."""
    locks.diary(rooms=[], clinicians=[], patients=[patient.pk])
    return Patient.objects.select_for_update(of=("self",), no_key=True).select_related("site").get(pk=patient.pk)


def _note(patient: Patient, actor: StaffMember, verb: str, now: datetime) -> None:
    audit.record(actor=audit.staff(actor), verb=verb, now=now, patient_id=patient.pk, subject=f"patient:{patient.pk}")
