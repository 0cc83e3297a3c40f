"""Two people, two browsers: what a helper says on a phone stands on the desk's board within ten seconds."""

import pytest
from playwright.sync_api import expect

from tests.browser import daylight
from tests.browser.conftest import DESK, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_yes_shows_by_itself_with_focus_and_place_kept(new_context, page, context, server, sign_in, complaints):
    story = daylight.begin()
    part = story.patient(helpers=("Lee",))
    visit = story.visit(part, story.soon())
    for room in (1, 2):
        story.visit(story.patient("Omar", f"Petrov {room}"), story.soon(), room=room)
    sign_in(context, story.clinic.desk)
    page.set_viewport_size(DESK)
    page.goto(server)
    expect(page.locator(f"#visit-{visit.pk}")).to_contain_text("No way home")
    page.evaluate("window.scrollTo(0, 90)")
    page.locator(f"#floor-{visit.pk} a").first.evaluate("link => link.focus({preventScroll: true})")
    place = "[document.activeElement.closest('tr').id, window.scrollY]"
    before = page.evaluate(place)

    phone = new_context(viewport=PHONE).new_page()
    story.as_helper(phone, part, "Lee")
    phone.locator("label.date").click()
    phone.get_by_role("button", name="I can take").click()
    for tick in ("adult", "sober", "stay"):
        phone.locator(f"[name={tick}]").check()
    phone.get_by_role("button", name="Yes to all of it").click()
    expect(page.locator(f"#visit-{visit.pk}")).to_contain_text("With Lee", timeout=daylight.PATIENCE)
    assert page.evaluate(place) == before
