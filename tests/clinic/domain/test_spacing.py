"""The search over days finds the best series there is: compared with trying all of them."""

from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic.domain.spacing import ANOTHER_TIME, Spacing, choose, completable, dead_end

DAYS = 16


def days(usable: int) -> list[int]:
    return [day for day in range(usable.bit_length()) if usable >> day & 1]


def every_series(usable: int, spacing: Spacing) -> list[tuple[int, ...]]:
    found = []
    for gaps in product(spacing.gaps, repeat=spacing.visits - 1):
        series = [0]
        for gap in gaps:
            series.append(series[-1] + gap)
        if all(usable >> day & 1 for day in series):
            found.append(tuple(series))
    return found


def unevenness(series: tuple[int, ...], spacing: Spacing) -> int:
    return sum((later - day - spacing.best) ** 2 for day, later in pairwise(series))


def nearest(free: list[int], minute: int) -> int:
    return min(free, key=lambda one: (abs(one - minute), one))


def changes_of_time(series: tuple[int, ...], free: dict[int, list[int]], minute: int) -> int:
    away = [abs(nearest(free[day], minute) - minute) for day in series]
    return sum(one + ANOTHER_TIME for one in away if one)


spacings = st.builds(
    lambda visits, least, more, most: Spacing(visits, least, least + more, least + more + most),
    st.integers(1, 5),
    st.integers(0, 3),
    st.integers(0, 2),
    st.integers(0, 2),
)
calendars = st.lists(
    st.lists(st.integers(32, 36).map(lambda quarter: quarter * 15), max_size=3, unique=True).map(sorted),
    min_size=DAYS,
    max_size=40,
)


@settings(max_examples=400, deadline=None)
@given(spacing=spacings, calendar=calendars, prefer=st.none() | st.integers(470, 560))
def test_nothing_better_exists(spacing: Spacing, calendar: list[list[int]], prefer: int | None) -> None:
    free = dict(enumerate(calendar))
    usable = sum(1 << day for day, times in free.items() if times)
    possible = every_series(usable, spacing)

    chosen = choose(usable=usable, spacing=spacing, first=0, times=lambda day: free[day], prefer=prefer)

    if not possible:
        assert chosen is None
        return
    assert chosen is not None
    series = tuple(day for day, _minute in chosen)
    wanted = free[0] if prefer is None else [prefer]

    def cost(one: tuple[int, ...]) -> tuple[int, int, int]:
        return unevenness(one, spacing), min(changes_of_time(one, free, minute) for minute in wanted), sum(one)

    assert series in possible
    assert all(minute in free[day] for day, minute in chosen)
    assert cost(series) == min(cost(one) for one in possible)


@settings(max_examples=200, deadline=None)
@given(spacing=spacings, usable=st.integers(0, 2**DAYS - 1))
def test_a_series_that_fits_has_no_dead_end_and_every_other_has_one(spacing: Spacing, usable: int) -> None:
    usable |= 1
    fits = bool(completable(usable=usable, spacing=spacing)[-1] & 1)
    assert fits == bool(every_series(usable, spacing))
    if not fits:
        visit, wanted = dead_end(usable=usable, spacing=spacing, first=0)
        assert 1 <= visit < spacing.visits
        assert wanted & usable == 0
    else:
        with pytest.raises(ValueError, match="fits"):
            dead_end(usable=usable, spacing=spacing, first=0)


def test_a_first_fit_that_runs_into_a_wall_is_avoided() -> None:
    """Taking the best gap first (3) would leave no day for the last visit."""
    usable = sum(1 << day for day in (0, 2, 3, 4))
    chosen = choose(usable=usable, spacing=Spacing(3, 2, 3, 3), first=0, times=lambda _day: [600])
    assert chosen == [(0, 600), (2, 600), (4, 600)]


def test_uneven_gaps_are_spread() -> None:
    usable = sum(1 << day for day in (0, 3, 4, 6, 7, 8, 11))
    chosen = choose(usable=usable, spacing=Spacing(3, 2, 3, 5), first=0, times=lambda _day: [600])
    assert chosen is not None
    assert [day for day, _minute in chosen] == [0, 3, 6]


def test_the_same_time_counts_more_than_an_earlier_day() -> None:
    free = {0: [540, 600], 2: [600], 4: [540]}
    chosen = choose(usable=0b10101, spacing=Spacing(2, 2, 3, 4), first=0, times=lambda day: free[day], prefer=540)
    assert chosen == [(0, 540), (4, 540)]


@pytest.mark.parametrize("visits", [6, 60])
def test_sixty_visits_over_years_are_no_slower_than_six(visits: int) -> None:
    """Every second weekend day closed; visits three to six weeks apart."""
    usable = sum(1 << day for day in range(2600) if day % 7 != 6)
    chosen = choose(usable=usable, spacing=Spacing(visits, 21, 27, 42), first=0, times=lambda _day: [600, 615])
    assert chosen is not None
    assert len(chosen) == visits
