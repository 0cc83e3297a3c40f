"""The people who help: their number and address, their age, their yes to messages."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from clinic.domain import audit, patients
from clinic.models import Patient, StaffMember
from messaging.enums import Channel
from support.domain import agreeing, designations, invitations, links, reach_changes
from support.models import Designation, SupportPerson


def correct_contact(*, person: SupportPerson, actor: str, now: datetime, phone: str, email: str) -> SupportPerson:
    """Messages that have not gone use the new number or address. Whatever they agreed to was for the old one, and what
    was sent there opens nothing any more: a new link goes to the right one."""
    with transaction.atomic():
        row = _locked(person.pk)
        changed = [
            channel
            for channel, is_new in ((Channel.SMS, row.phone != phone), (Channel.EMAIL, row.email != email))
            if is_new
        ]
        had_another = any(old and old != new for old, new in ((row.phone, phone), (row.email, email)))
        if row.phone != phone:
            # Whether a phone can show texts was said of that phone.
            row.phone, row.phone_as_received, row.is_landline = phone, "", False
        if row.email != email:
            row.email, row.email_as_received = email, ""
        row.save(update_fields=["phone", "phone_as_received", "is_landline", "email", "email_as_received"])
        for designation in _named(row):
            designations.note(designation, actor, "person.contact_corrected", now)
            if had_another:
                links.withdraw_all(designation=designation, now=now)
            invitations.follow_correction(designation=designation, changed=changed, is_closed=had_another, now=now)
        reach_changes.follow(contact=row, now=now)
        return row


def correct_patients_contact(*, patient: Patient, actor: StaffMember, now: datetime, phone: str, email: str) -> Patient:
    """The clinic's own correction, and the plans of the visits ahead follow."""
    with transaction.atomic():
        row = patients.correct_contact(patient=patient, actor=actor, now=now, phone=phone, email=email)
        reach_changes.follow(contact=row, now=now)
        return row


def agree_to_messages(*, person: SupportPerson, witness: StaffMember, now: datetime) -> SupportPerson:
    """They said to staff that messages are welcome."""
    with transaction.atomic():
        row = _locked(person.pk)
        if agreeing.helper_said_yes(person=row, witness=witness, now=now):
            for designation in _named(row):
                designations.note(designation, audit.staff(witness), "person.messages_agreed", now)
        return row


def confirm_adult(*, person: SupportPerson, actor: str, now: datetime) -> SupportPerson:
    """Somebody at the clinic heard that this person is 18 or older. Idempotent."""
    with transaction.atomic():
        row = _locked(person.pk)
        if not row.is_adult:
            row.is_adult = True
            row.save(update_fields=["is_adult"])
            for designation in _named(row):
                designations.note(designation, actor, "person.adult_confirmed", now)
        return row


def is_under_age(*, person_id: int, actor: str, verb: str, now: datetime) -> None:
    """By their own word or by sight, as ``verb`` says. Takes the lock of the person after that of a visit, or alone.
    Idempotent."""
    with transaction.atomic():
        row = _locked(person_id)
        if row.is_adult is not False:
            row.is_adult = False
            row.save(update_fields=["is_adult"])
            for designation in _named(row):
                designations.note(designation, actor, verb, now)


def _locked(pk: int) -> SupportPerson:
    return SupportPerson.objects.select_for_update(no_key=True).get(pk=pk)


def _named(person: SupportPerson) -> QuerySet[Designation]:
    """Whoever still names this person."""
    return person.designations.filter(withdrawn_at=None).select_related("patient__site", "person__site")
