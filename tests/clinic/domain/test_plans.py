"""Each plan is the best there is for its aim: compared with trying every series, every time and every pattern."""

from collections.abc import Iterator
from itertools import combinations, pairwise, product

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from clinic.domain.plan_ask import Aim, Ask, Day, Plan, per_week
from clinic.domain.plans import choices, dead_end, last_days, plans

Series = tuple[tuple[int, int], ...]


@st.composite
def asks(draw: st.DrawFn) -> Ask:
    times = draw(st.lists(st.sampled_from([480, 540, 555, 840]), min_size=1, max_size=3, unique=True).map(sorted))
    some = st.integers(0, (1 << len(times)) - 1)
    with_wishes = draw(st.booleans())
    days = []
    for _day in range(draw(st.integers(1, 12))):
        free = draw(some)
        days.append(Day(free=free, covered=free & draw(some), good=free & draw(some) if with_wishes else 0))
    least, more, most = st.integers(1, 3), st.integers(0, 2), st.integers(0, 2)
    gap = st.builds(lambda one, two, three: (one, one + two, one + two + three), least, more, most)
    return Ask(
        minutes=tuple(times),
        days=tuple(days),
        gaps=tuple(draw(st.lists(gap, max_size=3))),
        weekday=draw(st.integers(0, 6)),
        per_week=draw(st.integers(1, 3)),
        start_days=draw(st.integers(1, 12)),
        prefer=draw(st.none() | st.sampled_from([470, 540, 900])),
    )


def every_series(ask: Ask) -> Iterator[Series]:
    steps = [range(least, most + 1) for least, _best, most in ask.gaps]
    for first, *gaps in product(range(min(ask.start_days, len(ask.days))), *steps):
        days = [first]
        for gap in gaps:
            days.append(days[-1] + gap)
        if days[-1] >= len(ask.days):
            continue
        times = [[at for at in range(len(ask.minutes)) if ask.days[day].free >> at & 1] for day in days]
        for chosen in product(*times):
            yield tuple((day, ask.minutes[at]) for day, at in zip(days, chosen, strict=True))


def irregular(ask: Ask, series: Series) -> int:
    patterns = product(combinations(range(7), ask.per_week), ask.minutes)
    return min(
        sum((ask.weekday + day) % 7 not in weekdays or minute != usual for day, minute in series)
        for weekdays, usual in patterns
    )


def worth(ask: Ask, series: Series, aim: Aim) -> tuple:
    """The aim's order as its definition reads; less is better."""

    def outside(name: str) -> int:
        return sum(not getattr(ask.days[day], name) >> ask.minutes.index(minute) & 1 for day, minute in series)

    days = [day for day, _minute in series]
    rides, pattern = outside("covered"), irregular(ask, series)
    gaps = [later - day for day, later in pairwise(days)]
    spacing = sum((gap - best) ** 2 for gap, (_least, best, _most) in zip(gaps, ask.gaps, strict=True))
    missed = outside("good") if any(day.good for day in ask.days) else 0
    away = sum(abs(minute - (ask.prefer or 0)) for _day, minute in series)
    if aim is Aim.RIDES:
        return rides, pattern, spacing, missed, days[-1], days, away
    if aim is Aim.REGULAR:
        return pattern, rides, spacing, missed, days[-1], days, away
    return days[-1], rides, pattern, spacing, missed, days, away


# Four visits on three times: the pattern, the rides and the spacing each pull somewhere else.
TUG = Ask(
    minutes=(480, 540, 840),
    days=tuple(Day(free=7 - day % 3, covered=(7 - day % 3) & (day % 5), good=(7 - day % 3) & 2) for day in range(12)),
    gaps=((2, 3, 4), (2, 3, 4), (1, 2, 4)),
    weekday=1,
    per_week=2,
    start_days=5,
)


@settings(max_examples=600, deadline=None)
@given(ask=asks())
@example(ask=TUG)
def test_nothing_better_exists_for_any_aim(ask: Ask) -> None:
    possible = list(every_series(ask))
    event(f"{'some' if possible else 'no'} series")
    found = {aim: plan for plan in plans(ask) for aim in plan.aims}
    assert set(found) == (set(Aim) if possible else set())
    for aim, plan in found.items():
        assert plan.visits in possible
        assert worth(ask, plan.visits, aim) == min(worth(ask, series, aim) for series in possible)


@settings(max_examples=300, deadline=None)
@given(ask=asks())
def test_what_a_plan_says_of_itself_is_so(ask: Ask) -> None:
    found = plans(ask)
    assert len({plan.visits for plan in found}) == len(found)
    for plan in found:
        rides, pattern, spacing, missed, *_rest = worth(ask, plan.visits, Aim.RIDES)
        assert (plan.uncovered, plan.irregular, plan.spacing, plan.missed) == (rides, pattern, spacing, missed)
        regular = [minute == plan.minute and (ask.weekday + day) % 7 in plan.weekdays for day, minute in plan.visits]
        assert (regular.count(False), len(plan.weekdays) <= ask.per_week) == (plan.irregular, True)


@settings(max_examples=300, deadline=None)
@given(ask=asks())
def test_a_series_that_does_not_fit_has_a_dead_end_and_every_other_has_none(ask: Ask) -> None:
    if last_days(ask):
        with pytest.raises(ValueError, match="fits"):
            dead_end(ask)
    else:
        visit, wanted = dead_end(ask)
        assert 0 <= visit <= len(ask.gaps)
        assert wanted
        assert wanted & ask.usable == 0 or visit == 0


def course(days: list[Day], *, gaps: int = 5, minutes: tuple[int, ...] = (480, 630, 840), **more) -> Ask:
    return Ask(
        minutes=minutes,
        days=tuple(days),
        gaps=((2, 3, 5),) * gaps,
        weekday=more.pop("weekday", 1),
        per_week=2,
        start_days=14,
        **more,
    )


def by_aim(ask: Ask) -> dict[Aim, Plan]:
    return {aim: plan for plan in plans(ask) for aim in plan.aims}


def test_an_open_calendar_gives_two_fixed_weekdays_at_the_time_wished_for() -> None:
    """Tuesday and Friday; 3, 4, 3, 4, 3 days apart is as near to 3 as two weekdays allow."""
    plan = by_aim(course([Day(7, 7)] * 60, prefer=630))[Aim.RIDES]
    assert plan.visits == ((0, 630), (3, 630), (7, 630), (10, 630), (14, 630), (17, 630))
    assert (plan.aims, plan.weekdays, plan.minute) == ((Aim.RIDES, Aim.REGULAR), (1, 4), 630)


def test_the_soonest_plan_is_as_close_as_the_protocol_allows() -> None:
    plan = by_aim(course([Day(7, 7)] * 60))[Aim.SOONEST]
    assert [day for day, _minute in plan.visits] == [0, 2, 4, 6, 8, 10]


def test_a_ride_is_worth_more_than_the_rhythm_and_less_where_the_rhythm_is_asked_for() -> None:
    """On Tuesdays somebody can only come at 14:00, on every other day only at 08:00."""
    found = by_aim(course([Day(7, 4 if day % 7 == 0 else 1) for day in range(60)]))
    assert (found[Aim.RIDES].uncovered, found[Aim.RIDES].irregular) == (0, 0)
    assert found[Aim.RIDES].weekdays == (2, 5)
    crowded = by_aim(course([Day(7, 4 if day % 2 else 1) for day in range(40)]))
    assert (crowded[Aim.RIDES].uncovered, crowded[Aim.RIDES].irregular) == (0, 2)
    assert (crowded[Aim.REGULAR].uncovered, crowded[Aim.REGULAR].irregular) == (2, 0)


def test_good_times_decide_between_plans_that_are_else_alike() -> None:
    """Wednesdays and Saturdays in the afternoon suit best."""
    days = [Day(7, 7, 4 if day % 7 in (1, 4) else 0) for day in range(60)]
    plan = by_aim(course(days))[Aim.RIDES]
    assert (plan.weekdays, plan.minute, plan.missed) == ((2, 5), 840, 0)


def test_a_later_stage_has_its_own_days_between_visits() -> None:
    ask = Ask(
        minutes=(600,),
        days=(Day(1, 1),) * 80,
        gaps=((2, 3, 5), (21, 28, 42)),
        weekday=0,
        per_week=2,
        start_days=1,
    )
    assert [day for day, _minute in by_aim(ask)[Aim.RIDES].visits] == [0, 3, 31]


@pytest.mark.parametrize(("best", "days"), [(1, 7), (2, 4), (3, 2), (4, 2), (7, 1), (28, 1)])
def test_how_many_weekdays_a_regular_course_has(best: int, days: int) -> None:
    assert per_week([(best, best, best), (28, 28, 28)]) == days


def test_one_visit_alone_is_a_course_too() -> None:
    (plan,) = plans(Ask(minutes=(600,), days=(Day(), Day(1)), gaps=(), weekday=0, per_week=1, start_days=2))
    assert (plan.visits, plan.uncovered, plan.aims) == (((1, 600),), 1, tuple(Aim))


def test_where_two_plans_are_best_at_everything_a_third_is_in_the_other_half_of_the_day() -> None:
    ask = course([Day(7, 7)] * 60, prefer=630)
    *best, other = choices(ask)
    assert best == plans(ask)
    assert ({minute for _day, minute in other.visits}, other.aims) == ({840}, ())


def test_there_is_no_third_where_the_other_half_of_the_day_is_full() -> None:
    ask = course([Day(3, 3)] * 60, prefer=630)
    assert choices(ask) == plans(ask)
