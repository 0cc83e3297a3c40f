"""What is offered can be booked, and what cannot be offered is explained."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from clinic.domain import bookings
from clinic.domain.calendar import timing
from clinic.domain.scheduling import free_slots
from clinic.enums import Role
from clinic.models import Closure, Infusion, OpeningHours, WorkingHours
from tests.clinic.conftest import House
from tests.factories import (
    CourseFactory,
    InfusionFactory,
    PatientFactory,
    PolicyFactory,
    ProtocolFactory,
    RoomFactory,
    SiteFactory,
    StaffFactory,
)

pytestmark = pytest.mark.django_db

TUESDAY = date(2026, 3, 10)


def ny(day: date, hour: int, minute: int = 0) -> datetime:
    """New York in summer time, as UTC."""
    return datetime(day.year, day.month, day.day, minute=minute, tzinfo=UTC) + timedelta(hours=hour + 4)


def booked(house: House, start: datetime, **fields) -> Infusion:
    when = timing(protocol=house.protocol, policy=house.policy, starts_at=start)
    return InfusionFactory(
        **{
            "course": CourseFactory(patient=house.patient(), protocol=house.protocol, opened_by=house.desk),
            "room": house.rooms[0],
            "clinician": house.clinicians[0],
            "policy": house.policy,
            "starts_at": start,
            "pickup_from": when.pickup_from,
            "ends_at": when.ends_at,
            "room_free_at": when.room_free_at,
            **fields,
        }
    )


def starts(house: House, day: date, now: datetime, **more) -> list[str]:
    slots = free_slots(site=house.site, protocol=house.protocol, first_day=day, last_day=day, now=now, **more)
    return [f"{slot.starts_at.astimezone(house.site.zone):%H:%M}" for slot in slots]


def test_an_empty_day_is_offered_by_the_quarter_hour_until_a_visit_would_end_after_closing(
    house: House, now: datetime
) -> None:
    offered = starts(house, TUESDAY, now)
    # 100 minutes before 18:00 is 16:20.
    assert (offered[0], offered[1], offered[-1], len(offered)) == ("08:00", "08:15", "16:15", 34)


def test_a_long_visit_takes_away_every_start_that_overlaps_it(house: House, now: datetime) -> None:
    """https://github.com/adamspd/django-appointment/issues/261"""
    booked(house, ny(TUESDAY, 11, 30))
    assert [one for one in starts(house, TUESDAY, now) if "09:00" < one < "14:00"] == [
        "09:15",
        "09:30",
        "13:30",
        "13:45",
    ]


def test_a_visit_may_begin_the_minute_the_room_is_free(house: House, now: datetime) -> None:
    """https://github.com/adamspd/django-appointment/issues/3"""
    visit = booked(house, ny(TUESDAY, 8, 5), room_free_at=ny(TUESDAY, 10))
    assert visit.room_free_at == ny(TUESDAY, 10)
    assert starts(house, TUESDAY, now)[0] == "10:00"


def test_turnaround_holds_the_room_and_not_the_clinician(build_house: Callable[..., House], now: datetime) -> None:
    house = build_house(rooms=2, clinicians=1)
    booked(house, ny(TUESDAY, 8, 0))
    first = free_slots(site=house.site, protocol=house.protocol, first_day=TUESDAY, last_day=TUESDAY, now=now)[0]
    # The clinician is free at 09:40, the first room at 09:55.
    assert (first.starts_at, first.room) == (ny(TUESDAY, 9, 45), house.rooms[1])


def test_cancelled_visits_hold_nothing(house: House, now: datetime) -> None:
    booked(house, ny(TUESDAY, 8), status="cancelled", cancelled_at=now, off_reason="ill")
    assert starts(house, TUESDAY, now)[0] == "08:00"


def test_a_clinician_at_another_site_is_not_free_here(house: House, now: datetime) -> None:
    other = SiteFactory()
    patient = PatientFactory(site=other)
    booked(
        house,
        ny(TUESDAY, 8),
        course=CourseFactory(patient=patient, opened_by=house.desk),
        room=RoomFactory(site=other),
    )
    assert starts(house, TUESDAY, now)[0] == "09:45"


def test_the_patients_own_visit_is_in_the_way_unless_it_is_the_one_to_move(
    build_house: Callable[..., House], now: datetime
) -> None:
    house = build_house(rooms=2, clinicians=2)
    visit = booked(house, ny(TUESDAY, 8))
    assert starts(house, TUESDAY, now, patient=visit.patient)[0] == "09:45"
    assert starts(house, TUESDAY, now, patient=visit.patient, ignoring=visit)[0] == "08:00"


def test_today_begins_now(house: House, now: datetime) -> None:
    assert starts(house, date(2026, 3, 3), now)[0] == "09:45"
    assert starts(house, date(2026, 3, 2), now) == []


def test_two_open_spans_that_meet_are_one(house: House, now: datetime) -> None:
    OpeningHours.objects.filter(site=house.site).delete()
    for opens, closes in [(8, 9), (9, 12), (13, 14)]:
        OpeningHours.objects.create(site=house.site, weekday=1, opens=time(opens), closes=time(closes))
    offered = starts(house, TUESDAY, now)
    assert (offered[0], offered[-1]) == ("08:00", "10:15")


def test_closures_of_the_site_a_room_and_a_clinician(build_house: Callable[..., House], now: datetime) -> None:
    house = build_house(rooms=2, clinicians=2)
    span = {"site": house.site, "starts_at": ny(TUESDAY, 8), "ends_at": ny(TUESDAY, 12)}
    Closure.objects.create(room=house.rooms[0], **span)
    Closure.objects.create(clinician=house.clinicians[0], **span)
    first = free_slots(site=house.site, protocol=house.protocol, first_day=TUESDAY, last_day=TUESDAY, now=now)[0]
    assert (first.room, first.clinician) == (house.rooms[1], house.clinicians[1])
    Closure.objects.create(**span)
    assert starts(house, TUESDAY, now)[0] == "12:00"


def test_working_hours_bind_only_those_who_have_some(build_house: Callable[..., House], now: datetime) -> None:
    house = build_house(rooms=1, clinicians=2)
    WorkingHours.objects.create(staff=house.clinicians[0], site=house.site, weekday=1, starts=time(13), ends=time(18))
    slots = free_slots(site=house.site, protocol=house.protocol, first_day=TUESDAY, last_day=TUESDAY, now=now)
    assert slots[0].clinician == house.clinicians[1]
    assert {slot.clinician for slot in slots if slot.starts_at >= ny(TUESDAY, 13)} == {house.clinicians[0]}


def test_as_few_a_day_as_wanted(house: House, now: datetime) -> None:
    slots = free_slots(
        site=house.site, protocol=house.protocol, first_day=TUESDAY, last_day=date(2026, 3, 12), now=now, per_day=2
    )
    assert len(slots) == 6


@pytest.mark.parametrize("visits", [1, 3])
def test_the_number_of_queries_does_not_grow(build_house: Callable[..., House], now: datetime, visits: int) -> None:
    """https://github.com/alextselegidis/easyappointments/issues/627"""
    house = build_house(rooms=3, clinicians=3)
    for n in range(visits):
        booked(house, ny(TUESDAY + timedelta(days=n), 9))
    counts = []
    for _look in ("the first after a change", "every other"):
        with CaptureQueriesContext(connection) as queries:
            free_slots(site=house.site, protocol=house.protocol, first_day=TUESDAY, last_day=date(2026, 6, 10), now=now)
        counts.append(len(queries))
    assert counts == [10, 2]


def test_a_visit_lasts_as_long_as_protocol_and_signed_rules_say(house: House, now: datetime) -> None:
    when = timing(protocol=house.protocol, policy=house.policy, starts_at=now)
    minutes = [(one - now).total_seconds() / 60 for one in (when.pickup_from, when.ends_at, when.room_free_at)]
    assert minutes == [85, 100, 115]
    house.policy.min_recovery_minutes = 60
    when = timing(protocol=house.protocol, policy=house.policy, starts_at=now)
    minutes = [(one - now).total_seconds() / 60 for one in (when.pickup_from, when.ends_at, when.room_free_at)]
    assert minutes == [115, 115, 130]


class TestEveryOfferedStartCanBeBooked(TestCase):
    """Also on the days when clocks change, and where they are half an hour off.

    https://github.com/calcom/cal.diy/issues/30021
    """

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def test_offer_then_book(self, data: st.DataObject) -> None:
        zone, first = data.draw(
            st.sampled_from(
                [
                    ("America/New_York", date(2026, 3, 7)),
                    ("America/New_York", date(2026, 10, 31)),
                    ("Asia/Kolkata", date(2026, 5, 1)),
                    ("Australia/Lord_Howe", date(2026, 10, 3)),
                ]
            )
        )
        hours = st.integers(0, 23 * 4 + 3).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))
        site = SiteFactory(timezone=zone, hours=False)
        for weekday in range(7):
            opens, closes = sorted(data.draw(st.lists(hours, min_size=2, max_size=2, unique=True)))
            OpeningHours.objects.create(site=site, weekday=weekday, opens=opens, closes=closes)
        PolicyFactory(site=site)
        RoomFactory(site=site)
        StaffFactory(role=Role.CLINICIAN, sites=[site])
        desk = StaffFactory(sites=[site])
        protocol = ProtocolFactory(site=site, infusion_minutes=data.draw(st.sampled_from([10, 40, 90])))
        now = datetime(2026, 1, 1, tzinfo=UTC)
        last = first + timedelta(days=2)
        while slots := free_slots(site=site, protocol=protocol, first_day=first, last_day=last, now=now):
            slot = data.draw(st.sampled_from(slots))
            course = CourseFactory(patient=PatientFactory(site=site), protocol=protocol, opened_by=desk)
            infusion = bookings.place(course=course, slot=slot, actor=desk, now=now)
            local = infusion.starts_at.astimezone(site.zone)
            assert (local.minute % 15, local.fold) == (0, 0)
            open_span = site.opening_hours.get(weekday=local.weekday())
            assert open_span.opens <= local.time()
            assert infusion.ends_at.astimezone(site.zone).replace(tzinfo=None) <= datetime.combine(
                local.date(), open_span.closes
            )
