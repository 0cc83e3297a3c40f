"""The front desk, as Dana works: find, book six, name two, record what is said by phone, correct, send again."""

import re

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from clinic.models import Infusion
from support.enums import CommitmentStatus
from support.models import Commitment, Designation
from tests.browser import daylight
from tests.browser.conftest import DESK
from tests.browser.daylight import fill_in_and_sign_in, sign_in_on_the_page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def story():
    return daylight.begin()


@pytest.fixture
def desk(page, context, server, sign_in, story):
    page.set_viewport_size(DESK)
    sign_in(context, story.clinic.desk)
    return page


def name_helper(page, given: str, phone: str) -> None:
    page.get_by_role("link", name="Name a helper").first.click()
    page.get_by_label("First name").fill(given)
    page.get_by_label("Mobile").fill(phone)
    page.get_by_label("E-mail").fill(f"{given.lower()}@example.org")
    page.get_by_label("Is 18 or older").check()
    page.get_by_role("button", name="Save and invite").click()
    expect(page.locator("#said")).to_contain_text(f"{given} is on the list and is being asked.")


def test_from_signing_in_to_six_visits_and_two_helpers_asked(page, server, story, complaints):
    part = story.patient("Lucía", "Gutiérrez")
    page.set_viewport_size(DESK)
    sign_in_on_the_page(page, server, "dana@example.org")

    page.get_by_label("Find a patient").fill("Gutierez")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Gutiérrez, Lucía").click()
    page.get_by_role("link", name="Book a series").first.click()
    page.get_by_label("Protocol").select_option(label="IV, 6 in 3 weeks")
    page.get_by_role("button", name="Find plans").click()
    expect(page.locator(".plan").first.get_by_role("listitem")).to_have_count(6)
    page.get_by_role("button", name="Book this plan").click()
    expect(page.locator("#said")).to_contain_text("6 visits are booked.")

    name_helper(page, "Marta", "410 555 0161")
    name_helper(page, "Pablo", "410 555 0162")
    page.get_by_role("link", name="Messages", exact=True).click()
    # One text and one e-mail each.
    invitations = page.locator("main tbody tr", has_text="Invitation")
    expect(invitations.filter(has_text="Marta")).to_have_count(2)
    expect(invitations.filter(has_text="Pablo")).to_have_count(2)
    asked = Commitment.objects.filter(infusion__patient=part.patient, status=CommitmentStatus.ASKED, role="ride")
    assert (Infusion.objects.filter(patient=part.patient).count(), asked.count()) == (6, 12)


def test_a_yes_by_phone_a_new_number_and_the_link_once_more(desk, server, story, complaints):
    part = story.patient(helpers=("Lee", "Jo"))
    visits = story.series(part)
    desk.goto(f"{server}/infusions/{visits[0].pk}/")
    desk.get_by_role("button", name="Lee said yes by phone").first.click()
    expect(desk.locator("#said")).to_contain_text("Recorded for Lee: Said yes.")

    desk.get_by_role("link", name="Patient’s page").click()
    desk.get_by_role("link", name=re.compile("Correct number.*Jo")).click()
    desk.get_by_label("Mobile").fill("(410) 555-0177")
    desk.get_by_role("button", name="Save").click()
    expect(desk.get_by_role("link", name="410 555 0177").or_(desk.get_by_text("555-0177")).first).to_be_visible()
    desk.get_by_role("button", name=re.compile("Send the link again.*Jo")).click()
    expect(desk.locator("#said")).to_contain_text("The link is on its way to Jo.")
    assert story.named(part, "Jo").person.phone == "+14105550177"


def test_the_desk_works_with_the_keyboard_alone(desk, server, story):
    part = story.patient("Lucía", "Gutiérrez")
    desk.goto(server)
    desk.keyboard.press("/")
    desk.keyboard.type("Gutierez")
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("link", name="Gutiérrez, Lucía")).to_be_visible()
    press_on(desk, "Gutiérrez, Lucía")
    expect(desk.get_by_role("heading", level=1)).to_have_text("Lucía Gutiérrez")
    press_on(desk, "Book a series")
    tab_to(desk, "Protocol")
    desk.keyboard.type("IV, 6 in 3")
    press_on(desk, "Find plans")
    expect(desk.get_by_role("button", name="Book this plan")).to_be_visible()
    press_on(desk, "Book this plan")
    expect(desk.locator("#said")).to_contain_text("6 visits are booked.")
    assert Infusion.objects.filter(patient=part.patient).count() == 6


# Past the script that holds a second press back: two requests with the same form.
SEND_TWICE = """button => Promise.all([1, 2].map(() =>
  fetch(location.href, {method: "POST", body: new FormData(button.form)})))"""
FOCUSED = """() => {
  const element = document.activeElement;
  return ((element.labels?.[0] ?? element).innerText || element.value || "").trim();
}"""


def tab_to(page, name: str) -> None:
    """Tab by tab to the field, link or button with this name."""
    for _press in range(80):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED).startswith(name):
            return
    raise AssertionError(f"no way to {name} with the Tab key")


def press_on(page, name: str) -> None:
    tab_to(page, name)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_the_desk_works_without_scripts(new_context, server, story):
    part = story.patient("Lucía", "Gutiérrez")
    page = daylight.without_scripts(new_context, DESK)
    sign_in_on_the_page(page, server, "dana@example.org")
    page.get_by_label("Find a patient").fill("Gutierez")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Gutiérrez, Lucía").click()
    page.get_by_role("link", name="Book a series").first.click()
    page.get_by_label("Protocol").select_option(label="IV, 6 in 3 weeks")
    page.get_by_role("button", name="Find plans").click()
    page.get_by_role("button", name="Book this plan").click()
    name_helper(page, "Marta", "410 555 0161")
    visit = Infusion.objects.filter(patient=part.patient).earliest("starts_at")
    page.goto(f"{server}/infusions/{visit.pk}/")
    page.get_by_role("button", name="Marta said yes by phone").first.click()
    expect(page.locator("#said")).to_contain_text("Recorded for Marta")


def test_a_stale_form_says_what_changed_and_books_nothing_twice(desk, context, server, story):
    part = story.patient(helpers=("Lee",))
    visit = story.series(part)[0]
    second = context.new_page()
    for tab in (desk, second):
        tab.goto(f"{server}/infusions/{visit.pk}/move/")
    for tab, choice in ((desk, 3), (second, 5)):
        tab.locator("label.slot").nth(choice).click()
        tab.get_by_role("button", name="See what it changes").click()
    for tab in (desk, second):
        tab.get_by_role("button", name="Move and tell them").click()
        tab.wait_for_load_state()
    expect(desk.locator("#said")).to_contain_text("Moved.")
    expect(second.locator("#refused")).to_contain_text("Not done")
    visit.refresh_from_db()
    assert visit.version == 2


def test_pressing_book_twice_books_six(desk, server, story):
    part = story.patient()
    desk.goto(f"{server}/patients/{part.patient.pk}/course/new/")
    desk.get_by_label("Protocol").select_option(label="IV, 6 in 3 weeks")
    desk.get_by_role("button", name="Find plans").click()
    book = desk.get_by_role("button", name="Book this plan")
    book.evaluate(SEND_TWICE)
    assert Infusion.objects.filter(patient=part.patient).count() == 6


def test_pressing_twice_past_the_script_names_one_helper(desk, server, story):
    part = story.patient()
    desk.goto(f"{server}/patients/{part.patient.pk}/people/new/")
    desk.get_by_label("First name").fill("Zoë")
    desk.get_by_label("Is 18 or older").check()
    desk.get_by_role("button", name="Save and invite").evaluate(SEND_TWICE)
    assert Designation.objects.filter(patient=part.patient).count() == 1


def test_a_session_that_ended_while_naming_a_helper_loses_nothing(page, server, story):
    part = story.patient()
    page.set_viewport_size(DESK)
    sign_in_on_the_page(page, server, "dana@example.org")
    page.goto(f"{server}/patients/{part.patient.pk}/people/new/")
    page.get_by_label("First name").fill("Zoë")
    page.get_by_label("Mobile").fill("410 555 0161")
    page.get_by_label("Is 18 or older").check()
    Session.objects.all().delete()
    page.get_by_role("button", name="Save and invite").click()
    fill_in_and_sign_in(page, "dana@example.org")
    expect(page.get_by_label("First name")).to_have_value("Zoë")
    page.get_by_role("button", name="Save and invite").click()
    expect(page.locator("#said")).to_contain_text("Zoë is on the list")
    assert Designation.objects.filter(patient=part.patient).count() == 1
