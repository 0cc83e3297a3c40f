"""The desk joins two records of one patient, from the patient's page on."""

import pytest
from django.utils import timezone

from clinic.enums import Role
from tests import world
from tests.factories import PatientFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_two_records_are_found_compared_and_joined(context, page, server, sign_in, no_violations, complaints):
    here = world.build(now=timezone.now())
    other = PatientFactory(site=here.site, given_name="Maia", birth_date=here.patient.birth_date)
    sign_in(context, here.staff[Role.FRONT_DESK])
    page.goto(f"{server}/patients/{here.patient.pk}/")
    page.get_by_role("link", name="Same person as another record").click()
    page.get_by_role("link", name="See both").click()
    no_violations(page)
    page.get_by_role("button", name="Yes, join these two records").click()
    page.get_by_text("The two records are one now.").wait_for()
    other.refresh_from_db()
    assert other.merged_into == here.patient
