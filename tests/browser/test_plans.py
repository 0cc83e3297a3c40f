"""The plans of a series: the whole card chooses it, but not where the card asks something else."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from clinic.enums import Role
from clinic.models import Course
from tests.browser.conftest import DESK, PHONE
from tests.factories import PatientFactory, ProtocolFactory, RoomFactory, SiteFactory, StaffFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_box_of_a_date_leaves_it_out_and_chooses_no_plan(size, context, page, server, sign_in, no_violations):
    site = SiteFactory()
    RoomFactory(site=site)
    StaffFactory(role=Role.CLINICIAN, sites=[site])
    protocol, patient = ProtocolFactory(site=site), PatientFactory(site=site)
    sign_in(context, StaffFactory(role=Role.FRONT_DESK, sites=[site]))
    page.set_viewport_size(size)
    day = timezone.localdate() + timedelta(days=3)
    wish = {"protocol": str(protocol.pk), "first_day": day.isoformat(), "prefer": "10:30"}
    page.goto(server + reverse("course_new", args=[patient.pk], query=wish))
    second = page.locator(".plan").nth(1)
    second.get_by_role("checkbox").nth(2).check()
    assert page.get_by_role("radio").first.is_checked()
    no_violations(page)
    second.locator("label.plan__name").click()
    assert second.get_by_role("radio").is_checked()
    page.get_by_role("button", name="Book this plan").click()
    page.get_by_text("5 visits are booked.").wait_for()
    assert set(Course.objects.get().infusions.values_list("number", flat=True)) == {1, 2, 4, 5, 6}
