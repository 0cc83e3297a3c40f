"""What to do about messages whose worker is gone, whose fate is unknown, or whose time has passed."""

import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from messaging.domain import dispatch, kinds, ledger, receipts, traffic
from messaging.domain.dispatch import MASK
from messaging.enums import Channel, MessageStatus, Settled
from messaging.models import Message
from messaging.transports import sms
from messaging.transports.outcome import Answer, Lookup

log = structlog.get_logger(__name__)

BATCH = 25
TICK = 20.0  # Seconds.
# Each round waits twice as long as the one before: with 30 s at first, a person is asked after half an hour.
ROUNDS = 6

# A provider's list of texts is searched this far back where our own time of sending lies in the future.
CLOCK_WAS_AHEAD = timedelta(hours=3)

# A worker that never began its request cannot have sent anything: back to the queue without asking. A lease that ends
# later than one begun now could was begun before the clock was put back.
REAP = """
WITH gone AS MATERIALIZED (
    SELECT id FROM messaging_message
    WHERE status = 'sending' AND (lease_until <= %(now)s OR lease_until > %(ahead)s)
    FOR UPDATE SKIP LOCKED
)
UPDATE messaging_message AS message
SET status = CASE WHEN posted_at IS NULL THEN 'pending' ELSE 'unknown' END,
    next_try_at = CASE WHEN posted_at IS NULL THEN NULL ELSE %(ask_at)s END,
    lease_until = NULL, error_class = 'worker_gone', error_text = %(reason)s, updated_at = %(now)s
FROM gone WHERE message.id = gone.id
"""

# The next round's time, written first, keeps a second settler away from the row.
TAKE = """
WITH asked AS MATERIALIZED (
    SELECT id FROM messaging_message
    WHERE status = 'unknown' AND (next_try_at <= %(now)s OR updated_at > %(ahead)s)
    ORDER BY next_try_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE messaging_message AS message
SET settle_rounds = settle_rounds + 1, updated_at = %(now)s,
    next_try_at = %(now)s + %(wait)s * power(2, settle_rounds)
FROM asked WHERE message.id = asked.id
RETURNING message.*
"""


def run(*, clock: Callable[[], datetime], timer: Callable[[], float] = time.monotonic) -> None:
    """Everything this module does, once. `clock` is read before each step, `timer` says when the time is up."""
    expire(now=clock())
    reap(now=clock())
    end = timer() + TICK
    # One at a time: each question may take as long as the provider likes.
    while timer() < end and settle(now=clock(), limit=1):
        pass
    traffic.sweep(now=clock())


def reap(*, now: datetime) -> int:
    """Ended leases: to `unknown` where a request may have left, straight back where none did. One statement."""
    with connection.cursor() as cursor:
        ask_at = now + timedelta(seconds=settings.MESSAGE_SETTLE_SECONDS)
        ahead = now + 2 * timedelta(seconds=settings.MESSAGE_LEASE_SECONDS)
        reason = _("The sender stopped in the middle.")
        cursor.execute(REAP, {"now": now, "ask_at": ask_at, "ahead": ahead, "reason": reason})
        found: int = cursor.rowcount
    if found:
        log.warning("leases_ended", count=found)
    return found


def settle(*, now: datetime, limit: int = BATCH) -> int:
    """Asks the provider about up to `limit` messages of unknown fate; how many were asked about."""
    if connection.in_atomic_block:
        raise RuntimeError("The provider must not be asked inside a transaction.")
    wait = timedelta(seconds=settings.MESSAGE_SETTLE_SECONDS)
    ahead = now + timedelta(seconds=settings.MESSAGE_LEASE_SECONDS)
    asked = {"now": now, "wait": wait, "ahead": ahead, "limit": limit}
    rows = list(Message.objects.raw(TAKE, asked).prefetch_related("site"))
    for message in rows:
        found = _ask(message, now)
        if found.answer is Answer.FOUND:
            _found(message, found, now)
        elif found.answer is Answer.NOT_FOUND:
            _back(message, now, settled=Settled.NOT_FOUND.value)
        else:
            _cannot_say(message, now)
    return len(rows)


def expire(*, now: datetime, limit: int = 500) -> int:
    """Waiting messages that are of no more use, each told to its kind."""
    rows = Message.objects.filter(status=MessageStatus.PENDING, not_after__lte=now).order_by("not_after")[:limit]
    return sum(
        ledger.move(message=message, to=MessageStatus.EXPIRED, now=now, error_text=dispatch.too_late())
        for message in rows
    )


def _ask(message: Message, now: datetime) -> Lookup:
    if message.channel == Channel.EMAIL or message.posted_at is None:
        return Lookup(answer=Answer.CANNOT_SAY)
    try:
        matches = _same_words(message, now)
    except Exception as error:
        log.error("look_up_without_words", message_id=message.pk, error=type(error).__name__)
        return Lookup(answer=Answer.CANNOT_SAY)
    since = message.posted_at if message.posted_at <= now else now - CLOCK_WAS_AHEAD
    return sms.lookup(to=message.sent_to, since=since, matches=matches, taken=_taken_by_another(message))


def _same_words(message: Message, now: datetime) -> Callable[[str], bool]:
    """All of them: one link may stand in several texts, and one wording may go with several links.

    The ledger keeps no link, so the text is written again for it: the same row gives the same link.
    """
    words = message.body
    if MASK in words:
        words = words.replace(MASK, kinds.get(message.kind).facts(message, now).link)
    return lambda body: body.split() == words.split()


def _taken_by_another(message: Message) -> Callable[[str], bool]:
    return lambda sid: Message.objects.filter(provider_id=sid).exclude(pk=message.pk).exists()


def _found(message: Message, found: Lookup, now: datetime) -> None:
    """The provider has it, whatever became of it since."""
    for status in (found.status, "sent"):
        if receipts.apply(provider_id=found.provider_id, send_key=message.send_key, status=status, now=now):
            traffic.note(channel=message.channel, outcomes=Counter(accepted=1), now=now)
            return


def _back(message: Message, now: datetime, **fields: Any) -> None:
    if now < message.not_after:
        ledger.move(message=message, to=MessageStatus.PENDING, now=now, next_try_at=None, **fields)
    else:
        fields["error_text"] = dispatch.too_late()
        ledger.move(message=message, to=MessageStatus.EXPIRED, now=now, **fields)


def _cannot_say(message: Message, now: datetime) -> None:
    """Nobody can be asked about an e-mail; about a text, again and again for a while. Then the kind decides, once."""
    if message.channel != Channel.EMAIL and message.settle_rounds < ROUNDS:
        return
    if message.kind in kinds.names() and kinds.get(message.kind).twice and not message.unsure_times:
        _back(message, now, unsure_times=1, settled=Settled.AGAIN.value)
    else:
        fault = {"error_class": kinds.UNCLEAR, "error_text": _("Nobody can say whether it was sent.")}
        ledger.move(message=message, to=MessageStatus.DEAD, now=now, settled=Settled.SILENT.value, **fault)
