"""The desk sees who is asked until when and what comes next, and goes on by hand; on a phone, without a script too."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from clinic.enums import Role, Rung
from support.domain import ladder
from support.models import LadderStep
from tests import world
from tests.browser.conftest import PHONE
from tests.factories import (
    CommitmentFactory,
    CourseFactory,
    DesignationFactory,
    InfusionFactory,
    PatientFactory,
    PolicyFactory,
    RoomFactory,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def here():
    return world.build(now=timezone.now())


@pytest.fixture
def visit(here):
    """In two days; Sam and Lee are asked."""
    now = timezone.now()
    policy = PolicyFactory(site=here.site, rungs=[Rung.ADULT_DRIVES, Rung.PAID_ESCORT, Rung.POSTPONE])
    course = CourseFactory(
        patient=PatientFactory(site=here.site, given_name="Noor"), protocol=here.patient.courses.get().protocol
    )
    infusion = InfusionFactory(
        course=course,
        policy=policy,
        room=RoomFactory(site=here.site),
        starts_at=now.replace(second=0, microsecond=0) + timedelta(days=2),
        number=1,
    )
    for name in ("Sam", "Lee"):
        named = DesignationFactory(patient=course.patient, person__given_name=name)
        CommitmentFactory(infusion=infusion, designation=named, asked_at=now)
    ladder.sweep(now=now)
    return infusion


def open_page(page, context, server, sign_in, here, visit):
    sign_in(context, here.staff[Role.FRONT_DESK])
    page.set_viewport_size(PHONE)
    page.goto(server + reverse("infusion", args=[visit.pk]))
    return page.locator("section:has(#ladder)")


def test_the_desk_goes_on_with_a_word(page, context, server, sign_in, here, visit, no_violations):
    part = open_page(page, context, server, sign_in, here, visit)
    expect(part).to_contain_text("Asking Sam, Lee until")
    expect(part).to_contain_text("A paid escort is to be booked until")
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    no_violations(page)
    part.get_by_role("button", name="Not possible").click()
    expect(page.locator("body")).to_contain_text("Say in a few words why it is not possible.")
    part.get_by_label("A word on it").fill("Both are away")
    part.get_by_role("button", name="Not possible").click()
    expect(part).to_contain_text("A paid escort is to be booked until")
    part.locator("summary", has_text="What was tried").click()
    expect(part).to_contain_text("Both are away")
    no_violations(page)


def test_without_a_script_the_desk_does_not_wait(browser, server, sign_in, here, visit):
    context = browser.new_context(java_script_enabled=False)
    part = open_page(context.new_page(), context, server, sign_in, here, visit)
    part.get_by_role("button", name="Do not wait").click()
    expect(part).to_contain_text("Another day is to be found, unless somebody says yes.")
    assert LadderStep.objects.get(infusion=visit, ended_at=None).rung == "paid_escort"
    context.close()
