"""Plans with both sides in view: whatever the calendar, what is offered can be booked and says who could drive."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from clinic.domain import bookings, wishes
from clinic.domain.calendar import timing
from clinic.domain.study import whole_course
from clinic.domain.times import day_bounds
from clinic.domain.wishes import Wishes
from clinic.enums import Role
from clinic.models import OpeningHours, Patient, Protocol, Room
from support.domain import own_times, series
from support.domain.drivers import Drivers
from support.enums import SupportRole
from tests.factories import (
    DesignationFactory,
    PatientFactory,
    PolicyFactory,
    ProtocolFactory,
    RoomFactory,
    SiteFactory,
    StaffFactory,
)

NOW = datetime(2026, 3, 3, 14, 41, tzinfo=UTC)
FIRST = date(2026, 3, 4)

clocks = st.integers(8, 17).map(time)
spans = st.lists(clocks, min_size=2, max_size=2, unique=True).map(sorted)
weekdays = st.lists(st.integers(0, 6), min_size=1, max_size=4, unique=True)


def planned(patient: Patient, protocol: Protocol) -> series.Look:
    stretch = whole_course(protocol=protocol, first_day=FIRST)
    return series.look(patient=patient, protocol=protocol, stretch=stretch, now=NOW)


class TestWhatIsOfferedHolds(TestCase):
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def test_every_offer_can_be_booked_and_its_drivers_can_come(self, data: st.DataObject) -> None:
        zone = data.draw(st.sampled_from(["America/New_York", "Europe/London", "Asia/Kolkata"]))
        site = SiteFactory(timezone=zone, hours=False)
        for weekday in data.draw(st.lists(st.integers(0, 6), min_size=2, unique=True)):
            opens, closes = data.draw(spans)
            OpeningHours.objects.create(site=site, weekday=weekday, opens=opens, closes=closes)
        policy, desk = PolicyFactory(site=site), StaffFactory(sites=[site])
        for _room in range(2):
            RoomFactory(site=site)
            StaffFactory(role=Role.CLINICIAN, sites=[site])
        for day in data.draw(st.lists(st.integers(0, 40), max_size=8)):
            begin, end = day_bounds(day=FIRST + timedelta(days=day), zone=site.zone)
            room = data.draw(st.sampled_from([None, *Room.objects.filter(site=site)]))
            site.closures.create(room=room, starts_at=begin, ends_at=end)
        patient = PatientFactory(site=site)
        for suits in (True, False):
            starts, ends = data.draw(spans)
            days = data.draw(weekdays)
            wishes.add(patient=patient, weekdays=days, starts=starts, ends=ends, suits=suits, actor=desk, now=NOW)
        for rank in range(data.draw(st.integers(0, 2))):
            named = DesignationFactory(patient=patient, rank=rank + 1)
            starts, ends = data.draw(spans)
            said = {"can": data.draw(st.booleans()), "weekdays": data.draw(weekdays), "starts": starts, "ends": ends}
            own_times.state(designation=named, actor="staff:1", now=NOW, **said)
        protocol = ProtocolFactory(site=site, stages=[data.draw(st.sampled_from([(4, 2, 3, 5), (3, 5, 7, 9)]))])

        look = planned(patient, protocol)

        event(f"{len(look.outlook.offers)} offers")
        assert bool(look.outlook.offers) != bool(look.outlook.reasons)
        week = Wishes(wishes.of(patient=patient))
        for offer in look.outlook.offers:
            for visit in offer.visits:
                when = timing(protocol=protocol, policy=policy, starts_at=visit.slot.starts_at)
                local, end = visit.slot.starts_at.astimezone(site.zone), when.ends_at.astimezone(site.zone)
                assert week.allows(local.weekday(), local.hour * 60 + local.minute, end.hour * 60 + end.minute)
                free = Drivers(patient=patient, first_day=local.date(), last_day=end.date())
                assert list(visit.drivers) == free.at(when.pickup_from, when.ends_at)
            with transaction.atomic():
                bookings.book_series(patient=patient, protocol=protocol, slots=offer.slots, actor=desk, now=NOW)
                transaction.set_rollback(True)


@pytest.fixture
def site(db: None):
    site = SiteFactory()
    PolicyFactory(site=site)
    StaffFactory(role=Role.CLINICIAN, sites=[site])
    RoomFactory(site=site, name="Room 1", guest_places=0)
    RoomFactory(site=site, name="Room 2", guest_places=1)
    return site


def rooms(look: series.Look) -> set[str]:
    return {visit.slot.room.name for visit in look.outlook.offers[0].visits}


def test_somebody_who_sits_with_the_patient_wants_a_guest_place(site) -> None:
    patient = PatientFactory(site=site)
    protocol = ProtocolFactory(site=site)
    assert rooms(planned(patient, protocol)) == {"Room 1"}
    DesignationFactory(patient=patient, roles=[SupportRole.PRESENCE])
    assert rooms(planned(patient, protocol)) == {"Room 2"}


def test_without_anybody_for_the_way_home_plans_do_not_look_at_rides(site) -> None:
    patient = PatientFactory(site=site)
    look = planned(patient, ProtocolFactory(site=site))
    assert (look.has_drivers, {visit.drivers for visit in look.outlook.offers[0].visits}) == (False, {()})
    assert look.outlook.offers[0].good_at[0].startswith("Always")


@pytest.mark.parametrize(
    ("hours", "day"),
    [
        # 72 hours after Tuesday 09:41, that is Friday 09:41: the first whole day is Saturday.
        ({}, date(2026, 3, 7)),
        ({"ask_hours": 14}, date(2026, 3, 5)),
        ({"ask_hours": 0, "alcohol_hours": 0, "solids_hours": 14}, date(2026, 3, 4)),
        ({"ask_hours": 0, "alcohol_hours": 0, "solids_hours": 0, "clear_liquids_minutes": 15 * 60}, date(2026, 3, 5)),
    ],
)
def test_a_series_begins_when_there_is_time_left_to_ask_and_to_fast(db: None, hours, day) -> None:
    site = SiteFactory()
    PolicyFactory(site=site, **hours)
    assert series.first_day(site=site, now=NOW) == day
