"""What scripts add on staff pages: nothing typed is lost, one press sends once, a lost connection is told."""

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import expect

from clinic.enums import Role
from support.models import Designation
from tests import world
from tests.browser.conftest import DESK

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "a long enough password"
SAVE = "main form [type=submit], main form button:not([type])"


@pytest.fixture
def here():
    clinic = world.build(now=timezone.now())
    for person in clinic.staff.values():
        person.set_password(PASSWORD)
        person.save()
    return clinic


@pytest.fixture
def form(page, context, server, sign_in, here):
    """The front desk names a helper; the field for the name is empty."""
    sign_in(context, here.staff[Role.FRONT_DESK])
    page.set_viewport_size(DESK)
    page.goto(f"{server}/patients/{here.patient.pk}/people/new/")
    return page


@pytest.fixture
def today(page, context, server, sign_in, here):
    sign_in(context, here.staff[Role.FRONT_DESK])
    page.set_viewport_size(DESK)
    page.goto(server)
    return page


def send_after_the_session_ended(page) -> None:
    Session.objects.all().delete()
    page.locator(SAVE).first.click()
    page.wait_for_url("**/account/login/**")


def sign_in_again(page, person) -> None:
    page.fill("[name=login]", person.email)
    page.fill("[name=password]", PASSWORD)
    page.click("main form.form button")
    page.wait_for_url("**/people/new/**")


def test_words_sent_after_the_session_ended_come_back_after_signing_in(form, here):
    form.fill("[name=given_name]", "Jo <b>Ünal</b>")
    send_after_the_session_ended(form)
    sign_in_again(form, here.staff[Role.FRONT_DESK])
    assert form.input_value("[name=given_name]") == "Jo <b>Ünal</b>"


def test_ticks_come_back_too(form, here):
    form.check("[name=is_adult]")
    send_after_the_session_ended(form)
    sign_in_again(form, here.staff[Role.FRONT_DESK])
    assert form.is_checked("[name=is_adult]")


def test_words_come_back_once(form, here):
    form.fill("[name=given_name]", "Jo")
    send_after_the_session_ended(form)
    sign_in_again(form, here.staff[Role.FRONT_DESK])
    form.reload()
    assert form.input_value("[name=given_name]") == ""


def test_one_persons_words_are_not_shown_to_the_next(form, here):
    form.fill("[name=given_name]", "Jo")
    send_after_the_session_ended(form)
    sign_in_again(form, here.staff[Role.NURSE])
    assert (form.input_value("[name=given_name]"), form.evaluate("sessionStorage.length")) == ("", 0)


def test_pressing_twice_sends_once(form):
    form.fill("[name=given_name]", "Wilhelmina")
    form.check("[name=is_adult]")
    form.check("[name=roles][value=ride]")
    form.locator(SAVE).first.evaluate("button => { button.click(); button.click() }")
    form.wait_for_load_state()
    form.wait_for_url(lambda url: "people/new" not in url)
    assert Designation.objects.filter(person__given_name="Wilhelmina").count() == 1


def test_a_slash_looks_for_a_patient(today):
    today.keyboard.press("/")
    assert today.evaluate("document.activeElement.name") == "q"


def test_a_slash_in_a_field_is_a_slash(form):
    form.fill("[name=given_name]", "")
    form.focus("[name=given_name]")
    form.keyboard.type("a/b")
    assert form.input_value("[name=given_name]") == "a/b"


def test_a_lost_connection_is_told_and_so_is_its_return(today, context):
    context.set_offline(True)
    today.wait_for_selector("[data-lost]", state="visible")
    context.set_offline(False)
    today.wait_for_selector("[data-lost]", state="hidden")


def test_a_board_whose_session_ended_says_so_and_stays(today):
    Session.objects.all().delete()
    today.wait_for_selector("[data-ended]", state="visible", timeout=15_000)
    assert today.locator("h1").inner_text() != "Sign in"


def test_a_question_opens_as_a_dialog_and_gives_the_focus_back(page, server, complaints):
    page.goto(f"{server}/styleguide/")
    page.click("#ask-cancel > summary")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    assert page.evaluate("document.activeElement.parentElement.id") == "ask-cancel"


def test_without_javascript_the_question_unfolds_in_place(browser, server):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{server}/styleguide/")
    page.click("#ask-cancel > summary")
    assert page.is_visible("text=Yes, cancel it")
    page.context.close()


def test_what_the_page_says_stands_apart_from_what_is_around_it(page, context, server, sign_in, here):
    sign_in(context, here.staff[Role.ADMIN])
    page.set_viewport_size(DESK)
    page.goto(f"{server}/setup/rooms/")
    page.fill("[name=name]", "Room 9")
    page.locator(SAVE).first.click()
    said, around = page.locator(".said .alert"), [page.locator(".heading h1"), page.locator(".page > *").first]
    expect(said).to_be_visible()
    page.wait_for_load_state()
    box, (above, below) = said.bounding_box(), [one.bounding_box() for one in around]
    assert box["y"] - (above["y"] + above["height"]) >= 12
    assert below["y"] - (box["y"] + box["height"]) >= 12
