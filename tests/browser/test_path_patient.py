"""The patient, on a phone: what to do before, how to say "late", and after: this hour, three answers, help."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from support.domain.day import fasting
from support.enums import AlertKind
from support.models import Alert
from tests.browser import daylight
from tests.browser.conftest import DESK, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def story():
    return daylight.begin()


@pytest.fixture
def phone(page):
    page.set_viewport_size(PHONE)
    page.set_default_timeout(daylight.PATIENCE)
    return page


@pytest.fixture
def part(story):
    return story.patient(helpers=("Lee",))


@pytest.fixture
def board(context, server, sign_in, story):
    sign_in(context, story.clinic.desk)
    page = context.new_page()
    page.set_viewport_size(DESK)
    return page


def stands_on_the_board(board, server: str, kind: AlertKind) -> None:
    """With somebody's name and a time."""
    alert = Alert.objects.select_related("owner", "site").get(kind=kind)
    board.goto(server)
    by = f"{alert.deadline.astimezone(ZoneInfo(alert.site.timezone)):%H:%M}"
    expect(board.locator(f"#need-alert-{alert.pk}")).to_contain_text(f"{alert.owner.short_name} answers by {by}.")


def test_before_the_visit_fasting_stands_there_as_clock_times(phone, server, story, part, complaints):
    visit = story.visit(part, story.soon() + timedelta(days=1))
    story.confirmed(part, "Lee", visit)
    phone.goto(story.patient_address(part))
    expect(phone.locator("[aria-labelledby=who]")).to_contain_text("Lee")
    times = fasting(infusion=visit, policy=visit.policy)
    for moment in (times.no_food_after, times.no_drinks_after):
        expect(phone.locator(".hours")).to_contain_text(f"{moment.astimezone(story.clinic.site.zone):%H:%M}")
    assert daylight.too_wide(phone) == []


def late_then_not_at_all(page, story, part) -> None:
    page.goto(story.patient_address(part))
    page.locator("label", has_text="20").click()
    page.get_by_role("button", name="I’m late").click()
    expect(page.get_by_text("You told us: about 20 minutes late.")).to_be_visible()
    page.get_by_role("button", name="I can’t come").click()
    expect(page.get_by_text("The front desk calls you to find another day.")).to_be_visible()


def test_late_and_then_not_at_all_reach_the_desk(phone, board, server, story, part, complaints):
    visit = story.visit(part, story.soon())
    late_then_not_at_all(phone, story, part)
    stands_on_the_board(board, server, AlertKind.CANT_COME)
    expect(board.locator(f"#visit-{visit.pk}")).to_contain_text("Late, about 20 min")


def test_late_and_then_not_at_all_without_scripts(new_context, server, story, part):
    story.visit(part, story.soon())
    page = daylight.without_scripts(new_context, PHONE)
    late_then_not_at_all(page, story, part)
    assert Alert.objects.filter(kind=AlertKind.CANT_COME).count() == 1


@pytest.fixture
def home(story, part):
    """The treatment was this morning; Lee brought Maya home an hour ago."""
    starts = story.soon(-180)
    visit = story.visit(part, starts)
    story.confirmed(part, "Lee", visit)
    for minutes, act in ((0, part.arrive), (5, part.start), (45, part.recover), (90, part.ready), (95, part.hand_over)):
        act(starts, starts + timedelta(minutes=minutes))
    part.say_home(starts, starts + timedelta(minutes=120))
    return visit


def test_after_the_visit_the_page_is_about_this_hour(phone, server, story, part, home, complaints):
    phone.goto(story.patient_address(part))
    expect(phone.get_by_role("heading", level=1)).to_have_text("Rest now, Maya")
    expect(phone.locator(".hours [aria-current=step]")).to_have_count(1)
    expect(phone.get_by_role("heading", name="Earliest driving time")).to_be_visible()
    phone.get_by_role("link", name="Need help now?").click()
    expect(phone.locator("#help").get_by_role("link").first).to_be_in_viewport()
    hrefs = phone.locator("#help a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert "tel:988" in hrefs


def test_fine_is_heard_and_makes_no_work(phone, server, story, part, home, complaints):
    phone.goto(story.patient_address(part))
    phone.get_by_role("button", name=re.compile("I'm fine|I’m fine")).click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Good to hear")
    assert not Alert.objects.filter(kind__in=[AlertKind.CALL_ME, AlertKind.URGENT]).exists()


@pytest.mark.parametrize(("words", "kind"), [("Call me", AlertKind.CALL_ME), ("Urgent", AlertKind.URGENT)])
def test_asking_for_a_call_stands_on_the_board(words, kind, phone, board, server, story, part, home, complaints):
    phone.goto(story.patient_address(part))
    phone.get_by_role("button", name=re.compile(words)).click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("We have it")
    stands_on_the_board(board, server, kind)
    assert Alert.objects.get(kind=kind).deadline > timezone.now()
