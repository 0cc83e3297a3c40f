"""Consent to the treatment on a patient's record."""

import pytest
from django.urls import reverse

from clinic.models import TreatmentConsent
from tests.factories import PatientFactory, PolicyFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient(site):
    PolicyFactory(site=site, consent_days=30)
    return PatientFactory(site=site)


def post(client, patient, what="", **data):
    return client.post(reverse(f"patient_consent{what}", args=[patient.pk]), data)


def page(client, patient) -> str:
    return client.get(reverse("patient", args=[patient.pk])).content.decode()


def test_it_is_written_down_with_the_day_on_the_paper_and_shows_until_when(desk, patient):
    assert "None on record. A visit cannot start without it." in page(desk, patient)
    assert post(desk, patient, signed_on="2026-02-27").status_code == 302
    assert "Signed 27 February 2026, good until 29 March 2026." in page(desk, patient)


def test_it_is_taken_back(desk, patient):
    post(desk, patient, signed_on="2026-02-27")
    post(desk, patient, "_withdraw")
    assert TreatmentConsent.objects.get().withdrawn_at is not None
    assert "None on record." in page(desk, patient)


def test_a_paper_that_is_too_old_is_not_good(desk, patient):
    post(desk, patient, signed_on="2025-01-15")
    html = page(desk, patient)
    assert "good until 14 February 2025" in html
    assert ["Run out" in html, "Missing" in html] == [True, False]


@pytest.mark.parametrize("day", ["", "x", "2026-02-30", "2026-03-04", "1890-01-01", "0000-00-00"])
def test_a_day_that_cannot_be_is_refused_in_words(desk, patient, day):
    response = post(desk, patient, signed_on=day)
    assert response.status_code == 422
    assert 'role="alert"' in response.content.decode()
    assert not TreatmentConsent.objects.exists()


def test_where_the_rules_do_not_ask_nothing_is_shown(desk, site):
    PolicyFactory(site=site)
    assert "Consent to the treatment" not in page(desk, PatientFactory(site=site))
