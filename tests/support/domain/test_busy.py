"""Who is treated that day, or takes somebody else home then, takes nobody home; a person may decide otherwise."""

from datetime import timedelta

import pytest

from clinic.domain import infusions
from clinic.domain.errors import Refused
from clinic.models import Infusion
from support.domain import busy, commitments, date_answers, watch, way_home
from support.domain.busy import Busy
from support.enums import CommitmentStatus
from support.models import Alert, Commitment
from tests.factories import (
    CommitmentFactory,
    CourseFactory,
    DesignationFactory,
    InfusionFactory,
    PatientFactory,
    SupportPersonFactory,
)
from tests.support.conftest import Clinic

SAID = {"status": CommitmentStatus.ACCEPTED}


@pytest.fixture
def visit(clinic: Clinic, next_week) -> Infusion:
    return clinic.book(next_week)


@pytest.fixture
def sam(clinic: Clinic, visit: Infusion) -> Commitment:
    return clinic.promise(clinic.named("Sam"), visit)


def another(clinic: Clinic, at, **fields) -> Infusion:
    course = CourseFactory(patient=PatientFactory(site=clinic.site, **fields), protocol=clinic.protocol)
    return InfusionFactory(course=course, starts_at=at, policy=clinic.policy)


def drives(clinic: Clinic, sam: Commitment, other: Infusion) -> Commitment:
    named = DesignationFactory(patient=other.patient, person=sam.designation.person)
    return CommitmentFactory(infusion=other, designation=named, answered_at=clinic.now, **SAID)


def test_who_has_a_visit_that_day_cannot_take_the_date_by_link_nor_by_phone(clinic: Clinic, visit, sam) -> None:
    own = another(clinic, visit.starts_at - timedelta(hours=4), given_name="Sam", phone=sam.designation.person.phone)
    with pytest.raises(Busy, match="Please call us about this date"):
        commitments.accept(commitment=sam, via="link", now=clinic.now)
    with pytest.raises(Refused, match="Sam has a visit of their own that day"):
        commitments.accept(commitment=sam, via="phone", now=clinic.now, recorded_by=clinic.desk)
    infusions.cancel(infusion=own, actor=clinic.desk, now=clinic.now, reason="ill")
    assert commitments.accept(commitment=sam, via="link", now=clinic.now).status == "accepted"


@pytest.mark.parametrize(
    "them",
    [
        {"given_name": "Samuel", "preferred_name": "Sam", "phone": "+14105550123"},
        {"given_name": "Sam", "phone": "", "email": "SAM@example.org"},
    ],
    ids=["called so", "by e-mail"],
)
def test_they_are_found_by_the_name_they_are_called_and_by_their_e_mail(clinic: Clinic, visit, sam, them) -> None:
    another(clinic, visit.starts_at - timedelta(hours=4), **them)
    with pytest.raises(Busy):
        commitments.accept(commitment=sam, via="link", now=clinic.now)


def test_a_daughter_at_the_same_number_may_be_treated_that_day(clinic: Clinic, visit, sam) -> None:
    another(clinic, visit.starts_at - timedelta(hours=4), given_name="Rosa", phone=sam.designation.person.phone)
    assert commitments.accept(commitment=sam, via="link", now=clinic.now).status == "accepted"


def test_a_visit_of_their_own_booked_after_the_yes_stops_it(clinic: Clinic, visit, sam) -> None:
    """The yes is not confirmed any more, the start is refused, and the desk is asked to call."""
    commitments.accept(commitment=sam, via="link", now=clinic.now)
    another(clinic, visit.starts_at - timedelta(hours=4), given_name="Sam", phone=sam.designation.person.phone)
    the_day_before = visit.starts_at - timedelta(hours=20)
    for yes in (commitments.reconfirm, commitments.accept):
        with pytest.raises(Busy, match="Please call us about this date"):
            yes(commitment=sam, via="link", now=the_day_before)
    with pytest.raises(Refused, match="Sam has a visit of their own that day"):
        commitments.reconfirm(commitment=sam, via="phone", now=the_day_before, recorded_by=clinic.desk)
    watch.call_about_rides(now=the_day_before)
    watch.call_about_rides(now=the_day_before)
    assert "Sam takes Maya home" in Alert.objects.get(infusion=visit).says


def test_nobody_is_started_whose_way_home_is_treated_that_day(clinic: Clinic, visit, sam) -> None:
    clinic.confirmed(sam.designation, visit)
    assert way_home.gate(clinic.fresh(visit), visit.starts_at) == []
    another(clinic, visit.starts_at - timedelta(hours=4), given_name="Sam", phone=sam.designation.person.phone)
    assert way_home.gate(clinic.fresh(visit), visit.starts_at) == [
        "There is no confirmed way home.",
        "Sam has a visit of their own that day.",
    ]


def test_a_visit_on_another_day_is_in_nobodys_way(clinic: Clinic, visit, sam) -> None:
    another(clinic, visit.starts_at - timedelta(days=1), given_name="Sam", phone=sam.designation.person.phone)
    assert commitments.accept(commitment=sam, via="link", now=clinic.now).status == "accepted"


@pytest.mark.parametrize(("minutes", "is_busy"), [(0, True), (45, True), (-100, True), (240, False), (-300, False)])
def test_who_takes_somebody_else_home_then_is_elsewhere(
    clinic: Clinic, visit, sam, minutes: int, is_busy: bool
) -> None:
    """From the earliest time of leaving to the ninety minutes in which they are home, before and after."""
    other = another(clinic, visit.starts_at + timedelta(minutes=minutes))
    drives(clinic, sam, other)
    assert [row.pk for row in busy.elsewhere(person=sam.designation.person, visit=visit)] == [other.pk] * is_busy


def test_somebody_recorded_twice_is_one_driver(clinic: Clinic, visit, sam) -> None:
    twin = SupportPersonFactory(site=clinic.site, given_name="sam", phone=sam.designation.person.phone)
    other = another(clinic, visit.starts_at)
    again = DesignationFactory(patient=other.patient, person=twin)
    CommitmentFactory(infusion=other, designation=again, answered_at=clinic.now, **SAID)
    with pytest.raises(Busy):
        commitments.accept(commitment=sam, via="link", now=clinic.now)


def test_staff_who_spoke_with_them_may_take_their_word_that_they_can_do_both(clinic: Clinic, visit, sam) -> None:
    drives(clinic, sam, another(clinic, visit.starts_at))
    with pytest.raises(Busy):
        commitments.accept(commitment=sam, via="link", now=clinic.now)
    yes = commitments.accept(commitment=sam, via="phone", now=clinic.now, recorded_by=clinic.desk)
    assert yes.status == "accepted"


def test_a_tick_for_such_a_date_is_told_apart_from_one_that_is_gone(clinic: Clinic, visit, sam) -> None:
    drives(clinic, sam, another(clinic, visit.starts_at))
    said = date_answers.answer_dates(designation=sam.designation, take=[sam.pk], now=clinic.now, via="link")
    assert (said.taken, said.too_late, [row.pk for row in said.busy]) == ([], [], [sam.pk])


def test_who_stepped_back_there_is_free_here(clinic: Clinic, visit, sam) -> None:
    there = drives(clinic, sam, another(clinic, visit.starts_at))
    commitments.withdraw(commitment=there, via="link", now=clinic.now)
    assert commitments.accept(commitment=sam, via="link", now=clinic.now).status == "accepted"
