"""Today's board in a browser: it changes by itself, keeps one's place, and works without scripts and on a phone."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from clinic.domain import infusions
from clinic.enums import Role
from support.domain import commitments
from support.enums import AnsweredVia, CommitmentStatus
from tests.browser.conftest import DESK, PHONE
from tests.factories import (
    CommitmentFactory,
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


@pytest.fixture
def now():
    return datetime.now(UTC).replace(second=0, microsecond=0)


@pytest.fixture
def site(now):
    """A clinic where it is between noon and one o'clock, whenever the test runs."""
    return SiteFactory(timezone=f"Etc/GMT{now.hour - 12:+d}")


@pytest.fixture
def dana(site):
    return StaffFactory(role=Role.FRONT_DESK, sites=[site], full_name="Dana Rivera")


@pytest.fixture
def asked(site, now):
    """Maya comes in an hour; Jo was asked to drive and has not answered."""
    policy = PolicyFactory(site=site)
    promises = []
    for number in range(3):
        room = RoomFactory(site=site, name=f"Room {number + 1}")
        course = CourseFactory(
            patient__site=site,
            patient__given_name=["Maya", "Omar", "Ana"][number],
            protocol=ProtocolFactory(site=site),
        )
        visit = InfusionFactory(
            course=course, room=room, policy=policy, starts_at=now + timedelta(hours=1 + number), number=1
        )
        promises.append(CommitmentFactory(infusion=visit, designation__person__given_name="Jo"))
    return promises[0]


@pytest.fixture
def board(page, context, server, sign_in, dana, asked):
    sign_in(context, dana)
    page.set_viewport_size(DESK)
    page.goto(server)
    return page


def test_a_yes_by_link_shows_by_itself_and_ones_place_is_kept(board, asked, complaints):
    board.evaluate("window.scrollTo(0, 90)")
    board.locator(f"#floor-{asked.infusion_id} a").first.focus()
    commitments.accept(commitment=asked, via=AnsweredVia.LINK, now=datetime.now(UTC))
    expect(board.locator(f"#visit-{asked.infusion_id}")).to_contain_text("With Jo", timeout=PATIENCE)
    place = board.evaluate("[document.activeElement.closest('tr').id, window.scrollY]")
    assert place == [f"floor-{asked.infusion_id}", 90]


def test_what_was_said_by_phone_takes_one_press(board, asked):
    board.get_by_role("button", name="Jo said yes by phone").first.click()
    board.wait_for_load_state()
    asked.refresh_from_db()
    assert asked.status == CommitmentStatus.RECONFIRMED
    assert "Recorded for Jo" in board.locator("#said").inner_text()


def test_the_next_step_takes_one_press_and_leads_back_to_the_board(board, server, asked):
    board.locator(f"#floor-{asked.infusion_id} button").click()
    board.wait_for_load_state()
    asked.infusion.refresh_from_db()
    assert asked.infusion.arrived_at is not None
    assert board.url == f"{server}/"


def test_a_date_being_picked_is_not_taken_away_by_the_refresh(board, asked):
    board.fill("#day-pick", "2031-05-06")
    infusions.arrive(infusion=asked.infusion, actor=asked.infusion.clinician, now=datetime.now(UTC))
    expect(board.locator(f"#visit-{asked.infusion_id}")).to_contain_text("Here since", timeout=PATIENCE)
    assert board.input_value("#day-pick") == "2031-05-06"


def test_on_a_phone_the_day_is_a_list_by_time(board, asked, no_violations):
    board.set_viewport_size(PHONE)
    assert board.locator(".agenda__list li").count() == 3
    assert board.locator(".agenda").is_visible()
    assert not board.locator(".board").is_visible()
    board.wait_for_load_state()
    assert board.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    no_violations(board)


def test_without_scripts_the_board_works(browser, server, sign_in, dana, asked):
    plain = browser.new_context(java_script_enabled=False, viewport=DESK)
    sign_in(plain, dana)
    page = plain.new_page()
    page.goto(server)
    assert page.get_by_role("link", name="Refresh").is_visible()
    page.locator(f"#floor-{asked.infusion_id} button").click()
    asked.infusion.refresh_from_db()
    assert asked.infusion.arrived_at is not None
    plain.close()


def test_a_refusal_is_read_out_where_it_happened(page, context, server, sign_in, site, asked, no_violations):
    nurse = StaffFactory(role=Role.NURSE, sites=[site])
    infusions.arrive(infusion=asked.infusion, actor=nurse, now=datetime.now(UTC))
    sign_in(context, nurse)
    page.goto(server + reverse("infusion", args=[asked.infusion_id]))
    page.get_by_role("button", name="Start").first.click()
    expect(page.locator("#refused")).to_be_focused()
    assert "There is no confirmed way home." in page.locator("#refused").inner_text()
    no_violations(page)
