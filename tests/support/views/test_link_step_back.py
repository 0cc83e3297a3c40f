"""Stepping back from a date is one tap, and so is taking it back."""

import pytest
from django.test import Client
from django.utils import timezone

from support.enums import CommitmentStatus
from tests import world

pytestmark = pytest.mark.django_db
THANKS = "That is all right. We look for somebody else."


@pytest.fixture
def here():
    return world.build(now=timezone.now())


@pytest.fixture
def phone(here):
    return world.theirs(Client(), here.helper_link)


def tap(phone, here, act) -> str:
    address = f"/l/{here.helper_link.id}/visit/{here.pks['infusions']}/{act}/"
    answer = phone.post(address, follow=True)
    assert answer.status_code == 200
    here.commitment.refresh_from_db()
    return answer.content.decode()


def test_the_thanks_for_saying_so_offers_to_take_it_back(phone, here):
    html = tap(phone, here, "step-back")
    assert html.count(THANKS) == 1
    assert f'action="/l/{here.helper_link.id}/visit/{here.pks["infusions"]}/come-after-all/"' in html
    html = tap(phone, here, "come-after-all")
    assert here.commitment.status == CommitmentStatus.RECONFIRMED
    assert (THANKS in html, "Thank you. You have this date again." in html) == (False, True)


def test_both_taps_twice_are_no_error(phone, here):
    for act in ("step-back", "step-back", "come-after-all", "come-after-all"):
        html = tap(phone, here, act)
    assert here.commitment.status == CommitmentStatus.RECONFIRMED
    assert "You do not have this date." not in html


def test_a_tap_for_a_date_that_is_not_theirs_any_more_is_answered_in_words(phone, here):
    tap(phone, here, "step-back")
    assert "You do not have this date." in tap(phone, here, "confirm")


def test_somebody_elses_visit_is_none(phone, here):
    other = world.build(now=timezone.now(), given_name="Noa")
    for act in ("step-back", "come-after-all"):
        address = f"/l/{here.helper_link.id}/visit/{other.pks['infusions']}/{act}/"
        assert phone.post(address).status_code == 404
