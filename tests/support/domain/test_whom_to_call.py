"""The main button of an alert calls somebody who can help."""

from datetime import timedelta

import pytest

from support.domain import commitments, day, watch, whom_to_call
from support.enums import AlertKind
from support.models import Alert
from tests import factories


@pytest.fixture
def visit(clinic, next_week):
    return clinic.book(next_week)


def names(alert, now) -> list[str]:
    return [person.first_name for person in whom_to_call.of(alert=alert, now=now).people]


def lost(clinic, visit) -> Alert:
    row = clinic.yes(clinic.named("Lee"), visit)
    commitments.withdraw(commitment=row, via="link", now=clinic.now)
    return Alert.objects.get(kind=AlertKind.CANT_COME)


def test_who_steps_back_is_called_last_and_the_next_helper_first(clinic, visit):
    clinic.named("Jo")
    assert names(lost(clinic, visit), clinic.now) == ["Jo", "Maya", "Lee"]


def test_where_nobody_else_is_named_the_patient_is_called(clinic, visit):
    assert names(lost(clinic, visit), clinic.now) == ["Maya", "Lee"]


def test_a_patient_in_the_chair_is_not_called(clinic, visit):
    row = clinic.confirmed(clinic.named("Lee"), visit)
    clinic.named("Jo")
    clinic.until(visit, "started")
    commitments.withdraw(commitment=row, via="link", now=visit.ends_at)
    assert names(Alert.objects.get(kind=AlertKind.CANT_COME), visit.ends_at) == ["Jo", "Lee"]


def test_a_patient_who_cannot_come_is_called_themselves(clinic, visit):
    clinic.named("Jo")
    day.patient_cannot_come(infusion=visit, now=clinic.now)
    assert names(Alert.objects.get(), clinic.now) == ["Maya"]


def test_a_date_without_a_yes_is_asked_of_those_who_are_asked(clinic, visit):
    clinic.named("Jo")
    soon = visit.starts_at - (visit.ends_at - visit.starts_at)
    watch.call_about_rides(now=soon)
    alert = Alert.objects.get(key__startswith="ride-open:")
    assert names(alert, soon) == ["Jo", "Maya"]
    assert whom_to_call.of(alert=alert, now=soon).way.word == "No way home"


def test_a_yes_that_nobody_confirmed_is_asked_of_who_said_it(clinic, visit):
    clinic.yes(clinic.named("Lee"), visit)
    soon = visit.starts_at - (visit.ends_at - visit.starts_at)
    watch.call_about_rides(now=soon)
    assert names(Alert.objects.get(key__startswith="ride-unconfirmed:"), soon) == ["Lee", "Maya"]


def test_somebody_worried_is_called_back(clinic, visit):
    lee = clinic.named("Lee")
    alert = Alert(kind=AlertKind.WORRIED, key="w", patient=clinic.patient, infusion=visit, designation=lee)
    assert names(alert, clinic.now) == ["Lee"]


def test_who_is_treated_that_day_is_called_with_the_patient(clinic, visit, next_week):
    lee = clinic.named("Lee")
    clinic.confirmed(lee, visit)
    own = factories.PatientFactory(site=clinic.site, given_name="Lee", phone=lee.person.phone)
    factories.InfusionFactory(site=clinic.site, patient=own, starts_at=next_week + timedelta(hours=3))
    soon = visit.starts_at - timedelta(hours=2)
    watch.call_about_rides(now=soon)
    alert = Alert.objects.get(key__startswith="ride-treated:")
    assert names(alert, soon) == ["Lee", "Maya"]
    assert whom_to_call.of(alert=alert, now=soon).way.held.first_name == "Lee"
