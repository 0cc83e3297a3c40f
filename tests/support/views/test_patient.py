from datetime import time, timedelta

import pytest
from django.urls import reverse

from clinic.enums import InfusionStatus, Role
from clinic.models import AuditEntry
from messaging.domain import opt_outs
from messaging.models import Consent
from support.domain import alerts, record_page
from support.enums import AlertKind, CommitmentStatus
from tests.factories import (
    CommitmentFactory,
    CourseFactory,
    DesignationFactory,
    PatientFactory,
    ProtocolFactory,
    RoomFactory,
    StaffFactory,
)

QUERIES = 28


@pytest.fixture
def maya(site, policy):
    return PatientFactory(site=site, given_name="Maya", family_name="Tran")


@pytest.fixture
def course(maya, site):
    return CourseFactory(patient=maya, protocol=ProtocolFactory(site=site))


def page(client, patient):
    return client.get(reverse("patient", args=[patient.pk])).content.decode()


def test_visits_that_have_no_time_yet_can_be_placed(desk, maya, course, book, now):
    book(at=now + timedelta(days=1), course=course)
    book(
        at=now + timedelta(days=2),
        course=course,
        number=2,
        status=InfusionStatus.CANCELLED,
        cancelled_at=now,
        off_reason="x",
    )
    text = page(desk, maya)
    assert "5 visits have no time yet." in text
    assert reverse("course_place", args=[course.pk]) in text


def test_the_next_visit_is_the_first_that_is_still_ahead(maya, course, book, now):
    later = book(at=now + timedelta(days=4), course=course)
    first = book(at=now + timedelta(days=1), course=course, number=2)
    shown = record_page.of(patient=maya, now=now)
    assert shown.next_visit.infusion.pk == first.pk != later.pk


def test_a_number_nobody_can_dial_is_shown_as_received(desk, site, policy):
    patient = PatientFactory(site=site, phone="", phone_as_received="555-LOST")
    text = page(desk, patient)
    assert "555-LOST" in text
    assert "as received, unverified" in text


def test_correcting_the_number_keeps_what_was_typed_when_it_is_wrong(desk, maya):
    url = reverse("patient_contact", args=[maya.pk])
    response = desk.post(url, {"phone": "12", "email": "new@example.org"})
    assert (response.status_code, "new@example.org" in response.content.decode()) == (422, True)
    desk.post(url, {"phone": "410 555 0188", "email": "new@example.org"})
    maya.refresh_from_db()
    assert (maya.phone, maya.email) == ("+14105550188", "new@example.org")


def test_the_agreement_to_texts_names_who_heard_it(desk, site, policy, now):
    patient = PatientFactory(site=site, agreed=False)
    words = "May we text you about your visits, how you are afterwards and times that become free?"
    assert words in desk.get(reverse("patient", args=[patient.pk])).content.decode()
    desk.post(reverse("patient_texts", args=[patient.pk]))
    rows = Consent.objects.filter(person=f"patient:{patient.pk}", channel="sms", address=patient.phone)
    assert set(rows.values_list("purpose", flat=True)) == {"visits", "checkins", "offers"}
    assert {(row.given_at, row.recorded_by is not None, words in row.wording) for row in rows} == {(now, True, True)}
    assert words not in desk.get(reverse("patient", args=[patient.pk])).content.decode()


@pytest.mark.parametrize(
    ("door", "said"),
    [
        ("patient_texts", {}),
        ("patient_stop", {"say": "start", "channel": "sms"}),
        ("patient_consent", {"signed_on": "2026-03-03"}),
    ],
)
def test_a_new_yes_heard_during_a_treatment_waits(desk, sign_in, book, now, door, said):
    visit = book(at=now, status=InfusionStatus.STARTED, arrived_at=now, started_at=now)
    address = reverse(door, args=[visit.patient_id])
    response = desk.post(address, said)
    assert (response.status_code, "agrees to nothing new before" in response.content.decode()) == (422, True)
    assert sign_in(Role.CLINICIAN).post(address, said).status_code == 302


def test_who_stopped_and_what_they_wished_is_said_beside_them(desk, maya, now):
    rosa = DesignationFactory(patient=maya).person
    assert "No more texts" not in page(desk, maya)
    opt_outs.record(address=rosa.phone, how="text", now=now)
    assert page(desk, maya).count("No more texts") == 1
    assert "agreed " in page(desk, maya)
    opt_outs.record(address=maya.phone, how="spoken", now=now)
    maya.prefers, maya.texts_less, maya.quiet_from, maya.quiet_until = "voice", True, time(20), time(10)
    maya.save()
    text = page(desk, maya)
    assert text.count("No more texts") == 2
    assert "agreed " not in text
    for wish in ("would rather be called", "only what cannot wait", "no texts from 20:00 to 10:00"):
        assert wish in text


def test_who_has_seen_the_record_is_on_the_record(desk, maya):
    page(desk, maya)
    assert AuditEntry.objects.filter(verb="read", patient_id=maya.pk).count() == 1
    assert "Dana Rivera" in page(desk, maya)


def test_rooms_helpers_and_who_looked_are_shown_as_text(sign_in, maya, course, book, site, now):
    """What people wrote, in the lists that are drawn without a template."""
    evil = "<b>Maya'\""
    visit = book(at=now + timedelta(days=1), course=course, room=RoomFactory(site=site, name=evil))
    CommitmentFactory(
        infusion=visit,
        status=CommitmentStatus.RECONFIRMED,
        answered_at=now,
        reconfirmed_at=now,
        designation__person__given_name=f"{evil}Rosa",
    )
    desk = sign_in(staff=StaffFactory(role=Role.FRONT_DESK, sites=[site], full_name=f"{evil} Rivera"))
    page(desk, maya)
    html = page(desk, maya)
    assert "<b>Maya" not in html
    assert "'\"" not in html
    for words in ("<small>{} · Booked</small>", "With {}Rosa</span>", "<li>{} Rivera<small>"):
        assert words.format("&lt;b&gt;Maya&#x27;&quot;") in html


@pytest.mark.parametrize("rows", [1, 3])
def test_the_number_of_queries_does_not_depend_on_the_record(
    desk, maya, course, book, now, rows, django_assert_num_queries
):
    for number in range(rows):
        book(at=now + timedelta(days=number + 1), course=course, number=number + 1)
        DesignationFactory(patient=maya)
        alerts.open_alert(kind=AlertKind.CALL_ME, key=f"k{number}", says="x", patient=maya, now=now)
    page(desk, maya)
    with django_assert_num_queries(QUERIES):
        page(desk, maya)
