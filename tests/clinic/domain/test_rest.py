"""The visits a course still lacks: planned after those it has, and booked together."""

from datetime import UTC, date, datetime, timedelta

import pytest

from clinic.domain import bookings, infusions, rest
from clinic.domain.errors import AgainstRules, Taken
from clinic.domain.planning import Proposed, outlook
from clinic.domain.slots import Slot
from clinic.enums import CourseStatus
from clinic.models import Course
from tests.clinic.conftest import House
from tests.factories import CourseFactory, ProtocolFactory

pytestmark = pytest.mark.django_db

TUESDAY = date(2026, 3, 10)
NINE = datetime(2026, 3, 10, 13, tzinfo=UTC)  # in New York


@pytest.fixture
def course(house: House, now: datetime) -> Course:
    """Two of five visits have a date: 10 and 13 March. The last two are further apart."""
    protocol = ProtocolFactory(site=house.site, stages=[(3, 2, 3, 5), (2, 7, 7, 9)])
    slots = [Slot(NINE + timedelta(days=days), house.rooms[0], house.clinicians[0]) for days in (0, 3)]
    patient = house.patient()
    return bookings.book_series(patient=patient, protocol=protocol, slots=slots, actor=house.desk, now=now)


def offers(course: Course, now: datetime, first_day: date = TUESDAY) -> list[Proposed]:
    stretch = rest.of(course=course, first_day=first_day)
    assert stretch is not None
    where = {"site": course.patient.site, "patient": course.patient, "protocol": course.protocol}
    return outlook(stretch=stretch, now=now, **where).offers


def days(course: Course) -> list[str]:
    return [f"{visit.number}: {visit.starts_at:%d %B}" for visit in course.infusions.order_by("number")]


def test_the_rest_keeps_the_days_between_from_the_last_visit_on(course: Course, house: House, now: datetime) -> None:
    stretch = rest.of(course=course, first_day=TUESDAY)
    assert (stretch.visits, stretch.gaps, stretch.done) == (3, ((7, 7, 9), (7, 7, 9)), 2)
    # Two to five days after Friday 13 March.
    assert (stretch.first_day, stretch.start_days) == (date(2026, 3, 15), 4)
    rest.book(course=course, slots=offers(course, now)[0].slots, actor=house.desk, now=now)
    assert days(course) == ["1: 10 March", "2: 13 March", "3: 15 March", "4: 22 March", "5: 29 March"]


def test_it_is_never_against_the_rules(course: Course, house: House, now: datetime) -> None:
    for offer in offers(course, now):
        slots = offer.slots
        assert len(slots) == 3
        rest.book(course=course, slots=slots, actor=house.desk, now=now)
        for visit in course.infusions.filter(number__gt=2, status="booked"):
            infusions.cancel(infusion=visit, actor=house.desk, now=now, reason="Another plan.")


def test_pressing_twice_books_once(course: Course, house: House, now: datetime) -> None:
    slots = offers(course, now)[0].slots
    first = rest.book(course=course, slots=slots, actor=house.desk, now=now)
    assert rest.book(course=course, slots=slots, actor=house.desk, now=now) == first
    assert course.infusions.count() == 5


def test_one_time_that_is_gone_books_none(course: Course, house: House, now: datetime) -> None:
    slots = offers(course, now)[0].slots
    other = CourseFactory(patient=house.patient(), protocol=house.protocol, opened_by=house.desk)
    bookings.place(course=other, slot=slots[2], actor=house.desk, now=now)
    with pytest.raises(Taken):
        rest.book(course=course, slots=slots, actor=house.desk, now=now)
    assert course.infusions.count() == 2


def test_days_too_near_are_against_the_rules_and_book_none(course: Course, house: House, now: datetime) -> None:
    slots = [Slot(NINE + timedelta(days=4), house.rooms[0], house.clinicians[0]), *offers(course, now)[0].slots[1:]]
    with pytest.raises(AgainstRules):
        rest.book(course=course, slots=slots, actor=house.desk, now=now)
    assert course.infusions.count() == 2


def test_a_course_that_is_overdue_goes_on_as_soon_as_it_can(course: Course, now: datetime) -> None:
    stretch = rest.of(course=course, first_day=date(2026, 4, 20))
    assert (stretch.first_day, stretch.start_days) == (date(2026, 4, 20), 14)


def test_a_course_whose_visits_were_all_cancelled_is_planned_whole(course: Course, house: House, now: datetime) -> None:
    for visit in course.infusions.all():
        infusions.cancel(infusion=visit, actor=house.desk, now=now, reason="Ill.")
    stretch = rest.of(course=course, first_day=TUESDAY)
    assert (stretch.visits, stretch.done, stretch.first_day) == (5, 0, TUESDAY)


def test_a_visit_missing_between_others_is_placed_by_itself(course: Course, house: House, now: datetime) -> None:
    infusions.cancel(infusion=course.infusions.get(number=1), actor=house.desk, now=now, reason="Ill.")
    assert rest.of(course=course, first_day=TUESDAY) is None


def test_a_course_that_is_over_or_whole_has_no_rest(course: Course, house: House, now: datetime) -> None:
    rest.book(course=course, slots=offers(course, now)[0].slots, actor=house.desk, now=now)
    assert rest.of(course=course, first_day=TUESDAY) is None
    Course.objects.update(status=CourseStatus.STOPPED)
    assert rest.of(course=course, first_day=TUESDAY) is None
