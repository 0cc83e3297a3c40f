"""Correcting who a patient is, and putting a record away."""

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from clinic.domain import locks, patient_rows
from clinic.domain.contacts import plain_text
from clinic.domain.errors import Refused
from clinic.models import Infusion, Patient, StaffMember
from clinic.models.infusion import LIVE


def correct(
    *,
    patient: Patient,
    actor: StaffMember,
    now: datetime,
    given_name: str,
    family_name: str,
    preferred_name: str,
    birth_date: date,
    record_number: str,
    language: str,
    timezone: str,
    interpreter: str = "",
    guardian: str = "",
) -> Patient:
    """An import leaves alone what is written here, unless it brings news of what nobody here has touched."""
    with transaction.atomic():
        row = Patient.objects.select_for_update().select_related("site").get(pk=patient.pk)
        row.given_name, row.family_name = plain_text(text=given_name), plain_text(text=family_name)
        row.preferred_name, row.record_number = plain_text(text=preferred_name), plain_text(text=record_number)
        row.birth_date, row.language, row.timezone = birth_date, language, timezone
        row.interpreter, row.guardian = plain_text(text=interpreter), plain_text(text=guardian)
        patient_rows.refuse_nobody(patient=row, now=now)
        patient_rows.save(patient=row)
        patient_rows.note(patient=row, actor=actor, verb="patient.corrected", now=now)
    return row


def put_away(*, patient: Patient, actor: StaffMember, now: datetime) -> None:
    """The record leaves every list and stays as it is. Refused while a visit lies ahead."""
    with transaction.atomic():
        # Whoever books at this moment is through before, or sees that the record is put away.
        locks.diary(rooms=[], clinicians=[], patients=[patient.pk])
        row = Patient.objects.select_for_update().get(pk=patient.pk)
        if Infusion.objects.filter(LIVE, patient=row, starts_at__gt=now).exists():
            raise Refused(_("There are visits ahead. Cancel or move them first."))
        row.is_archived = True
        row.save(update_fields=["is_archived"])
        patient_rows.note(patient=row, actor=actor, verb="patient.put_away", now=now)


def bring_back(*, patient: Patient, actor: StaffMember, now: datetime) -> None:
    with transaction.atomic():
        row = Patient.objects.select_for_update().get(pk=patient.pk)
        if row.merged_into_id is not None:
            raise Refused(_("This record was joined with another. Everything is there."))
        row.is_archived = False
        row.save(update_fields=["is_archived"])
        patient_rows.note(patient=row, actor=actor, verb="patient.brought_back", now=now)
