"""Many people book at once. PostgreSQL decides; nobody sees an error."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import psycopg2
import pytest
from django.db import connection, transaction

from clinic.domain import bookings, infusions, moves, people, protocols
from clinic.domain.errors import Refused, Taken
from clinic.domain.protocols import Stage
from clinic.domain.slots import Slot
from clinic.enums import InfusionStatus, Role
from clinic.models import Course, Infusion, Move, Protocol, StaffMember
from tests.clinic.conftest import House
from tests.factories import CourseFactory, SiteFactory, StaffFactory

pytestmark = pytest.mark.django_db(transaction=True)

NINE = datetime(2026, 3, 10, 13, tzinfo=UTC)


def all_at_once(works: Sequence[Callable[[], object]]) -> list[object]:
    """What each returned or raised; every work in its own thread with its own connection."""
    answers: list[object] = [None] * len(works)
    start = Barrier(len(works))

    def run(number: int, work: Callable[[], object]) -> None:
        start.wait()
        try:
            answers[number] = work()
        except Exception as error:
            answers[number] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def kinds(answers: Sequence[object]) -> Counter[str]:
    return Counter(type(answer).__name__ for answer in answers)


def deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return cursor.fetchone()[0]


def booking(house: House, slot: Slot, now: datetime) -> Callable[[], Infusion]:
    course = CourseFactory(patient=house.patient(), protocol=house.protocol, opened_by=house.desk)
    return lambda: bookings.place(course=course, slot=slot, actor=house.desk, now=now)


def test_every_yes_is_in_the_database_afterwards(build_house, now: datetime) -> None:
    """https://github.com/LibreBooking/librebooking/issues/147"""
    house = build_house(rooms=2, clinicians=2)
    pairs = list(zip(house.rooms, house.clinicians, strict=True))
    works = [booking(house, Slot(NINE, *pairs[n % 2]), now) for n in range(20)]

    answers = all_at_once(works)

    assert kinds(answers) == {"Infusion": 2, "Taken": 18}
    assert set(Infusion.objects.all()) == {answer for answer in answers if isinstance(answer, Infusion)}
    # Nine o'clock in the other room is a fair offer while nobody has it yet.
    assert all(answer.alternatives[0].starts_at >= NINE for answer in answers if isinstance(answer, Taken))


def test_overlapping_times_never_deadlock(build_house, now: datetime) -> None:
    house = build_house(rooms=2, clinicians=2)
    before = deadlocks()
    # Starts a quarter of an hour apart, rooms and clinicians crossed: each overlaps many others.
    works = [
        booking(
            house,
            Slot(NINE + timedelta(minutes=15 * (n % 8)), house.rooms[n % 2], house.clinicians[n // 2 % 2]),
            now,
        )
        for n in range(40)
    ]

    answers = all_at_once(works)

    assert set(kinds(answers)) == {"Infusion", "Taken"}
    assert deadlocks() == before


def test_as_many_rooms_as_win_the_race(build_house, now: datetime) -> None:
    house = build_house(rooms=4, clinicians=9)
    works = [booking(house, Slot(NINE, house.rooms[n % 4], house.clinicians[n]), now) for n in range(9)]

    assert kinds(all_at_once(works)) == {"Infusion": 4, "Taken": 5}


def test_a_series_and_single_visits_at_once(build_house, now: datetime) -> None:
    house = build_house(rooms=1, clinicians=1)
    slots = [Slot(NINE + timedelta(days=3 * n), house.rooms[0], house.clinicians[0]) for n in range(6)]
    patient = house.patient()
    works: list[Callable[[], object]] = [
        lambda: bookings.book_series(patient=patient, protocol=house.protocol, slots=slots, actor=house.desk, now=now),
        *(booking(house, slot, now) for slot in slots),
    ]

    answers = all_at_once(works)

    placed = Infusion.objects.filter(patient=patient).count()
    assert placed == (6 if isinstance(answers[0], Course) else 0)
    assert Infusion.objects.count() == 6 if placed else Infusion.objects.count() >= 1
    assert set(kinds(answers)) <= {"Course", "Infusion", "Taken"}


def test_one_form_sent_ten_times_at_once_makes_one_course(house: House, now: datetime) -> None:
    patient, key = house.patient(), "5c7f6f0e-8a8e-4c63-9a2c-0e4b6c2d7f10"
    slots = [Slot(NINE + timedelta(days=3 * n), house.rooms[0], house.clinicians[0]) for n in range(6)]

    def send() -> Course:
        return bookings.book_series(
            patient=patient, protocol=house.protocol, slots=slots, actor=house.desk, now=now, form_key=key
        )

    answers = all_at_once([send] * 10)

    assert kinds(answers) == {"Course": 10}
    assert Course.objects.count() == 1
    assert Infusion.objects.count() == 6


def test_two_tabs_place_the_last_open_visit(house: House, now: datetime) -> None:
    """https://github.com/calcom/cal.diy/issues/10789"""
    course = CourseFactory(patient=house.patient(), protocol=house.protocol, opened_by=house.desk, sessions=1)
    slots = [Slot(NINE + timedelta(hours=3 * n), house.rooms[0], house.clinicians[0]) for n in range(2)]
    works = [lambda slot=slot: bookings.place(course=course, slot=slot, actor=house.desk, now=now) for slot in slots]

    answers = all_at_once(works)

    assert kinds(answers) == {"Infusion": 1, "Refused": 1}
    assert course.infusions.count() == 1


def test_cancelling_ten_times_at_once_frees_the_time_once(house: House, now: datetime) -> None:
    """https://github.com/pretix/pretix/issues/1405"""
    infusion = booking(house, Slot(NINE, house.rooms[0], house.clinicians[0]), now)()

    def cancel() -> Infusion:
        return infusions.cancel(infusion=infusion, actor=house.desk, now=now, reason="asked to")

    answers = all_at_once([cancel] * 10)

    assert kinds(answers) == {"Infusion": 1, "Refused": 9}
    assert Infusion.objects.get().version == 2


def test_two_patients_swap_times_at_once(build_house, now: datetime) -> None:
    """Each wants the time the other still has: both may be refused, neither is lost, nothing hangs."""
    house = build_house(rooms=1, clinicians=1)
    one = booking(house, Slot(NINE, house.rooms[0], house.clinicians[0]), now)()
    other = booking(house, Slot(NINE + timedelta(hours=3), house.rooms[0], house.clinicians[0]), now)()

    def move(infusion: Infusion, to: datetime) -> Callable[[], Infusion]:
        slot = Slot(to, house.rooms[0], house.clinicians[0])
        return lambda: moves.move(infusion=infusion, slot=slot, actor=house.desk, now=now, version=1)

    answers = all_at_once([move(one, other.starts_at), move(other, one.starts_at)])

    assert all(isinstance(answer, Refused) for answer in answers)
    assert Infusion.objects.filter(status=InfusionStatus.BOOKED).count() == 2


def test_two_desks_move_one_visit_at_once(build_house, now: datetime) -> None:
    """One wins; the other is told what it is now. Nothing is moved twice."""
    house = build_house(rooms=2, clinicians=2)
    infusion = booking(house, Slot(NINE, house.rooms[0], house.clinicians[0]), now)()
    slots = [Slot(NINE + timedelta(hours=n), house.rooms[n % 2], house.clinicians[n % 2]) for n in range(1, 7)]

    def move(slot: Slot) -> Callable[[], Infusion]:
        return lambda: moves.move(infusion=infusion, slot=slot, actor=house.desk, now=now, version=1)

    before = deadlocks()
    answers = all_at_once([move(slot) for slot in slots])

    assert kinds(answers) == {"Infusion": 1, "StaleVersion": 5}
    infusion.refresh_from_db()
    assert (infusion.version, Move.objects.count(), deadlocks()) == (2, 1, before)


def test_undone_by_two_at_once_it_is_undone_once(house: House, now: datetime) -> None:
    infusion = booking(house, Slot(NINE, house.rooms[0], house.clinicians[0]), now)()
    later = Slot(NINE + timedelta(hours=3), house.rooms[0], house.clinicians[0])
    moves.move(infusion=infusion, slot=later, actor=house.desk, now=now, version=1)

    answers = all_at_once([lambda: moves.undo(infusion=infusion, actor=house.desk, now=now)] * 4)

    assert kinds(answers) == {"Infusion": 1, "Refused": 3}
    infusion.refresh_from_db()
    assert (infusion.starts_at, infusion.version) == (NINE, 3)


def test_phases_and_bookings_in_one_room_at_once_never_deadlock(build_house, now: datetime) -> None:
    house = build_house(rooms=1, clinicians=1)
    slots = [Slot(NINE + timedelta(hours=2 * n), house.rooms[0], house.clinicians[0]) for n in range(3)]
    booked = [booking(house, slot, now)() for slot in slots]
    before = deadlocks()
    works: list[Callable[[], object]] = []
    for infusion in booked:
        works.append(
            lambda infusion=infusion: infusions.say_late(infusion=infusion, actor="link:x", now=now, minutes=10)
        )
        works.append(
            lambda infusion=infusion: infusions.cancel(infusion=infusion, actor=house.desk, now=now, reason="ill")
        )
        works += [
            booking(
                house, Slot(infusion.starts_at + timedelta(minutes=15 * n), house.rooms[0], house.clinicians[0]), now
            )
            for n in range(4)
        ]

    answers = all_at_once(works)

    assert set(kinds(answers)) <= {"Infusion", "Taken", "Refused"}
    assert deadlocks() == before


def test_two_administrators_who_close_each_others_accounts_do_not_both_succeed() -> None:
    """Nobody would be left who can set the clinic up."""
    site = SiteFactory()
    one, other = (StaffFactory(role=Role.ADMIN, sites=[site]) for _number in range(2))

    def close(staff: StaffMember, actor: StaffMember) -> StaffMember:
        return people.change(
            staff=staff, full_name=staff.full_name, role=staff.role, is_active=False, actor=actor, now=NINE
        )

    answers = all_at_once([lambda: close(one, other), lambda: close(other, one)])
    assert kinds(answers) == {"StaffMember": 1, "Refused": 1}
    assert StaffMember.objects.filter(role=Role.ADMIN, is_active=True).count() == 1


@pytest.mark.parametrize("first", ["revise", "book"])
def test_a_protocol_changed_while_it_is_booked_is_one_after_the_other(
    house: House, now: datetime, pg_dsn: str, first: str
) -> None:
    """Whoever comes second waits until the first has committed, and then decides by what is true."""
    protocol, patient = house.protocol, house.patient()
    slots = [Slot(NINE + timedelta(days=3 * n), house.rooms[0], house.clinicians[0]) for n in range(6)]
    kept = ("name", "route", "infusion_minutes", "recovery_minutes", "observation_minutes", "turnaround_minutes")
    fields = {name: getattr(protocol, name) for name in (*kept, "needs", "present", "is_active")}
    works: dict[str, Callable[[], object]] = {
        "revise": lambda: protocols.revise(
            protocol=protocol,
            fields=fields | {"prep_minutes": protocol.prep_minutes + 5},
            stages=[Stage(6, 2, 3, 5)],
            actor=house.desk,
            now=now,
            version=1,
        ),
        "book": lambda: bookings.book_series(
            patient=patient, protocol=protocol, slots=slots, actor=house.desk, now=now
        ),
    }
    second = {"revise": "book", "book": "revise"}[first]
    answers: list[object] = []
    waits = Thread(target=lambda: answers.extend(all_at_once([works[second]])))
    with transaction.atomic():
        answers.append(works[first]())
        waits.start()
        waits_for_a_lock(pg_dsn)
        assert len(answers) == 1
    waits.join()

    offered_since = Protocol.objects.get(is_active=True)
    if first == "revise":
        assert str(answers[1]) == "This plan was changed meanwhile. Look again."
        assert (Course.objects.count(), Infusion.objects.count()) == (0, 0)
    else:
        assert isinstance(answers[1], Protocol)
        assert (Course.objects.get().protocol, Infusion.objects.count()) == (protocol, 6)
    assert (offered_since.version, offered_since.family) == (2, protocol.family)


def waits_for_a_lock(dsn: str, how_many: int = 1) -> None:
    """Returns as soon as so many wait for a lock."""
    with closing(psycopg2.connect(dsn)) as watcher, watcher.cursor() as cursor:
        watcher.autocommit = True
        for _look in range(200):
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0] >= how_many:
                return
            time.sleep(0.01)
    raise AssertionError("Nobody waited.")
