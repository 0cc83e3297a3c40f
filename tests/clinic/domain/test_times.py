"""Wall clock and UTC, over gaps and folds."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from clinic.domain.times import day_bounds, first_valid, local_day, wall

NEW_YORK = ZoneInfo("America/New_York")
SPRING, AUTUMN = date(2026, 3, 8), date(2026, 11, 1)


def test_a_time_the_clock_skips_does_not_exist() -> None:
    assert wall(day=SPRING, at=time(2, 30), zone=NEW_YORK) is None


def test_a_time_shown_twice_is_the_first() -> None:
    assert wall(day=AUTUMN, at=time(1, 30), zone=NEW_YORK) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert wall(day=AUTUMN, at=time(1, 30, fold=1), zone=NEW_YORK) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "hour", "utc_hour"),
    [(SPRING, 9, 13), (SPRING, 15, 19), (AUTUMN, 9, 14), (AUTUMN, 15, 20), (date(2026, 3, 7), 15, 20)],
)
def test_mornings_and_afternoons_of_a_change_day(day: date, hour: int, utc_hour: int) -> None:
    """https://github.com/calcom/cal.diy/issues/30021"""
    moment = wall(day=day, at=time(hour), zone=NEW_YORK)
    assert moment == datetime(day.year, day.month, day.day, utc_hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "at", "expected"),
    [
        ("America/New_York", SPRING, time(2, 30), "2026-03-08T07:00"),
        ("America/New_York", SPRING, time(2, 0), "2026-03-08T07:00"),
        # Half an hour, on Lord Howe Island.
        ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 15), "2026-10-03T15:30"),
        # Midnight itself is skipped in Cuba.
        ("America/Havana", date(2026, 3, 8), time(0, 0), "2026-03-08T05:00"),
    ],
)
def test_the_first_moment_after_a_gap(zone: str, day: date, at: time, expected: str) -> None:
    assert first_valid(day=day, at=at, zone=ZoneInfo(zone)) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25), (date(2026, 6, 1), 24)])
def test_how_long_a_day_is(day: date, hours: int) -> None:
    begin, end = day_bounds(day=day, zone=NEW_YORK)
    assert end - begin == timedelta(hours=hours)
    assert local_day(moment=begin, zone=NEW_YORK) == day
    assert local_day(moment=end - timedelta(microseconds=1), zone=NEW_YORK) == day


def test_days_of_a_half_hour_zone() -> None:
    kolkata = ZoneInfo("Asia/Kolkata")
    assert day_bounds(day=date(2026, 6, 1), zone=kolkata)[0] == datetime(2026, 5, 31, 18, 30, tzinfo=UTC)
    assert local_day(moment=datetime(2026, 5, 31, 18, 29, tzinfo=UTC), zone=kolkata) == date(2026, 5, 31)
