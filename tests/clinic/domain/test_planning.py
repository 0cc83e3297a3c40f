"""Plans as the desk sees them: what each is good at, where and with whom; and what to give way in when none fits."""

import time as clock
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.domain import bookings, wishes
from clinic.domain.calendar import timing
from clinic.domain.planning import Outlook, Proposed, outlook
from clinic.domain.study import HORIZON_DAYS, Relaxed, whole_course
from clinic.enums import Role
from clinic.models import Closure, Infusion, Room
from tests.clinic.conftest import House
from tests.factories import CourseFactory, InfusionFactory, ProtocolFactory

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


def closed(house: House, first: date, last: date, **fields) -> None:
    Closure.objects.create(site=house.site, starts_at=ny(first, 0), ends_at=ny(last + timedelta(days=1), 0), **fields)


def look(house: House, now: datetime, **more) -> Outlook:
    return outlook(
        **{
            "site": house.site,
            "protocol": house.protocol,
            "patient": more.pop("patient", None) or house.patient(),
            "stretch": whole_course(protocol=house.protocol, first_day=more.pop("first_day", TUESDAY)),
            "now": now,
            **more,
        }
    )


def offers(house: House, now: datetime, **more) -> list[Proposed]:
    return look(house, now, **more).offers


def local(house: House, offer: Proposed) -> list[str]:
    return [f"{slot.starts_at.astimezone(house.site.zone):%a %m-%d %H:%M}" for slot in offer.slots]


@dataclass(frozen=True)
class Helper:
    name: str
    says: bool | None = None


SAM = Helper("Sam")


def anybody(_pickup_from: datetime, _ends_at: datetime) -> list[Helper]:
    return [SAM]


def mornings_only(_pickup_from: datetime, ends_at: datetime) -> list[Helper]:
    """Free until 15:00 in New York."""
    return [SAM] if ends_at.hour < 19 else []


def test_two_fixed_weekdays_at_the_time_wished_for(house: House, now: datetime) -> None:
    best, soonest, other = offers(house, now, prefer=time(10, 30), could_drive=anybody)
    assert local(house, best) == [
        "Tue 03-10 10:30",
        "Fri 03-13 10:30",
        "Tue 03-17 10:30",
        "Fri 03-20 10:30",
        "Tue 03-24 10:30",
        "Fri 03-27 10:30",
    ]
    assert best.good_at == ("Somebody could drive for all 6 visits", "Always Tue/Fri 10:30")
    assert soonest.good_at == ("Done soonest: Friday 20 March",)
    assert other.good_at == ("Or in the afternoon: Always Tue/Fri 12:00",)


def test_the_soonest_keeps_to_the_least_days_between(house: House, now: datetime) -> None:
    days = [slot.starts_at.date() for slot in offers(house, now)[1].slots]
    assert [(later - day).days for day, later in pairwise(days)] == [2, 2, 2, 2, 2]


def test_a_ride_for_every_visit_is_told_with_the_names(house: House, now: datetime) -> None:
    best, *_others = offers(house, now, prefer=time(16), could_drive=mornings_only)
    assert [visit.drivers for visit in best.visits] == [(SAM,)] * 6
    assert {at[-5:] for at in local(house, best)} == {"13:15"}


def test_nobody_to_drive_is_not_praised(house: House, now: datetime) -> None:
    assert offers(house, now, could_drive=lambda _from, _to: [])[0].good_at == ("Always Tue/Fri 08:00",)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_all_that_is_offered_can_be_booked(build_house: Callable[..., House], now: datetime, which: int) -> None:
    house = build_house(rooms=2, clinicians=2)
    for days in range(20):
        booked(house, ny(TUESDAY + timedelta(days=days), 8 + days % 7))
    patient = house.patient()
    slots = offers(house, now, patient=patient)[which].slots
    bookings.book_series(patient=patient, protocol=house.protocol, slots=slots, actor=house.desk, now=now)
    assert list(patient.infusions.order_by("number").values_list("starts_at", flat=True)) == [
        slot.starts_at for slot in slots
    ]


def test_the_clock_time_stays_over_a_clock_change(house: House, now: datetime) -> None:
    best = offers(house, now, first_day=date(2026, 3, 4))[0]
    assert {f"{slot.starts_at:%H:%M}" for slot in best.slots} == {"13:00", "12:00"}
    assert {at[-5:] for at in local(house, best)} == {"08:00"}


def test_a_bad_time_is_never_offered_and_a_good_one_preferred(house: House, now: datetime) -> None:
    patient = house.patient()
    for weekdays, suits in (([1, 2], False), ([0, 3], True)):
        wishes.add(
            patient=patient,
            weekdays=weekdays,
            starts=time(13),
            ends=time(23, 59),
            suits=suits,
            actor=house.desk,
            now=now,
        )
    best = offers(house, now, patient=patient)[0]
    assert {f"{at[:3]} {at[-5:]}" for at in local(house, best)} == {"Mon 13:00", "Thu 13:00"}
    for offer in offers(house, now, patient=patient):
        assert not [at for at in local(house, offer) if at[:3] in {"Tue", "Wed"} and at[-5:] > "11:20"]


def test_room_and_clinician_stay_the_same_where_they_can(build_house: Callable[..., House], now: datetime) -> None:
    house = build_house(rooms=2, clinicians=2)
    closed(house, TUESDAY, TUESDAY, clinician=house.clinicians[0])
    closed(house, TUESDAY, TUESDAY, room=house.rooms[0])
    for offer in offers(house, now):
        if offer.slots[0].starts_at.date() == TUESDAY:
            assert {(slot.room, slot.clinician) for slot in offer.slots} == {(house.rooms[1], house.clinicians[1])}


def test_who_wants_company_gets_a_room_with_a_guest_place(build_house: Callable[..., House], now: datetime) -> None:
    house = build_house(rooms=2)
    Room.objects.filter(pk=house.rooms[0].pk).update(guest_places=0)
    assert {slot.room for slot in offers(house, now)[0].slots} == {house.rooms[0]}
    assert {slot.room for slot in offers(house, now, company=True)[0].slots} == {house.rooms[1]}


def test_never_two_visits_of_one_patient_on_one_day(house: House, now: datetime) -> None:
    visit = booked(house, ny(date(2026, 3, 13), 8))
    for offer in offers(house, now, patient=visit.patient):
        assert date(2026, 3, 13) not in [slot.starts_at.date() for slot in offer.slots]


def test_a_course_longer_than_sixty_days_is_planned_as_far_as_they_reach(house: House, now: datetime) -> None:
    house.protocol = ProtocolFactory(site=house.site, stages=[(6, 2, 3, 5), (10, 21, 28, 42)])
    best = offers(house, now)[0]
    assert (len(best.visits), best.to_place) == (7, 9)
    assert (best.slots[-1].starts_at.date() - TUESDAY).days < HORIZON_DAYS


@pytest.mark.parametrize("room_for", [1, 16])
def test_three_queries_for_the_planner_however_many_visits(house: House, now: datetime, room_for: int) -> None:
    house.protocol = ProtocolFactory(site=house.site, stages=[(room_for, 2, 3, 5)])
    patient = house.patient()
    look(house, now, patient=patient)
    with CaptureQueriesContext(connection) as asked:
        assert look(house, now, patient=patient).offers
    assert len(asked) == 3


@pytest.mark.parametrize("stages", [(6, 2, 3, 5), (60, 1, 2, 3), (60, 21, 28, 42)])
def test_plans_come_well_under_a_second(build_house: Callable[..., House], now: datetime, stages: tuple) -> None:
    house = build_house(rooms=3, clinicians=3)
    house.protocol = ProtocolFactory(site=house.site, stages=[stages])
    for days in range(60):
        booked(house, ny(TUESDAY + timedelta(days=days), 9))
    began = clock.process_time()
    assert offers(house, now, could_drive=mornings_only)
    assert clock.process_time() - began < 1


# When nothing fits


def test_a_first_visit_that_finds_no_day_begins_later(house: House, now: datetime) -> None:
    closed(house, TUESDAY, TUESDAY + timedelta(days=13))
    seen = look(house, now)
    assert seen.offers == []
    assert seen.reasons == [
        "The first visit finds no day between Tuesday 10 March and Monday 23 March.",
        "The clinic is closed on each of these days.",
    ]
    (way,) = seen.ways_out
    assert (way.sentence, way.first) == (
        "Beginning later, on Tuesday 24 March, gives 3 plans.",
        date(2026, 3, 24),
    )
    assert len(look(house, now, relaxed=way.relaxed).offers) == way.plans == 3


def only_thursday_afternoons(house: House, now: datetime):
    patient = house.patient()
    bad = {"patient": patient, "starts": time(0), "suits": False, "actor": house.desk, "now": now}
    wishes.add(weekdays=[0, 1, 2, 4, 5, 6], ends=time(23, 59), **bad)
    wishes.add(weekdays=[3], ends=time(14), **bad)
    return patient


def test_a_full_weekday_is_named_with_the_hours_the_patient_can_come(house: House, now: datetime) -> None:
    """More days between visits would not help, another day of the week would."""
    house.protocol = ProtocolFactory(site=house.site, stages=[(3, 5, 7, 9)])
    patient = only_thursday_afternoons(house, now)
    for week in range(9):
        closed(
            house,
            date(2026, 3, 12) + timedelta(weeks=week),
            date(2026, 3, 12) + timedelta(weeks=week),
            room=house.rooms[0],
        )
    seen = look(house, now, patient=patient)
    assert seen.reasons == [
        "The first visit finds no day between Tuesday 10 March and Monday 23 March.",
        "No room is free on Thursdays from 14:00.",
        "It does not suit the patient on Mondays, Tuesdays, Wednesdays, Fridays, Saturdays, Sundays.",
    ]
    assert seen.ways_out[0].sentence == "Coming on Monday, though it does not suit the patient, gives 2 plans."


def test_more_days_between_are_told_with_what_they_give(house: House, now: datetime) -> None:
    house.protocol = ProtocolFactory(site=house.site, stages=[(3, 3, 4, 6)])
    patient = only_thursday_afternoons(house, now)
    seen = look(house, now, patient=patient)
    assert seen.reasons[0] == (
        "Visit 2 finds no day between Sunday 15 March and Wednesday 25 March: visits are 3 to 6 days apart."
    )
    way = seen.ways_out[0]
    assert way.sentence == "Allowing 7 days between visits gives 1 plan."
    (offer,) = look(house, now, patient=patient, relaxed=way.relaxed).offers
    assert local(house, offer) == ["Thu 03-12 14:00", "Thu 03-19 14:00", "Thu 03-26 14:00"]


def test_fewer_days_between_are_told_too(house: House, now: datetime) -> None:
    """Open on Tuesdays and Fridays only."""
    house.site.opening_hours.exclude(weekday__in=[1, 4]).delete()
    house.protocol = ProtocolFactory(site=house.site, stages=[(3, 5, 5, 6)])
    ways = look(house, now).ways_out
    assert [(way.sentence, way.relaxed) for way in ways] == [
        ("Allowing 7 days between visits gives 2 plans.", Relaxed(wider=1)),
        ("Allowing 3 days only between visits gives 2 plans.", Relaxed(closer=2)),
    ]


def test_a_room_and_a_clinician_that_are_never_free_together(house: House, now: datetime) -> None:
    for days in range(14):
        day = TUESDAY + timedelta(days=days)
        span = {"site": house.site}
        Closure.objects.create(room=house.rooms[0], starts_at=ny(day, 6), ends_at=ny(day, 13), **span)
        Closure.objects.create(clinician=house.clinicians[0], starts_at=ny(day, 12), ends_at=ny(day, 20), **span)
    assert (
        look(house, now).reasons[1].startswith("No room and clinician are free at the same time on each of these days")
    )


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("rooms", "No room is in use."),
        ("equipment", "No room has what this protocol needs: Infusion pump."),
        ("clinicians", "No clinician works here yet."),
        ("hours", "The clinic has no opening hours yet."),
        ("length", "A visit takes 860 minutes. The clinic is never open that long."),
    ],
)
def test_what_no_other_day_can_help_is_said_at_once(house: House, now: datetime, missing: str, sentence: str) -> None:
    if missing == "rooms":
        Room.objects.update(is_active=False)
    elif missing == "equipment":
        house.protocol = ProtocolFactory(site=house.site, needs=["pump"])
    elif missing == "clinicians":
        house.site.staff.filter(role=Role.CLINICIAN).update(is_active=False)
    elif missing == "hours":
        house.site.opening_hours.all().delete()
    else:
        house.protocol = ProtocolFactory(site=house.site, infusion_minutes=800)
    assert look(house, now) == Outlook(reasons=[sentence])
