"""Answers, the desk, the clock and a cancellation at one visit at once: one open step, one driver, no deadlock."""

from datetime import timedelta
from functools import partial

import pytest

from clinic.domain import infusions
from clinic.domain.errors import Refused
from support.domain import commitments, ladder
from support.enums import HOLDING
from support.models import Commitment, LadderStep
from tests import factories
from tests.clinic.test_races import all_at_once, deadlocks

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)
ROUNDS = 4


@pytest.fixture
def helpers(clinic):
    """Four, asked one at a time."""
    factories.PolicyFactory(
        site=clinic.site,
        version=clinic.policy.version + 1,
        signed_by=clinic.policy.signed_by,
        ladder_first_to_take=False,
        rungs=["adult_drives", "paid_escort", "watched_ride", "postpone"],
    )
    return [clinic.named(name) for name in ("Sam", "Joanna", "Lee", "Patricia")]


@pytest.fixture
def visits(clinic, helpers, next_week):
    visit = clinic.book(*(next_week - timedelta(days=day) for day in range(ROUNDS)))
    ladder.sweep(now=clinic.now)
    return list(visit.course.infusions.select_related("site", "patient").order_by("starts_at"))


def check(visit):
    assert LadderStep.objects.filter(infusion=visit, ended_at=None).count() <= 1
    assert Commitment.objects.filter(infusion=visit, role="ride", status__in=HOLDING).count() <= 1
    asked = Commitment.objects.filter(infusion=visit, role="ride", status="asked")
    assert asked.count() <= 1
    assert len(set(asked.values_list("designation_id"))) == asked.count()


def race(clinic, visits, works_of):
    """The same race at each visit; only kind refusals, and no deadlock."""
    before = deadlocks()
    for visit in visits:
        answers = all_at_once(works_of(visit))
        assert all(not isinstance(answer, Exception) or type(answer) is Refused for answer in answers), answers
        check(visit)
    assert deadlocks() == before


def test_a_no_while_the_clock_climbs(clinic, helpers, visits):
    late = clinic.now + 24 * HOUR

    def works(visit):
        no = partial(commitments.decline, commitment=clinic.promise(helpers[0], visit), via="link", now=late)
        return [no, partial(ladder.sweep, now=late), partial(ladder.sweep, now=late), no]

    race(clinic, visits, works)
    for visit in visits:
        assert LadderStep.objects.get(infusion=visit, ended_at=None).designation == helpers[1]


def test_the_desk_steps_over_while_the_helper_says_yes(clinic, helpers, visits):
    def works(visit):
        promise = clinic.promise(helpers[0], visit)
        return [
            partial(ladder.ask_next_now, infusion=visit, actor=clinic.desk, now=clinic.now + HOUR),
            partial(commitments.accept, commitment=promise, via="link", now=clinic.now + HOUR),
            partial(ladder.sweep, now=clinic.now + HOUR),
        ]

    race(clinic, visits, works)
    for visit in visits:
        # A yes counts, whoever was faster: nobody is asked any more.
        assert clinic.promise(helpers[0], visit).status == "accepted"
        assert not LadderStep.objects.filter(infusion=visit, ended_at=None).exists()


def test_it_is_called_off_while_the_ladder_climbs(clinic, helpers, visits):
    late = clinic.now + 24 * HOUR

    def works(visit):
        return [
            partial(infusions.cancel, infusion=visit, actor=clinic.desk, now=late, reason="flu"),
            partial(ladder.sweep, now=late),
            partial(commitments.decline, commitment=clinic.promise(helpers[0], visit), via="link", now=late),
        ]

    race(clinic, visits, works)
    for visit in visits:
        assert not LadderStep.objects.filter(infusion=visit, ended_at=None).exists()
        assert not Commitment.objects.filter(infusion=visit, status="asked").exists()


def test_the_desk_presses_twice_at_once_and_one_person_is_passed_over(clinic, helpers, visits):
    def works(visit):
        seen = LadderStep.objects.get(infusion=visit, ended_at=None).pk
        press = partial(ladder.ask_next_now, infusion=visit, actor=clinic.desk, now=clinic.now + HOUR, seen=seen)
        return [press, press]

    race(clinic, visits, works)
    for visit in visits:
        assert LadderStep.objects.get(infusion=visit, ended_at=None).designation == helpers[1]
