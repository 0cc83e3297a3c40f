"""Which days suit a series: a small exact search over calendar days, free of database and clock.

Days are whole numbers from 0. A set of days is an integer whose bit ``d`` stands for day ``d``: stepping a whole set
forward by a gap is one shift, so even 60 visits are searched in milliseconds.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from heapq import heappop, heappush

ANOTHER_TIME = 10_000


@dataclass(frozen=True)
class Spacing:
    """Calendar days from one visit to the next. Two visits never share a day."""

    visits: int
    least: int
    best: int
    most: int

    @property
    def gaps(self) -> range:
        return range(max(1, self.least), max(1, self.most) + 1)

    @property
    def horizon(self) -> int:
        """Days from the first visit to the last possible day of the last."""
        return (self.visits - 1) * self.gaps[-1]


def completable(*, usable: int, spacing: Spacing) -> list[int]:
    """Index ``n``: the days on which a visit leaves room for ``n`` more after it."""
    sets = [usable]
    for _visit in range(1, spacing.visits):
        ahead = 0
        for gap in spacing.gaps:
            ahead |= sets[-1] >> gap
        sets.append(usable & ahead)
    return sets


def dead_end(*, usable: int, spacing: Spacing, first: int) -> tuple[int, int]:
    """Where every way from ``first`` ends: the index of the visit that finds no day, and the days it could take."""
    reached = 1 << first
    for visit in range(1, spacing.visits):
        wanted = 0
        for gap in spacing.gaps:
            wanted |= reached << gap
        reached = wanted & usable
        if not reached:
            return visit, wanted
    raise ValueError("the series fits")


def choose(
    *, usable: int, spacing: Spacing, first: int, times: Callable[[int], Sequence[int]], prefer: int | None = None
) -> list[tuple[int, int]] | None:
    """The best series from day ``first`` as (day, minute of day); None if none fits.

    First the spacing comes as near to the best as it can (least squares), then the time of day stays the same (the
    preferred one, or whichever keeps most visits at one time), then earlier is better. ``times`` gives the free
    minutes of a usable day, ascending.
    """
    days = _best_spacing(usable=usable, spacing=spacing, first=first)
    if days is None:
        return None
    free = cache(times)
    wanted = [prefer] if prefer is not None else free(first)
    plans = [_keeping(minute, layers=days[0], onward=days[1], free=free) for minute in wanted]
    _cost, _earliness, plan = min(plans)
    return plan


Onward = dict[tuple[int, int], list[int]]


def _best_spacing(*, usable: int, spacing: Spacing, first: int) -> tuple[list[set[int]], Onward] | None:
    """All series of least cost, as days for each visit and the steps that lead from each to the next."""
    left = completable(usable=usable, spacing=spacing)
    last = spacing.visits - 1
    if not left[last] >> first & 1:
        return None
    cost: dict[tuple[int, int], int] = {(0, first): 0}
    came_from: dict[tuple[int, int], list[int]] = {}
    ends: list[int] = []
    least: int | None = None
    queue = [(0, 0, first)]
    while queue:
        spent, done, day = heappop(queue)
        visit = -done
        if least is not None and spent > least:
            break
        if spent > cost[visit, day]:
            continue
        if visit == last:
            least = spent
            ends.append(day)
            continue
        for gap in spacing.gaps:
            step = (visit + 1, day + gap)
            if not left[last - visit - 1] >> step[1] & 1:
                continue
            total = spent + (gap - spacing.best) ** 2
            known = cost.get(step)
            if known is None or total < known:
                cost[step], came_from[step] = total, [day]
                heappush(queue, (total, -step[0], step[1]))
            elif total == known and day not in came_from[step]:
                came_from[step].append(day)
    layers: list[set[int]] = [set() for _visit in range(spacing.visits)]
    layers[last] = set(ends)
    onward: Onward = {}
    for visit in range(last, 0, -1):
        for day in sorted(layers[visit]):
            for before in came_from[visit, day]:
                layers[visit - 1].add(before)
                onward.setdefault((visit - 1, before), []).append(day)
    return layers, onward


def _keeping(
    minute: int, *, layers: list[set[int]], onward: Onward, free: Callable[[int], Sequence[int]]
) -> tuple[int, int, list[tuple[int, int]]]:
    """The series that stays closest to ``minute``: its cost, its earliness (sum of days) and its days and minutes."""
    best: dict[int, tuple[int, int, int | None]] = {}
    chosen: list[dict[int, int | None]] = []
    for visit in range(len(layers) - 1, -1, -1):
        here: dict[int, tuple[int, int, int | None]] = {}
        for day in layers[visit]:
            away = abs(_nearest(minute, free(day)) - minute)
            own = away + (ANOTHER_TIME if away else 0)
            after = [(best[then][0], best[then][1], then) for then in onward.get((visit, day), [])]
            rest_cost, rest_days, then = min(after) if after else (0, 0, None)
            here[day] = (own + rest_cost, day + rest_days, then)
        best = here
        chosen.insert(0, {day: value[2] for day, value in here.items()})
    start = min(layers[0])
    plan, day_or_none = [], start
    for visit in range(len(layers)):
        plan.append((day_or_none, _nearest(minute, free(day_or_none))))
        following = chosen[visit][day_or_none]
        if following is None:
            break
        day_or_none = following
    return best[start][0], best[start][1], plan


def _nearest(minute: int, free: Sequence[int]) -> int:
    at = bisect_left(free, minute)
    return min(free[max(0, at - 1) : at + 1], key=lambda one: (abs(one - minute), one))
