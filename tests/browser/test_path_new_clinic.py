"""A new clinic: from an empty database and the code in the terminal to rules that are signed."""

import re

import pytest
from playwright.sync_api import expect

from clinic.domain import invitations, policies, setup_code, sites
from clinic.models import StaffMember
from config.demo.part import Part
from tests.browser import daylight
from tests.browser.conftest import DESK

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "four quiet words here"


@pytest.fixture
def desk(page):
    page.set_viewport_size(DESK)
    page.set_default_timeout(daylight.PATIENCE)
    return page


@pytest.fixture
def code(settings, tmp_path):
    settings.SETUP_CODE, settings.SETUP_CODE_PATH = "", tmp_path / "code"
    return setup_code.ensure()


def choose_password(page) -> None:
    page.get_by_label("Password", exact=False).first.fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD)


def next_step(page, server: str, title: str) -> None:
    page.goto(f"{server}/setup/")
    page.get_by_role("link", name=f"Next: {title}").click()


def saved(page) -> None:
    expect(page.locator("#said")).to_be_visible()


def test_from_an_empty_database_to_signed_rules(desk, new_context, server, code):
    desk.goto(f"{server}/setup/begin/")
    desk.get_by_label("One-time code").fill("not the code")
    desk.get_by_label("Your name").fill("Tom Adeyemi")
    desk.get_by_label("Your e-mail").fill("tom@example.org")
    choose_password(desk)
    desk.get_by_role("button", name="Begin").click()
    expect(desk.get_by_text("This is not the code.").first).to_be_visible()
    expect(desk.get_by_label("Your name")).to_have_value("Tom Adeyemi")
    desk.get_by_label("One-time code").fill(code)
    choose_password(desk)
    desk.get_by_role("button", name="Begin").click()
    expect(desk.get_by_role("heading", level=1)).to_have_text("Clinic set-up")

    next_step(desk, server, "Name, address and phone")
    desk.locator("[name=name]").fill("Riverside")
    desk.locator("[name=public_name]").fill("Riverside Care")
    desk.locator("[name=street]").fill("3 River Road")
    desk.locator("[name=timezone]").select_option("America/Denver")
    desk.locator("[name=phone]").fill("(303) 555-0148")
    desk.get_by_role("button", name="Save").click()
    saved(desk)

    next_step(desk, server, "Rooms")
    desk.locator("[name=name]").fill("Room 1")
    desk.locator("[name=guest_places]").fill("1")
    desk.get_by_role("button", name="Save").click()
    expect(desk.get_by_role("rowheader", name="Room 1")).to_be_visible()

    next_step(desk, server, "Opening hours and closed days")
    for weekday in range(5):
        desk.locator(f"[name=from_{weekday}]").fill("08:00")
        desk.locator(f"[name=to_{weekday}]").fill("17:00")
    desk.get_by_role("button", name="Save the hours").click()
    saved(desk)

    for name, role in (("Elena Marsh", "director"), ("Kwame Osei", "clinician")):
        desk.goto(f"{server}/setup/people/invite/")
        desk.get_by_label("Name").fill(name)
        desk.get_by_label("E-mail").fill(f"{name.split()[1].lower()}@example.org")
        desk.get_by_label("Role").select_option(role)
        desk.get_by_role("button", name="Invite").click()
        expect(desk.locator("#said")).to_contain_text(f"{name} gets an e-mail.")

    next_step(desk, server, "Protocols")
    desk.get_by_label("IV, 6 in 3 weeks").check()
    desk.get_by_role("button", name="Add these").click()
    expect(desk.locator("#said")).to_contain_text("1 added.")

    desk.goto(f"{server}/setup/")
    expect(desk.get_by_text("The rules are not signed yet").first).to_be_visible()
    expect(desk.get_by_text("5 of 6 steps are done.")).to_be_visible()

    # The medical director opens the invitation on her own machine and signs.
    hers = new_context(viewport=DESK).new_page()
    elena = StaffMember.objects.get(email="marsh@example.org")
    hers.goto(invitations.address(staff=elena))
    choose_password(hers)
    hers.get_by_role("button", name="Start working").click()
    hers.get_by_role("link", name="See the rules").click()
    hers.get_by_role("link", name="Write the rules").first.click()
    hers.get_by_role("button", name="Save the draft").click()
    hers.locator("summary", has_text="Sign these rules").click()
    hers.get_by_role("button", name="Yes, I sign").click()
    expect(hers.get_by_text("Version 1 counts. Signed by Elena Marsh")).to_be_visible()
    expect(hers.get_by_text("The rules are not signed yet")).to_have_count(0)

    # She reads a page for patients and approves it.
    hers.get_by_role("link", name="Library").click()
    hers.locator("main table a").first.click()
    hers.get_by_role("button", name=re.compile("^Approve")).click()
    saved(hers)

    desk.goto(f"{server}/setup/")
    expect(desk.get_by_text("6 of 6 steps are done.")).to_be_visible()
    assert all(step.done for step in sites.steps(site=elena.sites.get()))


def test_nobody_can_begin_twice(desk, server, code):
    daylight.begin()
    response = desk.goto(f"{server}/setup/begin/")
    assert response.status == 404


def test_before_the_signature_nothing_starts_and_the_page_says_so(desk, context, server, sign_in, monkeypatch):
    """The rules of this clinic were never signed: a visit can be booked, the patient can come, and that is all."""
    monkeypatch.setattr(policies, "sign", lambda *, policy, actor, now: policy)
    monkeypatch.setattr("config.demo.clinic.approve_pages", lambda clinic, now: None)
    story = daylight.begin()
    part: Part = story.patient(helpers=("Lee",))
    visit = story.visit(part, story.soon(30))
    story.confirmed(part, "Lee", visit)
    sign_in(context, story.clinic.nurse)
    desk.goto(f"{server}/infusions/{visit.pk}/")
    expect(desk.get_by_text("The rules are not signed yet")).to_be_visible()
    desk.get_by_role("button", name="Arrived").first.click()
    desk.get_by_role("button", name="Start").first.click()
    expect(desk.locator("#refused")).to_contain_text("The clinic's rules are not signed yet.")
    visit.refresh_from_db()
    assert visit.started_at is None
