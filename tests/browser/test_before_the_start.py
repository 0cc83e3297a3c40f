"""Before a treatment: the patient answers on a phone, the nurse asks, measures and takes a step back on a tablet."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from clinic.enums import HoldQuestion, InfusionStatus, Role
from clinic.models import HoldAnswer
from support.domain import links
from support.enums import CommitmentStatus
from tests import world
from tests.browser.conftest import PHONE
from tests.factories import (
    CommitmentFactory,
    CourseFactory,
    InfusionFactory,
    PatientFactory,
    PolicyFactory,
    RoomFactory,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TABLET = {"width": 768, "height": 1024}


@pytest.fixture
def here():
    return world.build(now=timezone.now())


@pytest.fixture
def visit(here):
    """A patient of their own who has come, with somebody who takes them home."""
    now = timezone.now()
    policy = PolicyFactory(
        site=here.site, hold_questions=list(HoldQuestion), systolic_max=140, diastolic_max=90, consent_days=30
    )
    patient = PatientFactory(site=here.site, given_name="Noor", interpreter="Portuguese")
    infusion = InfusionFactory(
        course=CourseFactory(patient=patient, protocol=here.patient.courses.get().protocol),
        policy=policy,
        room=RoomFactory(site=here.site),
        starts_at=now + timedelta(minutes=5),
        status=InfusionStatus.ARRIVED,
        arrived_at=now,
        number=1,
    )
    patient.treatment_consents.create(
        signed_on=(now - timedelta(days=2)).date(), recorded_by=here.staff[Role.NURSE], recorded_at=now
    )
    CommitmentFactory(infusion=infusion, status=CommitmentStatus.RECONFIRMED, answered_at=now, reconfirmed_at=now)
    return infusion


def no_sideways(page) -> None:
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def small_targets(page) -> list[str]:
    """What a finger has to hit and is lower than 44 px; links inside sentences are read, not aimed at."""
    page.wait_for_load_state()
    return page.evaluate(
        """[...document.querySelectorAll("main button, main summary, main .precheck__pick label, main .choices label")]
            .filter(one => one.checkVisibility() && one.getBoundingClientRect().height < 44)
            .map(one => one.outerHTML.slice(0, 120))"""
    )


@pytest.mark.parametrize("size", [PHONE, TABLET], ids=["phone", "tablet"])
def test_the_nurse_asks_measures_and_starts(
    size, page, context, server, sign_in, here, visit, no_violations, complaints
):
    page.set_viewport_size(size)
    sign_in(context, here.staff[Role.NURSE])
    page.goto(f"{server}/infusions/{visit.pk}/checks/")
    no_violations(page)
    no_sideways(page)
    assert small_targets(page) == []
    questions = page.get_by_role("radiogroup")
    expect(questions).to_have_count(len(HoldQuestion))
    for question in questions.all():
        question.get_by_label("Yes" if "fever" in question.inner_text() else "No", exact=True).check()
    page.get_by_role("button", name="Write down").first.click()
    page.get_by_label("Upper").fill("150")
    page.get_by_label("Lower").fill("95")
    page.get_by_role("button", name="Write down").click()
    expect(page.get_by_text("above the limit")).to_be_visible()
    no_violations(page)
    no_sideways(page)
    assert small_targets(page) == []

    sign_in(context, here.staff[Role.CLINICIAN])
    page.reload()
    no_violations(page)
    for _flag in range(2):
        page.get_by_label("Why it may go on").first.fill("Seen, can go on")
        page.get_by_role("button", name="Clear").first.click()
    expect(page.get_by_text("Everything is in place.")).to_be_visible()
    page.get_by_role("button", name="Start").first.click()
    expect(page.locator("#phase")).to_contain_text("Under way since")
    page.get_by_role("button", name="Undo (until").click()
    expect(page.locator("#phase")).to_contain_text("Here since")
    no_violations(page)
    visit.refresh_from_db()
    assert (visit.status, visit.started_at) == (InfusionStatus.ARRIVED, None)


def test_the_questions_are_answered_with_the_keyboard_alone(page, context, server, sign_in, here, visit):
    sign_in(context, here.staff[Role.NURSE])
    page.goto(f"{server}/infusions/{visit.pk}/checks/")
    page.locator("input[name=ate][value=no]").focus()
    for _question in HoldQuestion:
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Written down.")).to_be_visible()
    assert HoldAnswer.objects.filter(is_yes=False).count() == len(HoldQuestion)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_patient_answers_on_a_phone(scripts, new_context, server, visit, no_violations):
    page = new_context(viewport=PHONE, java_script_enabled=scripts).new_page()
    page.goto(links.address(links.for_patient(patient=visit.patient, now=timezone.now())))
    page.get_by_role("link", name="Answer the questions").click()
    if scripts:
        no_violations(page)
        no_sideways(page)
        assert small_targets(page) == []
    for question in page.get_by_role("group").all():
        question.get_by_label("Yes" if "harming" in question.inner_text() else "No", exact=True).check()
    page.get_by_role("button", name="Send my answers").click()
    expect(page.get_by_text("Somebody comes and speaks with you.")).to_be_visible()
    expect(page.get_by_role("region", name="Numbers that help").get_by_role("link").first).to_be_visible()
    if scripts:
        no_violations(page)
        no_sideways(page)
