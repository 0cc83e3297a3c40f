"""Claim what is due, ask once more, hand over, record. Any number of workers may do it at once.

What holds it together: the committed `sending` is the intent, `attempts` the fence, `posted_at` the line after
which only the provider can say what happened.

The limit that remains: a worker that freezes between the line and its request, for longer than its lease and the
time given to the provider, and then wakes up and sends, can double a message.
"""

import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

import structlog
from django.conf import settings
from django.db import connection
from django.db.models import Model
from django.db.models.base import ModelState
from django.utils.translation import gettext as _

from messaging.domain import backoff, budget, firewall, kinds, ledger, opt_outs, receipts, traffic, words
from messaging.domain.compile import Faulty
from messaging.domain.kinds import Budget, Draft, Facts, Kind, Verdict
from messaging.domain.ledger import Move
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
RETURNING {columns}
"""
# What a message is judged and written by. The rest stays in the database until somebody asks for it.
COLUMNS = (
    "id", "site_id", "kind", "scope", "subject", "about_at", "recipient", "channel", "language", "due_at", "not_after",
    "rule", "zone", "plan_version", "status", "attempts", "lease_until", "posted_at", "settle_rounds", "unsure_times",
    "send_key", "error_class",
)  # fmt: skip
SITES = Message._meta.get_field("site").related_model._default_manager
CLAIM = CLAIM.format(columns=", ".join(f"message.{name}" for name in COLUMNS))

POST_BEGINS = """
UPDATE messaging_message
SET posted_at = %(posted_at)s, sent_to = %(sent_to)s, body = %(body)s, email_subject = %(email_subject)s,
    wording_id = %(wording_id)s, updated_at = %(updated_at)s
WHERE id = %(id)s AND status = 'sending' AND attempts = %(attempts)s AND plan_version = %(plan_version)s
"""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A right to send one message, until its lease ends or somebody with a higher number has it."""

    message: Message


def run(
    *,
    clock: Callable[[], datetime],
    batch: int = BATCH,
    cap: int | None = None,
    timer: Callable[[], float] = time.monotonic,
) -> Counter[str]:
    """Claims and sends until nothing is due, the time is up or `cap` (MESSAGES_PER_TICK) were handed over; how many
    ended in which state.

    `clock` is read before each message: a batch may take longer than any one reading stays true. `timer` says when the
    time is up, since a clock may be put back meanwhile. What was claimed and not begun by then goes back. After an
    outage the cap spreads what waited over the ticks to come.
    """
    done: Counter[str] = Counter()
    answers: dict[str, Counter[str]] = defaultdict(Counter)
    left = settings.MESSAGES_PER_TICK if cap is None else cap
    end = timer() + TICK
    while left > 0 and timer() < end:
        limit = min(batch, left)
        claims = claim(limit=limit, now=clock())
        # Nothing has left for these: they are written together.
        stay: list[Move] = []
        for message in (each.message for each in claims):
            now = clock()
            ready = _begin(message, now) if timer() < end else Move(message, MessageStatus.PENDING, {})
            if isinstance(ready, Move):
                stay.append(ready)
            else:
                answers[message.channel][_finish(message, ready, now)] += 1
        _stay(stay, clock())
        done.update(each.message.status for each in claims)
        left -= len(claims) - len(stay)
        if len(claims) < limit:
            break
    for channel, outcomes in answers.items():
        traffic.note(channel=channel, outcomes=outcomes, now=clock())
    return done


def claim(*, limit: int, now: datetime) -> list[Claim]:
    """Up to `limit` due messages, oldest first, each to one caller only. One statement, committed by itself."""
    until = now + timedelta(seconds=settings.MESSAGE_LEASE_SECONDS)
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"now": now, "until": until, "limit": limit})
        rows = cursor.fetchall()
    sites = SITES.in_bulk({row[COLUMNS.index("site_id")] for row in rows})
    messages = [_message(dict(zip(COLUMNS, row, strict=True)), sites) for row in rows]
    return [Claim(message=message) for message in sorted(messages, key=attrgetter("due_at", "pk"))]


def _message(columns: dict[str, Any], sites: Mapping[int, Model]) -> Message:
    """Past the constructor, which takes as long for a row as PostgreSQL takes to claim it."""
    message = Message.__new__(Message)
    message._state = state = ModelState()
    state.db, state.adding, state.fields_cache = "default", False, {"site": sites[columns["site_id"]]}
    vars(message).update(columns)
    return message


def send(*, claim: Claim, now: datetime) -> None:
    """Brings one claimed message as far as it gets; `claim.message` shows how far. Raises only when the
    database is gone (the lease then does the rest) or when called inside a transaction."""
    ready = _begin(claim.message, now)
    if isinstance(ready, Move):
        _stay([ready], now)
    else:
        _finish(claim.message, ready, now)


def _begin(message: Message, now: datetime) -> Draft | Move:
    """What to hand over, its beginning written down; or where the row belongs instead."""
    if connection.in_atomic_block:
        raise RuntimeError("A message must not be sent inside a transaction: it could not be undone.")
    try:
        kind = kinds.get(message.kind)
        ready = _ready(message, kind, now)
        if isinstance(ready, Move):
            return ready
        draft, facts = ready
        limit = budget.that_holds(budget=facts.budget, kind=kind, message=message)
        if _post_begins(message, draft, now, limit):
            return draft
        if limit is not None and _is_ours(message):
            verdict = budget.room(to=draft.to, budget=limit, not_after=message.not_after, now=now)
            if not verdict.wanted:
                return _not_now(message, MessageStatus.BLOCKED, verdict, now)
    except Exception as error:
        return _not_written(message, error, now)
    # The lease was taken away, or the plan has changed meanwhile: it is asked again.
    return Move(message, MessageStatus.PENDING, {})


def _finish(message: Message, draft: Draft, now: datetime) -> str:
    outcome = _hand_over(message, draft)
    _record(message, outcome, now)
    return outcome.result.value


def _ready(message: Message, kind: Kind, now: datetime) -> tuple[Draft, Facts] | Move:
    """The words to send now and what they rest on, or where the row belongs instead."""
    if message.lease_until is None or now + sms.longest_wait() >= message.lease_until:
        return Move(message, MessageStatus.PENDING, {})
    if now >= message.not_after:
        return Move(message, MessageStatus.EXPIRED, {"error_text": too_late()})
    verdict = kind.still_wanted(message, now)
    if not verdict.wanted:
        return _not_now(message, MessageStatus.VOID, verdict, now)
    facts = kind.facts(message, now)
    try:
        draft = words.draft(message=message, kind=kind, facts=facts)
        verdict = firewall.check(draft=draft, facts=facts, kind=kind, message=message, now=now)
    except Faulty as fault:
        verdict = Verdict(wanted=False, reason=str(fault))
    if not verdict.wanted:
        return _not_now(message, MessageStatus.BLOCKED, verdict, now)
    return draft, facts


def _not_now(message: Message, ending: MessageStatus, verdict: Verdict, now: datetime) -> Move:
    if verdict.retry_at is None:
        return Move(message, ending, {"error_text": verdict.reason})
    if verdict.retry_at < message.not_after:
        again = max(verdict.retry_at, now + SHORTEST_WAIT)
        # Without a class it is no fault: the reason is for who looks why it waits.
        waits = {"next_try_at": again, "error_class": "", "error_text": verdict.reason}
        return Move(message, MessageStatus.PENDING, waits)
    return Move(message, MessageStatus.EXPIRED, {"error_text": too_late()})


def _stay(moves: Sequence[Move], now: datetime) -> None:
    """What cannot be written together is written one by one: a bad row stops no other."""
    try:
        ledger.move_many(moves=moves, now=now)
    except Exception as error:
        log.error("moves_not_written", error=type(error).__name__)
        for each in moves:
            if each.message.status == MessageStatus.SENDING:
                _stay_alone(each, now)


def _stay_alone(move: Move, now: datetime) -> None:
    try:
        ledger.move(message=move.message, to=move.to, now=now, **move.fields)
    except Exception as error:
        instead = _not_written(move.message, error, now)
        ledger.move(message=move.message, to=instead.to, now=now, **instead.fields)


def _post_begins(message: Message, draft: Draft, now: datetime, limit: Budget | None = None) -> bool:
    """The last look before the request, and the record that it begins, in one statement.

    False when the lease was taken away, when the plan changed meanwhile, or when the number has had enough.
    """
    fields: dict[str, Any] = {
        "posted_at": now,
        "sent_to": draft.to,
        "body": masked(draft),
        "email_subject": draft.subject,
        "wording_id": draft.wording_id,
        "updated_at": now,
    }
    given = fields | {"id": message.pk, "attempts": message.attempts, "plan_version": message.plan_version}
    statement = POST_BEGINS
    if limit is not None:
        statement = budget.guarded(POST_BEGINS)
        given |= budget.asked(to=draft.to, budget=limit, now=now)
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        begun: bool = cursor.rowcount == 1
    if begun:
        vars(message).update(fields)
    return begun


def _is_ours(message: Message) -> bool:
    """Whether the lease holds and the plan is the one it was written for."""
    seen = {"pk": message.pk, "attempts": message.attempts, "plan_version": message.plan_version}
    return Message.objects.filter(status=MessageStatus.SENDING, **seen).exists()


def _hand_over(message: Message, draft: Draft) -> Outcome:
    key = str(message.send_key)
    try:
        if message.channel == Channel.EMAIL:
            return email.send(
                to=draft.to,
                subject=draft.subject,
                body=draft.body,
                html=draft.html,
                send_key=key,
                preferences=draft.preferences,
            )
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
        again = backoff.next_try(message=message, now=now, asked=outcome.retry_after)
        ledger.move(message=message, to=MessageStatus.PENDING, now=now, next_try_at=again, **fault)
    elif outcome.result is Result.REFUSED:
        if outcome.opted_out:
            opt_outs.record(address=message.sent_to, how="provider", now=now)
        ledger.move(message=message, to=MessageStatus.DEAD, now=now, **fault)
    else:
        ask_at = now + sms.longest_wait() + timedelta(seconds=settings.MESSAGE_SETTLE_SECONDS)
        ledger.move(message=message, to=MessageStatus.UNKNOWN, now=now, next_try_at=ask_at, **fault)


def _not_written(message: Message, error: Exception, now: datetime) -> Move:
    _log_fault("message_not_written", message, error)
    name = type(error).__name__
    fault = {"error_class": name, "error_text": _("The message could not be written.")}
    if message.attempts < TRIES_TO_WRITE or message.error_class != name:
        return Move(
            message, MessageStatus.PENDING, {"next_try_at": backoff.next_try(message=message, now=now), **fault}
        )
    return Move(message, MessageStatus.DEAD, fault)


def masked(draft: Draft) -> str:
    return draft.without_addresses(MASK)


def too_late() -> str:
    return _("It could not go in time to be of use.")


def _log_fault(event: str, message: Message, error: Exception) -> None:
    """Where it broke and the kind of error; never its words, which may hold a name or a number."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    log.error(event, message_id=message.pk, error=type(error).__name__, at=f"{frame.name}:{frame.lineno}")
