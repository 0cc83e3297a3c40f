"""The schedule in a browser: carried by mouse and keyboard, seen by two desks, booked by a click, kept while held."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from clinic.domain import infusions
from clinic.domain.times import local_day
from clinic.enums import Role
from tests.browser.conftest import DESK, PHONE
from tests.factories import (
    CourseFactory,
    InfusionFactory,
    PolicyFactory,
    ProtocolFactory,
    RoomFactory,
    SiteFactory,
    StaffFactory,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PATIENCE = 10_000  # "within ten seconds", in milliseconds
HOUR = timedelta(hours=1)


@pytest.fixture
def now():
    return datetime.now(UTC).replace(second=0, microsecond=0)


@pytest.fixture
def site(now):
    """A clinic where it is between eight and nine o'clock, whenever the test runs."""
    return SiteFactory(timezone=f"Etc/GMT{now.hour - 8:+d}" if now.hour < 21 else f"Etc/GMT-{32 - now.hour}")


@pytest.fixture
def day(site, now):
    return local_day(moment=now, zone=site.zone)


@pytest.fixture
def visit(site, day):
    """Maya comes to Room 1 at noon; Room 2 is free all day."""
    rooms = [RoomFactory(site=site, name=f"Room {number}") for number in (1, 2)]
    course = CourseFactory(patient__site=site, patient__given_name="Maya", protocol=ProtocolFactory(site=site))
    clinician = StaffFactory(role=Role.CLINICIAN, sites=[site])
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=site.zone).astimezone(UTC)
    policy = PolicyFactory(site=site)
    return InfusionFactory(course=course, room=rooms[0], clinician=clinician, policy=policy, starts_at=noon, number=1)


@pytest.fixture
def dana(site):
    return StaffFactory(role=Role.FRONT_DESK, sites=[site], full_name="Dana Rivera")


@pytest.fixture
def schedule(page, context, server, sign_in, dana, visit):
    sign_in(context, dana)
    page.set_viewport_size(DESK)
    page.goto(server + reverse("schedule"))
    return page


def asked_of(page):
    """The place, clock time of it and version the page with the consequences was asked about."""
    page.wait_for_url("**/move/preview/**")
    asked = parse_qs(urlsplit(page.url).query)
    start, room, _clinician = asked["slot"][0].split("~")
    return datetime.fromisoformat(start), int(room), int(asked["version"][0])


def carry(page, visit, to_lane, *, hours):
    """Presses on the visit's block, drags it so many hours to the right in another lane, and lets go."""
    block = page.locator(f"#visit-{visit.pk}").bounding_box()
    lane = page.locator(f"[data-lane='{to_lane}']").bounding_box()
    grab = block["x"] + block["width"] / 2
    hour = lane["width"] / 10
    page.mouse.move(grab, block["y"] + 20)
    page.mouse.down()
    page.mouse.move(grab + hours * hour / 2, lane["y"] + 30)
    page.mouse.move(grab + hours * hour, lane["y"] + 30)


def test_a_drag_leads_to_what_would_change_and_saves_nothing(schedule, visit, site):
    other = site.rooms.get(name="Room 2")
    carry(schedule, visit, other.pk, hours=1.5)
    expect(schedule.locator(".carried")).to_contain_text("13:30–15:10")
    schedule.mouse.up()
    assert asked_of(schedule) == (visit.starts_at + 1.5 * HOUR, other.pk, 1)
    visit.refresh_from_db()
    assert visit.room.name == "Room 1"


def test_a_drag_out_of_the_board_stays_where_it_was_and_says_so(schedule, visit):
    block = schedule.locator(f"#visit-{visit.pk}").bounding_box()
    schedule.mouse.move(block["x"] + 20, block["y"] + 20)
    schedule.mouse.down()
    schedule.mouse.move(block["x"] + 60, block["y"] - 150)
    schedule.mouse.move(block["x"] + 60, 10)
    schedule.mouse.up()
    expect(schedule.locator("#carry")).to_contain_text("stays at 12:00")
    assert schedule.locator(".is-held, .carried").count() == 0
    assert schedule.url.endswith(reverse("schedule"))


def test_the_keyboard_carries_too_and_every_step_is_said(schedule, visit, site):
    other = site.rooms.get(name="Room 2")
    schedule.locator(f"#visit-{visit.pk} .visit__open").focus()
    schedule.keyboard.press("m")
    expect(schedule.locator("#carry")).to_contain_text("12:00, Room 1")
    schedule.keyboard.press("ArrowRight")
    schedule.keyboard.press("ArrowDown")
    expect(schedule.locator("#carry")).to_contain_text("12:15, Room 2")
    schedule.keyboard.press("Enter")
    assert asked_of(schedule) == (visit.starts_at + HOUR / 4, other.pk, 1)


def test_escape_puts_the_visit_back_with_the_focus_on_it(schedule, visit):
    schedule.locator(f"#visit-{visit.pk} .visit__open").focus()
    for key in ("m", "ArrowLeft", "Escape"):
        schedule.keyboard.press(key)
    expect(schedule.locator("#carry")).to_contain_text("stays at 12:00")
    assert schedule.evaluate("document.activeElement.closest('.visit').id") == f"visit-{visit.pk}"


def test_two_desks_see_each_others_changes_and_what_is_held_is_kept(schedule, visit, complaints):
    infusions.arrive(infusion=visit, actor=visit.clinician, now=datetime.now(UTC))
    block = schedule.locator(f"#visit-{visit.pk}")
    expect(block).to_contain_text("Here since", timeout=PATIENCE)
    block.locator(".visit__open").focus()
    schedule.keyboard.press("m")
    infusions.start(
        infusion=visit, actor=visit.clinician, now=datetime.now(UTC), override_reason="Her sister is on the way."
    )
    schedule.wait_for_timeout(9_000)
    assert "Here since" in block.inner_text()
    schedule.keyboard.press("Escape")
    expect(block).to_contain_text("Under way", timeout=PATIENCE)


def test_a_click_in_free_time_asks_who_should_come_then(schedule, site):
    gap = schedule.locator(f"[data-lane='{site.rooms.get(name='Room 2').pk}'] .gap")
    box = gap.bounding_box()
    gap.click(position={"x": box["width"] - 3 * box["width"] / 10, "y": 10})
    schedule.wait_for_url("**/schedule/book/**")
    assert schedule.get_by_role("heading", level=1).inner_text().startswith("Book 1")
    assert "Room 2" in schedule.locator(".heading__sum").inner_text()


def test_the_pointer_shows_what_a_click_would_book_and_never_past_the_last_start(schedule, site):
    gap = schedule.locator(f"[data-lane='{site.rooms.get(name='Room 2').pk}'] .gap")
    box = gap.bounding_box()
    gap.hover(position={"x": box["width"] - 5, "y": 10})
    # A visit takes 100 minutes, the clinic closes at 18:00.
    expect(schedule.locator(".carried")).to_have_text("Book 16:15")
    gap.click(position={"x": box["width"] - 5, "y": 10})
    schedule.wait_for_url("**/schedule/book/**")
    assert schedule.get_by_role("heading", level=1).inner_text() == "Book 16:15"


@pytest.mark.parametrize("asked", ["", "?days=7", "?by=clinician"])
def test_each_look_is_clean_on_the_desk_and_on_a_phone(schedule, server, asked, no_violations, complaints):
    for size in (DESK, PHONE):
        schedule.set_viewport_size(size)
        schedule.goto(server + reverse("schedule") + asked)
        assert schedule.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        no_violations(schedule)


def test_without_scripts_every_visit_and_every_free_time_is_a_link(new_context, server, sign_in, dana, visit):
    plain = new_context(java_script_enabled=False, viewport=DESK)
    sign_in(plain, dana)
    page = plain.new_page()
    page.goto(server + reverse("schedule"))
    assert page.get_by_role("link", name="Refresh").is_visible()
    assert page.locator(f"#visit-{visit.pk} .visit__move").get_attribute("href") == reverse(
        "infusion_move", args=[visit.pk]
    )
    page.locator(".gap").first.click()
    assert "Book" in page.get_by_role("heading", level=1).inner_text()


def test_on_paper_are_the_visits_and_nothing_to_press(schedule, visit):
    controls = schedule.locator("button, input, select, nav, a.button, .gap")
    assert any(one.is_visible() for one in controls.all())
    schedule.emulate_media(media="print")
    block = schedule.locator(f"#visit-{visit.pk}")
    expect(block).to_be_visible()
    expect(block).to_contain_text(visit.patient.short_name)
    assert [one.inner_text() for one in controls.all() if one.is_visible()] == []
