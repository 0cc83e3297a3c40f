"""A helper, as Lee lives it: a link in a text, one hand, perhaps a parked car."""

import re
import threading
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from clinic.enums import DischargeItem, InfusionStatus
from messaging.domain import dispatch
from messaging.fake_provider import Provider
from support.domain import checkins, handovers
from support.enums import AlertKind, CommitmentStatus, HandoverCheck
from support.models import Alert, CheckIn, Commitment
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
def texts(settings):
    """The texts that phones received, over HTTP."""
    with Provider(0, token="test-token") as provider:
        thread = threading.Thread(target=provider.serve_forever, daemon=True)
        thread.start()
        settings.SMS_API_URL, settings.SMS_ACCOUNT, settings.SMS_TOKEN = provider.api_url, "AC1", "test-token"
        yield provider.phones
        provider.shutdown()
        thread.join()


def statuses(part, given: str) -> list[str]:
    rows = Commitment.objects.filter(designation__patient=part.patient, designation__person__given_name=given)
    return list(rows.filter(role="ride").order_by("for_starts_at").values_list("status", flat=True))


def take(page, *places: int) -> None:
    for place in places:
        page.locator("label.date").nth(place).click()
    page.get_by_role("button", name=re.compile("I can take")).click()


def agree(page) -> None:
    """Before a first ride, what it involves is read."""
    expect(page.get_by_role("heading", level=1)).to_have_text("Two minutes before you say yes")
    for words in ("I am 18 or over.", "I will be sober", "I can stay with them"):
        page.get_by_label(words).check()
    page.get_by_role("button", name=re.compile("Yes to all of it")).click()


def test_the_address_in_the_text_leads_to_the_dates(phone, server, story, texts, complaints):
    part = story.patient()
    story.series(part)
    part.name(("Lee", "Tran", "brother"), rank=1, phone=50, now=story.now)
    dispatch.run(clock=timezone.now)
    number = part.helper().person.phone
    addresses = [re.search(r"http\S+", text["body"]) for text in texts.all if text["to"] == number]
    assert addresses
    phone.goto(addresses[0][0])
    expect(phone.get_by_role("heading", level=1)).to_have_text("Are you Lee?")
    expect(phone.locator("body")).not_to_contain_text("Maya")
    phone.get_by_role("button", name="Yes, I am Lee").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Maya asked for your help")
    expect(phone.locator("label.date")).to_have_count(6)


def test_taking_dates_stepping_back_and_taking_one_again(phone, server, story, complaints):
    part = story.patient(helpers=("Lee", "Jo"))
    story.series(part)
    story.as_helper(phone, part, "Lee")
    take(phone, 0, 1, 2)
    agree(phone)
    expect(phone.locator(".date--fixed")).to_have_count(3)
    phone.get_by_role("button", name=re.compile("I can’t come on")).nth(1).click()
    expect(phone.get_by_text("That is all right. We look for somebody else.")).to_be_visible()
    assert statuses(part, "Lee")[:3] == ["accepted", "withdrawn", "accepted"]
    take(phone, 0)
    expect(phone.locator(".date--fixed")).to_have_count(3)
    assert statuses(part, "Lee")[:3] == ["accepted"] * 3
    assert daylight.too_wide(phone) == []


def test_a_first_date_is_taken_without_scripts(new_context, server, story):
    part = story.patient(helpers=("Lee",))
    story.series(part)
    page = daylight.without_scripts(new_context, PHONE)
    story.as_helper(page, part, "Lee")
    take(page, 0)
    agree(page)
    expect(page.locator(".date--fixed")).to_have_count(1)
    assert statuses(part, "Lee")[0] == "accepted"


def test_maybe_becomes_a_yes_and_a_weekday_that_never_suits_is_let_go(phone, server, story, complaints):
    part = story.patient(helpers=("Lee",))
    story.series(part)
    story.as_helper(phone, part, "Lee")
    phone.locator("label.date").first.click()
    phone.get_by_role("button", name="Maybe: ask me again").click()
    expect(phone.get_by_text("Noted as maybe.")).to_be_visible()
    phone.reload()
    phone.get_by_role("button", name="Yes, I can").click()
    agree(phone)
    expect(phone.locator(".date--fixed")).to_have_count(1)
    phone.get_by_role("button", name=re.compile("Never on a")).first.click()
    expect(phone.get_by_text("We do not ask you for that day of the week.")).to_be_visible()
    assert "covered" in statuses(part, "Lee")
    assert daylight.too_wide(phone) == []


def test_stepping_back_while_the_patient_is_here_is_taken_back_with_one_tap(phone, server, story, complaints):
    part = story.patient(helpers=("Lee", "Jo"))
    visit = story.visit(part, story.soon(-30))
    story.confirmed(part, "Lee", visit)
    part.arrive(visit.starts_at, timezone.now())
    part.start(visit.starts_at, timezone.now())
    story.as_helper(phone, part, "Lee")
    phone.get_by_role("button", name="I can’t come after all").click()
    expect(phone.get_by_text("That is all right. We look for somebody else.")).to_be_visible()
    expect(phone.locator("label.date")).to_have_count(1)
    assert daylight.too_wide(phone) == []
    phone.get_by_role("button", name="Undo").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Bring Maya home")
    assert statuses(part, "Lee") == ["reconfirmed"]
    assert statuses(part, "Jo") == ["covered"]


def test_a_date_somebody_took_in_the_meantime_is_told_kindly(phone, new_context, server, story):
    part = story.patient(helpers=("Lee", "Jo"))
    story.series(part)
    story.as_helper(phone, part, "Lee")
    other = new_context(viewport=PHONE).new_page()
    story.as_helper(other, part, "Jo")
    take(other, 0)
    agree(other)
    expect(other.locator(".date--fixed")).to_have_count(1)
    take(phone, 0, 1)
    agree(phone)
    expect(phone.get_by_text("Somebody else has just taken one of these dates.")).to_be_visible()
    expect(phone.locator(".date--taken")).to_contain_text("Jo has this one")
    assert statuses(part, "Lee")[1] == CommitmentStatus.ACCEPTED


def by_itself(page) -> None:
    """The page looks whether it is still true, as it does every twenty seconds."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def the_day(page, story, part, visit, *, renew) -> None:
    """From "still all right?" to "we're home", as the page leads. ``renew``: how it comes to show what is new."""
    story.as_helper(page, part, "Lee")
    page.get_by_role("button", name="Yes, I will be there").click()
    expect(page.get_by_text("Thank you. You are confirmed.")).to_be_visible()
    page.locator("label", has_text="20").click()
    page.get_by_role("button", name="I’m on my way").click()
    expect(page.get_by_text("you said: 20 minutes away")).to_be_visible()
    page.get_by_label("What are you driving?").fill("grey Honda")
    page.get_by_role("button", name="I’m outside").click()
    expect(page.get_by_text("The front desk knows that you are here.")).to_be_visible()
    for step in (part.arrive, part.start, part.recover, part.ready):
        step(visit.starts_at, timezone.now())
    renew(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Maya is ready to go")
    visit.refresh_from_db()
    expect(page.locator(".yours")).to_contain_text(visit.handover.helper_word)
    expect(page.locator("body")).not_to_contain_text(visit.handover.patient_word)
    page.get_by_role("button", name="I accept").click()
    expect(page.get_by_text("Accepted")).to_be_visible()
    story.let_pass(visit, minutes=45)
    handovers.complete(
        infusion=visit,
        commitment=part.ride(visit.starts_at),
        check_by=HandoverCheck.CODE,
        words=(visit.handover.patient_word, visit.handover.helper_word),
        score=10,
        checked=list(DischargeItem),
        instructions_given=True,
        actor=story.clinic.nurse,
        now=timezone.now(),
    )
    renew(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Tonight with Maya")
    page.get_by_role("button", name="We’re home").click()
    expect(page.get_by_text("Good to know you are both home.")).to_be_visible()
    visit.refresh_from_db()
    assert visit.status == InfusionStatus.HOME


@pytest.fixture
def today(story):
    part = story.patient(helpers=("Lee",))
    visit = story.visit(part, story.soon())
    part.say_yes([visit.starts_at], story.now - timedelta(hours=40))
    return part, visit


def test_the_day_itself(phone, server, story, today, complaints):
    the_day(phone, story, *today, renew=by_itself)


def test_the_day_itself_without_scripts(new_context, server, story, today):
    page = daylight.without_scripts(new_context, PHONE)
    the_day(page, story, *today, renew=lambda shown: shown.reload())


def test_a_worried_answer_stands_on_the_board_with_owner_and_deadline(phone, context, server, sign_in, story):
    part = story.patient(helpers=("Lee",))
    starts = story.soon() - timedelta(days=1)
    visit = story.visit(part, starts)
    part.say_yes([starts], starts - timedelta(hours=40))
    part.reconfirm(starts, starts - timedelta(hours=20))
    for minutes, act in (
        (0, part.arrive),
        (5, part.start),
        (45, part.recover),
        (90, part.ready),
        (100, part.hand_over),
    ):
        act(starts, starts + timedelta(minutes=minutes))
    part.say_home(starts, starts + timedelta(minutes=130))
    checkins.open_due(now=story.now)
    asked = CheckIn.objects.filter(infusion=visit, designation__isnull=False).earliest("due_at")
    story.as_helper(phone, part, "Lee")
    key = phone.url.rstrip("/")
    phone.goto(f"{key}/check-in/{asked.pk}/")
    phone.get_by_label("Anything you noticed?").fill("She is very quiet & cries <now and then>")
    phone.get_by_role("button", name=re.compile("Worried")).click()
    expect(phone.get_by_text("Somebody at the clinic reads it.")).to_be_visible()

    alert = Alert.objects.get(kind=AlertKind.WORRIED)
    sign_in(context, story.clinic.desk)
    board = context.new_page()
    board.set_viewport_size(DESK)
    board.goto(server)
    line = board.locator(f"#need-alert-{alert.pk}")
    expect(line).to_contain_text(f"{alert.owner.short_name} answers by")
