"""What kinds of message exist. The apps above register theirs at start; this app knows none by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils.functional import Promise

from messaging.domain import quiet
from messaging.enums import Audience
from messaging.models import InboundText, Message

# The error class of a message that may have arrived, with nobody to say so.
UNCLEAR = "unclear"


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One name a wording may use. ``data_class``: what its reader must be allowed to know, "" if nothing. ``longest``:
    the longest value it can take; what is longer is cut. ``says``: what it is, for who edits wordings."""

    data_class: str = ""
    longest: str | bool = ""
    says: str | Promise = ""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How much may go to one address; 0 is no limit."""

    per_day: int = 0
    per_week: int = 0
    apart: timedelta = timedelta(0)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the app above knows of one message, as things are now.

    ``to`` is the number or address for the message's channel, "" if there is none; ``wording`` names the words, usually
    the kind's. ``person`` is whom a yes is kept under and ``purpose`` what it must cover; "": this needs none.
    ``permits`` are the data classes the reader may know, ``never`` the clinic's own forbidden words. ``zone`` is the
    reader's where it differs from the row's, ``window`` the hours for texts in it. ``preferences``: the address of the
    page where they change or stop this.
    """

    to: str
    wording: str
    values: Mapping[str, str | bool]
    link: str
    person: str = ""
    purpose: str = ""
    permits: frozenset[str] = frozenset()
    never: tuple[str, ...] = ()
    zone: str = ""
    window: quiet.Window = quiet.DAYTIME
    budget: Budget = Budget()
    preferences: str = ""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A message ready to go. ``body`` contains ``link``, an e-mail's ``preferences`` too; naming them lets the ledger
    mask them. ``uses``: the names that stand in its words. ``wording_id``: of the clinic's own words, None for the
    product's."""

    to: str
    body: str
    link: str = ""
    subject: str = ""
    html: str = ""
    zone: str = ""
    window: quiet.Window = quiet.DAYTIME
    uses: frozenset[str] = frozenset()
    wording_id: int | None = None
    preferences: str = ""

    def without_addresses(self, instead: str) -> str:
        """The body with ``instead`` for each address of ours. The longer first: the other may begin it."""
        body = self.body
        for address in sorted(filter(None, {self.link, self.preferences}), key=len, reverse=True):
            body = body.replace(address, instead)
        return body


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a message should go now. `reason` is a sentence for staff; `retry_at` says "not yet"."""

    wanted: bool
    reason: str = ""
    retry_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of message.

    `still_wanted` and `facts` are asked just before sending, outside any transaction, and may
    be asked again: they must change nothing, and `facts` must give the same link each time.
    `on_dead(message, sentence, now)` is called in the transaction that marks the row dead, blocked,
    expired or undelivered (`message.status` says which), so that somebody can be told.
    `twice`: when nobody can say whether it left, twice is better than not at all. Without it such a message ends
    dead with the `error_class` "unclear": it may have arrived, so `on_dead` must not say it again by another road.
    `slots` are the names its words may use, beside `link`. `counts`: it takes of its address's budget and is held back
    by it. `despite_stop`: it goes to a number that asked for no more texts (the answer to that very text).
    `is_reply`: it answers a text that came in, so a yes or no after it is still to what was said before.
    `on_answer(message, text, is_yes, now)`: takes a yes or no by text, False where it could not be taken;
    `is_open(message, now)`: whether the question still stands. None: it asks nothing.
    """

    name: str
    audience: Audience
    facts: Callable[[Message, datetime], Facts]
    still_wanted: Callable[[Message, datetime], Verdict]
    on_dead: Callable[[Message, str, datetime], None]
    twice: bool = False
    quiet_exempt: bool = False
    max_segments: int = 1
    slots: Mapping[str, Slot] = field(default_factory=dict)
    counts: bool = True
    despite_stop: bool = False
    is_reply: bool = False
    on_answer: Callable[[Message, InboundText, bool, datetime], bool] | None = None
    is_open: Callable[[Message, datetime], bool] | None = None


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
