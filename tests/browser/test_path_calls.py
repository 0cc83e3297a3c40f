"""The desk phones about the next day; a patient whom nobody can take home asks the clinic. On a phone, and without
scripts."""

import pytest
from playwright.sync_api import expect

from support.enums import AlertKind, CommitmentStatus
from support.models import Alert, Commitment
from tests.browser import daylight
from tests.browser.conftest import PHONE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def story():
    return daylight.begin()


@pytest.fixture
def phone(page):
    page.set_viewport_size(PHONE)
    page.set_default_timeout(daylight.PATIENCE)
    return page


def test_the_desk_phones_and_writes_down_what_is_said(
    phone, context, server, sign_in, story, no_violations, complaints
):
    part = story.patient(helpers=("Lee",))
    first, *_later = story.series(part)
    sign_in(context, story.clinic.desk)
    phone.goto(f"{server}/")
    phone.get_by_role("link", name="Calls for tomorrow").click()
    line = phone.locator(f"#visit-{first.pk}")
    expect(line).to_contain_text("Nobody has said yes yet")
    expect(phone.get_by_text("0 of 1 called")).to_be_visible()
    assert daylight.too_wide(phone) == []
    no_violations(phone)
    line.get_by_role("button", name="No answer").click()
    expect(phone.locator("#said")).to_contain_text("Noted: Lee did not answer.")
    expect(line).to_contain_text("no answer")
    line.get_by_role("button", name="Lee said yes by phone").click()
    expect(phone.get_by_text("1 of 1 called")).to_be_visible()
    phone.get_by_text("How the order is made").click()
    expect(phone.get_by_role("rowheader", name="Nobody has said yes")).to_be_visible()
    assert daylight.too_wide(phone) == []
    no_violations(phone)
    assert Commitment.objects.get(infusion=first, role="ride").status == CommitmentStatus.ACCEPTED


def ask_the_clinic(page, story, part, look) -> None:
    """``look`` is called on every page on the way."""
    page.goto(story.patient_address(part))
    expect(page.get_by_role("heading", name="Your dates")).to_be_visible()
    look(page)
    page.get_by_role("link", name="I have nobody for this date").first.click()
    expect(page.get_by_role("heading", name="Nobody can on this day?")).to_be_visible()
    page.get_by_text("To say on the phone").click()
    expect(page.get_by_text("I will ask somebody else")).to_be_visible()
    assert page.get_by_role("link", name="Open it as a text").get_attribute("href").startswith("sms:?&body=Hi")
    look(page)
    page.locator("[name=way][value=postpone]").click()
    expect(page.get_by_text("We see to it and call you. Nothing is cancelled.")).to_be_visible()
    page.get_by_role("link", name="I have nobody for this date").first.click()
    expect(page.get_by_text("We are on it")).to_be_visible()
    look(page)


def test_who_has_nobody_asks_the_clinic(phone, server, story, no_violations, complaints):
    part = story.patient()
    first, *_later = story.series(part)

    def look(page) -> None:
        assert daylight.too_wide(page) == []
        small = "els => els.filter(e => e.getClientRects().length && e.getBoundingClientRect().height < 44)"
        targets = "main :is(button, a.button, summary, .coverage__do, .plain-links a)"
        assert page.locator(targets).evaluate_all(f"{small}.length") == 0
        no_violations(page)

    ask_the_clinic(phone, story, part, look)
    alert = Alert.objects.get(kind=AlertKind.LADDER)
    assert (alert.infusion, alert.patient) == (first, part.patient)


def test_the_same_without_scripts(new_context, server, story):
    part = story.patient()
    story.series(part)
    ask_the_clinic(daylight.without_scripts(new_context, PHONE), story, part, lambda page: None)
