"""Which days keep the days between the visits of a course. Pure; days are the clinic's calendar days."""

from collections.abc import Mapping
from datetime import date
from itertools import pairwise

from clinic.models import Protocol


class Rhythm:
    """The visits of one course that keep their day, by number, without the one that looks for a day.

    Neighbours are those by date, not by number: a visit that was cancelled and placed again comes where it comes. The
    same rule as ``clinic.domain.against`` says in sentences, asked for many days at once.
    """

    def __init__(self, *, protocol: Protocol, placed: Mapping[int, date]) -> None:
        self._protocol = protocol
        self._placed = sorted((day, number) for number, day in placed.items())

    def allows(self, *, number: int, day: date) -> bool:
        """Neither too near to the one before and the one after nor too far from them; out of their order only not too
        near."""
        before = [placed for placed in self._placed if placed[0] <= day][-1:]
        after = [placed for placed in self._placed if placed[0] > day][:1]
        return all(self._fit(one, other) for one, other in pairwise([*before, (day, number), *after]))

    def _fit(self, one: tuple[date, int], other: tuple[date, int]) -> bool:
        (first, number), (second, following) = one, other
        days = (second - first).days
        if days < self._protocol.stage_of(max(number, following)).min_days:
            return False
        # Where visits between the two wait to be placed, they may be as far apart as those make room for.
        steps = range(number + 1, following + 1)
        return not steps or days <= sum(self._protocol.stage_of(step).max_days for step in steps)
