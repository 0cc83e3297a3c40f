"""Texts that come in: kept once, opt-outs obeyed at once, everything offered to the apps above."""

import re
import unicodedata
from collections.abc import Callable
from datetime import datetime

import structlog
from django.db import transaction

from messaging.domain import opt_outs
from messaging.enums import Reply
from messaging.models import InboundText

log = structlog.get_logger(__name__)

# The words the FCC lists as a revocation by themselves, and what Spanish speakers write.
STOP = frozenset(["stop", "stopall", "quit", "end", "revoke", "optout", "opt out", "cancel", "unsubscribe"]).union(
    ["alto", "parar", "cancelar", "baja"]
)
# These stop everything even with something behind them: "STOP 12345", "unsubscribe me".
STOP_FIRST = frozenset(["stop", "stopall", "unsubscribe", "optout"])
LONGEST_STOP = 3
START = frozenset(["start", "unstop", "empezar", "comenzar"])
POLITE = frozenset(["please", "pls", "por", "favor", "thanks", "gracias", "now", "all"])

# Filled in ready(): called with each new text, in its own savepoint, after it is safely kept.
on_inbound: list[Callable[[InboundText, datetime], None]] = []


def receive(*, provider_id: str, from_number: str, body: str, now: datetime) -> bool:
    """False when this very text came before: then nothing is done. An opt-out holds when this returns."""
    handled = meaning(body)
    with transaction.atomic():
        text, new = InboundText.objects.get_or_create(
            provider_id=provider_id,
            defaults={"from_number": from_number, "body": body, "received_at": now, "handled": handled},
        )
        if new and handled == Reply.STOPPED:
            opt_outs.record(address=from_number, how="text", now=now)
        elif new and handled == Reply.STARTED:
            opt_outs.end(address=from_number, how="text", now=now)
    if new:
        log.info("text_received", inbound_id=text.pk, handled=str(handled))
        _offer(text, now)
    return new


def words(body: str) -> list[str]:
    """What a text says, in small letters without accents, signs and courtesies: "¡Cancelar, por favor!" is
    ``["cancelar"]``. The one reading, for whoever asks what somebody meant."""
    plain = unicodedata.normalize("NFKD", body.casefold())
    return [word for word in re.findall(r"[a-z0-9]+", plain.replace("\u0301", "")) if word not in POLITE]


def meaning(body: str) -> Reply:
    said = words(body)
    whole = " ".join(said)
    if whole in STOP or (len(said) <= LONGEST_STOP and said[:1] and said[0] in STOP_FIRST):
        return Reply.STOPPED
    return Reply.STARTED if whole in START else Reply.PASSED_ON


def _offer(text: InboundText, now: datetime) -> None:
    for callback in on_inbound:
        try:
            with transaction.atomic():
                callback(text, now)
        except Exception as error:
            log.error("inbound_callback_failed", inbound_id=text.pk, error=type(error).__name__)
