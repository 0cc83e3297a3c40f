from datetime import datetime, time

import pytest
from django.test import Client
from django.urls import reverse

from clinic.models import AuditEntry, Patient, Site, TimeWish
from tests.factories import PatientFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient(site: Site) -> Patient:
    return PatientFactory(site=site)


def post(client: Client, patient: Patient, **fields):
    return client.post(reverse("patient_times", args=[patient.pk]), fields)


def noted(patient: Patient) -> list[tuple]:
    return list(patient.time_wishes.values_list("weekday", "starts", "ends", "suits"))


def test_several_days_are_noted_at_once(desk: Client, patient: Patient) -> None:
    answer = post(desk, patient, weekdays=["1", "3"], starts="13:00", ends="", suits="no")
    assert answer.url == reverse("patient_times", args=[patient.pk])
    assert noted(patient) == [(1, time(13), time(23, 59), False), (3, time(13), time(23, 59), False)]
    assert AuditEntry.objects.filter(verb="patient.times_wished", patient_id=patient.pk).count() == 1


def test_the_same_again_stands_once(desk: Client, patient: Patient) -> None:
    for _time in range(2):
        post(desk, patient, weekdays=["1"], starts="", ends="", suits="yes")
    assert noted(patient) == [(1, time(0), time(23, 59), True)]


def test_what_was_noted_is_shown_and_taken_back(desk: Client, patient: Patient) -> None:
    post(desk, patient, weekdays=["1"], starts="08:00", ends="12:00", suits="no")
    page = desk.get(reverse("patient_times", args=[patient.pk])).content.decode()
    assert ("Does not suit" in page, "08:00–12:00" in page) == (True, True)
    wish = TimeWish.objects.get()
    for _time in range(2):
        assert post(desk, patient, remove=str(wish.pk)).status_code == 302
    assert (noted(patient), AuditEntry.objects.filter(verb="patient.times_unwished").count()) == ([], 1)


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"suits": "no"}, "weekdays"),
        ({"weekdays": ["1"]}, "suits"),
        ({"weekdays": ["9"], "suits": "no"}, "weekdays"),
        ({"weekdays": ["1"], "starts": "15:00", "ends": "15:00", "suits": "no"}, "ends"),
        ({"weekdays": ["1"], "starts": "half past", "suits": "no"}, "starts"),
    ],
)
def test_what_makes_no_sense_stands_on_the_form(desk: Client, patient: Patient, fields: dict, where: str) -> None:
    answer = post(desk, patient, **fields)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [where])
    assert noted(patient) == []


def test_a_wish_of_another_patient_stays(desk: Client, patient: Patient, now: datetime) -> None:
    theirs = TimeWish.objects.create(patient=PatientFactory(), weekday=1, starts=time(8), ends=time(9), suits=False)
    assert post(desk, patient, remove=str(theirs.pk)).status_code == 302
    assert TimeWish.objects.filter(pk=theirs.pk).exists()
