from datetime import timedelta

import pytest

from messaging.domain import consents
from support.domain import people, same_number
from tests import factories
from tests.support.conftest import Clinic

SAM = "+14105550123"
DAY = timedelta(days=1)


def warned(*named) -> list[str]:
    return same_number.warnings(people=[row.person for row in named])


def test_a_number_of_ones_own_needs_no_word(clinic: Clinic):
    assert warned(clinic.named("Sam", phone=SAM), clinic.named("Lee", phone="+14105550124")) == []


def test_a_number_that_two_have_is_told_once(clinic: Clinic):
    sam, lee = clinic.named("Sam", phone=SAM), clinic.named("Lee", phone=SAM)
    both = "Sam, Lee have the same number: a yes or no by text may be from either, so none is taken."
    assert warned(sam, lee) == [both]
    assert same_number.holders(number=SAM).is_shared


def test_a_helper_who_is_a_patient_too_is_one_person(clinic: Clinic):
    sam = clinic.named("Sam", phone=SAM)
    factories.PatientFactory(site=clinic.site, given_name="sam", phone=SAM)
    assert not same_number.holders(number=SAM).is_shared
    assert warned(sam) == []


def test_a_helper_of_two_patients_is_one_person(clinic: Clinic):
    sam = clinic.named("Sam", phone=SAM)
    factories.DesignationFactory(person=sam.person, patient=factories.PatientFactory(site=clinic.site))
    holders = same_number.holders(number=SAM)
    assert (holders.is_shared, len(holders.named)) == (False, 2)


def test_whoever_is_on_no_list_any_more_has_no_number_here(clinic: Clinic, now):
    lee = clinic.named("Lee", phone=SAM)
    clinic.named("Sam", phone=SAM)
    lee.withdrawn_at = now
    lee.save()
    assert [person.first_name for person in same_number.holders(number=SAM).people] == ["Sam"]


def test_a_number_that_was_somebody_elses_waits_for_a_new_yes(clinic: Clinic, now):
    """A provider gives a number to another person after some weeks."""
    sam = clinic.named("Sam", phone=SAM)
    people.correct_contact(person=sam.person, actor="staff:1", now=now, phone="+14105550555", email="")
    sam.person.refresh_from_db()
    lee = clinic.named("Lee", phone=SAM, agreed=False)
    word = "Somebody else had the number of Lee and agreed to texts. Ask before a text goes there."
    assert warned(sam, lee) == [word]
    assert not consents.agreed(person=f"person:{lee.person_id}", purpose="rides", channel="sms", address=SAM)


def test_nobody_without_a_number_shares_one(clinic: Clinic):
    clinic.named("Sam", phone="")
    assert warned(clinic.named("Lee", phone="")) == []
    assert same_number.holders(number="").people == []


@pytest.mark.parametrize("several", [1, 3])
def test_it_costs_the_same_for_however_many(clinic: Clinic, django_assert_num_queries, several):
    named = [clinic.named(f"Sam{number}", phone=f"+1410555020{number}") for number in range(several)]
    with django_assert_num_queries(3):
        warned(*named)


def test_who_shares_it_at_another_clinic_is_not_named(clinic: Clinic):
    sam = clinic.named("Sam", phone=SAM)
    factories.PatientFactory(site=factories.SiteFactory(), given_name="Jane", family_name="Elsewhere", phone=SAM)
    [warning] = warned(sam)
    assert warning.startswith("Sam, somebody at another clinic have the same number")
