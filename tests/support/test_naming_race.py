"""A person is named while a visit is being booked: one of the two asks them for it."""

from datetime import UTC, datetime
from threading import Event, Thread

import pytest
from django.db import connection, transaction

from clinic.domain import bookings
from clinic.domain.errors import Refused
from clinic.domain.slots import Slot
from clinic.enums import Role
from support.domain import designations, own_people
from support.domain.own_people import Wanted
from support.enums import ConsentHow, SupportRole
from support.models import Commitment, Designation
from tests.factories import (
    CourseFactory,
    PatientFactory,
    PolicyFactory,
    ProtocolFactory,
    RoomFactory,
    SiteFactory,
    StaffFactory,
)


@pytest.mark.django_db(transaction=True)
def test_who_is_named_during_a_booking_is_asked_for_that_visit(now: datetime) -> None:
    site = SiteFactory()
    PolicyFactory(site=site)
    patient = PatientFactory(site=site)
    desk = StaffFactory(sites=[site])
    course = CourseFactory(patient=patient, protocol=ProtocolFactory(site=site), opened_by=desk)
    clinician = StaffFactory(role=Role.CLINICIAN, sites=[site])
    slot = Slot(datetime(2026, 3, 10, 13, tzinfo=UTC), RoomFactory(site=site), clinician)
    booked, named = Event(), Event()

    def book() -> None:
        with transaction.atomic():
            bookings.place(course=course, slot=slot, actor=desk, now=now)
            booked.set()
            named.wait(0.5)
        connection.close()

    def name() -> None:
        booked.wait(5)
        designations.name(
            patient=patient,
            roles=[SupportRole.RIDE],
            rank=1,
            may_know=[],
            consent_how=ConsentHow.IN_PERSON,
            wording="Yes.",
            witness=desk,
            person_fields={"given_name": "Sam", "phone": "+14105550101"},
            now=now,
        )
        named.set()
        connection.close()

    threads = [Thread(target=book), Thread(target=name)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Commitment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_link_in_wrong_hands_names_no_more_by_naming_two_at_once(now: datetime) -> None:
    patient = PatientFactory(site=PolicyFactory().site)
    wanted = Wanted(roles=[SupportRole.RIDE], may_know=[], relationship="", call_first=False, wording="Yes.")

    def name(number: int) -> None:
        fields = {"given_name": "Jo", "family_name": "", "phone": f"+141055501{number:02d}", "email": ""}
        own_people.name(patient=patient, person_fields=fields, wanted=wanted, actor="link:abc", now=now)

    for number in range(own_people.MOST_A_DAY - 1):
        name(number)
    named, refused = Event(), Event()

    def the_last() -> None:
        with transaction.atomic():
            name(20)
            named.set()
            refused.wait(0.5)
        connection.close()

    def one_more() -> None:
        named.wait(5)
        try:
            name(21)
        except Refused:
            refused.set()
        connection.close()

    threads = [Thread(target=the_last), Thread(target=one_more)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (refused.is_set(), Designation.objects.count()) == (True, own_people.MOST_A_DAY)
