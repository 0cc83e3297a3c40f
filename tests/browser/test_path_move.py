"""A visit is moved: the desk sees what it does, does it, and takes it back."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from clinic.enums import Role
from clinic.models import RuleOverride
from tests.browser import daylight
from tests.browser.conftest import DESK, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def story():
    return daylight.begin()


@pytest.fixture
def visit(story):
    """One of six; Lee said yes to it."""
    part = story.patient(helpers=("Lee", "Jo"))
    visit = story.series(part)[0]
    part.say_yes([visit.starts_at], story.now - timedelta(minutes=30))
    return visit


def choose(page, server, visit, *, choice: int = 3) -> None:
    page.goto(f"{server}/infusions/{visit.pk}/move/")
    page.locator("label.slot").nth(choice).click()
    page.get_by_role("button", name="See what it changes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Move this visit?")


def test_the_desk_sees_what_a_move_does_and_undoes_it(new_context, server, story, visit, sign_in, no_violations):
    context = new_context(viewport=DESK)
    sign_in(context, story.clinic.desk)
    page = context.new_page()
    choose(page, server, visit)
    expect(page.locator("main")).to_contain_text("Lee said yes to")
    expect(page.locator("main")).to_contain_text("Asked for the new time")
    no_violations(page)
    page.get_by_role("button", name="Move and tell them").click()
    expect(page.locator("#said")).to_contain_text("Moved. Everybody who had said yes is asked again")
    no_violations(page)
    page.get_by_role("button", name="Undo the move").click()
    expect(page.locator("#said")).to_contain_text("Undone: the visit is where it was.")
    before = visit.starts_at
    visit.refresh_from_db()
    assert (visit.starts_at, visit.version) == (before, 3)


def test_a_time_against_the_rules_without_scripts_on_a_phone(new_context, server, story, visit, sign_in):
    page = daylight.without_scripts(new_context, PHONE)
    sign_in(page.context, next(one for one in story.clinic.clinicians if one.role == Role.CLINICIAN))
    page.goto(f"{server}/infusions/{visit.pk}/move/")
    page.get_by_text("Another time, room or clinician").click()
    page.get_by_label("Time").fill("05:10")
    page.locator("main details form button").click()
    expect(page.locator("main")).to_contain_text("This is outside the opening hours")
    assert daylight.too_wide(page) == []
    page.get_by_label("Why all the same").fill("Flies at noon.")
    page.get_by_role("button", name="Move and tell them").click()
    expect(page.locator("main")).to_contain_text("Flies at noon.")
    assert daylight.too_wide(page) == []
    assert RuleOverride.objects.get().infusion == visit
