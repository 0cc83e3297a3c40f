"""The patient, on a phone: who stands by me, somebody new, what they see, and quietly off the list again."""

import pytest
from playwright.sync_api import expect

from support.models import Designation
from tests.browser import daylight
from tests.browser.conftest import PHONE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def story():
    return daylight.begin()


@pytest.fixture
def part(story):
    return story.patient(helpers=("Lee",))


@pytest.fixture
def phone(page):
    page.set_viewport_size(PHONE)
    page.set_default_timeout(daylight.PATIENCE)
    return page


def name_look_and_take_off(page, story, part, look) -> None:
    """``look`` is called on every page on the way."""
    page.goto(story.patient_address(part))
    page.get_by_role("link", name="Who they are, and what they may know").click()
    expect(page.get_by_role("heading", name="Lee")).to_be_visible()
    look(page)
    page.get_by_role("link", name="Name somebody").click()
    page.get_by_role("button", name="Put them on my list").click()
    expect(page.get_by_role("alert")).to_contain_text("First name")
    look(page)
    page.get_by_label("First name").fill("Jo")
    page.get_by_label("Mobile number").fill("(410) 555-0177")
    page.locator("label", has_text="This person is 18 or older").click()
    page.get_by_role("button", name="Put them on my list").click()
    expect(page.get_by_text("Jo is on your list. We ask them for you.")).to_be_visible()
    page.get_by_role("link", name="See what Jo sees").click()
    expect(page.get_by_text("Jo has not opened it yet.")).to_be_visible()
    assert page.locator("main :is(button, input):not([disabled])").count() == 0
    look(page)
    page.get_by_role("link", name="Back").click()
    page.get_by_role("link", name="Change what Jo does or may know").click()
    look(page)
    page.get_by_role("button", name="Take Jo off my list").click()
    expect(page.get_by_text("Jo is off your list. Nobody is told.")).to_be_visible()
    expect(page.get_by_role("heading", name="Jo")).to_have_count(0)


def test_somebody_is_named_looked_at_and_taken_off(phone, server, story, part, no_violations, complaints):
    def look(page) -> None:
        assert daylight.too_wide(page) == []
        small = "els => els.filter(e => e.getClientRects().length && e.getBoundingClientRect().height < 44)"
        assert page.locator("main :is(button, label.choice, .plain-links a)").evaluate_all(f"{small}.length") == 0
        no_violations(page)

    name_look_and_take_off(phone, story, part, look)
    # The form that was sent empty.
    assert [line for line in complaints if "422" not in line] == []
    complaints.clear()
    assert Designation.objects.get(person__given_name="Jo").withdrawn_at is not None


def test_the_same_without_scripts(new_context, server, story, part):
    page = daylight.without_scripts(new_context, PHONE)
    name_look_and_take_off(page, story, part, lambda page: None)
