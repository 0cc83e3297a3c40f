"""What is offered and booked around the two nights when the clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from clinic.domain import bookings, planning, scheduling
from clinic.domain.slots import Slot
from clinic.domain.study import whole_course
from clinic.enums import Role
from clinic.models import OpeningHours
from tests.factories import PatientFactory, PolicyFactory, ProtocolFactory, RoomFactory, SiteFactory, StaffFactory

pytestmark = pytest.mark.django_db

NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2026, 2, 20, 15, tzinfo=UTC)


@pytest.fixture
def night_site():
    """Open around the clock, so that the hours which the clocks skip or repeat are inside."""
    site = SiteFactory(hours=False, timezone="America/New_York")
    for weekday in range(7):
        OpeningHours.objects.create(site=site, weekday=weekday, opens=time(0), closes=time(23, 59))
    RoomFactory(site=site)
    StaffFactory(role=Role.CLINICIAN, sites=[site])
    PolicyFactory(site=site)
    return site


def offered(site, day: date) -> list[datetime]:
    slots = scheduling.free_slots(site=site, protocol=ProtocolFactory(site=site), first_day=day, last_day=day, now=NOW)
    return [slot.starts_at for slot in slots]


def test_a_time_that_does_not_exist_is_not_offered(night_site):
    walls = {moment.astimezone(NEW_YORK).time() for moment in offered(night_site, date(2026, 3, 8))}
    assert not [at for at in walls if at.hour == 2]
    assert {at.hour for at in walls} >= {0, 1, 3, 4, 12, 20}


def test_a_time_that_comes_twice_is_offered_once_and_is_the_first(night_site):
    moments = offered(night_site, date(2026, 11, 1))
    walls = [moment.astimezone(NEW_YORK).replace(tzinfo=None) for moment in moments]
    assert len(walls) == len(set(walls))
    half_past_one = next(m for m in moments if m.astimezone(NEW_YORK).time() == time(1, 30))
    assert half_past_one == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


@pytest.mark.parametrize("day", [date(2026, 3, 8), date(2026, 11, 1)])
@pytest.mark.parametrize("at", [time(9), time(14)])
def test_what_is_offered_on_the_day_of_the_change_is_inside_the_clocks_hours(day, at):
    """https://github.com/calcom/cal.diy/issues/30021 : only starts after 13:00 came an hour late."""
    site = SiteFactory(timezone="America/New_York")
    RoomFactory(site=site)
    StaffFactory(role=Role.CLINICIAN, sites=[site])
    PolicyFactory(site=site)
    walls = [moment.astimezone(NEW_YORK) for moment in offered(site, day)]
    assert min(walls).time() == time(8)
    assert datetime.combine(day, at, tzinfo=NEW_YORK) in walls
    assert all(8 <= wall.hour < 18 for wall in walls)


@pytest.mark.parametrize("first", [date(2026, 3, 2), date(2026, 10, 26)])
def test_a_series_keeps_its_time_of_day_across_the_change(night_site, first):
    protocol = ProtocolFactory(site=night_site)
    seen = planning.outlook(
        site=night_site,
        protocol=protocol,
        patient=PatientFactory(site=night_site),
        stretch=whole_course(protocol=protocol, first_day=first),
        now=NOW,
        prefer=time(10, 30),
    )
    walls = [slot.starts_at.astimezone(NEW_YORK) for slot in seen.offers[0].slots]
    assert {wall.time() for wall in walls} == {time(10, 30)}
    assert len({wall.utcoffset() for wall in walls}) == 2


def test_a_visit_across_the_change_is_as_long_as_it_really_is(night_site):
    starts = datetime(2026, 3, 8, 0, 50, tzinfo=NEW_YORK).astimezone(UTC)
    slot = Slot(starts_at=starts, room=night_site.rooms.get(), clinician=night_site.staff.get(role=Role.CLINICIAN))
    course = bookings.book_series(
        patient=PatientFactory(site=night_site),
        protocol=ProtocolFactory(site=night_site),
        slots=[slot],
        actor=StaffFactory(sites=[night_site]),
        now=NOW,
    )
    visit = course.infusions.get()
    assert visit.ends_at - visit.starts_at == timedelta(minutes=100)
    assert visit.ends_at.astimezone(NEW_YORK).time() == time(3, 30)
