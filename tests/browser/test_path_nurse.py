"""The nurse, between rooms with a tablet: each step one tap, each refused out of order, nobody leaves alone."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from clinic.enums import InfusionStatus
from clinic.models import Infusion
from support.domain import commitments
from support.enums import AnsweredVia
from tests.browser import daylight

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TABLET = {"width": 834, "height": 1112}


@pytest.fixture
def story():
    return daylight.begin()


@pytest.fixture
def nurse(page, context, server, sign_in, story):
    page.set_viewport_size(TABLET)
    page.set_default_timeout(daylight.PATIENCE)
    sign_in(context, story.clinic.nurse)
    return page


@pytest.fixture
def part(story):
    return story.patient(helpers=("Lee",))


def press(page, name: str) -> None:
    page.get_by_role("button", name=name).first.click()


def said(page):
    return page.locator("#said")


def refused(page):
    return page.locator("#refused")


def ask_and_do(page, button: str, confirm: str, **typed: str) -> None:
    """Opens the question, fills it in and says yes."""
    page.locator("summary", has_text=button).first.click()
    for name, words in typed.items():
        page.locator(f"dialog [name={name}], details[open] [name={name}]").fill(words)
    page.locator("dialog, details[open]").get_by_role("button", name=confirm).click()


def hand_over(page, story, visit) -> None:
    visit.refresh_from_db()
    page.get_by_role("link", name="Hand over").first.click()
    press(page, "Hand over")
    expect(page.locator(".form-errors").first).to_be_visible()
    page.get_by_label("Both words match").check()
    page.get_by_label("The patient says").fill(visit.handover.patient_word)
    page.get_by_label("The helper says").fill(visit.handover.helper_word)
    page.get_by_label(re.compile("They accepted what they take on")).check()
    for item in page.get_by_role("group", name="Looked at before leaving").first.get_by_role("checkbox").all():
        item.check()
    page.get_by_label("I have this adult in front of me").check()
    page.get_by_label(re.compile("They have tonight’s instructions")).check()
    page.get_by_label("Discharge score").first.fill("10")
    press(page, "Hand over")
    expect(refused(page)).to_contain_text("the shortest recovery")
    story.let_pass(visit, minutes=45)
    press(page, "Hand over")
    expect(said(page)).to_contain_text("is on the way home.")


def ask_aloud(page) -> None:
    """What the rules ask before a treatment, and back to the visit."""
    page.get_by_role("link", name="Questions and readings").click()
    for question in page.get_by_role("radiogroup").all():
        question.get_by_label("No", exact=True).check()
    press(page, "Write down")
    expect(said(page)).to_contain_text("Written down.")
    page.get_by_role("link", name="The visit").click()


def the_whole_visit(page, server, story, part) -> None:
    visit = story.visit(part, story.soon(30))
    page.goto(f"{server}/infusions/{visit.pk}/")
    press(page, "Arrived")
    expect(said(page)).to_contain_text("Arrived")
    press(page, "Start")
    expect(refused(page)).to_contain_text("There is no confirmed way home.")
    expect(refused(page)).to_contain_text("The questions before the treatment are not answered yet.")
    ask_aloud(page)

    promise = part.helper().commitments.get(infusion=visit, role="ride")
    commitments.accept(commitment=promise, via=AnsweredVia.LINK, now=timezone.now())
    page.goto(f"{server}/infusions/{visit.pk}/")
    for step, phase in (
        ("Start", "Under way since"),
        ("Recovering", "Recovering since"),
        ("Ready to leave", "Ready since"),
    ):
        press(page, step)
        expect(page.locator("#phase")).to_contain_text(phase)
    hand_over(page, story, visit)

    page.goto(f"{server}/infusions/{visit.pk}/")
    press(page, "Home safe")
    expect(page.get_by_text("Home at")).to_be_visible()
    visit.refresh_from_db()
    assert visit.status == InfusionStatus.HOME


def test_from_the_door_to_safely_home(nurse, server, story, part):
    the_whole_visit(nurse, server, story, part)


def test_from_the_door_to_safely_home_without_scripts(new_context, server, sign_in, story, part):
    page = daylight.without_scripts(new_context, TABLET)
    sign_in(page.context, story.clinic.nurse)
    the_whole_visit(page, server, story, part)


def test_every_step_out_of_order_is_refused_in_words(nurse, server, story, part):
    """A page that was left open offers a step that is no longer, or not yet, right."""
    visit = story.visit(part, story.soon(30))
    nurse.goto(f"{server}/infusions/{visit.pk}/")
    for step, sentence in (
        ("start", "Record the arrival first."),
        ("recover", "The treatment has not started yet."),
        ("ready", "The recovery has not begun yet."),
        ("home", "The patient has not left yet."),
        ("no-show", "It is not time for this visit yet."),
    ):
        nurse.goto(f"{server}/infusions/{visit.pk}/")
        nurse.get_by_role("button", name="Arrived").first.evaluate(
            "(button, step) => { button.form.action = button.form.action.replace('arrive', step); button.click() }",
            step,
        )
        expect(refused(nurse)).to_contain_text(sentence)
    visit.refresh_from_db()
    assert (visit.status, visit.version) == (InfusionStatus.BOOKED, 1)


def test_a_step_already_made_in_another_tab_is_not_made_twice(nurse, context, server, story, part):
    visit = story.visit(part, story.soon(30))
    second = context.new_page()
    for tab in (nurse, second):
        tab.goto(f"{server}/infusions/{visit.pk}/")
    press(nurse, "Arrived")
    expect(said(nurse)).to_contain_text("Arrived")
    press(second, "Arrived")
    expect(refused(second)).to_contain_text("This is done already.")
    expect(second.get_by_role("button", name="Start").first).to_be_visible()


def test_starting_against_the_rules_needs_a_role_and_a_reason(nurse, context, server, sign_in, story, part):
    visit = story.visit(part, story.soon(30))
    part.arrive(visit.starts_at, timezone.now())
    nurse.goto(f"{server}/infusions/{visit.pk}/")
    expect(nurse.get_by_text("Start against the rules")).to_have_count(0)
    sign_in(context, story.clinic.clinicians[0])
    nurse.reload()
    nurse.locator("summary", has_text="Start against the rules").click()
    nurse.get_by_label("Why it starts anyway").fill("Ward transport is arranged with the hospital.")
    nurse.get_by_role("button", name="Start against the rules").click()
    expect(nurse.get_by_text("Started against the rules at")).to_be_visible()
    visit.refresh_from_db()
    assert visit.override_reason == "Ward transport is arranged with the hospital."


def test_somebody_who_did_not_come(nurse, server, story, part):
    visit = story.visit(part, story.soon(-30))
    nurse.goto(f"{server}/infusions/{visit.pk}/")
    ask_and_do(nurse, "Did not come", "Did not come")
    expect(nurse.locator("#phase")).to_have_text("Did not come")


def test_stopping_early_and_what_is_said_about_it(nurse, server, story, part):
    visit = story.visit(part, story.soon(30))
    story.confirmed(part, "Lee", visit)
    part.arrive(visit.starts_at, timezone.now())
    part.start(visit.starts_at, timezone.now())
    nurse.goto(f"{server}/infusions/{visit.pk}/")
    ask_and_do(nurse, "Stop early", "Stop now", reason="Felt sick <at once>")
    expect(nurse.get_by_text("Felt sick <at once>")).to_be_visible()
    visit.refresh_from_db()
    assert visit.status == InfusionStatus.RECOVERING


def test_cancelling_and_finding_another_time(nurse, server, story, part):
    visit = story.visit(part, story.soon() + timedelta(days=2))
    nurse.goto(f"{server}/infusions/{visit.pk}/")
    ask_and_do(nurse, "Cancel", "Cancel the visit", reason="Has a cold")
    expect(nurse.get_by_text("Has a cold")).to_be_visible()
    nurse.get_by_role("link", name="Patient’s page").click()
    nurse.get_by_role("link", name="Find a time").click()
    nurse.locator("label.slot").first.click()
    press(nurse, "Book this time")
    expect(said(nurse)).to_contain_text("Booked.")


def test_somebody_who_came_without_a_booking(nurse, server, story, part):
    nurse.goto(f"{server}/patients/{part.patient.pk}/")
    nurse.get_by_role("link", name="Book a walk-in").click()
    nurse.wait_for_url("**/walk-in/")
    protocol = nurse.locator("#id_protocol")
    with nurse.expect_response(re.compile(r"walk-in/\?")) as looked:
        protocol.select_option(label="IV, one booster")
    assert "csrf" not in looked.value.url
    expect(protocol.locator("option:checked")).to_have_text("IV, one booster")
    expect(nurse.get_by_label("Room").locator("option:checked")).to_contain_text("free now")
    press(nurse, "Book and mark as arrived")
    expect(nurse.get_by_text("walk-in")).to_be_visible()
    visit = Infusion.objects.get(patient=part.patient)
    assert (visit.status, visit.course.protocol.name) == (InfusionStatus.ARRIVED, "IV, one booster")
