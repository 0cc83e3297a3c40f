"""Who takes a patient home, date by date, on the record."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from support.enums import CommitmentStatus
from tests.factories import CommitmentFactory, CourseFactory, DesignationFactory, PatientFactory, ProtocolFactory

DAY = timedelta(days=1)


@pytest.fixture
def course(site, policy):
    return CourseFactory(patient=PatientFactory(site=site), protocol=ProtocolFactory(site=site))


def test_the_record_shows_each_date_with_its_shape_and_word(desk, course, book, now):
    first = book(at=now + 20 * DAY, course=course, number=1)
    book(at=now + 2 * DAY, course=course, number=2)
    rosa = DesignationFactory(patient=course.patient, person__given_name="Rosa")
    fields = {"status": CommitmentStatus.ACCEPTED, "answered_at": now}
    CommitmentFactory(infusion=first, designation=rosa, **fields)
    html = desk.get(reverse("patient", args=[course.patient_id])).content.decode()
    panel = html.split('aria-labelledby="coverage"')[1].split("</section>")[0]
    assert [re.sub(r"\s+", " ", words) for words in re.findall(r'coverage__word">([^<]+)<', panel)] == [
        "Nobody yet. We see to it now.",
        "Rosa said yes",
    ]
    assert re.findall(r"mark mark--(\w+)", panel) == ["red", "full", "red", "full"]
    assert "1 covered, 1 open" in panel
    assert f'href="{reverse("infusion", args=[first.pk])}"' in panel


def test_a_patient_without_a_visit_ahead_has_no_map(desk, course):
    assert 'id="coverage"' not in desk.get(reverse("patient", args=[course.patient_id])).content.decode()
