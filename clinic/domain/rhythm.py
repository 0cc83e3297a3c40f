"""Which days keep the days between the visits of a course. Pure; days are the clinic's calendar days."""

from collections.abc import Mapping
from datetime import date

from clinic.models import Protocol


class Rhythm:
    """The visits of one course that keep their day, without the one that looks for a day.

    Neighbours are those by date, not by number: a visit that was cancelled and placed again comes where it comes. The
    days before a visit are those of its own stage.
    """

    def __init__(self, *, protocol: Protocol, placed: Mapping[int, date], today: date) -> None:
        self._protocol, self._today = protocol, today
        self._placed = sorted((day, number) for number, day in placed.items())

    def allows(self, *, number: int, day: date) -> bool:
        """Not on the day of another visit, not too near to one, and not too far from the one before and the one
        after. Where the longest time since the one before has passed by ``today``, late is better than never."""
        before = [placed for placed in self._placed if placed[0] <= day]
        after = [placed for placed in self._placed if placed[0] > day]
        if before:
            least, _best, most = self._protocol.stage_of(number).gap
            gap = (day - before[-1][0]).days
            is_late_anyway = (self._today - before[-1][0]).days > most
            if gap < least or (gap > most and not is_late_anyway):
                return False
        if after:
            least, _best, most = self._protocol.stage_of(after[0][1]).gap
            return least <= (after[0][0] - day).days <= most
        return True
