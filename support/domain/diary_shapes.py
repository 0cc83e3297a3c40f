"""What the schedule shows: days, lanes, and what stands in a lane. Strings ready for the page; no queries."""

from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256

from support.domain.board_grid import Grid
from support.domain.diary_rows import Owner

ROOM, CLINICIAN = "room", "clinician"
DAYS = (1, 3, 7)


@dataclass(frozen=True, kw_only=True)
class Look:
    """What of the diary is asked for. Names are ids; a filter leaves the others as taken time without a name."""

    first: date
    days: int = 1
    by: str = ROOM
    room: int | None = None
    clinician: int | None = None
    name: str = ""
    only_risk: bool = False

    @property
    def last(self) -> date:
        return self.first + timedelta(days=self.days - 1)

    @property
    def is_filtered(self) -> bool:
        return bool(self.room or self.clinician or self.name or self.only_risk)


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A visit in its lane, every word ready to be shown. ``parts`` and ``css`` name classes of the stylesheet."""

    pk: int
    css: str
    turn: str
    parts: str
    tone: str
    when: str
    name: str
    phase: str
    level: str
    word: str
    beside: str
    guests: str
    is_crowded: bool
    can_move: bool
    version: int
    start: int
    minutes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """Free time that can be booked; ``at`` is the wall time of its start, ``last`` the last minute of the day from
    which the shortest visit still fits. A slim one has no room for its words."""

    css: str
    at: str
    last: int
    start: str
    end: str
    is_slim: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Shade:
    """Time that is not offered. ``kind``: closed, out (of hours) or taken (hidden by a filter)."""

    css: str
    kind: str
    start: str
    end: str
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Lane:
    owner: Owner
    shades: list[Shade]
    items: list[Block | Gap]


@dataclass(frozen=True, kw_only=True)
class Day:
    day: date
    is_today: bool
    is_closed: bool
    now_column: int | None
    lanes: list[Lane]
    total: int
    at_risk: int
    none: int


@dataclass(frozen=True, kw_only=True)
class Off:
    """A visit that does not take place."""

    pk: int
    day: date
    at: str
    name: str
    phase: str
    why: str


@dataclass(frozen=True, kw_only=True)
class DiaryBoard:
    """``shortest`` is how many minutes the shortest visit on offer takes."""

    look: Look
    grid: Grid
    shortest: int
    clock: str
    days: list[Day]
    off: list[Off]
    rooms: list[Owner]
    clinicians: list[Owner]

    @property
    def total(self) -> int:
        return sum(day.total for day in self.days)

    @property
    def at_risk(self) -> int:
        return sum(day.at_risk for day in self.days)

    @property
    def none(self) -> int:
        return sum(day.none for day in self.days)

    @property
    def stamp(self) -> str:
        """The same for as long as nothing of what is shown changes."""
        return sha256(repr(self).encode()).hexdigest()[:20]
