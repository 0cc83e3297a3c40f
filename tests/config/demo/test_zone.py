"""Whatever day and hour it is, some place on the list is in the middle of its day."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from config.demo.zone import is_working_time, where_it_is_day


def test_every_quarter_hour_of_a_year_has_a_place_in_daytime():
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    while moment.year == 2026:
        assert is_working_time(now=moment, zone=ZoneInfo(where_it_is_day(now=moment)))
        moment += timedelta(minutes=15)


def test_a_weekday_afternoon_in_london_is_morning_in_america():
    assert where_it_is_day(now=datetime(2026, 3, 3, 17, 0, tzinfo=UTC)) == "America/New_York"
