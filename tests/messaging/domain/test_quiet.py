from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.domain import quiet

NEW_YORK = ZoneInfo("America/New_York")
ZONES = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))


def local(zone: str, *parts: int) -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo(zone))


def wall(moment: datetime, zone: str = "America/New_York") -> str:
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("zone", "day", "asked", "found"),
    [
        ("America/New_York", date(2026, 3, 8), time(2, 30), "2026-03-08 03:00"),
        ("America/Los_Angeles", date(2026, 3, 8), time(2, 0), "2026-03-08 03:00"),
        ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 15), "2026-10-04 02:30"),
        ("Australia/Adelaide", date(2026, 10, 4), time(2, 45), "2026-10-04 03:00"),
        ("Asia/Kolkata", date(2026, 3, 8), time(2, 30), "2026-03-08 02:30"),
    ],
)
def test_a_time_the_spring_change_skips_is_the_first_instant_after(zone, day, asked, found):
    assert wall(quiet.instant(day=day, wall=asked, zone=ZoneInfo(zone)), zone) == found


@pytest.mark.parametrize(
    ("zone", "day", "asked", "utc"),
    [
        ("America/New_York", date(2026, 11, 1), time(1, 30), datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),
        ("Australia/Lord_Howe", date(2026, 4, 5), time(1, 45), datetime(2026, 4, 4, 14, 45, tzinfo=UTC)),
        ("Australia/Adelaide", date(2026, 4, 5), time(2, 30), datetime(2026, 4, 4, 16, 0, tzinfo=UTC)),
    ],
)
def test_a_time_the_autumn_change_repeats_is_the_first_of_the_two(zone, day, asked, utc):
    assert quiet.instant(day=day, wall=asked, zone=ZoneInfo(zone)) == utc


@pytest.mark.parametrize(
    ("asked", "earlier", "later"),
    [
        ("06:00", "2026-03-07 19:30", "2026-03-08 08:00"),
        ("07:59", "2026-03-07 19:30", "2026-03-08 08:00"),
        ("08:00", "2026-03-08 08:00", "2026-03-08 08:00"),
        ("19:59", "2026-03-08 19:59", "2026-03-08 19:59"),
        ("20:00", "2026-03-08 19:30", "2026-03-09 08:00"),
        ("23:30", "2026-03-08 19:30", "2026-03-09 08:00"),
    ],
)
def test_reminders_move_to_the_evening_before_and_check_ins_to_the_morning(asked, earlier, later):
    moment = datetime.combine(date(2026, 3, 8), time.fromisoformat(asked), tzinfo=NEW_YORK)
    assert wall(quiet.earlier(moment=moment, zone=NEW_YORK)) == earlier
    assert wall(quiet.later(moment=moment, zone=NEW_YORK)) == later


def test_a_half_hour_zone_is_asked_in_its_own_time():
    moment = datetime(2026, 3, 3, 2, 15, tzinfo=UTC)  # 07:45 in Kolkata
    assert wall(quiet.later(moment=moment, zone=ZoneInfo("Asia/Kolkata")), "Asia/Kolkata") == "2026-03-03 08:00"


def test_a_date_that_never_was_does_not_lose_the_slot():
    apia = ZoneInfo("Pacific/Apia")  # It went from 29 to 31 December 2011.
    moment = datetime(2011, 12, 31, 5, 0, tzinfo=apia)
    assert wall(quiet.earlier(moment=moment, zone=apia), "Pacific/Apia") == "2011-12-29 19:30"


def test_the_window_can_be_the_policys_own():
    window = quiet.Window(opens=time(9), closes=time(21), evening=time(20, 15))
    moment = local("America/New_York", 2026, 3, 3, 8, 30)
    assert wall(quiet.earlier(moment=moment, zone=NEW_YORK, window=window)) == "2026-03-02 20:15"


def test_a_window_whose_evening_lies_outside_is_refused():
    with pytest.raises(ValueError, match="inside the window"):
        quiet.Window(closes=time(19))


@given(moment=MOMENTS, zone=ZONES)
def test_moving_always_ends_inside_the_window_and_within_two_days(moment, zone):
    before = quiet.earlier(moment=moment, zone=zone)
    after = quiet.later(moment=moment, zone=zone)
    assert not quiet.is_quiet(moment=before, zone=zone)
    assert not quiet.is_quiet(moment=after, zone=zone)
    assert timedelta(0) <= moment - before < timedelta(days=2)
    assert timedelta(0) <= after - moment < timedelta(days=2)


@given(moment=MOMENTS, zone=ZONES)
def test_what_is_moved_stays_where_it_is(moment, zone):
    for move in (quiet.earlier, quiet.later):
        once = move(moment=moment, zone=zone)
        assert move(moment=once, zone=zone) == once


@given(
    day=st.dates(date(2000, 1, 1), date(2039, 12, 31)),
    asked=st.times().map(lambda t: t.replace(microsecond=0)),
    zone=ZONES,
)
def test_a_wall_time_is_met_exactly_or_the_clock_jumped_over_it(day, asked, zone):
    found = quiet.instant(day=day, wall=asked, zone=zone)
    shown = found.astimezone(zone).replace(tzinfo=None)
    wanted = datetime.combine(day, asked)
    before = (found - timedelta(seconds=1)).astimezone(zone).replace(tzinfo=None)
    assert shown == wanted or before < wanted < shown


def test_an_unknown_zone_becomes_the_clinics(caplog):
    """https://github.com/parcelvoy/platform/issues/610"""
    assert quiet.zone_or(name="Mars/Olympus", fallback="America/New_York") == NEW_YORK
    assert "unknown_zone" in caplog.text
