"""When something goes wrong: what happened, what was kept, what to do, and nothing needed that may be broken."""

import pytest
from django.template.loader import get_template
from django.test import Client, RequestFactory

from config.errors import stale_form
from tests.factories import StaffFactory


@pytest.mark.parametrize("name", [*(f"{code}.html" for code in (400, 403, 404, 405, 429, 500)), "errors/crowded.html"])
def test_an_error_page_needs_no_request_and_no_database(name):
    """Without the database mark, a query would fail the test."""
    assert "<h1>" in get_template(name).render()


def test_an_unknown_address_answers_with_what_to_do(db):
    response = Client().get("/nowhere/")
    assert (response.status_code, "Part of it may be missing" in response.text) == (404, True)


def test_a_stale_form_says_that_nothing_was_saved(db):
    response = stale_form(RequestFactory().post("/"))
    assert (response.status_code, "did not save what you just sent" in response.text) == (403, True)


def test_a_form_without_its_key_gets_the_stale_form_page(db):
    client = Client(enforce_csrf_checks=True)
    client.force_login(StaffFactory())
    assert "Please send it once more" in client.post("/account/logout/").text


def test_the_clinic_is_never_named_after_the_address_of_the_request(db):
    assert "127.0.0.1:4321" not in Client().get("/account/login/", headers={"host": "127.0.0.1:4321"}).text
