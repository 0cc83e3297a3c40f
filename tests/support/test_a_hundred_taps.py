"""A hundred people named for one patient tap the same date in the same moment, each on their own phone."""

from collections import Counter
from functools import partial

import pytest
import time_machine

from support.domain import attesting, designations
from support.enums import HOLDING, ConsentHow, MayKnow, SupportRole
from support.models import Commitment, Designation
from tests.clinic.test_races import all_at_once, deadlocks
from tests.support import phone
from tests.support.conftest import Clinic
from tests.support.phone import Phone

pytestmark = pytest.mark.django_db(transaction=True)
HELPERS = 100
THANKS = "You have this date now"
TOO_LATE = "Somebody else has just taken one of these dates."


def named(clinic: Clinic, number: int) -> Designation:
    """On the patient's list; the training is read, and the link was theirs before."""
    fields = {"given_name": f"H{number}", "phone": f"+1410555{number:04d}", "is_adult": True}
    made = designations.name(
        patient=clinic.patient,
        person_fields=fields,
        roles=[SupportRole.RIDE],
        rank=number,
        may_know=list(MayKnow.values),
        consent_how=ConsentHow.IN_PERSON,
        witness=clinic.desk,
        wording="I would like this person to help me.",
        now=clinic.now,
    )
    attesting.attest(person=made.person, stay_hours=8, via="link", now=clinic.now)
    return made


def test_a_hundred_taps_on_one_date_make_one_driver_and_ninety_nine_kind_sentences(clinic, next_week):
    with time_machine.travel(clinic.now, tick=False):
        visit = clinic.book(next_week)
        people = [named(clinic, number) for number in range(1, HELPERS + 1)]
        dates = dict(Commitment.objects.filter(infusion=visit).values_list("designation_id", "pk"))
        phones = [phone.of_helper(one, now=clinic.now) for one in people]
        before = deadlocks()

        def tap(one: Phone, date: int) -> int:
            return one.post("link_dates", date=date).status_code

        works = [partial(tap, one, dates[who.pk]) for one, who in zip(phones, people, strict=True)]
        assert Counter(all_at_once(works)) == {302: HELPERS}
        shown = [one.look() for one in phones]

    assert deadlocks() == before
    held = Commitment.objects.get(infusion=visit, role=SupportRole.RIDE, status__in=HOLDING)
    assert Commitment.objects.filter(infusion=visit, status="covered").count() == HELPERS - 1
    winner = people.index(held.designation)
    assert [number for number, html in enumerate(shown) if THANKS in html] == [winner]
    assert sum(TOO_LATE in html for html in shown) == HELPERS - 1
