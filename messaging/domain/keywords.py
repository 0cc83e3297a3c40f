"""What somebody means by a text, where one word says it. English and Spanish; whatever says more is for a person."""

import re
import unicodedata
from dataclasses import dataclass

from messaging.enums import Reply

STOP_IN_SPANISH = frozenset(
    [
        *("alto", "parar", "pare", "cancelar", "cancela", "baja", "terminar", "detener", "salir", "darme de baja"),
        *("no mas mensajes", "no mas textos", "no me escriban", "no me escribas"),
    ]
)
START_IN_SPANISH = frozenset(["empezar", "comenzar", "iniciar"])
HELP_IN_SPANISH = frozenset(["ayuda", "informacion"])
# By these a stranger tells which language to answer in.
SPANISH = STOP_IN_SPANISH | START_IN_SPANISH | HELP_IN_SPANISH
# The words the FCC lists as a revocation by themselves, what Spanish speakers write, and plain ways to say the same.
STOP = STOP_IN_SPANISH.union(
    ("stop", "stopall", "stop all", "cancel", "cancel all", "end", "quit", "unsubscribe", "revoke"),
    ("optout", "opt out", "no more texts", "no more messages"),
)
# These stop everything even with something behind them: "STOP 12345", "unsubscribe me".
STOP_FIRST = frozenset(["stop", "stopall", "unsubscribe", "optout"])
LONGEST_STOP = 3
# From somebody who has a date they may also mean the date.
CANCEL = frozenset(["cancel", "cancel all", "cancelar", "cancela"])
START = START_IN_SPANISH.union(("start", "unstop"))
HELP = HELP_IN_SPANISH.union(("help", "info"))
YES = frozenset(
    ["yes", "y", "yeah", "yep", "yup", "ok", "okay", "sure", "confirm", "confirmed", "si", "claro", "vale", "confirmo"]
)
NO = frozenset(["no", "n", "nope", "nah"])
YES_SAID = frozenset(["yes i can", "yes i will", "i can", "si puedo", "de acuerdo", "si de acuerdo"])
NO_SAID = frozenset(["no i can t", "no i cant", "i can t", "i cant", "no i cannot", "i cannot", "no puedo"])
THUMBS = {"👍": "yes", "👎": "no"}
POLITE = frozenset(["please", "pls", "por", "favor", "thanks", "thank", "you", "gracias", "now"])
LONGEST_KEYWORD = 16


@dataclass(frozen=True, kw_only=True)
class Said:
    """``keyword`` is what was understood, in small letters without signs; empty where that is for a person."""

    reply: Reply
    keyword: str = ""


def read(*, body: str) -> Said:
    """One meaning or ``PASSED_ON``: "yes but I am late" is no plain yes, "yes?" none either, "I'll stop by at noon" no
    stop."""
    said = _words(body)
    whole = " ".join(said)
    if whole in STOP:
        return _found(Reply.STOPPED, whole)
    if said and said[0] in STOP_FIRST and len(said) <= LONGEST_STOP:
        return _found(Reply.STOPPED, said[0])
    for reply, known in ((Reply.STARTED, START), (Reply.HELP, HELP)):
        if whole in known:
            return _found(reply, whole)
    for reply, known, phrases in ((Reply.YES, YES, YES_SAID), (Reply.NO, NO, NO_SAID)):
        if "?" not in body and (whole in phrases or (said and known.issuperset(said))):
            return _found(reply, str(reply))
    return Said(reply=Reply.PASSED_ON)


def _found(reply: Reply, keyword: str) -> Said:
    return Said(reply=reply, keyword=keyword[:LONGEST_KEYWORD])


def _words(body: str) -> list[str]:
    """In small letters, without accents, signs and courtesies: "¡Cancelar, por favor!" is ``["cancelar"]``."""
    for thumb, word in THUMBS.items():
        body = body.replace(thumb, f" {word} ")
    plain = unicodedata.normalize("NFKD", body.casefold())
    letters = "".join(sign for sign in plain if not unicodedata.combining(sign))
    if re.search(r"[^\W\d_]", re.sub(r"[a-z0-9]", "", letters)):
        return []  # Written in another alphabet: nothing that we read is all that it says.
    return [word for word in re.findall(r"[a-z0-9]+", letters) if word not in POLITE]
