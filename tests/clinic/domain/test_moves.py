"""Moving a visit: through the same guard, and never behind somebody's back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from clinic.domain import bookings, infusions, moves
from clinic.domain.errors import Refused, StaleVersion, Taken
from clinic.domain.slots import Slot
from clinic.models import Infusion
from tests.clinic.conftest import House
from tests.factories import CourseFactory, PolicyFactory

pytestmark = pytest.mark.django_db

NINE = datetime(2026, 3, 10, 13, tzinfo=UTC)  # Tuesday, in New York


def at(house: House, start: datetime = NINE, room: int = 0, clinician: int = 0) -> Slot:
    return Slot(start, house.rooms[room], house.clinicians[clinician])


def book(house: House, now: datetime, slot: Slot) -> Infusion:
    course = CourseFactory(patient=house.patient(), protocol=house.protocol, opened_by=house.desk)
    return bookings.book(course=course, slot=slot, actor=house.desk, now=now)


def move(house: House, now: datetime, infusion: Infusion, slot: Slot, version: int | None = None) -> Infusion:
    return moves.move(infusion=infusion, slot=slot, actor=house.desk, now=now, version=version or infusion.version)


def test_a_moved_visit_has_its_new_times(house: House, now: datetime) -> None:
    infusion = infusions.say_late(infusion=book(house, now, at(house)), actor="link:x", now=now, minutes=10)
    newer = PolicyFactory(site=house.site, version=house.policy.version + 1, min_recovery_minutes=60)
    moved = move(house, now, infusion, at(house, NINE + timedelta(days=1)))
    moved.refresh_from_db()
    assert (moved.starts_at, moved.version, moved.late_minutes) == (NINE + timedelta(days=1), 3, None)
    assert (moved.room_free_at - moved.starts_at, moved.policy) == (timedelta(minutes=130), newer)


def test_moving_goes_through_the_same_guard(house: House, now: datetime) -> None:
    """https://github.com/nextcloud/calendar/issues/7772"""
    one, other = book(house, now, at(house)), book(house, now, at(house, NINE + timedelta(hours=3)))
    with pytest.raises(Taken) as refused:
        move(house, now, one, at(house, other.starts_at + timedelta(minutes=15)))
    assert refused.value.alternatives[0].starts_at == other.room_free_at + timedelta(minutes=5)
    with pytest.raises(Refused, match="in the past"):
        move(house, now, one, at(house, now - timedelta(hours=1)))
    one.refresh_from_db()
    assert (one.starts_at, one.version) == (NINE, 1)


def test_a_visit_can_move_into_its_own_time(house: House, now: datetime) -> None:
    infusion = book(house, now, at(house))
    assert move(house, now, infusion, at(house, NINE + timedelta(minutes=15))).version == 2


def test_moving_nowhere_changes_nothing(house: House, now: datetime) -> None:
    assert move(house, now, book(house, now, at(house)), at(house)).version == 1


def test_a_stale_form_is_told_what_changed(house: House, now: datetime) -> None:
    infusion = book(house, now, at(house))
    move(house, now, infusion, at(house, NINE + timedelta(days=1)))
    with pytest.raises(StaleVersion) as refused:
        move(house, now, infusion, at(house, NINE + timedelta(days=2)), version=1)
    assert refused.value.changed == "It is now on Wednesday 11 March at 09:00, Room 1: Booked."


def test_who_has_arrived_can_change_room_but_not_time(build_house: Callable[..., House], now: datetime) -> None:
    house = build_house(rooms=2)
    infusion = bookings.walk_in(
        patient=house.patient(),
        protocol=house.protocol,
        room=house.rooms[0],
        clinician=house.clinicians[0],
        actor=house.desk,
        now=now,
    )
    with pytest.raises(Refused, match="This is done already"):
        move(house, now, infusion, at(house))
    later = now + timedelta(minutes=20)
    assert move(house, later, infusion, at(house, now, room=1)).room == house.rooms[1]


@pytest.mark.parametrize("verb", ["cancel", "no_show"])
def test_a_visit_that_is_off_does_not_move(house: House, now: datetime, verb: str) -> None:
    infusion = book(house, now, at(house))
    more = {"reason": "ill"} if verb == "cancel" else {}
    off = getattr(infusions, verb)(infusion=infusion, actor=house.desk, now=NINE, **more)
    with pytest.raises(Refused):
        move(house, now, off, at(house, NINE + timedelta(days=1)))
