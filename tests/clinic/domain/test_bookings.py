"""Booking, placing, walking in: all or nothing, and a sentence for every no."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta

import psycopg2
import pytest
from django.db import connection

from clinic.domain import attempts, bookings, followers, infusions, locks, moves, planning, records
from clinic.domain.errors import AgainstRules, Refused, Taken
from clinic.domain.slots import Slot
from clinic.domain.study import whole_course
from clinic.enums import CourseStatus, InfusionStatus
from clinic.models import AuditEntry, Closure, Course, Infusion, Patient, Room
from tests.clinic.conftest import House
from tests.factories import CourseFactory, PatientFactory, ProtocolFactory, RoomFactory, SiteFactory

pytestmark = pytest.mark.django_db

NINE = datetime(2026, 3, 10, 13, tzinfo=UTC)  # Tuesday, in New York
KEY = "5c7f6f0e-8a8e-4c63-9a2c-0e4b6c2d7f10"


def at(house: House, start: datetime = NINE, room: int = 0, clinician: int = 0) -> Slot:
    return Slot(start, house.rooms[room], house.clinicians[clinician])


def course(house: House, **fields) -> Course:
    return CourseFactory(**{"patient": house.patient(), "protocol": house.protocol, "opened_by": house.desk, **fields})


def book(house: House, now: datetime, slot: Slot, **fields) -> Infusion:
    return bookings.place(course=course(house, **fields), slot=slot, actor=house.desk, now=now)


def series(house: House, now: datetime, slots: list[Slot], **more) -> Course:
    patient = more.pop("patient", None) or house.patient()
    protocol = more.pop("protocol", house.protocol)
    return bookings.book_series(patient=patient, protocol=protocol, slots=slots, actor=house.desk, now=now, **more)


def six(house: House) -> list[Slot]:
    return [at(house, NINE + timedelta(days=3 * n)) for n in range(6)]


def test_a_series_is_booked_as_offered(house: House, now: datetime) -> None:
    patient = house.patient()
    stretch = whole_course(protocol=house.protocol, first_day=date(2026, 3, 10))
    seen = planning.outlook(site=house.site, protocol=house.protocol, patient=patient, stretch=stretch, now=now)
    slots = seen.offers[0].slots
    made = series(house, now, slots, patient=patient)
    booked = list(made.infusions.all())
    assert [(one.number, one.starts_at, one.room, one.clinician) for one in booked] == [
        (n, slot.starts_at, slot.room, slot.clinician) for n, slot in enumerate(slots, start=1)
    ]
    assert {one.policy for one in booked} == {house.policy}
    assert AuditEntry.objects.filter(verb="infusion.booked", patient_id=patient.pk).count() == 6


def test_a_series_with_its_third_date_taken_books_nothing_and_names_it(house: House, now: datetime) -> None:
    """https://github.com/newtheatre/rooms/issues/15, https://github.com/calcom/cal.diy/issues/15997"""
    slots = six(house)
    book(house, now, slots[2])
    with pytest.raises(Taken) as refused:
        series(house, now, slots)
    assert refused.value.reasons == ["Visit 3 on Monday 16 March at 09:00 was just taken."]
    assert refused.value.alternatives[0].starts_at == slots[2].starts_at + timedelta(hours=2)
    assert Infusion.objects.count() == 1


def test_nothing_is_left_of_a_series_that_failed(house: House, now: datetime) -> None:
    """https://github.com/calcom/cal.diy/issues/10673"""
    slots = six(house)
    book(house, now, slots[5])
    entries = AuditEntry.objects.count()
    with pytest.raises(Taken):
        series(house, now, slots)
    assert (Course.objects.count(), AuditEntry.objects.count()) == (1, entries)


def test_the_same_form_sent_twice_makes_one_course(house: House, now: datetime) -> None:
    patient = house.patient()
    first = series(house, now, six(house), patient=patient, form_key=KEY)
    assert series(house, now, six(house), patient=patient, form_key=KEY) == first
    assert Infusion.objects.count() == 6


def test_a_form_used_for_another_patient_is_refused(house: House, now: datetime) -> None:
    series(house, now, six(house), form_key=KEY)
    with pytest.raises(Refused, match="used for another patient"):
        series(house, now, [at(house, NINE + timedelta(days=40))], form_key=KEY)


def test_a_date_left_out_stays_to_place(house: House, now: datetime) -> None:
    """https://github.com/indico/indico/issues/4180"""
    made = series(house, now, six(house)[:5])
    placed = bookings.place(course=made, slot=six(house)[5], actor=house.desk, now=now)
    assert (made.sessions, placed.number) == (6, 6)
    with pytest.raises(Refused, match="All visits of this course have a date"):
        bookings.place(course=made, slot=at(house, NINE + timedelta(days=50)), actor=house.desk, now=now)


def test_a_cancelled_date_can_be_placed_again(house: House, now: datetime) -> None:
    made = series(house, now, six(house))
    infusions.cancel(infusion=made.infusions.get(number=3), actor=house.desk, now=now, reason="ill")
    assert bookings.place(course=made, slot=six(house)[2], actor=house.desk, now=now).number == 3


def test_dates_too_close_are_refused(house: House, now: datetime) -> None:
    with pytest.raises(Refused, match="Tuesday 10 March and Wednesday 11 March are too close"):
        series(house, now, [at(house), at(house, NINE + timedelta(days=1))])


@pytest.mark.parametrize("number", [0, 7])
def test_as_many_dates_as_the_plan_has_visits(house: House, now: datetime, number: int) -> None:
    slots = [at(house, NINE + timedelta(days=3 * n)) for n in range(number)]
    with pytest.raises(Refused, match="between one and 6 dates"):
        series(house, now, slots)


def test_a_plan_no_longer_offered_takes_no_new_course(house: House, now: datetime) -> None:
    house.protocol.is_active = False
    house.protocol.save()
    with pytest.raises(Refused, match="not offered any more"):
        series(house, now, six(house))


def test_a_course_that_is_over_takes_no_more_visits(house: House, now: datetime) -> None:
    with pytest.raises(Refused, match="This course is over"):
        book(house, now, at(house), status=CourseStatus.STOPPED)


def test_a_stale_page_gets_taken_with_the_next_free_times(house: House, now: datetime) -> None:
    """https://github.com/masslight/ottehr/issues/615"""
    book(house, now, at(house))
    with pytest.raises(Taken) as refused:
        book(house, now, at(house, NINE + timedelta(minutes=30)))
    assert [slot.starts_at - NINE for slot in refused.value.alternatives] == [
        timedelta(hours=2, minutes=15 * n) for n in range(5)
    ]


def test_which_resource_is_taken_is_said(build_house: Callable[..., House], now: datetime) -> None:
    house = build_house(rooms=2, clinicians=2)
    first = book(house, now, at(house))
    for slot, sentence in [
        (at(house, clinician=1), "Room 1 was just taken on Tuesday 10 March, from 09:00 to 10:55."),
        (at(house, room=1), "Dr A is with another patient on Tuesday 10 March, from 09:00 to 10:40."),
    ]:
        with pytest.raises(Taken) as refused:
            book(house, now, slot)
        assert refused.value.reasons == [sentence]
    another = course(house, patient=first.patient)
    with pytest.raises(Taken, match=r"The patient has another visit on Tuesday 10 March, from 09:00 to 10:40."):
        bookings.place(course=another, slot=at(house, room=1, clinician=1), actor=house.desk, now=now)


def test_only_where_somebody_was_faster_it_was_just_taken(house: House, now: datetime) -> None:
    book(house, now - timedelta(hours=1), at(house))
    with pytest.raises(Taken) as refused:
        book(house, now, at(house, NINE + timedelta(minutes=100)))
    assert refused.value.reasons == ["Room 1 is taken on Tuesday 10 March, from 09:00 to 10:55."]


@pytest.mark.parametrize("minutes", [-115, 115])
def test_turnaround_counts_on_both_sides(house: House, now: datetime, minutes: int) -> None:
    book(house, now, at(house, NINE + timedelta(hours=3)))
    touching = NINE + timedelta(hours=3, minutes=minutes)
    with pytest.raises(Taken):
        book(house, now, at(house, touching - timedelta(minutes=minutes // abs(minutes))))
    assert book(house, now, at(house, touching)).starts_at == touching


@pytest.mark.parametrize(
    ("start", "sentence"),
    [
        (datetime(2026, 3, 3, 14, 40, tzinfo=UTC), "Tuesday 3 March at 09:40 is in the past."),
        (
            datetime(2026, 3, 10, 11, 45, tzinfo=UTC),
            "This is outside the opening hours on Tuesday 10 March: 08:00–18:00.",
        ),
        (
            datetime(2026, 3, 10, 20, 21, tzinfo=UTC),
            "It would end at 18:01, after closing. The clinic is open on Tuesday 10 March: 08:00–18:00.",
        ),
        (datetime(2026, 3, 11, 14, tzinfo=UTC), "The clinic is closed on Wednesday 11 March."),
        (datetime(2026, 3, 12, 14, tzinfo=UTC), "The clinic is closed on Thursday 12 March."),
        (
            datetime(2026, 3, 13, 14, tzinfo=UTC),
            "A visit takes 100 minutes. The clinic is not open that long on Friday 13 March.",
        ),
        (datetime(2026, 3, 14, 14, tzinfo=UTC), "Room 1 is closed at that time on Saturday 14 March."),
        (datetime(2026, 3, 15, 14, tzinfo=UTC), "Dr A does not work at that time on Sunday 15 March."),
    ],
)
def test_what_no_free_room_could_help(house: House, now: datetime, start: datetime, sentence: str) -> None:
    house.site.opening_hours.filter(weekday=2).delete()
    house.site.opening_hours.filter(weekday=4).update(closes=time(9))
    for day, fields in [(12, {}), (14, {"room": house.rooms[0]}), (15, {"clinician": house.clinicians[0]})]:
        begin = datetime(2026, 3, day, 12, tzinfo=UTC)
        Closure.objects.create(site=house.site, starts_at=begin, ends_at=begin + timedelta(hours=9), **fields)
    with pytest.raises(Refused) as refused:
        book(house, now, at(house, start))
    assert refused.value.reasons == [sentence]
    assert not isinstance(refused.value, Taken)
    assert Infusion.objects.count() == 0


def test_another_clinics_room_and_clinician_are_refused(house: House, now: datetime) -> None:
    with pytest.raises(Refused) as refused:
        book(house, now, Slot(NINE, RoomFactory(site=SiteFactory(), name="Room 9"), house.desk))
    assert refused.value.reasons == [
        "Room 9 is not a room of this clinic that can be booked.",
        f"{house.desk} does not treat patients at this clinic.",
    ]


def test_another_clinics_plan_and_an_archived_record_are_refused(house: House, now: datetime) -> None:
    with pytest.raises(Refused) as refused:
        series(
            house,
            now,
            six(house),
            patient=house.patient(is_archived=True),
            protocol=ProtocolFactory(site=SiteFactory()),
        )
    assert refused.value.reasons == [
        "This record is archived. Nothing can be booked for it.",
        "This plan belongs to another clinic.",
    ]


def test_a_room_out_of_use_is_refused(house: House, now: datetime) -> None:
    Room.objects.update(is_active=False)
    with pytest.raises(Refused, match="Room 1 is not a room of this clinic that can be booked"):
        book(house, now, at(house))


# --- walk-in ---------------------------------------------------------------------------------------


def walk_in(house: House, now: datetime, **more) -> Infusion:
    return bookings.walk_in(
        **{
            "patient": house.patient(),
            "protocol": house.protocol,
            "room": house.rooms[0],
            "clinician": house.clinicians[0],
            "actor": house.desk,
            "now": now,
            **more,
        }
    )


def test_somebody_who_walks_in_is_booked_from_this_minute_and_here(house: House, now: datetime) -> None:
    late = now + timedelta(seconds=42)
    infusion = walk_in(house, late)
    assert (infusion.starts_at, infusion.arrived_at, infusion.state) == (now, late, InfusionStatus.ARRIVED)
    assert (infusion.is_walk_in, infusion.course.sessions) == (True, 1)


def test_a_walk_in_takes_a_visit_of_an_open_course(house: House, now: datetime) -> None:
    made = series(house, now, six(house)[:5])
    assert walk_in(house, now, patient=made.patient).course == made


def test_a_walk_in_with_a_booking_today_is_told_to_move_it(house: House, now: datetime) -> None:
    booked = book(house, now, at(house, now + timedelta(hours=3)))
    with pytest.raises(Refused, match="booked on Tuesday 3 March at 12:41"):
        walk_in(house, now, patient=booked.patient)


def test_a_walk_in_into_a_taken_room_leaves_nothing_behind(house: House, now: datetime) -> None:
    walk_in(house, now)
    with pytest.raises(Taken, match="Room 1 was just taken"):
        walk_in(house, now)
    assert Course.objects.count() == 1


# --- what is told, and what PostgreSQL says --------------------------------------------------------


def test_followers_hear_of_each_booking_and_move(house: House, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[followers.Change] = []
    monkeypatch.setattr(followers, "_followers", [heard.extend])
    infusion = book(house, now, at(house))
    moves.move(
        infusion=infusion, slot=at(house, NINE + timedelta(days=1)), actor=house.desk, now=now, version=infusion.version
    )
    assert [(change.what, change.actor, change.before.get("starts_at")) for change in heard] == [
        ("booked", f"staff:{house.desk.pk}", None),
        ("moved", f"staff:{house.desk.pk}", NINE),
    ]


def test_a_follower_that_fails_undoes_the_booking(house: House, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(changes: Sequence[followers.Change]) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(followers, "_followers", [fail])
    with pytest.raises(RuntimeError):
        book(house, now, at(house))
    assert Infusion.objects.count() == 0


def test_a_deadlock_is_tried_again(house: House) -> None:
    tries = []

    def work() -> str:
        tries.append(1)
        if len(tries) < 3:
            with connection.cursor() as cursor:
                cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40P01'; END $$")
        return "done"

    assert attempts.run(work) == "done"
    assert len(tries) == 3


def test_a_deadlock_that_never_ends_is_an_error_in_the_end() -> None:
    tries = []

    def work() -> None:
        tries.append(1)
        with connection.cursor() as cursor:
            cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$")

    with pytest.raises(Exception, match="again"):
        attempts.run(work)
    assert len(tries) == attempts.TRIES


@pytest.mark.django_db(transaction=True)
def test_a_lock_that_does_not_come_is_a_polite_no(
    build_house: Callable[..., House], now: datetime, pg_dsn: str
) -> None:
    house = build_house()
    made = course(house)
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '50ms'")
    other = psycopg2.connect(pg_dsn)
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [locks.ROOM, house.rooms[0].pk])
    with pytest.raises(Taken, match="Many people are booking at this moment"):
        bookings.place(course=made, slot=at(house), actor=house.desk, now=now)
    other.close()
    assert bookings.place(course=made, slot=at(house), actor=house.desk, now=now).number == 1
    connection.close()


def test_a_patient_of_another_site_keeps_their_own_clinic(house: House, now: datetime) -> None:
    other = CourseFactory(patient=PatientFactory(site=SiteFactory()), opened_by=house.desk)
    with pytest.raises(Refused, match="not a room of this clinic"):
        bookings.place(course=other, slot=at(house), actor=house.desk, now=now)


def test_a_series_is_not_booked_for_a_record_that_was_put_away_meanwhile(house: House, now: datetime) -> None:
    shown = house.patient()
    records.put_away(patient=Patient.objects.get(pk=shown.pk), actor=house.desk, now=now)
    with pytest.raises(AgainstRules):
        bookings.book_series(patient=shown, protocol=house.protocol, slots=[at(house)], actor=house.desk, now=now)
