"""What is asked of the planner, and a plan as it answers: days and times of day as plain numbers. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

Gap = tuple[int, int, int]


class Aim(Enum):
    RIDES = "rides"
    REGULAR = "regular"
    SOONEST = "soonest"


@dataclass(frozen=True)
class Day:
    """Sets of times, as bits in the order of ``Ask.minutes``; the others are parts of ``free``."""

    free: int = 0
    covered: int = 0
    good: int = 0


@dataclass(frozen=True)
class Ask:
    """``minutes`` are the times of day that occur, ascending; ``gaps`` (least, best, most) of each visit after the
    first; ``weekday`` that of day 0; ``per_week`` how many visits a week the usual weekdays may hold."""

    minutes: tuple[int, ...]
    days: tuple[Day, ...]
    gaps: tuple[Gap, ...]
    weekday: int
    per_week: int
    start_days: int
    prefer: int | None = None

    def weekday_of(self, day: int) -> int:
        return (self.weekday + day) % 7

    @cached_property
    def usable(self) -> int:
        return sum(1 << at for at, day in enumerate(self.days) if day.free)


@dataclass(frozen=True)
class Plan:
    """``visits`` are (day, minute of day). ``weekdays`` and ``minute`` are the usual ones, ``aims`` what it is best
    at."""

    visits: tuple[tuple[int, int], ...]
    weekdays: tuple[int, ...]
    minute: int
    uncovered: int
    irregular: int
    spacing: int
    missed: int
    aims: tuple[Aim, ...] = field(default=(), compare=False)


def per_week(gaps: Sequence[Gap]) -> int:
    """How many weekdays a regular course has: visits in a week at its densest."""
    densest = min((best for _least, best, _most in gaps), default=7)
    return max(1, round(7 / densest))
