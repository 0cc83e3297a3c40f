"""The best ways to place a series: exact optima over days and times of day, free of database and clock.

Hard constraints come first: a visit needs a free time, the days between two visits lie within the least and the most of
that step, and the first visit comes within ``start_days``. Among all series that keep to them, each aim names one that
is least in its own lexicographic order:

- ``RIDES``: visits nobody could drive home from; irregular visits; spacing; missed wishes; last day; dates; time.
- ``REGULAR``: irregular visits; visits nobody could drive home from; then as above.
- ``SOONEST``: last day; then as ``RIDES``.

*Irregular* is a visit outside the plan's usual weekdays or usual time of day, counted against whichever weekdays (as
many as there are visits in a week) and time make it least. *Spacing* is the sum of squared days away from the best gap.
*Missed wishes* are visits outside the patient's good times. *Dates* compare one by one, earlier is better. *Time* is
the sum of minutes away from the preferred time, or since midnight where none is preferred.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

from clinic.domain.plan_ask import Aim, Ask, Day, Gap, Plan
from clinic.domain.plan_search import Kind, Layer, Step, first_days, forward, lowest, members, on_the_way, union

# One integer holds the counts of a cost side by side, each wide enough for sixty visits over two years.
MISSED, SPACING, SECOND, FIRST = 1, 1 << 8, 1 << 40, 1 << 48
AWAY_BITS = 20
NOON = 12 * 60


def plans(ask: Ask) -> list[Plan]:
    """The best plan for each aim; one that is best at several things comes once. Empty if nothing fits."""
    ends = last_days(ask)
    if not ends:
        return []
    found: dict[tuple[tuple[int, int], ...], Plan] = {}
    search = _Search(ask)
    for aim in Aim:
        plan = search.best(aim, 1 << lowest(ends) if aim is Aim.SOONEST else ends)
        known = found.get(plan.visits, plan)
        found[plan.visits] = replace(known, aims=(*known.aims, aim))
    return list(found.values())


def choices(ask: Ask) -> list[Plan]:
    """What the desk can choose from: the best plans, and where they leave room for a third, the best one for rides in
    the other half of the day (it has no aim)."""
    found = plans(ask)
    if 0 < len(found) < len(Aim):
        is_early = found[0].minute < NOON
        half = sum(1 << at for at, minute in enumerate(ask.minutes) if (minute < NOON) != is_early)
        days = tuple(Day(day.free & half, day.covered & half, day.good & half) for day in ask.days)
        other = replace(ask, days=days)
        if ends := last_days(other):
            found.append(_Search(other).best(Aim.RIDES, ends))
    return found


def last_days(ask: Ask) -> int:
    """The set of days on which a series that fits can end."""
    reached = _start(ask)
    for gap in ask.gaps:
        reached = _ahead(reached, gap) & ask.usable
    return reached


def dead_end(ask: Ask) -> tuple[int, int]:
    """For a series that does not fit: the index of the visit that finds no day, and the set of days it could take."""
    if not (reached := _start(ask)):
        return 0, (1 << ask.start_days) - 1
    for visit, gap in enumerate(ask.gaps, start=1):
        wanted = _ahead(reached, gap)
        reached = wanted & ask.usable
        if not reached:
            return visit, wanted
    raise ValueError("the series fits")


def _start(ask: Ask) -> int:
    return ask.usable & ((1 << ask.start_days) - 1)


def _ahead(days: int, gap: Gap) -> int:
    wanted = 0
    for ahead in range(gap[0], gap[2] + 1):
        wanted |= days << ahead
    return wanted


@dataclass(frozen=True)
class _Pattern:
    """The usual weekdays, with the kinds of visits there are under them: without and with what comes after rides."""

    weekdays: tuple[int, ...]
    coarse: tuple[Kind, ...]
    fine: tuple[Kind, ...]


class _Search:
    def __init__(self, ask: Ask) -> None:
        self.ask = ask
        self.times = len(ask.minutes)
        self.whole = (1 << self.times) - 1
        self.cheap = tuple(Step(((0, self._ways(range(gap[0], gap[2] + 1))),)) for gap in ask.gaps)
        self.dear = tuple(Step(self._by_distance(gap)) for gap in ask.gaps)
        # By weekday, then by (nobody could drive, outside the good times): the states that are free.
        self.regular: list[dict[tuple[bool, bool], int]] = [{} for _weekday in range(7)]
        self.irregular: dict[tuple[bool, bool], int] = {}
        self.has_wishes = any(day.good for day in ask.days)
        for at, day in enumerate(ask.days):
            if day.free:
                self._sort(at, day)

    def best(self, aim: Aim, ends: int) -> Plan:
        """The optimum among series that end on one of the days ``ends``; there is at least one."""
        allowed = self._allowed(ends)
        tied, limit = self._least(aim, allowed)
        choices: list[tuple[int, int, list[int], tuple[int, ...]]] = []
        for pattern, layers in tied:
            goals = {cost: bits for cost, bits in layers[-1].items() if cost == limit}
            kept = on_the_way(layers=layers, kinds=pattern.coarse, steps=self.cheap, ends=goals)
            narrow = [union(layer) for layer in kept]
            costs = forward(kinds=pattern.fine, steps=self.dear, allowed=narrow)
            cost = min(costs[-1])
            bits = costs[-1][cost]
            last = lowest(bits) // self.times
            final = {cost: bits & self.whole << last * self.times}
            way = on_the_way(layers=costs, kinds=pattern.fine, steps=self.dear, ends=final)
            days = first_days(layers=way, kinds=pattern.fine, steps=self.dear, times=self.times)
            choices.append((cost, last, days, pattern.weekdays))
        least = min(choices)[:3]
        return self._timed(aim, least[2], [weekdays for *same, weekdays in choices if tuple(same) == least])

    def _least(self, aim: Aim, allowed: list[int]) -> tuple[list[tuple[_Pattern, list[Layer]]], int]:
        """The usual weekdays that are best in the two counts that come first, and that cost."""
        limit: int | None = None
        tied: list[tuple[_Pattern, list[Layer]]] = []
        for weekdays in combinations(range(7), min(7, self.ask.per_week)):
            pattern = self._pattern(aim, weekdays)
            layers = forward(kinds=pattern.coarse, steps=self.cheap, allowed=allowed, limit=limit)
            if not layers[-1]:
                continue
            cost = min(layers[-1])
            if limit is None or cost < limit:
                tied, limit = [], cost
            tied.append((pattern, layers))
        if limit is None:
            raise ValueError("the series does not fit")
        return tied, limit

    def _timed(self, aim: Aim, days: list[int], patterns: list[tuple[int, ...]]) -> Plan:
        """With the days settled, each visit takes its best time under each usual time; the best of those wins."""
        found: list[tuple[int, tuple[int, ...], int, list[tuple[int, int]]]] = []
        by_visit = []
        for day in days:
            other = min(self._options(aim, day, irregular=True))
            on = {each[1]: min(each, other) for each in self._options(aim, day, irregular=False)}
            by_visit.append((self.ask.weekday_of(day), on, other))
        for weekdays in patterns:
            for usual in range(self.times):
                chosen = [on.get(usual, other) if day in weekdays else other for day, on, other in by_visit]
                found.append((sum(cost for cost, _time in chosen), weekdays, usual, chosen))
        _cost, weekdays, usual, chosen = min(found)
        return self._plan(weekdays, usual, [(day, time) for day, (_each, time) in zip(days, chosen, strict=True)])

    def _options(self, aim: Aim, day: int, *, irregular: bool) -> list[tuple[int, int]]:
        """What each free time of a day costs, as (cost, index of the time)."""
        here = self.ask.days[day]
        found = []
        for time in members(here.free):
            missed = self.has_wishes and not here.good >> time & 1
            cost = _cost(aim, not here.covered >> time & 1, irregular, missed)
            away = abs(self.ask.minutes[time] - (self.ask.prefer or 0))
            found.append(((cost << AWAY_BITS) + away, time))
        return found

    def _plan(self, weekdays: tuple[int, ...], usual: int, chosen: list[tuple[int, int]]) -> Plan:
        ask = self.ask
        on = [time == usual and ask.weekday_of(day) in weekdays for day, time in chosen]
        gaps = [later - day for (day, _), (later, _) in pairwise(chosen)]
        return Plan(
            visits=tuple((day, ask.minutes[time]) for day, time in chosen),
            weekdays=tuple(sorted({ask.weekday_of(day) for (day, _), is_on in zip(chosen, on, strict=True) if is_on})),
            minute=ask.minutes[usual],
            uncovered=sum(not ask.days[day].covered >> time & 1 for day, time in chosen),
            irregular=on.count(False),
            spacing=sum((days - best) ** 2 for days, (_least, best, _most) in zip(gaps, ask.gaps, strict=True)),
            missed=sum(not ask.days[day].good >> time & 1 for day, time in chosen) if self.has_wishes else 0,
        )

    def _pattern(self, aim: Aim, weekdays: tuple[int, ...]) -> _Pattern:
        fine: dict[int, int] = {}
        coarse: dict[int, int] = {}
        for (bare, missed), states in self.irregular.items():
            fine[_cost(aim, bare, True, missed)] = states
        for weekday in weekdays:
            for (bare, missed), states in self.regular[weekday].items():
                cost = _cost(aim, bare, False, missed)
                fine[cost] = fine.get(cost, 0) | states
        for cost, states in fine.items():
            rough = cost // SECOND * SECOND
            coarse[rough] = coarse.get(rough, 0) | states
        return _Pattern(
            weekdays,
            tuple(Kind(cost, states) for cost, states in coarse.items()),
            tuple(Kind(cost, states) for cost, states in fine.items()),
        )

    def _sort(self, at: int, day: Day) -> None:
        good = day.good if self.has_wishes else self.whole
        by_weekday, shift = self.regular[self.ask.weekday_of(at)], at * self.times
        parts = {
            (False, False): day.covered & good,
            (False, True): day.covered & ~good,
            (True, False): day.free & ~day.covered & good,
            (True, True): day.free & ~day.covered & ~good,
        }
        for kind, states in parts.items():
            if states:
                by_weekday[kind] = by_weekday.get(kind, 0) | states << shift
        # Off the pattern any time will do, so the day's best kind is open whatever the usual time.
        best = next(kind for kind, states in parts.items() if states)
        self.irregular[best] = self.irregular.get(best, 0) | self.whole << shift

    def _allowed(self, ends: int) -> list[int]:
        """For each visit the states from which a series still comes to its end."""
        sets = [ends]
        for gap in reversed(self.ask.gaps):
            back = 0
            for ahead in range(gap[0], gap[2] + 1):
                back |= sets[-1] >> ahead
            sets.append(back & self.ask.usable)
        sets[-1] &= _start(self.ask)
        return [sum(self.whole << day * self.times for day in members(days)) for days in reversed(sets)]

    def _ways(self, gaps: Sequence[int]) -> tuple[int, ...]:
        return tuple(gap * self.times for gap in gaps)

    def _by_distance(self, gap: Gap) -> tuple[tuple[int, tuple[int, ...]], ...]:
        least, best, most = gap
        by_cost: dict[int, list[int]] = {}
        for days in range(least, most + 1):
            by_cost.setdefault((days - best) ** 2 * SPACING, []).append(days)
        return tuple((cost, self._ways(days)) for cost, days in sorted(by_cost.items()))


def _cost(aim: Aim, bare: bool, irregular: bool, missed: bool) -> int:
    rides, pattern = (SECOND, FIRST) if aim is Aim.REGULAR else (FIRST, SECOND)
    return bare * rides + irregular * pattern + missed * MISSED
