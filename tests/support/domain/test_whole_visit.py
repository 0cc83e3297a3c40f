"""One word about one visit holds for every role: nobody steps back from half a promise."""

from datetime import timedelta

import pytest

from support.domain import date_answers, helper_page, whole_visit
from support.enums import AnsweredVia, SupportRole

BOTH = (SupportRole.FOLLOWUP, SupportRole.RIDE)


@pytest.fixture
def visit(clinic, next_week):
    return clinic.book(next_week)


def take(designation, clinic):
    mine = list(designation.commitments.values_list("pk", flat=True))
    return date_answers.answer_dates(designation=designation, take=mine, now=clinic.now, via=AnsweredVia.LINK)


def states(designation) -> dict[str, str]:
    return dict(designation.commitments.values_list("role", "status"))


def row(designation, clinic):
    (month,) = helper_page.build(designation=designation, now=clinic.now).months
    return month.rows[0]


def test_the_way_home_stands_for_the_visit(clinic, visit):
    sam = clinic.named("Sam", roles=BOTH)
    take(sam, clinic)
    assert [held.role for held in whole_visit.held(designation=sam, infusion_id=visit.pk)] == [
        SupportRole.RIDE,
        SupportRole.FOLLOWUP,
    ]
    assert len(helper_page.build(designation=sam, now=clinic.now).mine) == 1


def test_stepping_back_gives_the_whole_date_back(clinic, visit):
    sam = clinic.named("Sam", roles=BOTH)
    take(sam, clinic)
    held = whole_visit.held(designation=sam, infusion_id=visit.pk)
    whole_visit.step_back(rows=held, now=clinic.now + timedelta(minutes=5), actor="link:x")
    assert (set(states(sam).values()), row(sam, clinic).state) == ({"withdrawn"}, "open")


def test_still_coming_holds_for_every_role(clinic, visit):
    sam = clinic.named("Sam", roles=BOTH)
    take(sam, clinic)
    held = whole_visit.held(designation=sam, infusion_id=visit.pk)
    whole_visit.confirm(rows=held, now=clinic.now, actor="link:x")
    assert set(states(sam).values()) == {"reconfirmed"}


def test_a_date_that_somebody_else_drives_is_not_half_taken(clinic, visit):
    sam, jo = clinic.named("Sam", roles=BOTH), clinic.named("Jo", roles=BOTH)
    take(sam, clinic)
    answered = take(jo, clinic)
    assert ({late.role for late in answered.too_late}, states(jo)[SupportRole.FOLLOWUP]) == ({"ride"}, "asked")
    assert row(jo, clinic).note == "Sam has this one"


def test_who_stays_the_evening_is_not_told_that_the_driver_has_it(clinic, visit):
    sam, jo = clinic.named("Sam"), clinic.named("Jo", roles=(SupportRole.FOLLOWUP,))
    take(sam, clinic)
    assert row(jo, clinic).state == "open"
