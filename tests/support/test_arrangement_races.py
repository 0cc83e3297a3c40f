"""Several desks at once, each with a way home in mind: one of them has it, the others hear why not."""

from datetime import timedelta
from functools import partial

import pytest

from clinic.domain import bookings
from clinic.enums import Role, Rung
from clinic.models import Infusion
from support.domain import arrangements, escorts
from support.enums import HOLDING
from support.models import Arrangement, Commitment, Designation
from tests.clinic.test_races import all_at_once, deadlocks, kinds
from tests.factories import (
    CourseFactory,
    InfusionFactory,
    PatientFactory,
    PolicyFactory,
    SupportPersonFactory,
)
from tests.support.conftest import Clinic

pytestmark = pytest.mark.django_db(transaction=True)

EVERY_WAY = [Rung.ADULT_DRIVES, Rung.PAID_ESCORT, Rung.WATCHED_RIDE, Rung.EXTENDED_STAY, Rung.POSTPONE]


@pytest.fixture
def clinic(clinic: Clinic) -> Clinic:
    clinic.policy = PolicyFactory(site=clinic.site, signed_by=clinic.staff[Role.DIRECTOR], rungs=EVERY_WAY)
    return clinic


def arranging(clinic: Clinic, visit: Infusion, rung: Rung, details: str):
    signer = clinic.staff[Role.CLINICIAN]
    values = {"details": details, "authorised_by": signer, "actor": signer, "now": clinic.now}
    return partial(arrangements.arrange, infusion=visit, rung=rung, **values)


def test_of_eight_who_arrange_different_rides_one_has_it(clinic: Clinic, next_week) -> None:
    visit, before = clinic.book(next_week), deadlocks()
    answers = all_at_once([arranging(clinic, visit, Rung.WATCHED_RIDE, f"City Cabs {n}") for n in range(8)])
    assert kinds(answers) == {"Arrangement": 1, "Refused": 7}
    assert Arrangement.objects.filter(ended_at=None).count() == 1
    assert deadlocks() == before


def test_two_clicks_are_one_arrangement(clinic: Clinic, next_week) -> None:
    visit = clinic.book(next_week)
    answers = all_at_once([arranging(clinic, visit, Rung.WATCHED_RIDE, "City Cabs 4412")] * 4)
    assert (kinds(answers), Arrangement.objects.count()) == ({"Arrangement": 4}, 1)


def test_a_longer_stay_and_the_next_booking_never_both_have_the_room(clinic: Clinic, next_week) -> None:
    before = deadlocks()
    for day in range(6):
        visit = clinic.book(next_week + timedelta(days=day))
        course = CourseFactory(patient=PatientFactory(site=clinic.site), protocol=clinic.protocol)
        after = clinic.slot(visit.room_free_at)
        answers = all_at_once(
            [
                arranging(clinic, visit, Rung.EXTENDED_STAY, "Dana looks after them; then home by bus"),
                partial(bookings.place, course=course, slot=after, actor=clinic.desk, now=clinic.now),
            ]
        )
        assert kinds(answers) in ({"Arrangement": 1, "Taken": 1}, {"Infusion": 1, "Refused": 1}), answers
    assert deadlocks() == before


def test_one_escort_is_booked_for_one_of_five_visits_at_the_same_time(clinic: Clinic, next_week) -> None:
    pat, before = SupportPersonFactory(site=clinic.site, given_name="Pat", is_escort=True), deadlocks()
    visits = [
        InfusionFactory(
            course=CourseFactory(patient=PatientFactory(site=clinic.site), protocol=clinic.protocol),
            starts_at=next_week,
            policy=clinic.policy,
        )
        for _ in range(5)
    ]
    answers = all_at_once(
        [
            partial(escorts.book, infusion=visit, escort=pat, actor=clinic.desk, now=clinic.now)
            for visit in visits
            for _click in range(2)
        ]
    )
    assert kinds(answers) == {"Commitment": 2, "Refused": 8}
    assert Commitment.objects.filter(status__in=HOLDING).count() == 1
    assert Designation.objects.count() == 1
    assert deadlocks() == before
