"""A word from one shift to the next. It stands on its day, and on every later day until somebody has done it."""

from datetime import date, datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from clinic.domain import audit, patient_rows
from clinic.domain.contacts import plain_text
from clinic.domain.errors import Refused
from clinic.models import DeskNote, Patient, Site, StaffMember

# What a list of notes shows.
SHOWN = (
    *("day", "text", "written_at", "done_at", "written_by__full_name", "done_by__full_name"),
    *("patient__given_name", "patient__family_name", "patient__preferred_name"),
)


def write(
    *, site: Site, day: date, text: str, actor: StaffMember, now: datetime, patient: Patient | None = None
) -> DeskNote:
    """The same words of the same person for the same day again are one note."""
    words = plain_text(text=text)
    if not words:
        raise Refused(_("Write what the next desk should know."))
    if patient is not None and patient.site_id != site.pk:
        raise Refused(_("This patient belongs to another clinic."))
    with transaction.atomic():
        if patient is not None:
            patient_rows.held(patient=patient)
        # One note of a person at a time, so that a form sent twice makes one.
        StaffMember.objects.select_for_update(no_key=True).get(pk=actor.pk)
        same = {"site": site, "day": day, "text": words[:300], "patient": patient, "written_by": actor}
        known = DeskNote.objects.filter(done_at=None, **same).first()
        if known is not None:
            return known
        note = DeskNote.objects.create(written_at=now, **same)
        _record(note, "note.written", actor, now)
        return note


def done(*, note: DeskNote, actor: StaffMember, now: datetime) -> DeskNote:
    """Whoever says it first has done it; saying it again changes nothing."""
    with transaction.atomic():
        row = DeskNote.objects.select_for_update().get(pk=note.pk)
        if row.done_at is None:
            row.done_at, row.done_by = now, actor
            row.save(update_fields=["done_at", "done_by"])
            _record(row, "note.done", actor, now)
        return row


def of(*, site: Site, day: date) -> list[DeskNote]:
    """Notes of the day, and those of earlier days that nobody has done; the open ones first. One query."""
    wanted = Q(day=day) | Q(day__lt=day, done_at=None)
    rows = DeskNote.objects.filter(wanted, site=site).select_related("patient", "written_by", "done_by")
    return sorted(rows.only(*SHOWN), key=lambda note: (note.done_at is not None, note.written_at))


def _record(note: DeskNote, verb: str, actor: StaffMember, now: datetime) -> None:
    audit.record(
        actor=audit.staff(actor), verb=verb, now=now, patient_id=note.patient_id, subject=f"desknote:{note.pk}"
    )
