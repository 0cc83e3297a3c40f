"""The page where a message's words are changed: what it shows while somebody types, and without scripts."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from clinic.enums import Role
from messaging.models import Wording
from support.domain import wording_page
from support.models import Designation
from tests import world
from tests.browser.conftest import DESK, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PATH = "/wordings/helper_ask_again/sms/en/"
WIDTH = "document.documentElement.scrollWidth"


@pytest.fixture
def here():
    return world.build(now=timezone.now())


@pytest.fixture
def written(here):
    """Two versions of the clinic's own, and a helper who may not know dates."""
    which = wording_page.find(site=here.site, name="helper_ask_again", channel="sms", language="en")
    for number, text in enumerate(
        ("{{ site }}: {{ name }} needs you {{ when }}? {{ link }}", "{{ name }}? {{ link }}")
    ):
        actor, now = here.staff[Role.DIRECTOR], timezone.now()
        wording_page.write(which=which, subject="", text=text, based_on=number, actor=actor, now=now)
    Designation.objects.update(may_know=[])


@pytest.fixture
def editor(page, context, server, sign_in, here):
    sign_in(context, here.staff[Role.DIRECTOR])
    page.set_viewport_size(DESK)
    page.goto(server + PATH)
    return page


def test_the_look_follows_what_is_typed_and_says_what_is_wrong(editor, complaints):
    field = editor.get_by_role("textbox", name="Words")
    field.fill("{{ site }}: hello {{ name }}")
    expect(editor.locator(".lockscreen__words")).to_have_text("Northgate Care: hello Maya")
    expect(editor.locator("#look [role=status]")).to_contain_text("Can be sent like this")
    field.press_sequentially(" {{ diagnosis }}")
    expect(editor.locator("#look [role=status]")).to_contain_text("“diagnosis” cannot be used in this message.")
    expect(field).to_be_focused()
    assert not Wording.objects.exists()


def test_a_name_is_put_where_the_cursor_stands_with_the_keyboard_alone(editor, complaints):
    field = editor.get_by_role("textbox", name="Words")
    field.fill("Hello !")
    field.press("ArrowLeft")
    put = editor.get_by_role("button", name="Put it in the patient's first name")
    put.focus()
    editor.keyboard.press("Enter")
    expect(field).to_have_value("Hello {{ name }}!")
    expect(field).to_be_focused()
    expect(editor.locator(".lockscreen__words")).to_have_text("Hello Maya!")


def test_a_name_that_is_put_in_before_anything_is_typed_stands_at_the_end_on_its_own(editor, complaints):
    field = editor.get_by_role("textbox", name="Words")
    before = field.input_value()
    assert before.endswith("}}")
    editor.get_by_role("button", name="Put it in the patient's first name").click()
    expect(field).to_have_value(f"{before} {{{{ name }}}}")


def test_words_are_saved_and_older_ones_used_again(editor, complaints):
    for text in ("{{ name }}? {{ link }}", "{{ name }}! {{ link }}"):
        editor.get_by_role("textbox", name="Words").fill(text)
        editor.get_by_role("button", name="Save these words").click()
        expect(editor.get_by_text("Saved. The next message says it like this.")).to_be_visible()
    editor.get_by_role("button", name="Use version 1 again").click()
    expect(editor.get_by_role("textbox", name="Words")).to_have_value("{{ name }}? {{ link }}")
    editor.get_by_role("button", name="Back to the words it comes with").click()
    expect(editor.get_by_role("heading", name="What you changed")).to_have_count(0)


def test_without_scripts_the_words_are_looked_at_by_a_button(browser, server, sign_in, here):
    context = browser.new_context(java_script_enabled=False)
    sign_in(context, here.staff[Role.ADMIN])
    page = context.new_page()
    page.goto(server + PATH)
    page.get_by_role("textbox", name="Words").fill("{{ site }}: hello {{ name }}")
    page.get_by_role("button", name="Look first").click()
    expect(page.locator(".lockscreen__words")).to_have_text("Northgate Care: hello Maya")
    expect(page.get_by_role("textbox", name="Words")).to_have_value("{{ site }}: hello {{ name }}")
    page.get_by_role("button", name="Save these words").click()
    expect(page).to_have_url(server + PATH)
    assert Wording.objects.get().text == "{{ site }}: hello {{ name }}"
    context.close()


@pytest.mark.parametrize("path", [PATH, "/wordings/helper_ask_again/email/es/", "/wordings/?only_own=on"])
def test_a_page_full_of_versions_breaks_no_rule_and_fits_a_phone(
    path, editor, server, written, no_violations, complaints
):
    for size in (PHONE, DESK):
        editor.set_viewport_size(size)
        editor.goto(server + path)
        assert editor.evaluate(WIDTH) <= size["width"]
        no_violations(editor)


def test_refused_words_break_no_rule_either(editor, no_violations):
    editor.get_by_role("textbox", name="Words").fill("{{ site }}: your ketamine")
    editor.get_by_role("button", name="Save these words").click()
    expect(editor.locator(".form-errors, [role=alert]").first).to_contain_text("must not be seen on a screen")
    no_violations(editor)
