"""Every date of a course, in a word and a shape."""

from datetime import timedelta

import pytest

from clinic.enums import Role, Rung
from clinic.models import Policy
from support.domain import arrangements, commitments, coverage
from support.models import Commitment
from tests.support.conftest import Clinic

DAY = timedelta(days=1)


def of(clinic, now=None):
    return coverage.of(patient=clinic.patient, now=now or clinic.now)


def dates(clinic, now=None):
    return [(date.mark, date.word) for date in of(clinic, now).dates]


@pytest.fixture
def far(next_week):
    """A month ahead, further than dates are looked after."""
    return next_week + 28 * DAY


def test_each_state_has_a_shape_and_a_word(clinic: Clinic, far):
    visit = clinic.book(far)
    assert dates(clinic) == [("open", "Nobody yet")]
    sam, jo = clinic.named("Sam"), clinic.named("Jo")
    assert dates(clinic) == [("asked", "Asked: Sam, Jo")]
    row = clinic.promise(sam, visit)
    Commitment.objects.filter(pk=row.pk).update(maybe_at=clinic.now)
    assert dates(clinic) == [("half", "Maybe Sam")]
    clinic.yes(jo, visit)
    assert dates(clinic) == [("full", "Jo said yes")]
    commitments.reconfirm(commitment=clinic.promise(jo, visit), via="link", now=clinic.now)
    assert dates(clinic) == [("sure", "Jo, confirmed")]


def test_a_maybe_said_before_they_were_asked_anew_is_none(clinic: Clinic, far):
    visit, sam = clinic.book(far), clinic.named("Sam")
    row = clinic.promise(sam, visit)
    Commitment.objects.filter(pk=row.pk).update(maybe_at=row.asked_at - DAY)
    assert dates(clinic) == [("asked", "Asked: Sam")]


def test_what_the_clinic_arranged_counts(clinic: Clinic, next_week):
    rungs = [Rung.ADULT_DRIVES, Rung.WATCHED_RIDE, Rung.POSTPONE]
    director = clinic.staff[Role.DIRECTOR]
    policy = {"site": clinic.site, "version": 1_000_000, "rungs": rungs, "signed_by": director, "signed_at": clinic.now}
    clinic.policy = Policy.objects.create(**policy)
    visit = clinic.book(next_week)
    arrangements.arrange(
        infusion=visit,
        rung=Rung.WATCHED_RIDE,
        details="Green Taxi at 15:10, Dana walks along",
        authorised_by=director,
        actor=clinic.desk,
        now=clinic.now,
    )
    assert dates(clinic) == [("sure", "Watched ride, arranged by the clinic")]


def test_a_date_nobody_took_turns_red_when_the_rules_begin_to_look_after_it(clinic: Clinic, far):
    clinic.book(far)
    clinic.named("Sam")
    begins = far - timedelta(days=clinic.policy.cover_days)
    assert dates(clinic, begins - timedelta(minutes=1)) == [("asked", "Asked: Sam")]
    assert dates(clinic, begins) == [("red", "Asked: Sam. We see to it now.")]


def test_what_has_begun_or_is_over_lies_behind(clinic: Clinic, next_week):
    sam = clinic.named("Sam")
    first = clinic.book(next_week, next_week + 2 * DAY)
    clinic.confirmed(sam, first)
    clinic.until(first, "started")
    found = of(clinic, next_week + timedelta(minutes=20))
    assert found.marks == ["past", "red"]
    assert [date.starts_at for date in found.dates] == [next_week + 2 * DAY]


def test_the_counts_are_words(clinic: Clinic, far):
    clinic.book(*[far + number * 2 * DAY for number in range(4)])
    sam = clinic.named("Sam")
    first, second, *_ = clinic.patient.infusions.order_by("starts_at")
    clinic.confirmed(sam, first)
    clinic.yes(sam, second)
    assert of(clinic).cover == "1 confirmed, 1 covered, 2 open"


def test_who_has_most_of_the_rides_is_said_with_somebody_else_to_ask(clinic: Clinic, far):
    clinic.book(*[far + number * 2 * DAY for number in range(6)])
    sam, jo = clinic.named("Sam"), clinic.named("Jo")
    visits = list(clinic.patient.infusions.order_by("starts_at"))
    for visit in visits[:3]:
        clinic.yes(sam, visit)
    assert (of(clinic).share, of(clinic).hint) == ("Sam 3 rides", "")
    clinic.yes(sam, visits[3])
    assert of(clinic).hint == "Sam has most of them. Perhaps Jo can take one."
    clinic.yes(jo, visits[4])
    clinic.yes(jo, visits[5])
    assert of(clinic).share == "Sam 4 rides, Jo 2 rides"


@pytest.mark.parametrize("count", [1, 3])
def test_the_map_costs_the_same_however_long_the_course(clinic: Clinic, far, count, django_assert_num_queries):
    clinic.named("Sam")
    clinic.book(*[far + number * DAY for number in range(count)])
    with django_assert_num_queries(4):
        assert len(of(clinic).dates) == count
