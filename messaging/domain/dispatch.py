"""Claim what is due, ask once more, hand over, record. Any number of workers may do it at once.

What holds it together: the committed `sending` is the intent, `attempts` the fence, `posted_at` the line after
which only the provider can say what happened.

The limit that remains: a worker that freezes between the line and its request, for longer than its lease and the
time given to the provider, and then wakes up and sends, can double a message.
"""

import random
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from messaging.domain import firewall, kinds, ledger, opt_outs, receipts, words
from messaging.domain.compile import Faulty
from messaging.domain.kinds import Draft, Facts, Kind, Verdict
from messaging.enums import Channel, MessageStatus
from messaging.models import Message
from messaging.transports import email, sms
from messaging.transports.outcome import Outcome, Result

log = structlog.get_logger(__name__)

# Stands in the ledger where the link stood.
MASK = "[link]"
BATCH = 25
# Seconds. A tick stops claiming after this, well inside the tasks' time limit, so that others get their turn.
TICK = 20.0
FIRST_BACK_OFF = timedelta(seconds=30)
LONGEST_BACK_OFF = timedelta(minutes=5)
SHORTEST_WAIT = timedelta(seconds=5)
# So often may writing one message fail in the same way before a person is asked to look at it.
TRIES_TO_WRITE = 5

# A time to try again that was written further ahead of us than a lease lasts comes from a clock that was put back
# since: what it says is not waited for.
CLAIM = """
WITH due AS MATERIALIZED (
    SELECT id FROM messaging_message
    WHERE status = 'pending' AND due_at <= %(now)s AND not_after > %(now)s
      AND (next_try_at IS NULL OR next_try_at <= %(now)s OR updated_at > %(until)s)
    ORDER BY due_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE messaging_message AS message
SET status = 'sending', attempts = attempts + 1, claimed_at = %(now)s, lease_until = %(until)s,
    posted_at = NULL, next_try_at = NULL, settle_rounds = 0, updated_at = %(now)s
FROM due WHERE message.id = due.id
RETURNING message.*
"""

POST_BEGINS = """
UPDATE messaging_message
SET posted_at = %s, sent_to = %s, body = %s, email_subject = %s, wording_id = %s, updated_at = %s
WHERE id = %s AND status = 'sending' AND attempts = %s AND plan_version = %s
"""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A right to send one message, until its lease ends or somebody with a higher number has it."""

    message: Message


def run(
    *, clock: Callable[[], datetime], batch: int = BATCH, timer: Callable[[], float] = time.monotonic
) -> Counter[str]:
    """Claims and sends until nothing is due or the time is up; how many ended in which state.

    `clock` is read before each message: a batch may take longer than any one reading stays true. `timer` says when the
    time is up, since a clock may be put back meanwhile. What was claimed and not begun by then goes back.
    """
    done: Counter[str] = Counter()
    end = timer() + TICK
    while timer() < end:
        claims = claim(limit=batch, now=clock())
        for each in claims:
            now = clock()
            if timer() < end:
                send(claim=each, now=now)
            else:
                ledger.move(message=each.message, to=MessageStatus.PENDING, now=now)
            done[each.message.status] += 1
        if len(claims) < batch:
            break
    return done


def claim(*, limit: int, now: datetime) -> list[Claim]:
    """Up to `limit` due messages, oldest first, each to one caller only. One statement, committed by itself."""
    until = now + timedelta(seconds=settings.MESSAGE_LEASE_SECONDS)
    rows = Message.objects.raw(CLAIM, {"now": now, "until": until, "limit": limit}).prefetch_related("site")
    return [Claim(message=message) for message in sorted(rows, key=lambda row: (row.due_at, row.pk))]


def send(*, claim: Claim, now: datetime) -> None:
    """Brings one claimed message as far as it gets; `claim.message` shows how far. Raises only when the
    database is gone (the lease then does the rest) or when called inside a transaction."""
    if connection.in_atomic_block:
        raise RuntimeError("A message must not be sent inside a transaction: it could not be undone.")
    message = claim.message
    try:
        kind = kinds.get(message.kind)
        ready = _ready(message, kind, now)
        begun = ready is not None and _post_begins(message, ready[0], now)
    except Exception as error:
        _could_not_write(message, error, now)
        return
    if begun and ready is not None:
        _record(message, _hand_over(message, ready[0]), now)


def _ready(message: Message, kind: Kind, now: datetime) -> tuple[Draft, Facts] | None:
    """The words to send now and what they rest on, or None when the row has been moved to where it belongs instead."""
    if message.lease_until is None or now + sms.longest_wait() >= message.lease_until:
        ledger.move(message=message, to=MessageStatus.PENDING, now=now)
        return None
    if now >= message.not_after:
        ledger.move(message=message, to=MessageStatus.EXPIRED, now=now, error_text=too_late())
        return None
    verdict = kind.still_wanted(message, now)
    if not verdict.wanted:
        _not_now(message, MessageStatus.VOID, verdict, now)
        return None
    facts = kind.facts(message, now)
    try:
        draft = words.draft(message=message, kind=kind, facts=facts)
        verdict = firewall.check(draft=draft, facts=facts, kind=kind, message=message, now=now)
    except Faulty as fault:
        verdict = Verdict(wanted=False, reason=str(fault))
    if not verdict.wanted:
        _not_now(message, MessageStatus.BLOCKED, verdict, now)
        return None
    return draft, facts


def _not_now(message: Message, ending: MessageStatus, verdict: Verdict, now: datetime) -> None:
    if verdict.retry_at is None:
        ledger.move(message=message, to=ending, now=now, error_text=verdict.reason)
    elif verdict.retry_at < message.not_after:
        again = max(verdict.retry_at, now + SHORTEST_WAIT)
        ledger.move(
            message=message, to=MessageStatus.PENDING, now=now, next_try_at=again, error_class="", error_text=""
        )
    else:
        ledger.move(message=message, to=MessageStatus.EXPIRED, now=now, error_text=too_late())


def _post_begins(message: Message, draft: Draft, now: datetime) -> bool:
    """The last look before the request, and the record that it begins, in one statement.

    False when the lease was taken away, or when the plan changed meanwhile: then the row goes back, to be asked again.
    """
    fields: dict[str, Any] = {
        "posted_at": now,
        "sent_to": draft.to,
        "body": masked(draft),
        "email_subject": draft.subject,
        "wording_id": draft.wording_id,
        "updated_at": now,
    }
    with connection.cursor() as cursor:
        fence = (message.pk, message.attempts, message.plan_version)
        cursor.execute(POST_BEGINS, (*fields.values(), *fence))
        begun = cursor.rowcount == 1
    if begun:
        for name, value in fields.items():
            setattr(message, name, value)
        return True
    ledger.move(message=message, to=MessageStatus.PENDING, now=now)
    return False


def _hand_over(message: Message, draft: Draft) -> Outcome:
    key = str(message.send_key)
    try:
        if message.channel == Channel.EMAIL:
            return email.send(to=draft.to, subject=draft.subject, body=draft.body, html=draft.html, send_key=key)
        return sms.send(to=draft.to, body=draft.body, send_key=key)
    except Exception as error:
        # Whatever broke, the request may have gone: only asking can tell.
        _log_fault("hand_over_failed", message, error)
        return Outcome(result=Result.UNCLEAR, fault=type(error).__name__, reason=_("Sending broke off in the middle."))


def _record(message: Message, outcome: Outcome, now: datetime) -> None:
    fault = {"error_class": outcome.fault, "error_text": outcome.reason}
    name = outcome.provider_id[: receipts.LONGEST_ID]
    if outcome.result is Result.ACCEPTED:
        written = ledger.move(message=message, to=MessageStatus.SENT, now=now, sent_at=now, provider_id=name, **fault)
        if not written:
            # The lease ran out, or a receipt came first. The provider has it all the same.
            receipts.apply(provider_id=name, send_key=message.send_key, status="sent", now=now)
    elif outcome.result is Result.LATER:
        again = _next_try(message, now, outcome.retry_after)
        ledger.move(message=message, to=MessageStatus.PENDING, now=now, next_try_at=again, **fault)
    elif outcome.result is Result.REFUSED:
        if outcome.opted_out:
            opt_outs.record(address=message.sent_to, how="provider", now=now)
        ledger.move(message=message, to=MessageStatus.DEAD, now=now, **fault)
    else:
        ask_at = now + sms.longest_wait() + timedelta(seconds=settings.MESSAGE_SETTLE_SECONDS)
        ledger.move(message=message, to=MessageStatus.UNKNOWN, now=now, next_try_at=ask_at, **fault)


def _could_not_write(message: Message, error: Exception, now: datetime) -> None:
    _log_fault("message_not_written", message, error)
    name = type(error).__name__
    again = message.attempts < TRIES_TO_WRITE or message.error_class != name
    fault = {"error_class": name, "error_text": _("The message could not be written.")}
    if again:
        ledger.move(
            message=message, to=MessageStatus.PENDING, now=now, next_try_at=_next_try(message, now, None), **fault
        )
    else:
        ledger.move(message=message, to=MessageStatus.DEAD, now=now, **fault)


def _next_try(message: Message, now: datetime, asked: int | None) -> datetime:
    """Longer each time, never in step with the others, with one try left before it is of no more use.

    What the provider `asked` for (seconds) is waited for whole: who comes back sooner is turned away for longer.
    """
    chance = random.random()  # noqa: S311
    wait = min(FIRST_BACK_OFF * (1 << min(message.attempts - 1, 10)), LONGEST_BACK_OFF) * (0.5 + chance / 2)
    if asked is not None:
        wait = max(wait, timedelta(seconds=asked) * (1 + chance / 10))
    last = message.not_after - timedelta(seconds=settings.MESSAGE_LEASE_SECONDS)
    return now + wait if now >= last else min(now + wait, last)


def masked(draft: Draft) -> str:
    return draft.body.replace(draft.link, MASK) if draft.link else draft.body


def too_late() -> str:
    return _("It could not go in time to be of use.")


def _log_fault(event: str, message: Message, error: Exception) -> None:
    """Where it broke and the kind of error; never its words, which may hold a name or a number."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    log.error(event, message_id=message.pk, error=type(error).__name__, at=f"{frame.name}:{frame.lineno}")
