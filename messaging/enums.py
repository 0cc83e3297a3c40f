"""The words of the outbox, and which state may follow which."""

from collections.abc import Mapping

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Channel(TextChoices):
    SMS = "sms", _("Text")
    EMAIL = "email", _("E-mail")


class Audience(TextChoices):
    PATIENT = "patient", _("Patient")
    HELPER = "helper", _("Support person")


class MessageStatus(TextChoices):
    PENDING = "pending", _("Will go")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    DELIVERED = "delivered", _("Delivered")
    UNDELIVERED = "undelivered", _("Not delivered")
    VOID = "void", _("No longer needed")
    EXPIRED = "expired", _("Too late to send")
    UNKNOWN = "unknown", _("Checking with the provider")
    DEAD = "dead", _("Could not be sent")
    BLOCKED = "blocked", _("Stopped by a rule")


class Reply(TextChoices):
    """What a text that came in made us do."""

    STOPPED = "stopped", _("Asked for no more texts")
    STARTED = "started", _("Asked for texts again")
    YES = "yes", _("Said yes")
    NO = "no", _("Said no")
    HELP = "help", _("Asked who we are")
    UNCLEAR = "unclear", _("Answered, but not clear what")
    PASSED_ON = "passed_on", _("For a person")


class Settled(TextChoices):
    """How an uncertain message was accounted for."""

    FOUND = "found", _("The provider has it")
    NOT_FOUND = "not_found", _("The provider never had it")
    SILENT = "silent", _("Nobody can say; not sent again")
    AGAIN = "again", _("Nobody can say; sent again")


class Answer(TextChoices):
    YES = "yes", _("Yes")
    NO = "no", _("No")


S = MessageStatus

# What our own work may do. A signed receipt or a look-up is the provider's word on what happened
# and may correct our guess from any state in RECEIPT_MAY_CORRECT.
MOVES: Mapping[MessageStatus, frozenset[MessageStatus]] = {
    S.PENDING: frozenset({S.SENDING, S.VOID, S.EXPIRED}),
    S.SENDING: frozenset({S.PENDING, S.SENT, S.VOID, S.EXPIRED, S.UNKNOWN, S.DEAD, S.BLOCKED}),
    S.UNKNOWN: frozenset({S.PENDING, S.SENT, S.EXPIRED, S.DEAD}),
    S.SENT: frozenset({S.DELIVERED, S.UNDELIVERED}),
    S.UNDELIVERED: frozenset({S.DELIVERED}),
    S.VOID: frozenset({S.PENDING}),
    S.DELIVERED: frozenset(),
    S.EXPIRED: frozenset(),
    S.DEAD: frozenset(),
    S.BLOCKED: frozenset(),
}

# The provider has it: there is a time of sending and an address it went to.
WITH_PROVIDER = frozenset({S.SENT, S.DELIVERED, S.UNDELIVERED})
# It will not reach the person: the kind's on_dead was called.
FAILED = frozenset({S.UNDELIVERED, S.EXPIRED, S.DEAD, S.BLOCKED})
RECEIPT_MAY_CORRECT = frozenset(
    {S.PENDING, S.SENDING, S.UNKNOWN, S.VOID, S.EXPIRED, S.DEAD, S.SENT, S.UNDELIVERED},
)
