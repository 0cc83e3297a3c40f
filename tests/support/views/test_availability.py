from datetime import date, time

import pytest
from django.test import Client
from django.urls import reverse

from clinic.models import Site
from support.models import Availability, Designation
from tests.factories import DesignationFactory, PatientFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def named(site: Site) -> Designation:
    return DesignationFactory(patient=PatientFactory(site=site))


def post(client: Client, named: Designation, **fields):
    return client.post(reverse("designation_times", args=[named.pk]), fields)


def test_never_on_thursdays(desk: Client, named: Designation) -> None:
    answer = post(desk, named, weekdays=["3"], can="no")
    assert answer.url == reverse("designation_times", args=[named.pk])
    row = named.person.availability.get()
    assert (row.weekday, row.can, row.starts, row.ends) == (3, False, time(0), time(23, 59))
    assert "Every Thursday: cannot" in desk.get(answer.url).content.decode()


def test_away_for_some_days(desk: Client, named: Designation) -> None:
    post(desk, named, first_day="2026-06-03", last_day="2026-06-10", can="no")
    row = named.person.availability.get()
    assert (row.weekday, row.first_day, row.last_day) == (None, date(2026, 6, 3), date(2026, 6, 10))


def test_only_after_three_on_weekdays(desk: Client, named: Designation) -> None:
    post(desk, named, weekdays=["0", "1", "2", "3", "4"], starts="15:00", can="yes")
    assert {(row.can, row.starts) for row in named.person.availability.all()} == {(True, time(15))}


def test_a_row_is_taken_back(desk: Client, named: Designation) -> None:
    post(desk, named, weekdays=["3"], can="no")
    post(desk, named, remove=str(Availability.objects.get().pk))
    assert Availability.objects.count() == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"can": "no"},
        {"weekdays": ["3"]},
        {"weekdays": ["3"], "first_day": "2026-06-03", "can": "no"},
        {"last_day": "2026-06-03", "can": "no"},
        {"first_day": "2026-06-10", "last_day": "2026-06-03", "can": "no"},
        {"weekdays": ["3"], "starts": "15:00", "ends": "14:00", "can": "no"},
    ],
)
def test_what_makes_no_sense_stands_on_the_form(desk: Client, named: Designation, fields: dict) -> None:
    assert post(desk, named, **fields).status_code == 422
    assert Availability.objects.count() == 0


def test_a_helper_of_another_clinic_is_not_found(desk: Client) -> None:
    assert post(desk, DesignationFactory(), weekdays=["3"], can="no").status_code == 404
