"""The message ledger in words: which message, to whom, what became of it. Constant queries, changes nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.domain.times import local_day
from clinic.models import Patient
from messaging.domain.outbox import RESENT
from messaging.enums import FAILED, Channel, MessageStatus
from messaging.models import Message
from support.domain import waiting_words
from support.models import Designation

S = MessageStatus
LABELS: dict[str, str | Promise] = {
    "patient_3_days": _("Reminder, three days before"),
    "patient_1_day": _("Reminder, the day before"),
    "patient_3_hours": _("Reminder, on the day"),
    "patient_moved": _("The time changed"),
    "patient_cancelled": _("The visit is cancelled"),
    "patient_home": _("Home already?"),
    "checkin_evening": _("How is your evening?"),
    "checkin_next_day": _("How is it going today?"),
    "helper_invitation": _("Invitation"),
    "helper_new_dates": _("New dates"),
    "helper_go_on": _("Still all right to go on?"),
    "helper_ask_again": _("Asked again"),
    "helper_reconfirm": _("Still all right for tomorrow?"),
    "helper_3_hours": _("Reminder, on the day"),
    "helper_ask_new_time": _("Asked for the new time"),
    "helper_cancelled": _("The visit is cancelled"),
    "patient_closed": _("The clinic is closed then"),
    "patient_open": _("The clinic is open after all"),
    "waitlist_offer": _("A free time offered"),
    "helper_closed": _("The clinic is closed then"),
    "helper_open": _("The clinic is open after all"),
    "helper_covered": _("Somebody else has it"),
    "helper_come_in": _("Please come in"),
    "helper_home": _("Home already?"),
    "helper_checkin_evening": _("How is the evening?"),
    "helper_checkin_next_day": _("How is it going today?"),
    "reply_help": _("Who we are"),
    "reply_link": _("Please answer on your page"),
    "reply_noted": _("Thank you, noted"),
    "reply_staffed": _("When texts are read"),
    "reply_stopped": _("No more texts"),
}
# Some hours before an early visit is night: then it goes the evening before, and is called that.
LAST_CALLS = {"patient_3_hours", "helper_3_hours"}
EVENING_BEFORE = _("Reminder, the evening before")
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
WAITING = (S.PENDING, S.SENDING, S.UNKNOWN)
WENT = (S.SENT, S.DELIVERED)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One message. ``at`` is when it went or will go, ``patient`` whose visits it is about, where that is known.

    ``why`` it waits, or did not arrive; ``then`` what came of it: said by another road, sent again, answered.
    """

    message: Message
    at: datetime
    what: str
    to: str
    is_helper: bool
    channel: str
    level: str
    word: str
    why: str
    then: str
    patient: Patient | None
    may_resend: bool


def lines(*, messages: Sequence[Message], now: datetime | None = None) -> list[Line]:
    """Two queries however many there are, three where some failed. Without ``now`` nothing is said of why they wait."""
    people = {
        row.pk: row
        for row in Designation.objects.filter(pk__in=_ids(messages, "designation")).select_related("person", "patient")
    }
    patients = {row.pk: row for row in Patient.objects.filter(pk__in=_ids(messages, "patient"))}
    others = _others([message for message in messages if message.status in FAILED])
    return [_line(message, people, patients, others.get(_same(message), []), now) for message in messages]


def sent_again(*, message: Message) -> bool:
    """Whether staff sent it again since."""
    kind, subject, recipient = _same(message)
    rows = Message.objects.filter(kind=kind, subject=subject, recipient=recipient, channel=message.channel)
    return rows.filter(pk__gt=message.pk, rule__startswith=RESENT).exists()


def label(message: Message) -> str:
    kind, zone = message.kind, ZoneInfo(message.zone or "UTC")
    if kind in LAST_CALLS and message.about_at:
        due, about = (local_day(moment=moment, zone=zone) for moment in (message.due_at, message.about_at))
        if due < about:
            return str(EVENING_BEFORE)
    return str(LABELS.get(kind, kind.replace("_", " ")))


def _line(
    message: Message,
    people: dict[int, Designation],
    patients: dict[int, Patient],
    others: list[Message],
    now: datetime | None,
) -> Line:
    what, _colon, number = message.recipient.partition(":")
    key = int(number) if number.isdigit() else 0
    named = people.get(key) if what == "designation" else None
    patient = named.patient if named else patients.get(key) if what == "patient" else None
    status = S(message.status)
    failed = status in FAILED
    others = others if failed else []
    again = [row for row in others if _is_later(row, message) and row.rule.startswith(RESENT)]
    return Line(
        message=message,
        at=message.sent_at or message.due_at,
        what=label(message),
        to=named.person.full_name if named else patient.full_name if patient else _unnamed(what, number),
        is_helper=named is not None,
        channel=str(Channel(message.channel).label),
        level=LEVELS[status],
        word=str(status.label),
        why=waiting_words.why(message=message, now=now) if now and status in WAITING else message.error_text,
        then=_then(message, others, again),
        patient=patient,
        may_resend=failed and not again,
    )


def _unnamed(what: str, number: str) -> str:
    """The figures of a number nobody has, or several, as it is dialled."""
    return f"+{number}" if what == "number" else number or what


def _then(message: Message, others: Iterable[Message], again: Sequence[Message]) -> str:
    if message.answer:
        return gettext("Answered “%(answer)s”.") % {"answer": message.get_answer_display()}
    if again:
        return gettext("Sent again.")
    by = [row for row in others if row.about_at == message.about_at and row.status in (*WAITING, *WENT)]
    if by:
        return gettext("Said by another way: %(channel)s.") % {"channel": by[0].get_channel_display()}
    return str(message.get_settled_display()) if message.settled else ""


def _others(failed: Sequence[Message]) -> dict[tuple[str, ...], list[Message]]:
    """What else was or is to be said to the same people about the same matters. No query where nothing failed."""
    found: dict[tuple[str, ...], list[Message]] = {}
    if failed:
        rows = Message.objects.filter(
            recipient__in={message.recipient for message in failed}, subject__in={message.subject for message in failed}
        )
        for row in rows.exclude(status=S.VOID).order_by("pk"):
            found.setdefault(_same(row), []).append(row)
    return found


def _same(message: Message) -> tuple[str, ...]:
    return message.kind, message.subject, message.recipient


def _is_later(row: Message, message: Message) -> bool:
    return (row.pk or 0) > (message.pk or 0) and row.channel == message.channel


def _ids(messages: Sequence[Message], what: str) -> set[int]:
    parts = (message.recipient.partition(":") for message in messages)
    return {int(number) for name, _colon, number in parts if name == what and number.isdigit()}
