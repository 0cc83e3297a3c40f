"""The one door by which a single message changes its state."""

from datetime import datetime
from typing import Any

import structlog
from django.db import connection, transaction
from django.utils.translation import gettext as _

from messaging.domain import kinds
from messaging.enums import FAILED, MOVES, MessageStatus
from messaging.models import Message
from messaging.models.message import LONGEST

log = structlog.get_logger(__name__)

UPDATE = """
UPDATE messaging_message SET %s
WHERE id = %%s AND status = %%s AND attempts = %%s AND settle_rounds = %%s
"""


def move(*, message: Message, to: MessageStatus, now: datetime, **fields: Any) -> bool:
    """Compare-and-set: False when somebody else moved the row since it was read, and nothing was written.

    `message` is brought up to date with what was written. Raises ValueError for a move that does not exist.
    A state in which the person will not get the message is told to its kind, in the same transaction.
    """
    if to not in MOVES[MessageStatus(message.status)]:
        raise ValueError(f"A message cannot go from {message.status} to {to}.")
    return _write(message, to, now, fields)


def correct(*, message: Message, to: MessageStatus, now: datetime, **fields: Any) -> bool:
    """As `move`, where the provider's word overrules our guess. The caller knows which states it may overrule."""
    return _write(message, to, now, fields)


def _write(message: Message, to: MessageStatus, now: datetime, fields: dict[str, Any]) -> bool:
    fields |= {"status": to, "updated_at": now}
    for name, longest in LONGEST.items():
        if name in fields:
            fields[name] = fields[name][:longest]
    if to != MessageStatus.SENDING:
        fields["lease_until"] = None
    if to not in FAILED:
        written = _compare_and_set(message, fields)
    else:
        with transaction.atomic():
            written = _compare_and_set(message, fields)
            if written:
                _tell(message, now)
    if written:
        log.info("message_moved", message_id=message.pk, status=str(to), fault=message.error_class)
    return written


def _compare_and_set(message: Message, fields: dict[str, Any]) -> bool:
    """By hand, since it runs for every message: writing the statement costs the ORM more than PostgreSQL doing it."""
    columns = ", ".join(f"{name} = %s" for name in fields)
    seen = (message.pk, message.status, message.attempts, message.settle_rounds)
    with connection.cursor() as cursor:
        cursor.execute(UPDATE % columns, (*fields.values(), *seen))
        if not cursor.rowcount:
            return False
    for name, value in fields.items():
        setattr(message, name, value)
    return True


def _tell(message: Message, now: datetime) -> None:
    """A kind that fails here must not keep the row from its end: the row says so, and the log does."""
    try:
        with transaction.atomic():
            kinds.get(message.kind).on_dead(message, message.error_text, now)
    except Exception as error:
        log.error("on_dead_failed", message_id=message.pk, error=type(error).__name__)
        untold = _("The desk could not be told. %(reason)s") % {"reason": message.error_text}
        untold = untold[: LONGEST["error_text"]]
        Message.objects.filter(pk=message.pk).update(error_text=untold)
        message.error_text = untold
