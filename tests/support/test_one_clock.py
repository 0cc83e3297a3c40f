"""The diary and the messages read a wall clock alike. Their apps share no code, so only this holds the two together."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import example, given, settings
from hypothesis import strategies as st

from clinic.domain import times
from messaging.domain import quiet

FIRST, YEARS = date(2000, 1, 1), 40
ZONES = sorted(available_timezones())


@cache
def change_days(zone: str) -> list[date]:
    """The days on which the zone's clock jumps; the first of all days where it never does."""
    noons = [datetime(FIRST.year, 1, 1, 12, tzinfo=UTC) + timedelta(days=n) for n in range(365 * YEARS)]
    shown = [noon.astimezone(ZoneInfo(zone)) for noon in noons]
    jumps = [n for n in range(1, len(shown)) if shown[n].utcoffset() != shown[n - 1].utcoffset()]
    return [shown[m].date() for n in jumps for m in (n - 1, n)] or [FIRST]


def agree(day: date, at: time, zone: str) -> None:
    inside = ZoneInfo(zone)
    assert times.first_valid(day=day, at=at, zone=inside) == quiet.instant(day=day, wall=at, zone=inside)


@given(
    day=st.dates(FIRST, date(FIRST.year + YEARS, 1, 1)),
    at=st.times().map(lambda at: at.replace(microsecond=0)),
    zone=st.sampled_from(ZONES),
)
@example(day=date(2024, 11, 3), at=time(1, fold=1), zone="America/Boise")
def test_any_time_of_any_day(day: date, at: time, zone: str) -> None:
    agree(day, at, zone)


@settings(deadline=None)
@given(data=st.data(), zone=st.sampled_from(ZONES))
def test_every_quarter_hour_of_a_day_on_which_the_clock_jumps(data: st.DataObject, zone: str) -> None:
    day = data.draw(st.sampled_from(change_days(zone)))
    for quarter in range(96):
        for second in (0, 1):
            agree(day, time(quarter // 4, quarter % 4 * 15, second), zone)
