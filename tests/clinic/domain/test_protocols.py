from datetime import timedelta

import pytest

from clinic.domain import bookings, presets, protocol_words, protocols
from clinic.domain.calendar import timing
from clinic.domain.errors import Refused, StaleVersion
from clinic.domain.protocols import Stage
from clinic.domain.slots import Slot
from clinic.enums import Attendant, Equipment, Role, Route, StageKind
from clinic.models import Course, Protocol
from tests.clinic.conftest import House
from tests.factories import CourseFactory, ProtocolFactory, RoomFactory, SiteFactory, StaffFactory

pytestmark = pytest.mark.django_db

THREE_WEEKS = [Stage(6, 2, 3, 5)]
FIELDS = {
    "name": "IV",
    "route": Route.IV,
    "is_active": True,
    "prep_minutes": 15,
    "infusion_minutes": 40,
    "recovery_minutes": 45,
    "observation_minutes": 0,
    "turnaround_minutes": 15,
    "needs": [],
    "present": [Attendant.CLINICIAN],
}


@pytest.fixture
def site():
    return SiteFactory()


@pytest.fixture
def director(site):
    return StaffFactory(role=Role.DIRECTOR, sites=[site], full_name="Ines Koch")


@pytest.fixture
def first(site, director, now) -> Protocol:
    return protocols.add(site=site, fields=FIELDS, stages=THREE_WEEKS, actor=director, now=now)


def revised(protocol: Protocol, director, now, *, stages=THREE_WEEKS, version=None, **fields) -> Protocol:
    wanted = FIELDS | fields
    return protocols.revise(protocol=protocol, fields=wanted, stages=stages, actor=director, now=now, version=version)


def test_editing_makes_the_next_version_and_a_course_keeps_the_one_it_began_under(first, director, now):
    course = CourseFactory(patient__site=first.site, protocol=first)
    second = revised(first, director, now, infusion_minutes=50, stages=[Stage(4, 2, 3, 5)])
    course.refresh_from_db()
    assert (second.version, second.family, second.sessions) == (2, first.family, 4)
    assert (course.protocol.infusion_minutes, course.protocol.sessions) == (40, 6)
    assert list(protocols.offered(site=first.site)) == [second]


def test_the_same_again_is_no_new_version(first, director, now):
    assert revised(first, director, now) == first


def test_to_be_offered_or_not_is_no_new_version(first, director, now):
    assert revised(first, director, now, is_active=False) == first
    assert list(protocols.offered(site=first.site)) == []
    assert (revised(first, director, now, is_active=True), Protocol.objects.count()) == (first, 1)


def test_whoever_saves_second_is_told_what_the_first_changed(first, director, now):
    revised(first, director, now, infusion_minutes=50, version=1)
    with pytest.raises(StaleVersion) as refused:
        revised(first, director, now, recovery_minutes=60, version=1)
    assert refused.value.changed == "Now: treatment (minutes): 50 instead of 40."
    assert revised(first, director, now, recovery_minutes=60, version=2).version == 3


def test_every_version_says_who_made_it_when_and_how_many_courses_run_under_it(first, director, now):
    CourseFactory.create_batch(2, patient__site=first.site, protocol=first)
    CourseFactory(patient__site=first.site, protocol=first, status="finished")
    later = now + timedelta(days=1)
    revised(first, StaffFactory(role=Role.ADMIN, full_name="Tom"), later, stages=[Stage(4, 2, 2, 2)])
    told = [(v.protocol.version, v.by, v.at, v.under_way, v.changed) for v in protocols.versions(protocol=first)]
    assert told == [
        (2, "Tom", later, 0, ["stages: 4 visits, 2 days apart"]),
        (1, "Ines Koch", now, 2, []),
    ]


@pytest.mark.parametrize("count", [1, 3])
def test_the_versions_take_as_many_queries_for_three_as_for_one(count, first, director, now, django_assert_num_queries):
    for minutes in range(1, count):
        revised(first, director, now, infusion_minutes=minutes)
    with django_assert_num_queries(4):
        protocols.versions(protocol=first)


@pytest.mark.parametrize(
    ("fields", "stages", "sentence"),
    [
        ({}, [], "A protocol needs at least one stage."),
        ({}, [Stage(6, 5, 3, 4)], "The best number of days lies between the least and the most."),
        ({}, [Stage(6, 0, 0, 0)], "The best number of days lies between the least and the most."),
        ({}, [Stage(6, 1, 2, 400)], "The best number of days lies between the least and the most."),
        ({}, [Stage(60, 2, 3, 5), Stage(40, 5, 7, 9)], "A course has between one and 60 visits."),
        ({}, [Stage(0, 2, 3, 5)], "A course has between one and 60 visits."),
        ({"infusion_minutes": 0}, THREE_WEEKS, "The treatment takes at least one minute."),
        (
            {"infusion_minutes": 700, "recovery_minutes": 115},
            THREE_WEEKS,
            "A visit is over, and its room free, after 14 hours at the latest.",
        ),
        (
            {"observation_minutes": 811},
            THREE_WEEKS,
            "A visit is over, and its room free, after 14 hours at the latest.",
        ),
        ({"name": "iv"}, THREE_WEEKS, "There is a protocol with this name already."),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(fields, stages, sentence, first, director, now):
    with pytest.raises(Refused) as refused:
        protocols.add(
            site=first.site, fields=FIELDS | {"name": "Other"} | fields, stages=stages, actor=director, now=now
        )
    assert (refused.value.reasons, Protocol.objects.count()) == ([sentence], 1)


def test_a_visit_of_just_fourteen_hours_can_be_booked(build_house, now):
    """What the form lets through, the database takes."""
    house: House = build_house(hours=False)
    house.site.opening_hours.create(weekday=2, opens="08:00", closes="22:00")
    long = {"infusion_minutes": 700, "recovery_minutes": 110, "prep_minutes": 15, "turnaround_minutes": 15}
    protocol = protocols.add(
        site=house.site, fields=FIELDS | long, stages=[Stage(1, 1, 1, 1)], actor=house.desk, now=now
    )
    tomorrow = (now + timedelta(days=1)).replace(hour=13, minute=0)
    slot = Slot(starts_at=tomorrow, room=house.rooms[0], clinician=house.clinicians[0])
    course = bookings.book_series(patient=house.patient(), protocol=protocol, slots=[slot], actor=house.desk, now=now)
    assert course.infusions.get().room_free_at == tomorrow + timedelta(hours=14)


def test_a_name_of_a_protocol_no_longer_offered_is_free_again(first, director, now):
    revised(first, director, now, is_active=False)
    assert protocols.add(site=first.site, fields=FIELDS, stages=THREE_WEEKS, actor=director, now=now).version == 1
    with pytest.raises(Refused, match="There is a protocol with this name already"):
        revised(first, director, now, is_active=True)


def test_only_the_version_on_offer_opens_a_course(first, director, now):
    """An old version says that there is a newer one; a protocol taken off says so."""
    assert protocols.why_not_offered(protocol=first) == ""
    second = revised(first, director, now, infusion_minutes=50)
    assert protocols.why_not_offered(protocol=first) == "This plan was changed meanwhile. Look again."
    revised(first, director, now, infusion_minutes=50, is_active=False)
    assert protocols.why_not_offered(protocol=second) == "This plan is not offered any more."


def test_a_course_goes_on_under_a_version_that_is_no_longer_offered(house: House, now):
    course = CourseFactory(patient=house.patient(), protocol=house.protocol)
    fields = {name: getattr(house.protocol, name) for name in FIELDS} | {"infusion_minutes": 90}
    protocols.revise(protocol=house.protocol, fields=fields, stages=THREE_WEEKS, actor=house.desk, now=now)
    at = (now + timedelta(days=1)).replace(hour=15, minute=0)
    slot = Slot(starts_at=at, room=house.rooms[0], clinician=house.clinicians[0])
    visit = bookings.place(course=course, slot=slot, actor=house.desk, now=now)
    assert visit.ends_at - at == timedelta(minutes=100)


def test_a_protocol_changed_while_somebody_books_under_it_is_said(house: House, now):
    """The page was opened under the version before."""
    fields = {name: getattr(house.protocol, name) for name in FIELDS} | {"infusion_minutes": 90}
    protocols.revise(protocol=house.protocol, fields=fields, stages=THREE_WEEKS, actor=house.desk, now=now)
    slot = Slot(starts_at=now + timedelta(days=1), room=house.rooms[0], clinician=house.clinicians[0])
    with pytest.raises(Refused, match=r"This plan was changed meanwhile\. Look again\."):
        bookings.book_series(patient=house.patient(), protocol=house.protocol, slots=[slot], actor=house.desk, now=now)
    assert not Course.objects.exists()


def test_a_walk_in_goes_on_with_the_course_of_an_older_version(house: House, now):
    course = CourseFactory(patient=house.patient(), protocol=house.protocol)
    fields = {name: getattr(house.protocol, name) for name in FIELDS} | {"infusion_minutes": 90}
    last = protocols.revise(protocol=house.protocol, fields=fields, stages=THREE_WEEKS, actor=house.desk, now=now)
    visit = bookings.walk_in(
        patient=course.patient,
        protocol=last,
        room=house.rooms[0],
        clinician=house.clinicians[0],
        actor=house.desk,
        now=now,
    )
    assert (visit.course, visit.ends_at - visit.starts_at) == (course, timedelta(minutes=100))


def test_a_protocol_says_what_the_clinic_lacks_for_it(site, director, now):
    RoomFactory(site=site, equipment=[Equipment.PUMP], guest_places=0)
    RoomFactory(site=site, equipment=[Equipment.PUMP, Equipment.BED], guest_places=2, is_active=False)
    wanted = {
        "route": Route.NASAL,
        "observation_minutes": 90,
        "present": [Attendant.CLINICIAN, Attendant.NURSE, Attendant.COMPANION],
    }
    bed = protocols.add(
        site=site, fields=FIELDS | {"needs": [Equipment.BED]}, stages=THREE_WEEKS, actor=director, now=now
    )
    guests = protocols.add(
        site=site, fields=FIELDS | wanted | {"name": "Guests"}, stages=THREE_WEEKS, actor=director, now=now
    )
    assert protocol_words.lacks(protocol=bed) == ["No room has all of this: Bed."]
    assert protocol_words.lacks(protocol=guests) == [
        "Somebody the patient brings must be in the room, and no room that fits has a guest place.",
        "A nurse must be there, and no nurse works at this clinic.",
        "Nasal spray: the rules of the United States ask for 120 minutes from the first device.",
    ]


def test_ready_made_protocols_are_added_once_and_lack_nothing(site, director, now):
    RoomFactory(site=site)
    names = list(presets.PRESETS)
    assert presets.add(site=site, names=names, actor=director, now=now) == len(names)
    assert presets.add(site=site, names=names, actor=director, now=now) == 0
    assert [row for row in protocols.newest(site=site) if protocol_words.lacks(protocol=row)] == []


def test_the_long_nasal_course_has_its_three_stages(site, director, now):
    """Twice a week for four weeks, weekly for four, then weekly; each watched for two hours."""
    presets.add(site=site, names=["Nasal, 4 weeks twice, 4 weeks once, then weekly"], actor=director, now=now)
    [nasal] = protocols.newest(site=site)
    assert [(step.kind, step.visits, step.target_days) for step in nasal.steps] == [
        (StageKind.INDUCTION, 8, 3),
        (StageKind.MAINTENANCE, 4, 7),
        (StageKind.MAINTENANCE, 12, 7),
    ]
    when = timing(protocol=nasal, policy=None, starts_at=now)
    assert when.pickup_from - now >= timedelta(minutes=nasal.prep_minutes + 120)


def test_a_family_is_listed_once_by_its_last_version(first, director, now):
    other = ProtocolFactory(site=first.site, name="A", is_active=False)
    second = revised(first, director, now, infusion_minutes=50)
    assert protocols.newest(site=first.site) == [second, other]
