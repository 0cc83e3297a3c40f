"""When a helper said they can help and when they cannot. Changes nothing."""

from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic.domain.times import END_OF_DAY, end_minute, minute_of_day
from support.models import Availability

Minutes = tuple[int, int]


class Stated:
    """What one person said, ready to be asked often.

    A day they named outweighs what they said of its weekday. Where they said when they can, the rest of that day they
    cannot; a day they said nothing about is unknown.
    """

    def __init__(self, rows: Iterable[Availability]) -> None:
        self.can_ever = False
        self._weekly: dict[int, list[tuple[bool, Minutes]]] = {}
        self._dated: list[tuple[date, date, bool, Minutes]] = []
        for row in rows:
            self.can_ever |= row.can
            if row.weekday is not None:
                self._weekly.setdefault(row.weekday, []).append((row.can, _minutes(row)))
            elif row.first_day is not None and row.last_day is not None:
                self._dated.append((row.first_day, row.last_day, row.can, _minutes(row)))

    def fits(self, day: date, begin: int, end: int) -> bool | None:
        """Whether they can from minute ``begin`` to minute ``end`` of the clinic's wall clock; None: nobody knows."""
        dated = [(can, span) for first, last, can, span in self._dated if first <= day <= last]
        weekly = self._weekly.get(day.weekday(), [])
        if not dated and not weekly:
            return None
        if _objects(dated, begin, end):
            return False
        if _holds(dated, begin, end):
            return True
        if _objects(weekly, begin, end):
            return False
        if any(can for can, _span in (*dated, *weekly)):
            return _holds([*dated, *weekly], begin, end)
        return None


def fits(*, rows: Iterable[Availability], pickup_from: datetime, ends_at: datetime, zone: ZoneInfo) -> bool | None:
    """Whether a person with these rows can come at any time between the two moments: yes, no, or nobody knows."""
    begin, end = pickup_from.astimezone(zone), ends_at.astimezone(zone)
    until = minute_of_day(end) if end.date() == begin.date() else END_OF_DAY
    return Stated(rows).fits(begin.date(), minute_of_day(begin), until)


def rows_of(*, people: Iterable[int], today: date) -> dict[int, list[Availability]]:
    """By person; what is over by ``today`` is left out. One query."""
    found: dict[int, list[Availability]] = {pk: [] for pk in people}
    for row in Availability.objects.filter(person__in=found):
        if row.last_day is None or row.last_day >= today:
            found[row.person_id].append(row)
    return found


def sentence(*, row: Availability) -> str:
    """What the row says, as it is shown."""
    when = ", ".join(part for part in (_when(row), _times(row)) if part)
    return (_("%(when)s: can help") if row.can else _("%(when)s: cannot")) % {"when": when}


def _when(row: Availability) -> str:
    if row.first_day is None or row.last_day is None:
        return _("Every %(weekday)s") % {"weekday": row.get_weekday_display()}
    first, last = (date_format(day, _("j F")) for day in (row.first_day, row.last_day))
    return first if first == last else _("%(first)s to %(last)s") % {"first": first, "last": last}


def _times(row: Availability) -> str:
    begin, end = _minutes(row)
    named = {"from": f"{row.starts:%H:%M}", "until": f"{row.ends:%H:%M}"}
    if begin == 0 and end == END_OF_DAY:
        return ""
    if end == END_OF_DAY:
        return _("from %(from)s") % named
    if begin == 0:
        return _("until %(until)s") % named
    return _("%(from)s to %(until)s") % named


def _minutes(row: Availability) -> Minutes:
    return minute_of_day(row.starts), end_minute(row.ends)


def _objects(rows: list[tuple[bool, Minutes]], begin: int, end: int) -> bool:
    return any(not can and span[0] < end and begin < span[1] for can, span in rows)


def _holds(rows: list[tuple[bool, Minutes]], begin: int, end: int) -> bool:
    """Whether what they can, taken together, holds the whole time."""
    reached = begin
    for span in sorted(span for can, span in rows if can):
        if span[0] <= reached < span[1]:
            reached = span[1]
    return reached >= end and any(can for can, _span in rows)
