"""A session ends by itself: without a person at work, and after its longest time. A page that polls is no person."""

import time

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import SiteFactory, StaffFactory

pytestmark = pytest.mark.django_db
POLL = {"X-Poll": "1", "HX-Request": "true"}


@pytest.fixture
def desk() -> Client:
    client = Client()
    client.force_login(StaffFactory(sites=[SiteFactory()]))
    return client


def last_answer(client: Client, time_machine, *, every: int, until: int, headers: dict[str, str] | None = None) -> int:
    begin = time.time()
    for seconds in range(0, until + 1, every):
        time_machine.move_to(begin + seconds)
        status = client.get(reverse("alerts"), headers=headers or {}).status_code
    return status


def test_a_board_that_refreshes_itself_does_not_keep_the_session(desk: Client, time_machine) -> None:
    """CVE-2026-25476 (OpenEMR): the auto-refresh skipped the session's end."""
    desk.get(reverse("alerts"))
    assert last_answer(desk, time_machine, every=60, until=660, headers=POLL) == 302


def test_a_session_in_which_nothing_but_a_board_was_ever_asked_for_ends_too(desk: Client, time_machine) -> None:
    assert last_answer(desk, time_machine, every=60, until=660, headers=POLL) == 302


def test_a_person_at_work_stays_in(desk: Client, time_machine) -> None:
    assert last_answer(desk, time_machine, every=500, until=3000) == 200


def test_nobody_stays_in_longer_than_the_longest_time(desk: Client, time_machine, settings) -> None:
    settings.SESSION_COOKIE_AGE = 3600
    assert last_answer(desk, time_machine, every=500, until=4000) == 302
