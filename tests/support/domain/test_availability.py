"""What helpers said about their time, and what follows for a time to be picked up."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from clinic.domain.errors import Refused
from clinic.models import AuditEntry
from support.domain import availability, own_times
from support.models import Availability
from tests.factories import DesignationFactory

ZONE = ZoneInfo("America/New_York")
THURSDAY = date(2026, 3, 12)
FRIDAY = date(2026, 3, 13)
DAY_END = time(23, 59)


def weekly(weekday: int, *, can: bool, starts: time = time(0), ends: time = DAY_END) -> Availability:
    return Availability(weekday=weekday, can=can, starts=starts, ends=ends)


def dated(first: date, last: date, *, can: bool, starts: time = time(0), ends: time = DAY_END) -> Availability:
    return Availability(first_day=first, last_day=last, can=can, starts=starts, ends=ends)


def fits(
    *rows: Availability, day: date = THURSDAY, begin: time = time(11, 15), end: time = time(12, 15)
) -> bool | None:
    return availability.fits(
        rows=rows,
        pickup_from=datetime.combine(day, begin, tzinfo=ZONE),
        ends_at=datetime.combine(day, end, tzinfo=ZONE),
        zone=ZONE,
    )


NEVER_ON_THURSDAYS = weekly(3, can=False)
AWAY = dated(THURSDAY, FRIDAY, can=False)
AFTERNOONS = weekly(3, can=True, starts=time(15))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], None),
        ([weekly(0, can=False)], None),
        ([NEVER_ON_THURSDAYS], False),
        ([AWAY], False),
        ([AFTERNOONS], False),
        ([weekly(3, can=True, starts=time(11))], True),
        ([weekly(3, can=True, ends=time(12))], False),
        ([weekly(3, can=True, ends=time(12)), weekly(3, can=True, starts=time(12))], True),
        ([weekly(3, can=True), weekly(3, can=False, starts=time(12))], False),
        ([weekly(3, can=False, starts=time(12, 15))], None),
        ([weekly(3, can=False, ends=time(11, 15))], None),
        ([NEVER_ON_THURSDAYS, dated(THURSDAY, THURSDAY, can=True)], True),
        ([AFTERNOONS, dated(THURSDAY, THURSDAY, can=True, ends=time(13))], True),
        ([NEVER_ON_THURSDAYS, dated(THURSDAY, THURSDAY, can=True, starts=time(12))], False),
        ([weekly(3, can=True), AWAY], False),
        ([dated(THURSDAY, THURSDAY, can=True, ends=time(12))], False),
    ],
)
def test_whether_a_time_suits(rows: list[Availability], expected: bool | None) -> None:
    assert fits(*rows) is expected


def test_a_day_away_ends_with_its_last_day() -> None:
    assert (fits(AWAY, day=FRIDAY), fits(AWAY, day=date(2026, 3, 14))) == (False, None)


def test_a_whole_day_reaches_to_its_last_minute() -> None:
    assert fits(AFTERNOONS, begin=time(22), end=DAY_END) is True


def test_the_clinics_clock_decides_on_the_day_clocks_change() -> None:
    """11:15 on the wall is 15:15 UTC after the change and 16:15 before."""
    sunday = weekly(6, can=True, starts=time(11), ends=time(13))
    assert fits(sunday, day=date(2026, 3, 1)) is fits(sunday, day=date(2026, 3, 8)) is True


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (NEVER_ON_THURSDAYS, "Every Thursday: cannot"),
        (AFTERNOONS, "Every Thursday, from 15:00: can help"),
        (weekly(0, can=False, ends=time(9)), "Every Monday, until 09:00: cannot"),
        (AWAY, "12 March to 13 March: cannot"),
        (dated(THURSDAY, THURSDAY, can=True, starts=time(9), ends=time(12)), "12 March, 09:00 to 12:00: can help"),
    ],
)
def test_a_row_as_it_is_shown(row: Availability, words: str) -> None:
    assert availability.sentence(row=row) == words


@pytest.mark.django_db
def test_what_was_said_twice_stands_once(now: datetime) -> None:
    named = DesignationFactory()
    for _time in range(2):
        own_times.state(designation=named, can=False, weekdays=[3, 1], actor="staff:1", now=now)
    rows = availability.rows_of(people=[named.person_id], today=THURSDAY)[named.person_id]
    assert [(row.weekday, row.can) for row in rows] == [(1, False), (3, False)]
    assert AuditEntry.objects.filter(verb="person.availability_stated", patient_id=named.patient_id).count() == 2


@pytest.mark.django_db
def test_days_that_are_over_are_not_read(now: datetime) -> None:
    named = DesignationFactory()
    own_times.state(
        designation=named, can=False, first_day=date(2026, 3, 1), last_day=date(2026, 3, 2), actor="staff:1", now=now
    )
    assert availability.rows_of(people=[named.person_id], today=date(2026, 3, 3)) == {named.person_id: []}
    assert len(availability.rows_of(people=[named.person_id], today=date(2026, 3, 2))[named.person_id]) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "said",
    [
        {},
        {"weekdays": [1], "starts": time(15), "ends": time(15)},
        {"first_day": FRIDAY, "last_day": THURSDAY},
    ],
)
def test_what_makes_no_sense_is_refused(said: dict, now: datetime) -> None:
    with pytest.raises(Refused):
        own_times.state(designation=DesignationFactory(), can=False, actor="staff:1", now=now, **said)
    assert Availability.objects.count() == 0


@pytest.mark.django_db
def test_a_row_is_taken_back_once(now: datetime) -> None:
    named = DesignationFactory()
    (row,) = own_times.state(designation=named, can=True, weekdays=[1], actor="staff:1", now=now)
    for _time in range(2):
        own_times.forget(designation=named, pk=row.pk, actor="staff:1", now=now)
    assert Availability.objects.count() == 0
    assert AuditEntry.objects.filter(verb="person.availability_forgotten").count() == 1


@pytest.mark.django_db
def test_a_row_of_somebody_else_stays(now: datetime) -> None:
    named = DesignationFactory()
    (row,) = own_times.state(designation=named, can=True, weekdays=[1], actor="staff:1", now=now)
    own_times.forget(designation=DesignationFactory(), pk=row.pk, actor="staff:1", now=now)
    assert Availability.objects.count() == 1
