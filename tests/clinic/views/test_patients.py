from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from clinic.models import AuditEntry, Patient, Site
from tests.factories import InfusionFactory, PatientFactory, RoomFactory

pytestmark = pytest.mark.django_db

NEW = {"given_name": "Maya", "family_name": "Tran", "birth_date": "1987-02-03", "language": "en"}


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_the_database_as_often_for_three_as_for_one(
    count: int, desk: Client, site: Site, django_assert_num_queries
) -> None:
    PatientFactory.create_batch(count, site=site)
    desk.get(reverse("patients"))
    with django_assert_num_queries(7):
        desk.get(reverse("patients"))


@pytest.mark.parametrize("count", [1, 3])
def test_a_search_asks_the_database_as_often_for_three_as_for_one(
    count: int, desk: Client, site: Site, django_assert_num_queries
) -> None:
    PatientFactory.create_batch(count, site=site, family_name="Gutiérrez")
    with django_assert_num_queries(13):
        answer = desk.get(reverse("patient_search"), {"q": "Gutierez"})
    assert answer.content.decode().count("Gutiérrez, Maya") == count


def test_the_list_shows_only_this_clinics_patients(desk: Client, site: Site) -> None:
    PatientFactory(site=site, family_name="Here")
    PatientFactory(family_name="Elsewhere")
    page = desk.get(reverse("patients")).content.decode()
    assert ("Here, Maya" in page, "Elsewhere" in page) == (True, False)


def test_the_list_shows_the_next_visit_in_the_clinics_time(desk: Client, site: Site, time_machine, now) -> None:
    time_machine.move_to(now)
    patient = PatientFactory(site=site)
    InfusionFactory(
        course__patient=patient, course__opened_by=desk.staff, booked_by=desk.staff, room=RoomFactory(site=site)
    )
    assert "Wed 4 Mar, 10:30" in desk.get(reverse("patients")).content.decode()


@pytest.mark.parametrize("asked", [{"for": "series"}, {"for": "series", "q": "Here"}])
def test_opened_for_a_series_the_list_asks_for_whom_and_leads_on_to_it(desk: Client, site: Site, asked) -> None:
    patient = PatientFactory(site=site, family_name="Here")
    page = desk.get(reverse("patient_search" if "q" in asked else "patients"), asked).content.decode()
    assert "Who is the series for?" in page
    assert f'href="{reverse("course_new", args=[patient.pk])}"' in page


def test_seeing_the_list_is_written_down(desk: Client) -> None:
    desk.get(reverse("patients"))
    entry = AuditEntry.objects.latest("pk")
    assert (entry.verb, entry.subject, entry.actor) == ("read", "patients", f"staff:{desk.staff.pk}")


def test_typing_gets_the_rows_alone(desk: Client, site: Site) -> None:
    PatientFactory(site=site, family_name="Gutiérrez")
    answer = desk.get(reverse("patient_search"), {"q": "gutierez"}, headers={"HX-Request": "true"}).content.decode()
    assert ("Gutiérrez, Maya" in answer, "<html" in answer) == (True, False)


@pytest.mark.parametrize("query", ["", " ", "\x00", "'; DROP TABLE clinic_patient; --", "%", "😀", "x" * 500])
def test_no_search_breaks_the_page(query: str, desk: Client) -> None:
    assert desk.get(reverse("patient_search"), {"q": query}).status_code == 200


def test_a_patient_is_taken_in(desk: Client, site: Site) -> None:
    answer = desk.post(reverse("patient_new"), {**NEW, "phone": "410-555-0142", "email": "maya@example.org"})
    patient = Patient.objects.get()
    assert answer.url == reverse("patient", args=[patient.pk])
    assert (patient.site, patient.phone, patient.email) == (site, "+14105550142", "maya@example.org")


def test_a_number_nobody_can_dial_is_kept(desk: Client) -> None:
    desk.post(reverse("patient_new"), {**NEW, "phone": "555-975-1082"})
    patient = Patient.objects.get()
    assert (patient.phone, patient.phone_as_received) == ("", "555-975-1082")


def test_a_form_sent_twice_makes_one_patient(desk: Client) -> None:
    desk.post(reverse("patient_new"), NEW)
    again = desk.post(reverse("patient_new"), NEW)
    assert (again.status_code, Patient.objects.count()) == (422, 1)
    assert "Is it one of these?" in again.content.decode()


def test_somebody_else_with_the_same_name_and_birth_date_can_be_taken_in(desk: Client) -> None:
    desk.post(reverse("patient_new"), NEW)
    desk.post(reverse("patient_new"), {**NEW, "known_is_fine": "on"})
    assert Patient.objects.count() == 2


def test_what_was_typed_stays_when_something_is_wrong(desk: Client) -> None:
    answer = desk.post(reverse("patient_new"), {**NEW, "birth_date": "1987-02"})
    page = answer.content.decode()
    assert (answer.status_code, 'value="Tran"' in page, 'value="1987-02"' in page) == (422, True, True)


def test_markup_in_a_name_is_shown_as_text(desk: Client, site: Site) -> None:
    PatientFactory(site=site, family_name="<script>alert(1)</script>")
    page = desk.get(reverse("patients")).content.decode()
    assert ("<script>alert" in page, "&lt;script&gt;alert" in page) == (False, True)


def test_a_record_is_corrected(desk: Client, site: Site) -> None:
    patient = PatientFactory(site=site)
    answer = desk.post(reverse("patient_edit", args=[patient.pk]), {**NEW, "family_name": "Trần", "record_number": "7"})
    patient.refresh_from_db()
    assert answer.status_code == 302
    assert (patient.family_name, patient.birth_date, patient.record_number) == ("Trần", date(1987, 2, 3), "7")


def test_a_record_number_of_another_patient_is_refused_and_nothing_is_lost(desk: Client, site: Site) -> None:
    PatientFactory(site=site, record_number="7")
    patient = PatientFactory(site=site, family_name="Before")
    answer = desk.post(reverse("patient_edit", args=[patient.pk]), {**NEW, "record_number": "7"})
    page = answer.content.decode()
    patient.refresh_from_db()
    assert (answer.status_code, patient.family_name) == (422, "Before")
    assert "Another patient has this record number." in page


def test_a_language_that_an_import_brought_stays(desk: Client, site: Site) -> None:
    patient = PatientFactory(site=site, language="vi")
    desk.post(reverse("patient_edit", args=[patient.pk]), {**NEW, "language": "vi"})
    patient.refresh_from_db()
    assert patient.language == "vi"


@pytest.mark.parametrize("name", ["patient_edit", "course_new"])
def test_another_clinics_patient_is_not_found(name: str, desk: Client) -> None:
    assert desk.get(reverse(name, args=[PatientFactory().pk])).status_code == 404


def test_a_record_is_put_away_and_brought_back(desk: Client, site: Site) -> None:
    patient = PatientFactory(site=site)
    address = reverse("patient_put_away", args=[patient.pk])
    desk.post(address)
    assert desk.get(reverse("patients")).context["page"].paginator.count == 0
    assert desk.get(reverse("patients"), {"away": ""}).context["page"].paginator.count == 1
    desk.post(address)
    assert desk.get(reverse("patients")).context["page"].paginator.count == 1


def test_a_record_with_visits_ahead_is_not_put_away(desk: Client, site: Site, time_machine, now) -> None:
    time_machine.move_to(now)
    patient = PatientFactory(site=site)
    InfusionFactory(course__patient=patient, course__opened_by=desk.staff, booked_by=desk.staff)
    desk.post(reverse("patient_put_away", args=[patient.pk]))
    patient.refresh_from_db()
    assert not patient.is_archived


def test_looking_does_not_put_a_record_away(desk: Client, site: Site) -> None:
    patient = PatientFactory(site=site)
    assert desk.get(reverse("patient_put_away", args=[patient.pk])).status_code == 405
