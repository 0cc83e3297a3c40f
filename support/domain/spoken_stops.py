"""Somebody said that they want no more texts or e-mails, or want them again: heard by staff, it holds like a texted
STOP, for everybody who has the number or address."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from clinic.domain import audit, patient_rows
from clinic.domain.errors import Refused
from clinic.models import Patient, StaffMember
from messaging.domain import opt_outs
from messaging.enums import Channel
from support.domain import designations
from support.domain.same_number import Person

HOW = "spoken"


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way to reach somebody, and whether it was stopped."""

    channel: str
    address: str
    is_stopped: bool

    @property
    def is_text(self) -> bool:
        return self.channel == Channel.SMS


def ways(*, person: Person) -> list[Way]:
    """What there is of a number and an address. One query."""
    known = {Channel.SMS: person.phone, Channel.EMAIL: person.email}
    stopped = opt_outs.among(addresses=[address for address in known.values() if address])
    return [
        Way(channel=channel, address=address, is_stopped=address in stopped)
        for channel, address in known.items()
        if address
    ]


def stop(*, person: Person, channel: str, heard_by: StaffMember, now: datetime) -> None:
    """Nothing more goes there. Idempotent. Plans follow in the same transaction."""
    with transaction.atomic():
        address = _address(person, channel)
        opt_outs.record(address=address, how=HOW, now=now, recorded_by_id=heard_by.pk)
        _note(person, "messages.stopped", heard_by, now)


def start(*, person: Person, channel: str, heard_by: StaffMember, now: datetime) -> None:
    """They asked for messages again. Idempotent. What they agreed to before holds again."""
    with transaction.atomic():
        opt_outs.end(address=_address(person, channel), how=f"{HOW}, {audit.staff(heard_by)}", now=now)
        _note(person, "messages.started", heard_by, now)


def _address(person: Person, channel: str) -> str:
    address = {Channel.SMS.value: person.phone, Channel.EMAIL.value: person.email}.get(channel, "")
    if not address:
        raise Refused(_("There is no number or address to stop."))
    return address


def _note(person: Person, verb: str, heard_by: StaffMember, now: datetime) -> None:
    """In the trail of the patient, or of every patient who names this person."""
    if isinstance(person, Patient):
        patient_rows.note(patient=person, actor=heard_by, verb=verb, now=now)
        return
    for named in person.designations.filter(withdrawn_at=None):
        designations.note(named, audit.staff(heard_by), verb, now)
