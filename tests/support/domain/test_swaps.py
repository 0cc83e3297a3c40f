"""Another person takes the patient home, five minutes before they leave."""

from datetime import timedelta

import pytest

from clinic.domain.errors import Refused
from clinic.enums import Role
from support.domain import designations, handovers, swaps
from support.enums import HandoverCheck, SupportRole
from support.models import Alert, Handover
from tests.support.conftest import Clinic

LATER = timedelta(minutes=5)


@pytest.fixture
def ready(clinic: Clinic, next_week):
    """Maya is ready to leave, Sam has the way home, Joanna was asked too."""
    sam, jo = clinic.named("Sam"), clinic.named("Joanna")
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    return clinic.until(visit, "ready"), sam, jo


def swap(clinic, visit, to, *, by=Role.FRONT_DESK):
    return swaps.swap(infusion=visit, designation=to, actor=clinic.staff[by], now=visit.ready_at + LATER)


def test_the_other_has_it_now_and_nobody_else(clinic: Clinic, ready):
    visit, sam, jo = ready
    row = swap(clinic, visit, jo)
    assert (row.status, row.answered_via, row.recorded_by) == ("reconfirmed", "desk", clinic.desk)
    assert clinic.promise(sam, visit).status == "withdrawn"
    assert Alert.objects.count() == 0


def test_the_old_words_are_dead(clinic: Clinic, ready):
    visit, _sam, jo = ready
    old = Handover.objects.get()
    row = swap(clinic, visit, jo)
    words = (old.patient_word, old.helper_word)
    with pytest.raises(Refused, match="The two words do not match"):
        clinic.hand_over(visit, row, now=visit.ready_at + LATER, check_by=HandoverCheck.CODE, words=words)
    new = Handover.objects.get()
    words = (new.patient_word, new.helper_word)
    done = clinic.hand_over(visit, row, now=visit.ready_at + LATER, check_by=HandoverCheck.CODE, words=words)
    assert done.commitment.designation == jo


def test_pressed_twice_it_is_one_swap_with_one_pair_of_words(clinic: Clinic, ready):
    visit, _sam, jo = ready
    swap(clinic, visit, jo)
    words = Handover.objects.values_list("patient_word", "helper_word").get()
    swap(clinic, visit, jo)
    assert Handover.objects.values_list("patient_word", "helper_word").get() == words


def test_where_nobody_had_it_somebody_has_it_now(clinic: Clinic, ready):
    visit, _sam, jo = ready
    swap(clinic, visit, jo)
    assert [row.person.first_name for row in swaps.may_take(infusion=visit, now=visit.ready_at)] == ["Sam"]


def test_who_is_named_for_something_else_takes_nobody_home(clinic: Clinic, ready):
    visit, _sam, _jo = ready
    lee = clinic.named("Lee", roles=(SupportRole.PRESENCE,))
    assert lee not in swaps.may_take(infusion=visit, now=visit.ready_at)
    with pytest.raises(Refused, match="has not named Lee for the way home"):
        swap(clinic, visit, lee)


def test_who_was_taken_off_the_list_takes_nobody_home(clinic: Clinic, ready):
    visit, _sam, jo = ready
    designations.withdraw(designation=jo, actor="patient:1", now=visit.ready_at)
    with pytest.raises(Refused, match="has not named Joanna for the way home"):
        swap(clinic, visit, jo)


def test_who_was_named_during_the_treatment_needs_a_clinician(clinic: Clinic, ready):
    visit, _sam, _jo = ready
    clinic.now = visit.ready_at
    lee = clinic.named("Lee")
    with pytest.raises(Refused, match="Lee was named after the treatment began"):
        swap(clinic, visit, lee)
    assert swap(clinic, visit, lee, by=Role.CLINICIAN).status == "reconfirmed"


def test_a_tap_of_whoever_had_it_accepts_nothing_for_the_other(clinic: Clinic, ready):
    """Their page was drawn before the swap."""
    visit, sam, jo = ready
    before = clinic.promise(sam, visit)
    swap(clinic, visit, jo)
    with pytest.raises(Refused, match="Somebody else has this date"):
        handovers.accept(handover=Handover.objects.get(), now=visit.ready_at, actor="link:abc", commitment=before)
    assert Handover.objects.get().accepted_at is None
