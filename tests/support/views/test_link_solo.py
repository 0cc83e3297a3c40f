"""A patient's own page where nobody can: the dates, the other ways, the wish."""

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from support.domain import links
from support.enums import AlertKind
from support.models import Alert
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def here(clinic, next_week):
    """The patient's browser, the key of their link, and a visit nobody has taken."""
    with time_machine.travel(clinic.now, tick=False):
        browser, link = Client(), links.for_patient(patient=clinic.patient, now=clinic.now)
        visit = clinic.book(next_week)
        browser.get(f"/l/{links.token(link)}/")
        yield browser, link.id, visit


def test_the_page_shows_each_date_and_leads_on_where_nobody_has_it(clinic, here):
    browser, key, visit = here
    html = browser.get(reverse("link", args=[key])).content.decode()
    assert "Nobody yet" in html
    assert f'href="{reverse("link_nobody", args=[key, visit.pk])}"' in html
    sam = clinic.named("Sam")
    html = browser.get(reverse("link", args=[key])).content.decode()
    assert ["Asked: Sam" in html, reverse("link_nobody", args=[key, visit.pk]) in html] == [True, True]
    clinic.yes(sam, visit)
    html = browser.get(reverse("link", args=[key])).content.decode()
    assert "Sam said yes" in html
    assert reverse("link_nobody", args=[key, visit.pk]) not in html


def test_the_other_ways_have_words_to_copy_and_a_text_to_open(here):
    browser, key, visit = here
    html = browser.get(reverse("link_nobody", args=[key, visit.pk])).content.decode()
    assert "Hi! I have an appointment on Wednesday 11 March" in html
    assert 'href="sms:?&amp;body=Hi%21%20I%20have' in html
    assert 'name="way" value="postpone"' in html


def test_a_wish_is_answered_kindly_and_shown_when_the_page_is_opened_again(here):
    browser, key, visit = here
    address = reverse("link_nobody", args=[key, visit.pk])
    answer = browser.post(address, {"way": "postpone"}, follow=True)
    assert "We see to it and call you. Nothing is cancelled." in answer.content.decode()
    assert Alert.objects.filter(kind=AlertKind.LADDER, infusion=visit).count() == 1
    assert "You told us what you would like. We call you." in browser.get(address).content.decode()


def test_nonsense_changes_nothing(here):
    browser, key, visit = here
    answer = browser.post(reverse("link_nobody", args=[key, visit.pk]), {"way": "\x00"}, follow=True)
    assert "can no longer be arranged" in answer.content.decode()
    assert not Alert.objects.filter(kind=AlertKind.LADDER).exists()


def test_a_visit_that_is_over_leads_back_to_the_page(clinic, here):
    browser, key, visit = here
    with time_machine.travel(visit.ends_at, tick=False):
        answer = browser.get(reverse("link_nobody", args=[key, visit.pk]), follow=True)
    assert "This visit has begun or is over. Please call us." in answer.content.decode()


def test_somebody_elses_visit_is_not_there(here):
    browser, key, _visit = here
    other = factories.InfusionFactory()
    assert browser.get(reverse("link_nobody", args=[key, other.pk])).status_code == 404
    assert browser.post(reverse("link_nobody", args=[key, other.pk]), {"way": "postpone"}).status_code == 404


def test_a_helpers_link_opens_none_of_it(clinic, here):
    _browser, _key, visit = here
    link = links.for_designation(designation=clinic.named("Sam"), now=clinic.now)
    assert Client().get(reverse("link_nobody", args=[links.token(link), visit.pk])).status_code == 404
