"""At the door on a tablet and a phone: every page of a handover that is not as planned."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from support.domain import commitments, links
from support.enums import AnsweredVia
from support.models import Handover, QuietWord
from tests.browser import daylight
from tests.browser.conftest import PHONE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def story(server):
    return daylight.begin()


@pytest.fixture
def ready(story):
    """Maya is ready, Lee has the way home, Jo was asked too."""
    part = story.patient(helpers=("Lee", "Jo"))
    visit = story.visit(part, story.soon(30))
    promise = part.helper().commitments.get(infusion=visit, role="ride")
    commitments.accept(commitment=promise, via=AnsweredVia.LINK, now=timezone.now())
    for step in (part.arrive, part.start, part.recover, part.ready):
        step(visit.starts_at, timezone.now())
    visit.refresh_from_db()
    return part, visit


@pytest.fixture
def nurse(page, context, server, sign_in, story, complaints):
    page.set_viewport_size(PHONE)
    sign_in(context, story.clinic.nurse)
    return page


def fits(page, no_violations) -> None:
    assert daylight.too_wide(page) == []
    no_violations(page)


def test_every_page_at_the_door_fits_a_phone_and_is_for_everybody(nurse, server, ready, no_violations):
    _part, visit = ready
    for path in ("", "not/", "swap/", "against-advice/"):
        nurse.goto(f"{server}/infusions/{visit.pk}/handover/{path}")
        fits(nurse, no_violations)
    nurse.goto(f"{server}/infusions/{visit.pk}/handover/")
    nurse.get_by_role("button", name="Their phone is dead: print a slip").click()
    drawn = Handover.objects.get(infusion=visit)
    expect(nurse.locator(".slip")).to_contain_text(drawn.helper_word)
    expect(nurse.locator(".slip svg")).to_be_visible()
    fits(nurse, no_violations)


def test_a_quiet_word_is_said_unseen_and_heard_before_anybody_leaves(
    nurse, new_context, server, story, ready, no_violations
):
    part, visit = ready
    patient = new_context(viewport=PHONE).new_page()
    link = links.for_patient(patient=part.patient, now=timezone.now())
    patient.goto(f"{server}/l/{links.token(link)}/")
    patient.get_by_role("button", name="Ask a nurse to come").click()
    expect(patient.get_by_role("button", name="Ask a nurse to come")).to_be_visible()
    expect(patient.locator("#said")).to_be_empty()
    fits(patient, no_violations)
    nurse.goto(f"{server}/infusions/{visit.pk}/handover/")
    expect(nurse.get_by_role("heading", name="Speak with Maya alone first")).to_be_visible()
    fits(nurse, no_violations)
    nurse.get_by_label("What was agreed").fill("She wants to go with her sister")
    nurse.get_by_role("button", name="They do not want to go with this person").click()
    expect(nurse.get_by_label("The patient does not want to go with them")).to_be_checked()
    nurse.get_by_label("Lee").check()
    nurse.get_by_role("button", name="Not handed over").click()
    expect(nurse.locator("#said")).to_contain_text("stays, and a clinician is told.")
    assert QuietWord.objects.get().outcome == "She wants to go with her sister"
    nurse.goto(f"{server}/infusions/{visit.pk}/handover/swap/")
    nurse.get_by_label("Jo").check()
    nurse.get_by_role("button", name="They take the way home").click()
    expect(nurse.get_by_role("heading", name="To a named adult")).to_be_visible()
    expect(nurse.get_by_label("Jo")).to_be_checked()
