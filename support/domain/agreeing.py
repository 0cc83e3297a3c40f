"""Somebody says that we may write to them: the words they were asked in, and what follows at once."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override

from clinic.domain import patient_rows
from clinic.domain.errors import Refused
from clinic.models import Patient, StaffMember
from clinic.models.patient import Contact
from messaging.domain import consents
from messaging.enums import Channel
from support.domain import purposes, reach_changes, visit_state
from support.enums import AnsweredVia
from support.models import SupportPerson

# What staff ask aloud.
ASKED_OF_PATIENTS = gettext_noop(
    "May we text you about your visits, how you are afterwards and times that become free? You can stop any time."
)
ASKED_OF_HELPERS = gettext_noop(
    "May we text or e-mail you about helping on visit days and how it goes afterwards? You can stop any time."
)
# What stands beside the button that takes a date.
WITH_A_DATE = gettext_noop("When you take a date, we text or e-mail you about it. You can stop any time.")
SAID_YES_TO_A_DATE = gettext_noop("Said yes to a date.")
# How a yes to a date was given, to the words it answered and the ways it opens.
BY_ANSWER = {
    AnsweredVia.LINK: (WITH_A_DATE, (Channel.SMS, Channel.EMAIL)),
    AnsweredVia.TEXT: (SAID_YES_TO_A_DATE, (Channel.SMS,)),
    AnsweredVia.PHONE: (SAID_YES_TO_A_DATE, (Channel.EMAIL,)),
    AnsweredVia.DESK: (SAID_YES_TO_A_DATE, (Channel.EMAIL,)),
}


def patient_said_yes(*, patient: Patient, witness: StaffMember, now: datetime) -> Patient:
    """To texts, in answer to ``ASKED_OF_PATIENTS``; ``witness`` heard it. Idempotent."""
    with transaction.atomic():
        row = patient_rows.held(patient=patient)
        if not row.phone or row.is_landline:
            raise Refused(_("There is no number that can get texts."))
        if agree(contact=row, by=[Channel.SMS], wording=ASKED_OF_PATIENTS, how="spoken", now=now, heard_by=witness):
            patient_rows.note(patient=row, actor=witness, verb="patient.texts_agreed", now=now)
    return row


def helper_said_yes(*, person: SupportPerson, witness: StaffMember, now: datetime) -> bool:
    """To texts and e-mails, in answer to ``ASKED_OF_HELPERS``. Idempotent. Whether anything was not agreed before."""
    ways = [Channel.SMS, Channel.EMAIL]
    return agree(contact=person, by=ways, wording=ASKED_OF_HELPERS, how="spoken", now=now, heard_by=witness)


def beside_the_button(*, person: SupportPerson) -> str:
    """The words beside the button that takes a date; empty for somebody who agreed to them before."""
    name = purposes.name(person)
    asked = {(Channel.SMS, person.phone), (Channel.EMAIL, person.email)}
    known = visit_state.standing_of(person)
    has_agreed = all(
        known.has_agreed(person=name, purpose=about, channel=channel, address=address)
        for about in purposes.OF_HELPERS
        for channel, address in asked
        if address
    )
    return "" if has_agreed else _(WITH_A_DATE)


def with_a_date(*, person: SupportPerson, via: str, now: datetime, heard_by: StaffMember | None = None) -> None:
    """They said yes to a date, by link beside the words that we write about it. Whoever has a date hears of it."""
    if via in BY_ANSWER:
        wording, ways = BY_ANSWER[AnsweredVia(via)]
        agree(contact=person, by=ways, wording=wording, how=via, now=now, heard_by=heard_by)


def agree(
    *,
    contact: Contact,
    by: Iterable[str],
    wording: str,
    how: str,
    now: datetime,
    about: Iterable[str] | None = None,
    heard_by: StaffMember | None = None,
) -> bool:
    """A yes at the number or address they have now, to everything that can be written to them unless ``about`` names
    less; plans follow in the same transaction. ``wording``: what they were shown or asked, a string marked for
    translation, kept in their language. Whether anything of it was not agreed before."""
    addresses = {Channel.SMS: contact.phone, Channel.EMAIL: contact.email}
    with override(contact.language):
        shown = _(wording)
    with transaction.atomic():
        new = sum(
            consents.give(
                person=purposes.name(contact),
                purposes=purposes.for_whom(contact) if about is None else about,
                channel=channel,
                address=addresses[Channel(channel)],
                language=contact.language,
                wording=shown,
                how=how,
                now=now,
                recorded_by_id=heard_by.pk if heard_by is not None else None,
            )
            for channel in by
            if addresses[Channel(channel)]
        )
        if new:
            reach_changes.follow(contact=contact, now=now)
    return bool(new)


def take_back(*, contact: Contact, about: Iterable[str], how: str, now: datetime) -> bool:
    """No more of these, by text or e-mail. Idempotent. Whether anything of it was agreed."""
    with transaction.atomic():
        ended = consents.withdraw(person=purposes.name(contact), purposes=about, now=now, how=how)
        if ended:
            reach_changes.follow(contact=contact, now=now)
    return bool(ended)
