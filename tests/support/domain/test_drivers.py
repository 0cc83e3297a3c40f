from datetime import date, datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.models import Patient
from support.domain import drivers, own_times
from support.domain.drivers import Driver, Drivers
from support.enums import CommitmentStatus, SupportRole
from support.models import Designation
from tests.factories import (
    CommitmentFactory,
    CourseFactory,
    DesignationFactory,
    InfusionFactory,
    PatientFactory,
    PolicyFactory,
    SupportPersonFactory,
)

pytestmark = pytest.mark.django_db

THURSDAY = date(2026, 3, 12)


@pytest.fixture
def patient() -> Patient:
    patient = PatientFactory()
    PolicyFactory(site=patient.site)
    return patient


def helper(patient: Patient, name: str, **fields) -> Designation:
    person = {"given_name": name, "site": patient.site, **fields.pop("person", {})}
    return DesignationFactory(patient=patient, person=SupportPersonFactory(**person), **fields)


def says(helper: Designation, now: datetime, *, can: bool, **more) -> None:
    own_times.state(designation=helper, can=can, weekdays=[3], actor="staff:1", now=now, **more)


def names(patient: Patient, day: date = THURSDAY) -> list[str]:
    pickup = datetime.combine(day, time(11, 15), tzinfo=patient.site.zone)
    found = Drivers(patient=patient, first_day=day, last_day=day).at(pickup, pickup + timedelta(hours=1))
    return [driver.name for driver in found]


def test_everybody_named_for_the_way_home_who_did_not_say_no(patient: Patient, now: datetime) -> None:
    helper(patient, "Lee", rank=2)
    helper(patient, "Sam", rank=1)
    says(helper(patient, "Jo", rank=3), now, can=False)
    assert names(patient) == ["Sam", "Lee"]
    assert names(patient, THURSDAY + timedelta(days=1)) == ["Sam", "Lee", "Jo"]


def test_who_said_yes_comes_first(patient: Patient, now: datetime) -> None:
    helper(patient, "Sam", rank=1)
    says(helper(patient, "Lee", rank=2), now, can=True)
    assert names(patient) == ["Lee", "Sam"]


@pytest.mark.parametrize(
    "fields",
    [
        {"roles": [SupportRole.FOLLOWUP]},
        {"person": {"is_adult": False}},
        {"withdrawn_at": datetime.fromisoformat("2026-03-03T12:00:00Z")},
        {"valid_until": datetime.fromisoformat("2026-03-12T12:00:00Z")},
    ],
)
def test_who_cannot_take_them_home_is_left_out(patient: Patient, fields: dict) -> None:
    helper(patient, "Sam", **fields)
    assert names(patient) == []


def test_somebody_whose_age_nobody_asked_yet_could_drive(patient: Patient) -> None:
    helper(patient, "Sam", person={"is_adult": None})
    assert names(patient) == ["Sam"]


def test_nobody_drives_on_the_day_they_are_treated_themselves(patient: Patient) -> None:
    other = PatientFactory(site=patient.site, given_name="Samuel", preferred_name="Sam")
    helper(patient, "Sam", person={"phone": other.phone})
    starts = datetime.combine(THURSDAY, time(8), tzinfo=patient.site.zone)
    InfusionFactory(course=CourseFactory(patient=other), starts_at=starts)
    # Over at 09:40; driving is blocked for 24 hours.
    assert (names(patient), names(patient, THURSDAY + timedelta(days=1))) == ([], ["Sam"])


@pytest.mark.parametrize(
    ("status", "hours", "left"),
    [
        (CommitmentStatus.ACCEPTED, 0, []),
        (CommitmentStatus.RECONFIRMED, 0, []),
        (CommitmentStatus.ASKED, 0, ["Sam"]),
        (CommitmentStatus.ACCEPTED, 3, ["Sam"]),
    ],
)
def test_nobody_takes_two_patients_home_at_once(patient: Patient, status: str, hours: int, left: list[str]) -> None:
    sam = helper(patient, "Sam")
    other = DesignationFactory(patient=PatientFactory(site=patient.site), person=sam.person)
    starts = datetime.combine(THURSDAY, time(10 + hours), tzinfo=patient.site.zone)
    visit = InfusionFactory(course=CourseFactory(patient=other.patient), starts_at=starts)
    said = starts - timedelta(days=1)
    again = said if status == CommitmentStatus.RECONFIRMED else None
    CommitmentFactory(infusion=visit, designation=other, status=status, answered_at=said, reconfirmed_at=again)
    assert names(patient) == left


def test_their_own_yes_does_not_keep_a_driver_from_the_same_patient(patient: Patient) -> None:
    starts = datetime.combine(THURSDAY, time(10), tzinfo=patient.site.zone)
    visit = InfusionFactory(course=CourseFactory(patient=patient), starts_at=starts)
    CommitmentFactory(
        infusion=visit,
        designation=helper(patient, "Sam"),
        status=CommitmentStatus.ACCEPTED,
        answered_at=starts - timedelta(days=1),
    )
    assert names(patient) == ["Sam"]


@pytest.mark.parametrize("helpers", [1, 3])
def test_five_queries_however_many_people_and_times(patient: Patient, helpers: int) -> None:
    for number in range(helpers):
        helper(patient, f"Sam{number}", person={"phone": PatientFactory(site=patient.site).phone})
    begin = datetime.combine(THURSDAY, time(11), tzinfo=patient.site.zone)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        drivers = Drivers(patient=patient, first_day=THURSDAY, last_day=THURSDAY + timedelta(days=60))
        for days in range(60):
            start = begin + timedelta(days=days)
            assert len(drivers.at(start, start + timedelta(hours=1))) == helpers
    assert len(asked) == 5


def at_eleven(patient: Patient) -> list[Driver]:
    start = datetime.combine(THURSDAY, time(11), tzinfo=patient.site.zone)
    return Drivers(patient=patient, first_day=THURSDAY, last_day=THURSDAY).at(start, start + timedelta(hours=1))


def test_who_said_they_can_and_who_said_nothing_are_told_apart(patient: Patient, now: datetime) -> None:
    nobody = at_eleven(patient)
    helper(patient, "Sam", rank=1)
    silent = at_eleven(patient)
    says(helper(patient, "Lee", rank=2), now, can=True)
    both = at_eleven(patient)
    assert [(mark.level, mark.word) for mark in drivers.marks(both)] == [
        ("ok", "can drive: Lee"),
        ("calm", "to ask: Sam"),
    ]
    assert [(mark.level, mark.word) for mark in drivers.marks(silent)] == [("calm", "to ask: Sam")]
    assert [(mark.level, mark.word) for mark in drivers.marks(nobody)] == [("risk", "nobody can drive")]
    assert drivers.summed([both, silent, silent]) == "1 can drive, 2 to ask"
    assert drivers.summed([both, nobody]) == "1 can drive, 1 with nobody to drive"


def test_an_escort_booked_for_one_visit_drives_to_no_other(patient: Patient, now: datetime) -> None:
    person = {"is_escort": True, "is_adult": True}
    helper(patient, "Olive", person=person, valid_until=now + timedelta(days=30))
    assert Drivers(patient=patient, first_day=THURSDAY, last_day=THURSDAY).designations == []
