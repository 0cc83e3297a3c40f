"""How many rides one helper carries in four weeks, and how many they said they would at most."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from support.domain import date_answers, designations, going_on, ladder, letting_go, load, watch
from support.enums import LadderRung, LoadAnswer
from support.models import Commitment, Designation, LadderStep

DAY = timedelta(days=1)
START = datetime(2026, 3, 3, 14, 41).astimezone()
days = st.integers(0, 90).map(lambda day: START + day * DAY)


@given(most=st.integers(1, 6), held=st.lists(days, max_size=12), also=days)
def test_one_more_is_too_many_exactly_where_some_four_weeks_with_it_hold_more_than_they_said(most, held, also):
    windows = [also - offset * DAY for offset in range(28)]
    full = any(sum(begin <= at < begin + load.WINDOW for at in (*held, also)) > most for begin in windows)
    assert load.is_too_many(most=most, held=held, also=also) is full


@pytest.fixture
def visits(clinic, next_week):
    """Four of them, a week apart."""
    first = clinic.book(*(next_week + week * 7 * DAY for week in range(4)))
    return list(first.course.infusions.order_by("starts_at"))


def at_most(named: Designation, most: int) -> Designation:
    Designation.objects.filter(pk=named.pk).update(most_rides=most)
    named.refresh_from_db()
    return named


def test_whoever_has_as_many_as_they_said_is_over_with_the_next(clinic, visits):
    sam = at_most(clinic.named("Sam"), 2)
    clinic.yes(sam, visits[0])
    assert not load.over_caps(designations=[sam], visit=visits[1])
    clinic.yes(sam, visits[1])
    assert load.over_caps(designations=[sam], visit=visits[2])
    # What they have already is not counted against itself.
    assert not load.over_caps(designations=[sam], visit=visits[1])


def test_somebody_without_a_limit_costs_no_query(clinic, visits):
    sam, jo = clinic.named("Sam"), at_most(clinic.named("Jo"), 1)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert load.over_caps(designations=[sam], visit=visits[0]) == set()
    assert len(asked) == 0
    with CaptureQueriesContext(connection) as asked:
        load.over_caps(designations=[sam, jo], visit=visits[0])
    assert len(asked) == 1


def test_nobody_is_asked_for_more_than_they_said(clinic, visits, next_week):
    sam = at_most(clinic.named("Sam"), 4)
    for visit in visits:
        clinic.yes(sam, visit)
    more = clinic.book(next_week + 3 * DAY)
    later = clinic.book(next_week + 60 * DAY)
    assert not Commitment.objects.filter(designation=sam, infusion=more).exists()
    assert Commitment.objects.filter(designation=sam, infusion=later, status="asked").exists()


def test_what_was_asked_already_is_let_go_where_a_yes_makes_it_one_too_many(clinic, visits):
    sam = at_most(clinic.named("Sam"), 2)
    clinic.yes(sam, visits[0])
    assert letting_go.over_their_number(now=clinic.now) == 0
    clinic.yes(sam, visits[1])
    assert letting_go.over_their_number(now=clinic.now) == 2
    assert [clinic.promise(sam, visit).status for visit in visits] == ["accepted", "accepted", "covered", "covered"]
    assert "helper_ask_again" not in {kind for visit in visits for kind, *_rest in clinic.waiting(visit)}
    # Theirs to take all the same.
    clinic.yes(sam, visits[2])


def test_a_maybe_to_one_more_than_they_said_stays_a_maybe(clinic, visits):
    sam = at_most(clinic.named("Sam"), 1)
    clinic.yes(sam, visits[0])
    letting_go.over_their_number(now=clinic.now)
    dates = [clinic.promise(sam, visits[1]).pk]
    assert date_answers.maybe(designation=sam, dates=dates, actor="link:x", now=clinic.now) == 1
    assert letting_go.over_their_number(now=clinic.now) == 0
    row = clinic.promise(sam, visits[1])
    assert (row.status, row.maybe_at) == ("asked", clinic.now)


def test_nobody_waits_for_whoever_says_less_often(clinic, visits):
    """The people are all who were asked: the clinic arranges at once."""
    sam = clinic.named("Sam")
    ladder.sweep(now=clinic.now)
    clinic.yes(sam, visits[1])
    going_on.answer(designation=sam, said=LoadAnswer.LESS, most=1, now=clinic.now, actor="link:x")
    watch.run(now=clinic.now)
    assert clinic.promise(sam, visits[0]).status == "covered"
    assert LadderStep.objects.get(infusion=visits[0], ended_at=None).rung == LadderRung.PAID_ESCORT
    going_on.answer(designation=sam, said=LoadAnswer.LESS, most=4, now=clinic.now, actor="link:x")
    assert clinic.promise(sam, visits[0]).status == "asked"


@pytest.mark.parametrize("rides", [1, 3])
def test_a_sweep_that_lets_nobody_go_is_one_query(clinic, visits, rides, django_assert_num_queries):
    for name in ("Sam", "Jo", "Pat")[:rides]:
        at_most(clinic.named(name), 2)
    with django_assert_num_queries(1):
        assert letting_go.over_their_number(now=clinic.now) == 0


def test_a_word_changed_on_the_list_asks_nobody_for_more_than_they_said(clinic, visits, next_week):
    sam = at_most(clinic.named("Sam"), 4)
    for visit in visits:
        clinic.yes(sam, visit)
    more = clinic.book(next_week + 3 * DAY)
    said = {"roles": sam.roles, "rank": 1, "may_know": [], "actor": "staff:1", "now": clinic.now}
    designations.change(designation=sam, relationship="sister", **said)
    assert not Commitment.objects.filter(designation=sam, infusion=more).exists()


def test_what_staff_read_of_a_helper(clinic, visits):
    sam = at_most(clinic.named("Sam"), 4)
    for visit in visits[:2]:
        clinic.yes(sam, visit)
    carried = load.of(designations=[sam], now=visits[0].starts_at + DAY)[sam.pk]
    assert (carried.done, carried.ahead, carried.words) == (1, 1, "1 ride in 28 days, 1 ahead, at most 4")
    jo = clinic.named("Jo")
    assert load.of(designations=[jo], now=clinic.now)[jo.pk].words == ""


def test_the_load_of_one_and_of_three_is_one_query(clinic, visits):
    named = [clinic.named(name) for name in ("Sam", "Jo", "Noa Lee")]
    for some in (named[:1], named):
        with CaptureQueriesContext(connection) as asked:
            assert len(load.of(designations=some, now=clinic.now)) == len(some)
        assert len(asked) == 1


def test_a_ride_given_back_weighs_nothing(clinic, visits):
    sam = at_most(clinic.named("Sam"), 1)
    clinic.yes(sam, visits[0])
    assert load.over_caps(designations=[sam], visit=visits[1])
    designations.withdraw(designation=clinic.named("Jo"), actor="staff:1", now=clinic.now)
    Commitment.objects.filter(designation=sam, infusion=visits[0]).update(status="withdrawn")
    assert not load.over_caps(designations=[sam], visit=visits[1])
