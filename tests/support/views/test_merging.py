from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from clinic.enums import Role
from clinic.models import AuditEntry, Patient, Site
from tests.factories import DesignationFactory, PatientFactory


@pytest.fixture
def maya(site: Site) -> Patient:
    return PatientFactory(site=site, given_name="Maya", family_name="Tran", record_number="R-1")


@pytest.fixture
def maia(site: Site) -> Patient:
    return PatientFactory(site=site, given_name="Maia", family_name="Tran", record_number="R-2")


def test_the_desk_finds_the_other_record_by_what_they_share(desk: Client, maya: Patient, maia: Patient) -> None:
    PatientFactory(site=maya.site, given_name="Raj", family_name="Sen", birth_date="1950-01-01")
    page = desk.get(reverse("patient_same", args=[maya.pk]))
    assert page.context["rows"] == [maia]
    found = desk.get(reverse("patient_same", args=[maya.pk]), {"q": "Raj"})
    assert [row.given_name for row in found.context["rows"]] == ["Raj"]


def test_both_are_shown_side_by_side_and_joined_as_shown(desk: Client, maya: Patient, maia: Patient) -> None:
    DesignationFactory(patient=maia, person__given_name="Sam", person__family_name="Okoro")
    address = reverse("patient_same", args=[maya.pk])
    page = desk.get(address, {"with": maia.pk})
    text = page.content.decode()
    assert ("R-1" in text, "R-2" in text, "Sam Okoro comes along" in text, "cannot be undone" in text) == (True,) * 4
    desk.post(address, {"with": maia.pk, "edition": page.context["preview"].edition})
    maia.refresh_from_db()
    assert maia.merged_into == maya
    seen = AuditEntry.objects.filter(verb="read").values_list("patient_id", flat=True)
    assert {maya.pk, maia.pk} <= set(seen)


def test_what_changed_since_it_was_shown_is_said_and_nothing_is_joined(
    desk: Client, maya: Patient, maia: Patient
) -> None:
    address = reverse("patient_same", args=[maya.pk])
    shown = desk.get(address, {"with": maia.pk}).context["preview"].edition
    Patient.objects.filter(pk=maia.pk).update(phone="+14105550177")
    answer = desk.post(address, {"with": maia.pk, "edition": shown})
    maia.refresh_from_db()
    assert (answer.status_code, maia.merged_into) == (422, None)
    assert "has changed meanwhile" in answer.content.decode()


def test_visits_at_one_time_leave_no_button(desk: Client, maya: Patient, maia: Patient, book: Callable, now) -> None:
    for patient in (maya, maia):
        visit = book(at=now + timedelta(days=1))
        visit.course.patient = visit.patient = patient
        visit.course.save()
        visit.save()
    page = desk.get(reverse("patient_same", args=[maya.pk]), {"with": maia.pk}).content.decode()
    assert ("Both have a visit at one time" in page, "Yes, join these two records" in page) == (True, False)


@pytest.mark.parametrize("name", ["patient", "patient_edit", "patient_contact", "patient_same", "designation_new"])
def test_every_page_of_the_record_put_away_leads_to_the_one_that_is_left(
    name: str, desk: Client, maya: Patient, maia: Patient
) -> None:
    address = reverse("patient_same", args=[maya.pk])
    edition = desk.get(address, {"with": maia.pk}).context["preview"].edition
    desk.post(address, {"with": maia.pk, "edition": edition})
    answer = desk.get(reverse(name, args=[maia.pk]))
    assert answer.url == reverse("patient", args=[maya.pk])
    assert "Two records of this patient were joined." in desk.get(answer.url).content.decode()


def test_a_nurse_neither_sees_the_link_nor_the_page(sign_in: Callable[..., Client], maya: Patient) -> None:
    nurse, address = sign_in(Role.NURSE), reverse("patient_same", args=[maya.pk])
    assert nurse.get(address).status_code == 403
    assert address not in nurse.get(reverse("patient", args=[maya.pk])).content.decode()


@pytest.mark.parametrize("other", ["0", "9" * 30, "x"])
def test_a_number_that_is_nobodys_is_not_found(other: str, desk: Client, maya: Patient) -> None:
    answer = desk.post(reverse("patient_same", args=[maya.pk]), {"with": other})
    assert answer.status_code == (200 if other == "x" else 404)
