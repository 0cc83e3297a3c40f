"""Moving a visit: through the same guard, and never behind somebody's back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from clinic.domain import bookings, infusions, moves
from clinic.domain.errors import Refused, StaleVersion, Taken
from clinic.domain.slots import Slot
from clinic.enums import Role
from clinic.models import AuditEntry, Closure, Infusion, Move
from tests.clinic.conftest import House
from tests.factories import CourseFactory, PolicyFactory, StaffFactory

pytestmark = pytest.mark.django_db

NINE = datetime(2026, 3, 10, 13, tzinfo=UTC)  # Tuesday, in New York
DAY = timedelta(days=1)


def at(house: House, start: datetime = NINE, room: int = 0, clinician: int = 0) -> Slot:
    return Slot(start, house.rooms[room], house.clinicians[clinician])


def book(house: House, now: datetime, slot: Slot) -> Infusion:
    course = CourseFactory(patient=house.patient(), protocol=house.protocol, opened_by=house.desk)
    return bookings.place(course=course, slot=slot, actor=house.desk, now=now)


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


# --- taking it back --------------------------------------------------------------------------------

LATER = NINE + timedelta(hours=3)


def undo(house: House, now: datetime, infusion: Infusion) -> Infusion:
    return moves.undo(infusion=infusion, actor=house.desk, now=now)


def test_a_move_is_written_down(build_house: Callable[..., House], now: datetime) -> None:
    house = build_house(rooms=2)
    infusion = move(house, now, book(house, now, at(house)), at(house, LATER, room=1))
    row = Move.objects.get()
    assert (row.infusion, row.version, row.at, row.by) == (infusion, 2, now, house.desk)
    assert (row.from_starts_at, row.from_room, row.to_starts_at, row.to_room) == (
        NINE,
        *house.rooms[:1],
        LATER,
        house.rooms[1],
    )
    assert (row.from_clinician, row.to_clinician, row.undone_at) == (house.clinicians[0], house.clinicians[0], None)


def test_moving_nowhere_is_not_written_down(house: House, now: datetime) -> None:
    move(house, now, book(house, now, at(house)), at(house))
    assert (Move.objects.count(), AuditEntry.objects.filter(verb="infusion.moved").count()) == (0, 0)


def test_a_move_is_undone_within_ten_minutes(build_house: Callable[..., House], now: datetime) -> None:
    house = build_house(rooms=2, clinicians=2)
    infusion = book(house, now, at(house))
    before = (infusion.starts_at, infusion.room, infusion.clinician, infusion.ends_at, infusion.room_free_at)
    moved = move(house, now, infusion, at(house, LATER, room=1, clinician=1))
    later = now + timedelta(minutes=9, seconds=59)
    assert moves.undoable(infusion=moved, now=later) == Move.objects.get()
    back = undo(house, later, moved)
    back.refresh_from_db()
    assert (back.starts_at, back.room, back.clinician, back.ends_at, back.room_free_at) == before
    assert (back.version, Move.objects.get().undone_at) == (3, later)
    assert moves.undoable(infusion=back, now=later) is None
    assert AuditEntry.objects.filter(verb="infusion.moved.undone").count() == 1


def test_after_ten_minutes_a_move_stands(house: House, now: datetime) -> None:
    moved = move(house, now, book(house, now, at(house)), at(house, LATER))
    later = now + timedelta(minutes=10)
    assert moves.undoable(infusion=moved, now=later) is None
    with pytest.raises(Refused, match="can be undone for ten minutes"):
        undo(house, later, moved)


def test_an_undo_is_not_undone(house: House, now: datetime) -> None:
    moved = move(house, now, book(house, now, at(house)), at(house, LATER))
    back = undo(house, now, moved)
    with pytest.raises(Refused, match="undone already"):
        undo(house, now, back)
    back.refresh_from_db()
    assert (back.starts_at, back.version) == (NINE, 3)


def test_what_was_never_moved_is_not_undone(house: House, now: datetime) -> None:
    with pytest.raises(Refused, match="was not moved"):
        undo(house, now, book(house, now, at(house)))


def test_what_is_offered_instead_keeps_the_days_between_visits(house: House, now: datetime) -> None:
    mine = CourseFactory(patient=house.patient(), protocol=house.protocol, opened_by=house.desk)
    _first, second, _third = [
        bookings.place(course=mine, slot=at(house, NINE + 3 * n * DAY), actor=house.desk, now=now) for n in range(3)
    ]
    book(house, now, at(house, NINE + 4 * DAY))
    Closure.objects.create(
        site=house.site,
        starts_at=NINE + 4 * DAY + timedelta(hours=2),
        ends_at=NINE + 4 * DAY + timedelta(hours=9),
        reason="Snow",
    )
    with pytest.raises(Taken) as refused:
        move(house, now, second, at(house, NINE + 4 * DAY))
    # The fifth and the seventh day are a day from the visit on the sixth; the plan asks for two.
    days = {(slot.starts_at - NINE + timedelta(hours=1)).days for slot in refused.value.alternatives}
    assert days == {8}


def test_an_undo_after_somebody_took_the_old_place_offers_others(house: House, now: datetime) -> None:
    moved = move(house, now, book(house, now, at(house)), at(house, LATER))
    book(house, now, at(house))
    with pytest.raises(Taken, match="just taken on Tuesday 10 March, from 09:00") as refused:
        undo(house, now, moved)
    assert refused.value.alternatives[0].starts_at > NINE
    moved.refresh_from_db()
    assert (moved.starts_at, moved.version, Move.objects.get().undone_at) == (LATER, 2, None)


def test_an_undo_after_another_change_is_told_of_it(house: House, now: datetime) -> None:
    moved = move(house, now, book(house, now, at(house)), at(house, LATER))
    infusions.say_late(infusion=moved, actor="link:x", now=now, minutes=10)
    with pytest.raises(StaleVersion, match="changed this visit meanwhile"):
        undo(house, now, moved)


def test_an_undo_into_a_time_that_closed_meanwhile_is_refused(house: House, now: datetime) -> None:
    moved = move(house, now, book(house, now, at(house)), at(house, LATER))
    Closure.objects.create(site=house.site, room=house.rooms[0], starts_at=NINE, ends_at=NINE + timedelta(hours=1))
    with pytest.raises(Refused, match="Room 1 is closed at that time"):
        undo(house, now, moved)


def test_each_of_two_moves_can_be_told_but_only_the_last_undone(house: House, now: datetime) -> None:
    once = move(house, now, book(house, now, at(house)), at(house, LATER))
    twice = move(house, now, once, at(house, LATER + timedelta(days=1)))
    back = undo(house, now, twice)
    assert back.starts_at == LATER
    with pytest.raises(Refused, match="undone already"):
        undo(house, now, back)


# --- clocks ----------------------------------------------------------------------------------------


def test_a_visit_moved_across_a_change_of_clocks_takes_as_long_as_ever(
    build_house: Callable[..., House], now: datetime
) -> None:
    """On 8 March 02:00 becomes 03:00 in New York: a visit over it lasts its minutes, not its clock times."""
    house = build_house()
    night = datetime(2026, 3, 8, 6, 30, tzinfo=UTC)  # 01:30
    director = StaffFactory(role=Role.DIRECTOR, sites=[house.site])
    infusion = book(house, now, at(house))
    moved = moves.move(
        infusion=infusion,
        slot=at(house, night),
        actor=director,
        now=now,
        version=1,
        override_reason="The night of the change.",
    )
    assert (moved.ends_at - moved.starts_at, moved.room_free_at - moved.starts_at) == (
        timedelta(minutes=100),
        timedelta(minutes=115),
    )
    assert f"{moved.ends_at.astimezone(house.site.zone):%H:%M}" == "04:10"
