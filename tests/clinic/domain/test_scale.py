"""Much of everything: the answers stay right and cost as few queries as with little."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.domain import planning
from clinic.domain.scheduling import free_slots
from clinic.domain.study import whole_course
from clinic.models import Closure, Infusion
from tests.clinic.conftest import House
from tests.factories import CourseFactory, InfusionFactory

pytestmark = pytest.mark.django_db

TUESDAY = date(2026, 3, 10)
NINE = datetime(2026, 3, 10, 13, tzinfo=UTC)  # in New York
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def queries(work: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as asked:
        work()
    return len(asked)


def books(house: House, days: range) -> None:
    """A visit a day at nine in New York's winter, in one room after another, all of one patient."""
    course = CourseFactory(patient=house.patient(), protocol=house.protocol, opened_by=house.desk)
    Infusion.objects.bulk_create(
        InfusionFactory.build(
            course=course,
            site=house.site,
            patient=course.patient,
            room=house.rooms[day % len(house.rooms)],
            clinician=house.clinicians[day % len(house.clinicians)],
            policy=house.policy,
            booked_by=house.desk,
            number=number,
            starts_at=NINE + day * DAY,
        )
        for number, day in enumerate(days, start=1)
    )


@pytest.mark.parametrize("days", [range(1), range(-5 * 365, 30)])
def test_a_month_of_free_times_costs_the_same_with_five_years_of_visits(
    build_house: Callable[..., House], now: datetime, days: range
) -> None:
    """https://github.com/calcom/cal.diy/issues/5277: availability took ten to forty seconds."""
    house = build_house(rooms=3, clinicians=3)
    books(house, days)

    def look() -> list[object]:
        return list(
            free_slots(
                site=house.site, protocol=house.protocol, first_day=TUESDAY, last_day=TUESDAY + 29 * DAY, now=now
            )
        )

    assert [queries(look), queries(look)] == [10, 2]
    # With three of each, one visit a day keeps no start from being free.
    assert len(look()) == 30 * 34


def closures(house: House, hour: int) -> None:
    """10,000: every day for nine years one hour of the site, then one of its room, then one of its clinician."""
    whose = [{}, {"room": house.rooms[0]}, {"clinician": house.clinicians[0]}]
    Closure.objects.bulk_create(
        Closure(
            site=house.site,
            starts_at=NINE + (hour - 9 + n % 3) * HOUR + n // 3 * DAY,
            ends_at=NINE + (hour - 8 + n % 3) * HOUR + n // 3 * DAY,
            reason="Meeting",
            **whose[n % 3],
        )
        for n in range(10_000)
    )


def test_free_times_keep_clear_of_ten_thousand_closures(house: House, now: datetime) -> None:
    closures(house, hour=12)

    def look() -> list[str]:
        found = free_slots(
            site=house.site, protocol=house.protocol, first_day=TUESDAY, last_day=TUESDAY + 29 * DAY, now=now
        )
        return [f"{slot.starts_at.astimezone(house.site.zone):%H:%M}" for slot in found]

    assert [queries(look), queries(look)] == [10, 2]
    # 100 minutes before twelve is 10:20; from twelve to three one of them is closed.
    assert [at for at in look()[:16] if at >= "10:00"] == [
        "10:00",
        "10:15",
        "15:00",
        "15:15",
        "15:30",
        "15:45",
        "16:00",
        "16:15",
    ]
    assert len(look()) == 30 * 16


def test_a_series_is_planned_around_ten_thousand_closures(house: House, now: datetime) -> None:
    def look() -> list[datetime]:
        found = planning.outlook(
            site=house.site,
            patient=patient,
            protocol=house.protocol,
            stretch=whole_course(protocol=house.protocol, first_day=TUESDAY),
            now=now,
        )
        return [slot.starts_at for offer in found.offers for slot in offer.slots]

    patient = house.patient()
    look()
    few = queries(look)
    closures(house, hour=9)
    look()
    assert queries(look) == few
    starts = [start.astimezone(house.site.zone) for start in look()]
    assert starts
    # Closed in turn from nine to twelve: a visit of 100 minutes begins at twelve or later.
    assert min(start.hour for start in starts) == 12
