"""Texts that come in: kept once, opt-outs obeyed at once, answers put to their question, and everything offered to the
apps above."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.db import transaction

from messaging.domain import answers, keywords, opt_outs
from messaging.enums import Reply
from messaging.models import InboundText

log = structlog.get_logger(__name__)

ANSWERS = frozenset({Reply.YES, Reply.NO})
# Two texts of one phone may overtake each other on their way to us by about as much.
IN_ORDER = timedelta(minutes=1)

# A text nobody has taken up by then is one that nobody wants.
WAITS_FOR = timedelta(days=1)

# Filled in ready(): called with each new text, in its own savepoint, after it is safely kept. Whoever takes it up says
# whose inbox it lies in (``site``); until then it is offered again.
on_inbound: list[Callable[[InboundText, datetime], None]] = []


def receive(*, provider_id: str, from_number: str, body: str, now: datetime, to_number: str = "") -> bool:
    """False when this very text came before: then nothing is done that was done. An opt-out holds when this returns.

    A START within a minute of a STOP may be the older of the two, so the STOP stands; of somebody we know a person
    asks.
    """
    said = keywords.read(body=body)
    with transaction.atomic():
        handled = said.reply
        if handled == Reply.STARTED and _stopped_just_now(from_number, now):
            handled = Reply.UNCLEAR
        kept = {
            "from_number": from_number,
            "to_number": to_number,
            "body": body,
            "received_at": now,
            "handled": handled,
            "keyword": said.keyword,
        }
        text, new = InboundText.objects.get_or_create(provider_id=provider_id, defaults=kept)
        if new and handled == Reply.STOPPED:
            opt_outs.record(address=from_number, how="text", now=now)
        elif new and handled == Reply.STARTED:
            opt_outs.end(address=from_number, how="text", now=now)
    if new or text.site_id is None:
        _hear(text.pk, now)
    return new


def hear_again(*, now: datetime) -> int:
    """Texts that were kept and not taken up, since the process ended in between: offered once more. How many."""
    forgotten = InboundText.objects.filter(site=None, received_at__gt=now - WAITS_FOR)
    pks = list(forgotten.order_by("pk").values_list("pk", flat=True))
    for pk in pks:
        _hear(pk, now)
    return len(pks)


def _hear(pk: int, now: datetime) -> None:
    """Whole or not at all; idempotent once somebody has taken it up."""
    with transaction.atomic():
        text = InboundText.objects.select_for_update(of=("self",)).get(pk=pk)
        if text.site_id is not None:
            return
        if text.handled in ANSWERS and text.question_id is None:
            answers.take(text=text, now=now)
        log.info("text_received", inbound_id=text.pk, handled=str(text.handled))
        for callback in on_inbound:
            try:
                with transaction.atomic():
                    callback(text, now)
            except Exception as error:
                log.error("inbound_callback_failed", inbound_id=text.pk, error=type(error).__name__)


def _stopped_just_now(number: str, now: datetime) -> bool:
    stops = InboundText.objects.filter(from_number=number, handled=Reply.STOPPED)
    return stops.filter(received_at__gt=now - IN_ORDER).exists()
