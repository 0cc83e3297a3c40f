"""How many messages arrived, went and failed on each of the last days. One query, changes nothing."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Q
from django.db.models.functions import TruncDate

from clinic.domain import times
from clinic.models import Site
from messaging.enums import FAILED, MessageStatus
from messaging.models import Message

S = MessageStatus
DAYS = 14
# Of a bar's drawing: it is 100 high, and what is there at all is seen.
HIGH, LEAST = 100, 3


@dataclass(frozen=True, kw_only=True)
class Part:
    """A piece of a bar: how far from the top, and how high."""

    level: str
    y: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Day:
    """``sent`` are with the provider, which has not said yet that they arrived."""

    day: date
    delivered: int
    sent: int
    failed: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, kw_only=True)
class Counts:
    days: tuple[Day, ...]

    @property
    def delivered(self) -> int:
        return sum(day.delivered for day in self.days)

    @property
    def sent(self) -> int:
        return sum(day.sent for day in self.days)

    @property
    def failed(self) -> int:
        return sum(day.failed for day in self.days)


def of(*, site: Site, now: datetime) -> Counts:
    """By the day on which each was due, on the clinic's calendar; the last of them is today."""
    today = times.local_day(moment=now, zone=site.zone)
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    (begins, _noon), (_midnight, ends) = (times.day_bounds(day=day, zone=site.zone) for day in (days[0], today))
    # Said as the index says it.
    rows = Message.objects.filter(~Q(status=S.VOID), site=site, due_at__gte=begins, due_at__lt=ends)
    counted = rows.annotate(day=TruncDate("due_at", tzinfo=site.zone)).values_list("day", "status")
    found: Counter[tuple[date, str]] = Counter()
    for day, status, number in counted.annotate(number=Count("pk")).order_by():
        found[day, "failed" if status in FAILED else status] += number
    return drawn(days=days, found=found)


def drawn(*, days: Sequence[date], found: Counter[tuple[date, str]]) -> Counts:
    """``found``: how many of each day were delivered, sent or "failed". The highest bar is as high as there is room."""
    highest = max((sum(found[day, name] for name in (S.DELIVERED, S.SENT, "failed")) for day in days), default=0)
    return Counts(days=tuple(_day(day, found, highest) for day in days))


def _day(day: date, found: Counter[tuple[date, str]], highest: int) -> Day:
    numbers = {"ok": found[day, S.DELIVERED], "calm": found[day, S.SENT], "stop": found[day, "failed"]}
    parts, y = [], HIGH
    for level, number in numbers.items():
        if number:
            height = max(round(number * (HIGH - 2 * LEAST) / highest), LEAST)
            y -= height
            parts.append(Part(level=level, y=y, height=height))
    return Day(day=day, delivered=numbers["ok"], sent=numbers["calm"], failed=numbers["stop"], parts=tuple(parts))
