"""What was booked together a moment ago is taken back together, or not at all."""

from datetime import UTC, datetime, timedelta

import pytest

from clinic.domain import bookings, infusions, last_booking, moves
from clinic.domain.errors import Refused
from clinic.domain.slots import Slot
from clinic.enums import TAKEN_BACK, CourseStatus, InfusionStatus
from clinic.models import AuditEntry, Course
from tests.clinic.conftest import House

pytestmark = pytest.mark.django_db

NINE = datetime(2026, 3, 10, 13, tzinfo=UTC)
DAY = timedelta(days=1)


def at(house: House, start: datetime) -> Slot:
    return Slot(starts_at=start, room=house.rooms[0], clinician=house.clinicians[0])


@pytest.fixture
def course(house: House, now: datetime) -> Course:
    slots = [at(house, NINE + 3 * n * DAY) for n in range(6)]
    by = {"patient": house.patient(), "protocol": house.protocol, "actor": house.desk}
    return bookings.book_series(**by, slots=slots, now=now, form_key="9c7e1b9e-4f0a-4b43-8c9c-0f3f4a3f7f10")


def undo(house: House, course: Course, now: datetime, after: timedelta = timedelta(minutes=9)) -> int:
    return last_booking.undo(course=course, booked_at=now, actor=house.desk, now=now + after)


def test_all_visits_of_a_plan_go_and_the_course_it_opened_is_closed(house: House, now: datetime, course: Course):
    assert undo(house, course, now) == 6
    course.refresh_from_db()
    states = set(course.infusions.values_list("status", "off_reason"))
    assert (states, course.status) == ({(InfusionStatus.CANCELLED, TAKEN_BACK)}, CourseStatus.STOPPED)
    assert AuditEntry.objects.filter(verb="infusion.cancelled", patient_id=course.patient_id).count() == 6
    assert AuditEntry.objects.filter(verb="course.stopped", subject=f"course:{course.pk}").count() == 1


def test_what_was_changed_since_stays_and_keeps_the_course(house: House, now: datetime, course: Course):
    first, second = course.infusions.order_by("number")[:2]
    moves.move(infusion=first, slot=at(house, NINE + timedelta(hours=2)), actor=house.desk, now=now, version=1)
    infusions.cancel(infusion=second, actor=house.desk, now=now, reason="Has a cold")
    assert last_booking.undoable(patient=course.patient, now=now)[course.pk].visits == 4
    assert undo(house, course, now) == 4
    course.refresh_from_db()
    first.refresh_from_db()
    assert (first.state, course.status) == (InfusionStatus.BOOKED, CourseStatus.OPEN)


def test_the_rest_of_a_course_is_undone_without_the_visits_before_it(house: House, now: datetime):
    slots = [at(house, NINE + 3 * n * DAY) for n in range(3)]
    by = {"actor": house.desk}
    made = bookings.book_series(patient=house.patient(), protocol=house.protocol, slots=slots[:2], now=now, **by)
    later = now + timedelta(minutes=1)
    bookings.place(course=made, slot=slots[2], now=later, **by)
    assert undo(house, made, later) == 1
    made.refresh_from_db()
    assert (made.status, made.infusions.filter(status=InfusionStatus.BOOKED).count()) == (CourseStatus.OPEN, 2)


def test_after_ten_minutes_it_is_refused_and_not_offered(house: House, now: datetime, course: Course):
    late = timedelta(minutes=10)
    assert last_booking.undoable(patient=course.patient, now=now + late) == {}
    with pytest.raises(Refused, match="for ten minutes"):
        undo(house, course, now, after=late)
    assert course.infusions.filter(status=InfusionStatus.BOOKED).count() == 6


def test_twice_is_refused(house: House, now: datetime, course: Course):
    undo(house, course, now)
    with pytest.raises(Refused, match="Nothing of this booking is left"):
        undo(house, course, now)


def test_the_form_of_an_undone_booking_books_nothing_and_says_so(house: House, now: datetime, course: Course):
    undo(house, course, now)
    with pytest.raises(Refused, match="This booking was undone"):
        bookings.book_series(
            patient=course.patient,
            protocol=house.protocol,
            slots=[at(house, NINE)],
            actor=house.desk,
            now=now,
            form_key=course.form_key,
        )
