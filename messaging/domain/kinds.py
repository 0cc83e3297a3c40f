"""What kinds of message exist. The apps above register theirs at start; this app knows none by name."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from messaging.domain import quiet
from messaging.enums import Audience
from messaging.models import Message

# The error class of a message that may have arrived, with nobody to say so.
UNCLEAR = "unclear"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A message ready to go. `body` contains `link` already; naming it lets the ledger mask it.

    `zone` is the recipient's time zone where it is known and differs from the row's, `window` the hours for texts
    in it. `agreed`: whether the person, as things are now, said yes to being written to in this way.
    """

    to: str
    body: str
    link: str = ""
    subject: str = ""
    html: str = ""
    zone: str = ""
    window: quiet.Window = quiet.DAYTIME
    agreed: bool = True


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a message should go now. `reason` is a sentence for staff; `retry_at` says "not yet"."""

    wanted: bool
    reason: str = ""
    retry_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of message.

    `still_wanted` and `compose` are asked just before sending, outside any transaction, and may
    be asked again: they must change nothing, and `compose` must give the same link each time.
    `on_dead(message, sentence, now)` is called in the transaction that marks the row dead, blocked,
    expired or undelivered (`message.status` says which), so that somebody can be told.
    `twice`: when nobody can say whether it left, twice is better than not at all. Without it such a message ends
    dead with the `error_class` "unclear": it may have arrived, so `on_dead` must not say it again by another road.
    """

    name: str
    audience: Audience
    compose: Callable[[Message, datetime], Draft]
    still_wanted: Callable[[Message, datetime], Verdict]
    on_dead: Callable[[Message, str, datetime], None]
    twice: bool = False
    quiet_exempt: bool = False
    max_segments: int = 1


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Raises ValueError when another kind already has the name."""
    if _kinds.setdefault(kind.name, kind) != kind:
        raise ValueError(f"Two kinds of message are called {kind.name!r}.")


def get(name: str) -> Kind:
    """Raises KeyError for a name nobody registered."""
    return _kinds[name]


def names() -> list[str]:
    return sorted(_kinds)
