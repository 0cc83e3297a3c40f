from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from support.domain.board_grid import Grid, around, day_of

NEW_YORK = ZoneInfo("America/New_York")
DAY = date(2026, 3, 3)
GRID = Grid(day=DAY, zone=NEW_YORK, first=8, last=17)


def at(hour, minute=0, day=3):
    return datetime(2026, 3, day, hour, minute, tzinfo=NEW_YORK).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "end", "css"),
    [
        (at(8), at(9), "c1 w12"),
        (at(8, 30), at(10, 30), "c7 w24"),
        (at(8, 2), at(8, 3), "c1 w1"),
        (at(7), at(8, 5), "c1 w1"),
        (at(16, 30), at(19), "c103 w6"),
    ],
)
def test_a_block_stands_on_its_five_minutes(start, end, css):
    assert GRID.span(start, end).css == css


@pytest.mark.parametrize(("start", "end"), [(at(6), at(8)), (at(17), at(18)), (at(9, day=2), at(10, day=2))])
def test_what_lies_outside_the_hours_is_not_drawn(start, end):
    assert GRID.span(start, end) is None


def test_a_visit_past_midnight_ends_with_the_day():
    late = Grid(day=DAY, zone=NEW_YORK, first=20, last=24)
    assert late.span(at(22), at(1, day=4)).css == "c25 w24"


def test_the_now_line_is_only_on_its_own_day():
    assert (GRID.column(at(9, 41)), GRID.column(at(9, 41, day=4)), GRID.column(at(7))) == (21, None, None)


def test_the_grid_holds_the_hours_and_what_is_booked_beyond_them():
    grid = around(day=DAY, zone=NEW_YORK, open_hours=[(time(8, 30), time(16))], spans=[(at(7, 45), at(17, 5))])
    assert (grid.first, grid.last) == (7, 18)


def test_an_empty_closed_day_still_has_a_grid():
    grid = around(day=DAY, zone=NEW_YORK, open_hours=[], spans=[])
    assert (grid.first, grid.last) == (8, 17)


def test_a_lunch_break_is_shaded():
    shades = GRID.outside([(time(8), time(12)), (time(13), time(16))])
    assert [shade.css for shade in shades] == ["c49 w12", "c97 w12"]


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])
@pytest.mark.parametrize("day", [date(2026, 3, 8), date(2026, 11, 1), date(2026, 4, 5)])
def test_every_visit_has_a_place_on_days_the_clocks_change(zone, day):
    grid = Grid(day=day, zone=ZoneInfo(zone), first=0, last=24)
    for hour in range(24):
        start = datetime(day.year, day.month, day.day, hour, 30, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        assert 1 <= grid.span(start, start).column <= 288


@pytest.mark.parametrize("text", [None, "", "nonsense", "0001-01-01", "9999-12-31", "2026-02-30"])
def test_nonsense_means_today(text):
    assert day_of(text, today=DAY) == DAY
