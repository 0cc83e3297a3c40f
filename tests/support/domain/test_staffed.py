from datetime import UTC, datetime, time, timedelta

import pytest

from clinic.models import Closure, OpeningHours
from support.domain import staffed
from support.domain.staffed import Staffed
from tests.factories import RoomFactory, SiteFactory

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def utc(day, hour, minute=0):
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


@pytest.fixture
def site():
    """New York, Monday to Friday 08:00 to 17:00. 3 March 2026 is a Tuesday; the clocks change on the 8th."""
    site = SiteFactory(hours=False)
    for weekday in range(5):
        OpeningHours.objects.create(site=site, weekday=weekday, opens=time(8), closes=time(17))
    return site


def test_while_the_clinic_is_open_somebody_reads_until_it_closes(site, now):
    assert staffed.next_open(site=site, now=now) == Staffed(is_open=True, at=utc(3, 22))


def test_before_it_opens_and_after_it_closed_somebody_reads_from_the_next_opening(site):
    assert staffed.next_open(site=site, now=utc(3, 12, 59)) == Staffed(is_open=False, at=utc(3, 13))
    assert staffed.next_open(site=site, now=utc(3, 22)) == Staffed(is_open=False, at=utc(4, 13))


def test_over_the_weekend_on_which_the_clocks_change_it_is_monday_at_eight(site):
    assert staffed.next_open(site=site, now=utc(6, 23)) == Staffed(is_open=False, at=utc(9, 12))


def test_who_writes_as_the_day_ends_is_promised_the_next_one(site):
    assert staffed.next_open(site=site, now=utc(3, 21, 44)).is_open
    assert staffed.next_open(site=site, now=utc(3, 21, 45)) == Staffed(is_open=False, at=utc(4, 13))


def test_a_closed_day_is_no_opening(site):
    Closure.objects.create(site=site, starts_at=utc(4, 5), ends_at=utc(5, 5), reason="Snow")
    assert staffed.next_open(site=site, now=utc(3, 23)) == Staffed(is_open=False, at=utc(5, 13))


def test_a_closure_in_the_middle_of_a_day_ends_the_reading_and_another_begins(site, now):
    Closure.objects.create(site=site, starts_at=utc(3, 17), ends_at=utc(3, 18), reason="Fire drill")
    assert staffed.next_open(site=site, now=now) == Staffed(is_open=True, at=utc(3, 17))
    assert staffed.next_open(site=site, now=utc(3, 17)) == Staffed(is_open=False, at=utc(3, 18))
    assert staffed.next_open(site=site, now=utc(3, 18)) == Staffed(is_open=True, at=utc(3, 22))


def test_a_closed_room_keeps_nobody_from_reading(site, now):
    room = RoomFactory(site=site)
    Closure.objects.create(site=site, room=room, starts_at=now - HOUR, ends_at=now + DAY, reason="Painting")
    assert staffed.next_open(site=site, now=now).is_open


def test_nobody_knows_where_no_hours_are_set_up_or_it_is_closed_for_long(site, now):
    assert staffed.next_open(site=SiteFactory(hours=False), now=now) is None
    Closure.objects.create(site=site, starts_at=now, ends_at=now + 60 * DAY, reason="Rebuilding")
    assert staffed.next_open(site=site, now=now) is None
