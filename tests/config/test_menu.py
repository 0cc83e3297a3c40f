"""The bar and the pages behind it, as each role sees them."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic.enums import Role
from tests import world

pytestmark = pytest.mark.django_db

LINK = re.compile(r'<a [^>]*href="(/[^"#]*)"')
# Its pages are walked by nobody: they are asked for a fresh password first.
SECURITY = "/account/"


@pytest.fixture
def here():
    return world.build(now=timezone.now())


def signed_in(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def links_of(html: str) -> list[str]:
    return [href.replace("&amp;", "&") for href in LINK.findall(html)]


def bar_of(client: Client) -> list[str]:
    html = client.get("/", follow=True).content.decode()
    return links_of(html.split('<header class="bar">')[1].split("</header>")[0])


@pytest.mark.parametrize("role", Role.values)
def test_every_link_of_the_bar_opens(role, here, settings):
    settings.DEMO = True
    client = signed_in(here.staff[role])
    urls = [url for url in bar_of(client) if not url.startswith(SECURITY)]
    assert len(urls) > 3
    assert [(url, client.get(url).status_code) for url in urls] == [(url, 200) for url in urls]


def test_an_administrator_is_led_to_set_up_wordings_and_closed_times_and_to_no_patient(here):
    bar = bar_of(signed_in(here.staff[Role.ADMIN]))
    main = [reverse(page) for page in ("setup", "setup", "wordings", "closures", "library")]
    assert bar == [*main, reverse("switch_person"), reverse("mfa_index")]


def test_the_page_one_is_on_is_lit(here):
    html = signed_in(here.staff[Role.ADMIN]).get(reverse("setup_rooms")).content.decode()
    assert f'<a href="{reverse("setup")}" aria-current="page">' in html


def test_an_administrator_meets_no_closed_door_on_any_page_within_reach(here, settings):
    """Follows every link from page to page."""
    settings.DEMO = True
    client, seen, closed = signed_in(here.staff[Role.ADMIN]), set(), {}
    waiting = [("/", "")]
    while waiting:
        url, found_on = waiting.pop()
        if url.split("?")[0] in seen or url.startswith((SECURITY, "/static/")):
            continue
        seen.add(url.split("?")[0])
        response = client.get(url, follow=True)
        if response.status_code != 200:
            closed[url] = (found_on, response.status_code)
        elif response["Content-Type"].startswith("text/html"):
            waiting += [(link, url) for link in links_of(response.content.decode())]
    assert closed == {}
    assert {reverse("closures"), reverse("setup_hours"), reverse("policy")} <= seen


@pytest.mark.parametrize("page", ["patients", "patient_search"])
def test_there_is_one_field_to_look_for_patients_in_and_the_key_leads_to_it(page, here):
    html = signed_in(here.staff[Role.FRONT_DESK]).get(reverse(page)).content.decode()
    assert html.count('type="search"') == html.count("data-find") == 1
