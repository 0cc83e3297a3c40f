"""Names of sixty letters: a page is never wider than a phone, and a block on the board never cuts its status."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic.enums import Role
from clinic.models import Patient
from support.models import SupportPerson
from support.views import by_link
from tests import routes, world
from tests.browser.conftest import DESK, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONG = "Wolfeschlegelsteinhausenbergerdorffmaximilianaalexandrinaeva"
WIDTH = "document.documentElement.scrollWidth"
CUT = """
[...document.querySelectorAll(".visit")].filter(visit => {
  const status = visit.querySelector(".status");
  return status.scrollWidth > status.clientWidth || visit.scrollHeight > visit.clientHeight;
}).map(visit => visit.textContent)
"""


@pytest.fixture
def here():
    clinic = world.build(now=timezone.now())
    Patient.objects.update(given_name=LONG, family_name=LONG)
    SupportPerson.objects.update(given_name=LONG, family_name=LONG)
    return clinic


def wide(page, server, addresses: list[str]) -> dict[str, int]:
    """The pages that reach beyond a phone's edge, and how far."""
    page.set_viewport_size(PHONE)
    found = {}
    for address in addresses:
        page.goto(server + address)
        if (width := page.evaluate(WIDTH)) > PHONE["width"]:
            found[address] = width
    return found


def pages(here, which, client: Client, key: str = "") -> list[str]:
    addresses = [route.url(**here.arguments(path=route.path, params=route.params, key=key)) for route in which]
    answers = [(address, client.get(address, follow=True)) for address in addresses]
    return [
        address
        for address, answer in answers
        if answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html")
    ]


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.DIRECTOR])
def test_no_staff_page_is_wider_than_a_phone(role, context, page, server, sign_in, here):
    client = Client()
    client.force_login(here.staff[role])
    sign_in(context, here.staff[role])
    which = [route for route in routes.ours() if route.is_staff and role in route.allows]
    assert wide(page, server, pages(here, which, client)) == {}


@pytest.mark.parametrize("purpose", ["helper", "patient"])
def test_no_page_behind_a_link_is_wider_than_a_phone(purpose, page, server, here):
    link = here.helper_link if purpose == "helper" else here.patient_link
    which = [route for route in routes.ours() if route.is_behind_a_link]
    client = world.theirs(Client(), link)
    page.context.add_cookies([{"name": by_link.COOKIE, "value": client.cookies[by_link.COOKIE].value, "url": server}])
    assert wide(page, server, pages(here, which, client, link.id)) == {}


@pytest.mark.parametrize("days", [1, 3, 7])
def test_no_block_of_the_board_cuts_its_status(days, context, page, server, sign_in, here):
    sign_in(context, here.staff[Role.FRONT_DESK])
    page.set_viewport_size(DESK)
    page.goto(f"{server}{reverse('schedule')}?days={days}")
    assert page.locator(".visit .status").count() > 0
    assert page.evaluate(CUT) == []
