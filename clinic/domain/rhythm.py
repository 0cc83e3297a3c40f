"""Which days keep the days between the visits of a course. Pure; days are the clinic's calendar days."""

from collections.abc import Mapping
from datetime import date
from itertools import pairwise

from clinic.models import Protocol


def limits(*, protocol: Protocol, one: int, other: int) -> tuple[int, int | None]:
    """The least and the most days from visit ``one`` to the ``other``, which comes next by date.

    Where visits between the two wait to be placed, they may be as far apart as those make room for; out of their order
    they only keep the least days.
    """
    steps = range(one + 1, other + 1)
    most = sum(protocol.stage_of(step).max_days for step in steps) if steps else None
    return protocol.stage_of(max(one, other)).min_days, most


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
        least, most = limits(protocol=self._protocol, one=number, other=following)
        days = (second - first).days
        return days >= least and (most is None or days <= most)
