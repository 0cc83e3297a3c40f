"""Every page, for each role that may open it, empty and full, in light and dark: no violation of any level."""

import pytest
from django.test import Client
from django.utils import timezone

from clinic.enums import Role
from support.domain import links
from support.enums import SupportRole
from support.models import Attestation, Commitment, Designation
from support.views import by_link
from tests import routes, world
from tests.browser.conftest import DESK, PHONE
from tests.factories import PolicyFactory, SiteFactory, StaffFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = [route for route in routes.ours() if route.is_staff]
LINKS = [route for route in routes.ours() if route.is_behind_a_link]
PUBLIC = [route for route in routes.ours() if route.allows == {"public"} and not route.params]


def is_a_page(client: Client, url: str) -> bool:
    response = client.get(url)
    return response.status_code == 200 and response.headers.get("Content-Type", "").startswith("text/html")


def client_of(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.mark.parametrize("route", PAGES, ids=routes.ids)
def test_a_full_staff_page(route, context, page, server, sign_in, no_violations, complaints, settings):
    settings.DEMO = True
    here = world.build(now=timezone.now())
    url = route.url(**here.arguments(path=route.path, params=route.params))
    for number, role in enumerate(sorted(route.allows)):
        if not is_a_page(client_of(here.staff[role]), url):
            return
        sign_in(context, here.staff[role])
        page.set_viewport_size(PHONE if number % 2 else DESK)
        page.goto(server + url)
        no_violations(page)


@pytest.mark.parametrize("route", [r for r in PAGES if not r.params], ids=routes.ids)
def test_an_empty_staff_page(route, context, page, server, sign_in, no_violations, complaints, settings):
    settings.DEMO = True
    site = SiteFactory()
    person = StaffFactory(role=sorted(route.allows)[0], sites=[site])
    PolicyFactory(site=site, signed_by=StaffFactory(role=Role.DIRECTOR, sites=[site]))
    if not is_a_page(client_of(person), route.url()):
        return
    sign_in(context, person)
    page.set_viewport_size(PHONE)
    page.goto(server + route.url())
    no_violations(page)


@pytest.mark.parametrize("route", PAGES, ids=routes.ids)
def test_a_staff_form_sent_empty(route, context, page, server, sign_in, no_violations):
    here = world.build(now=timezone.now())
    url = route.url(**here.arguments(path=route.path, params=route.params))
    person = here.staff[sorted(route.allows)[0]]
    if not is_a_page(client_of(person), url):
        return
    sign_in(context, person)
    page.goto(server + url)
    forms = page.locator("main form[method=post]:not([action]):has(button)")
    if not forms.count():
        return
    with page.expect_navigation():
        forms.first.evaluate(
            "form => setTimeout(() => { form.noValidate = true; form.querySelector('button').click() })"
        )
    no_violations(page)


@pytest.mark.parametrize("route", LINKS, ids=routes.ids)
@pytest.mark.parametrize("purpose", ["helper", "patient"])
def test_a_page_behind_a_link(route, purpose, page, server, no_violations, complaints):
    here = world.build(now=timezone.now())
    link = here.helper_link if purpose == "helper" else here.patient_link
    url = route.url(**here.arguments(path=route.path, params=route.params, key=link.id))
    client = world.theirs(Client(), link)
    if not is_a_page(client, url):
        return
    page.context.add_cookies([{"name": by_link.COOKIE, "value": client.cookies[by_link.COOKIE].value, "url": server}])
    page.set_viewport_size(PHONE)
    page.goto(server + url)
    no_violations(page)


def test_a_helpers_link_on_a_phone_that_has_not_seen_it_until_the_first_ride_is_taken(page, server, no_violations):
    here = world.build(now=timezone.now())
    Attestation.objects.all().delete()
    Designation.objects.update(roles=list(SupportRole), load_asked_at=timezone.now())
    Commitment.objects.update(status="asked", answered_at=None, reconfirmed_at=None)
    page.set_viewport_size(PHONE)
    page.goto(links.address(here.helper_link))
    no_violations(page)
    page.locator("button[name=me][value=yes]").click()
    no_violations(page)
    page.locator("label.date").first.click()
    page.locator("button[value=maybe]").click()
    no_violations(page)
    page.locator("button[value=take]").first.click()
    no_violations(page)
    page.locator("button[value=yes]").click()
    no_violations(page)
    page.locator("summary", has_text="I am under 18").click()
    page.locator("button[value=under_age]").click()
    no_violations(page)
    page.goto(f"{server}/l/{here.helper_link.id}/in-the-room/")
    no_violations(page)


def test_a_link_in_somebody_elses_hands(page, server, no_violations):
    here = world.build(now=timezone.now())
    page.set_viewport_size(PHONE)
    page.goto(links.address(here.helper_link))
    page.locator("button[name=me][value=no]").click()
    no_violations(page)


def test_a_link_that_is_no_longer_in_use(page, server, no_violations):
    here = world.build(now=timezone.now())
    links.withdraw_all(designation=here.designation, now=timezone.now())
    page.set_viewport_size(PHONE)
    page.goto(links.address(here.helper_link))
    no_violations(page)


def test_an_address_that_never_was(page, server, no_violations):
    page.goto(server + "/l/" + "x" * links.TOKEN_LENGTH + "/")
    no_violations(page)


@pytest.mark.parametrize("route", PUBLIC, ids=routes.ids)
def test_a_public_page(route, page, server, no_violations, complaints):
    if not is_a_page(Client(), route.url()):
        return
    page.goto(server + route.url())
    no_violations(page)


@pytest.mark.parametrize("path", ["/account/login/", "/account/password/reset/"])
def test_a_sign_in_page(path, page, server, no_violations, complaints):
    page.goto(server + path)
    no_violations(page)


@pytest.mark.parametrize("path", ["/account/2fa/", "/account/password/change/", "/account/logout/"])
def test_a_page_about_ones_own_account(path, context, page, server, sign_in, no_violations, complaints):
    site = SiteFactory()
    sign_in(context, StaffFactory(sites=[site]))
    page.goto(server + path)
    no_violations(page)
