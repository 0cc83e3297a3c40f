"""What all who write on a patient's record share: who can be one, holding and writing the row, the line in the audit
trail."""

from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from clinic.domain import audit
from clinic.domain.errors import Refused
from clinic.models import Patient, StaffMember

FIRST_DAY = date(1900, 1, 1)


def refuse_nobody(*, patient: Patient, now: datetime) -> None:
    """Without any name, or born on a day that cannot be."""
    if not (patient.given_name or patient.family_name):
        raise Refused(_("A patient needs a name."))
    if not FIRST_DAY <= patient.birth_date <= now.astimezone(patient.site.zone).date():
        raise Refused(_("This cannot be a date of birth."))


def held(*, patient: Patient) -> Patient:
    """The row as it is now, held until the caller's transaction ends: joining it with another waits. Refused where it
    was joined already, so that nothing new hangs on a record that was left."""
    row = Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
    if row.merged_into_id is not None:
        raise Refused(_("This record was joined with another meanwhile. Open it again."))
    return row


def save(*, patient: Patient) -> None:
    """Refused, in the model's own sentences, where a field or PostgreSQL says no. One of the two names may be empty."""
    empty = [name for name in ("given_name", "family_name") if not getattr(patient, name)]
    try:
        patient.clean_fields(exclude=empty)
        with transaction.atomic():
            patient.save()
    except ValidationError as error:
        raise Refused(*error.messages) from error
    except IntegrityError as error:
        if "patient_record_number_once" not in str(error):
            raise
        raise Refused(_("Another patient has this record number.")) from error


def note(*, patient: Patient, actor: StaffMember, verb: str, now: datetime, subject: Patient | None = None) -> None:
    """``subject`` where it is about another record than ``patient``'s own."""
    about = f"patient:{(subject or patient).pk}"
    audit.record(actor=audit.staff(actor), verb=verb, now=now, patient_id=patient.pk, subject=about)
