"""The one door by which messages change their state: one at a time, or many with one statement."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

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
UPDATE_MANY = """
UPDATE messaging_message AS message SET %s
FROM unnest(%s) AS new (%s)
WHERE message.id = new.id AND status = %%s AND attempts = attempts_seen AND settle_rounds = rounds_seen
RETURNING message.id
"""


class Move(NamedTuple):
    """Where a message goes, with what is written beside its state."""

    message: Message
    to: MessageStatus
    fields: dict[str, Any]


def move(*, message: Message, to: MessageStatus, now: datetime, **fields: Any) -> bool:
    """Compare-and-set: False when somebody else moved the row since it was read, and nothing was written.

    `message` is brought up to date with what was written. Raises ValueError for a move that does not exist.
    A state in which the person will not get the message is told to its kind, in the same transaction.
    """
    _must_exist(message, to)
    return _write(message, to, now, fields)


def move_many(*, moves: Iterable[Move], now: datetime) -> int:
    """As `move` for each, with one statement for those that are alike; how many were written.

    Those who will not get their message are told of one by one. Wants each message once, and no transaction around it.
    """
    written = 0
    alike: dict[tuple[str, MessageStatus, tuple[str, ...]], list[Move]] = defaultdict(list)
    for each in moves:
        if each.to in FAILED:
            written += move(message=each.message, to=each.to, now=now, **each.fields)
        else:
            alike[each.message.status, each.to, tuple(each.fields)].append(each)
    return written + sum(_write_many(of_a_kind, now) for of_a_kind in alike.values())


def correct(*, message: Message, to: MessageStatus, now: datetime, **fields: Any) -> bool:
    """As `move`, where the provider's word overrules our guess. The caller knows which states it may overrule."""
    return _write(message, to, now, fields)


def _must_exist(message: Message, to: MessageStatus) -> None:
    if to not in MOVES[MessageStatus(message.status)]:
        raise ValueError(f"A message cannot go from {message.status} to {to}.")


def _whole(to: MessageStatus, now: datetime, fields: dict[str, Any]) -> dict[str, Any]:
    fields = {name: _cut(name, value) for name, value in fields.items()} | {"status": to.value, "updated_at": now}
    if to != MessageStatus.SENDING:
        fields["lease_until"] = None
    return fields


def _cut(name: str, value: Any) -> Any:
    return value[: LONGEST[name]] if name in LONGEST else value


def _write(message: Message, to: MessageStatus, now: datetime, fields: dict[str, Any]) -> bool:
    fields = _whole(to, now, fields)
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
    seen = (message.pk, message.status, message.attempts, message.settle_rounds)
    with connection.cursor() as cursor:
        cursor.execute(_update(tuple(fields)), (*fields.values(), *seen))
        if not cursor.rowcount:
            return False
    vars(message).update(fields)
    return True


def _write_many(moves: Sequence[Move], now: datetime) -> int:
    """All from one state to one other, with the same columns. What is the same for all of them is said once."""
    first = moves[0]
    _must_exist(first.message, first.to)
    said = _whole(first.to, now, first.fields)
    own = tuple(name for name in first.fields if any(each.fields[name] != first.fields[name] for each in moves))
    arrays = [[getattr(each.message, name) for each in moves] for name in ("pk", "attempts", "settle_rounds")]
    arrays += [[_cut(name, each.fields[name]) for each in moves] for name in own]
    for name in own:
        del said[name]
    with connection.cursor() as cursor:
        cursor.execute(_update_many(tuple(said), own), [*said.values(), *arrays, first.message.status])
        written = {pk for (pk,) in cursor.fetchall()}
    for each, *values in zip(moves, *arrays[3:], strict=True):
        if each.message.pk in written:
            vars(each.message).update(said, **dict(zip(own, values, strict=True)))
    log.info("messages_moved", message_ids=sorted(written), status=said["status"])
    return len(written)


@cache
def _update(names: tuple[str, ...]) -> str:
    return UPDATE % ", ".join(f"{name} = %s" for name in names)


@cache
def _update_many(said: tuple[str, ...], own: tuple[str, ...]) -> str:
    types = ["bigint", "integer", "integer", *(_type(name) for name in own)]
    return UPDATE_MANY % (
        ", ".join([*(f"{name} = %s" for name in said), *(f"{name} = own_{name}" for name in own)]),
        ", ".join(f"%s::{kind}[]" for kind in types),
        ", ".join(["id", "attempts_seen", "rounds_seen", *(f"own_{name}" for name in own)]),
    )


def _type(name: str) -> str:
    """Text is bounded by its column; a cast here would cut it."""
    kind = Message._meta.get_field(name).db_type(connection) or "text"
    return "text" if kind.startswith("varchar") else kind


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
