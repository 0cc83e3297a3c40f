"""The message ledger in words: which message, to whom, what became of it. Constant queries, changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from clinic.models import Patient
from messaging.enums import Channel, MessageStatus
from messaging.models import Message
from support.models import Designation

S = MessageStatus
LABELS: dict[str, str | Promise] = {
    "patient_3_days": _("Reminder, three days before"),
    "patient_1_day": _("Reminder, the day before"),
    "patient_3_hours": _("Reminder, three hours before"),
    "patient_moved": _("The time changed"),
    "patient_cancelled": _("The visit is cancelled"),
    "checkin_evening": _("How is your evening?"),
    "checkin_next_day": _("How is it going today?"),
    "helper_invitation": _("Invitation"),
    "helper_new_dates": _("New dates"),
    "helper_ask_again": _("Asked again"),
    "helper_reconfirm": _("Still all right for tomorrow?"),
    "helper_3_hours": _("Reminder, three hours before"),
    "helper_ask_new_time": _("Asked for the new time"),
    "helper_cancelled": _("The visit is cancelled"),
    "patient_closed": _("The clinic is closed then"),
    "patient_open": _("The clinic is open after all"),
    "waitlist_offer": _("A free time offered"),
    "helper_closed": _("The clinic is closed then"),
    "helper_open": _("The clinic is open after all"),
    "helper_covered": _("Somebody else has it"),
    "helper_come_in": _("Please come in"),
    "helper_checkin_evening": _("How is the evening?"),
    "helper_checkin_next_day": _("How is it going today?"),
}
LEVELS = {
    S.PENDING: "calm",
    S.SENDING: "calm",
    S.SENT: "ok",
    S.DELIVERED: "ok",
    S.VOID: "calm",
    S.UNKNOWN: "risk",
    S.EXPIRED: "risk",
    S.UNDELIVERED: "stop",
    S.DEAD: "stop",
    S.BLOCKED: "stop",
}
FAILED = (S.UNDELIVERED, S.DEAD, S.BLOCKED, S.EXPIRED)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One message. ``patient`` is whose visits it is about, where the recipient is known."""

    message: Message
    what: str
    to: str
    is_helper: bool
    channel: str
    level: str
    word: str
    why: str
    patient: Patient | None
    may_resend: bool


def lines(*, messages: Sequence[Message]) -> list[Line]:
    """Two queries however many there are."""
    people = {
        row.pk: row
        for row in Designation.objects.filter(pk__in=_ids(messages, "designation")).select_related("person", "patient")
    }
    patients = {row.pk: row for row in Patient.objects.filter(pk__in=_ids(messages, "patient"))}
    return [_line(message, people, patients) for message in messages]


def label(kind: str) -> str:
    return str(LABELS.get(kind, kind.replace("_", " ")))


def _line(message: Message, people: dict[int, Designation], patients: dict[int, Patient]) -> Line:
    what, _colon, number = message.recipient.partition(":")
    key = int(number) if number.isdigit() else 0
    named = people.get(key) if what == "designation" else None
    patient = named.patient if named else patients.get(key) if what == "patient" else None
    status = S(message.status)
    return Line(
        message=message,
        what=label(message.kind),
        to=named.person.full_name if named else patient.full_name if patient else message.recipient,
        is_helper=named is not None,
        channel=str(Channel(message.channel).label),
        level=LEVELS[status],
        word=str(status.label),
        why=message.error_text,
        patient=patient,
        may_resend=status in FAILED,
    )


def _ids(messages: Sequence[Message], what: str) -> set[int]:
    parts = (message.recipient.partition(":") for message in messages)
    return {int(number) for name, _colon, number in parts if name == what and number.isdigit()}
