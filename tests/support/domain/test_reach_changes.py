"""Whoever is reached in another way is planned for anew at once, whoever made the change."""

import pytest

from messaging.domain import opt_outs
from messaging.models import Message
from support.domain import agreeing, people
from support.enums import Purpose
from tests.support.conftest import Clinic


@pytest.fixture
def visit(clinic: Clinic, next_week):
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.yes(sam, visit)
    return visit


def ways(kind: str) -> list[str]:
    return sorted(Message.objects.filter(kind=kind, status="pending").values_list("channel", flat=True))


@pytest.mark.parametrize("who", ["patient_1_day", "helper_reconfirm"])
def test_a_number_that_was_stopped_turns_the_plan_to_e_mail_and_back(clinic: Clinic, visit, who):
    """Also where the provider says so, or staff heard it: nobody waits for the sweep."""
    number = clinic.patient.phone if who == "patient_1_day" else visit.commitments.get().designation.person.phone
    opt_outs.record(address=number, how="provider", now=clinic.now)
    stopped = ways(who)
    opt_outs.end(address=number, how="phone", now=clinic.now)
    assert (stopped, ways(who)) == (["email"], ["sms"])


def test_an_address_is_found_however_it_is_written(clinic: Clinic, visit):
    opt_outs.record(address=clinic.patient.phone, how="text", now=clinic.now)
    opt_outs.record(address=clinic.patient.email.upper(), how="phone", now=clinic.now)
    assert ways("patient_1_day") == []


def test_a_yes_taken_back_is_planned_for_at_once(clinic: Clinic, visit):
    agreeing.take_back(contact=clinic.patient, about=[Purpose.VISITS], how="own_link", now=clinic.now)
    assert ways("patient_1_day") == ["email"]
    agreeing.patient_said_yes(patient=clinic.patient, witness=clinic.desk, now=clinic.now)
    assert ways("patient_1_day") == ["sms"]


def test_a_patients_corrected_number_is_planned_for_at_once(clinic: Clinic, visit):
    said = {"actor": clinic.desk, "now": clinic.now, "email": clinic.patient.email}
    people.correct_patients_contact(patient=clinic.patient, phone="+14105550177", **said)
    assert ways("patient_1_day") == ["email"]


def test_one_person_around_two_patients_is_planned_for_everywhere(clinic: Clinic, visit, next_week):
    sam = visit.commitments.get().designation.person
    agreeing.take_back(contact=sam, about=Purpose.values, how="own_link", now=clinic.now)
    assert ways("helper_reconfirm") == []
    agreeing.helper_said_yes(person=sam, witness=clinic.desk, now=clinic.now)
    assert ways("helper_reconfirm") == ["sms"]
