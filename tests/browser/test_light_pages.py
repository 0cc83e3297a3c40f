"""A helper's page on a poor line: little to carry, nothing to wait for but the page itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import brotli
import pytest
from playwright.sync_api import CDPSession, Page, expect

from support.domain import attesting
from tests.browser import daylight
from tests.browser.conftest import PHONE
from tests.browser.stages import HELPERS, PATIENTS, key_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
MOST = 60_000


@dataclass
class Load:
    """What one opening of a page asked for: ``by``: which address made the browser ask for it, and how."""

    sizes: dict[str, int]
    by: dict[str, tuple[str, str]]

    @property
    def weight(self) -> int:
        return sum(self.sizes.values())


@pytest.fixture
def story():
    return daylight.begin()


@pytest.fixture
def phone(page) -> Iterator[Page]:
    page.set_viewport_size(PHONE)
    page.set_default_timeout(daylight.PATIENCE)
    return page


@pytest.fixture
def listening(phone) -> CDPSession:
    session = phone.context.new_cdp_session(phone)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    return session


def theirs(page: Page, address: str) -> str:
    """The link of the text, opened for the first time: yes, it is mine. The address that stays in the bar."""
    page.goto(address)
    page.locator("button[name=me][value=yes]").click()
    page.wait_for_load_state("networkidle")
    return page.url


def opened(page: Page, listening: CDPSession, address: str) -> Load:
    """As WhiteNoise sends files, compressed; the page itself as it is, with what the headers take."""
    by: dict[str, tuple[str, str]] = {}
    bodies: dict[str, bytes] = {}

    def asks(event):
        initiator = event["initiator"]
        by[event["request"]["url"]] = (initiator.get("url", ""), initiator["type"])

    def comes(response):
        bodies[response.url] = response.body()

    listening.on("Network.requestWillBeSent", asks)
    page.on("response", comes)
    page.goto(address, wait_until="networkidle")
    page.remove_listener("response", comes)
    listening.remove_listener("Network.requestWillBeSent", asks)
    sizes = {url: len(brotli.compress(body)) if is_file(url) else len(body) for url, body in bodies.items()}
    headers = 400
    return Load(sizes={url: size + headers for url, size in sizes.items()}, by=by)


def is_file(url: str) -> bool:
    return urlsplit(url).path.startswith("/static/")


@pytest.mark.parametrize("name", ["series", "day", "handover", "tonight"])
def test_a_helpers_page_is_light_and_asks_for_nothing_that_asks_for_more(
    phone, server, story, listening, record_property, name
):
    address = theirs(phone, HELPERS[name].leads(story))
    load = opened(phone, listening, address)
    record_property("bytes", load.weight)
    assert load.weight <= MOST, load.sizes
    page = urlsplit(address).path
    # One round trip: whatever is needed besides is named in the page, nothing only in what was named there.
    late = {url: by for url, by in load.by.items() if urlsplit(url).path != page and by[1] == "parser"}
    assert {urlsplit(by[0]).path for by in late.values()} <= {page}
    assert [url for url, by in load.by.items() if by[1] not in {"parser", "other"}] == []
    waits = "script[src]:not([defer]):not([async]):not([type=module])"
    assert phone.locator(waits).count() == 0


def test_the_page_alone_is_enough_to_take_a_date(phone, server, story):
    """Neither styles nor scripts ever come: everything still is there and works."""
    part = story.patient(helpers=("Lee",))
    story.series(part)
    attesting.attest(person=story.named(part, "Lee").person, stay_hours=8, via="link", now=story.now)
    phone.route("**/static/**", lambda route: route.abort())
    phone.goto(story.helper_address(part, "Lee"))
    phone.locator("button[name=me][value=yes]").click()
    phone.locator("input[name=date]").first.check()
    phone.locator("button", has_text="I can take").click()
    expect(phone.get_by_text("You have this date now")).to_be_visible()
    assert part.ride(story.named(part, "Lee").commitments.earliest("for_starts_at").for_starts_at)


@pytest.mark.parametrize("name", HELPERS)
def test_each_page_of_a_helper_reads_well_at_360_pixels(phone, server, story, no_violations, complaints, name):
    address = HELPERS[name].leads(story)
    theirs(phone, address)
    phone.goto(server + HELPERS[name].path(story, key_in(address)))
    reads_well(phone)
    no_violations(phone)


@pytest.mark.parametrize("name", PATIENTS)
def test_each_page_of_a_patient_reads_well_at_360_pixels(phone, server, story, no_violations, complaints, name):
    address = PATIENTS[name].leads(story)
    phone.goto(address)
    path = PATIENTS[name].path(story, key_in(address))
    phone.goto(server + path)
    assert urlsplit(phone.url).path == path
    reads_well(phone)
    no_violations(phone)


def test_the_page_that_asks_whose_it_is_reads_well(phone, server, story, no_violations, complaints):
    phone.goto(HELPERS["series"].leads(story))
    reads_well(phone)
    no_violations(phone)


def reads_well(page: Page) -> None:
    """Nothing sticks out, and each button is as tall as a finger."""
    assert daylight.too_wide(page) == []
    small = page.evaluate(
        """() => [...document.querySelectorAll("main button, main summary")]
             .filter(one => one.offsetParent && one.getBoundingClientRect().height < 44)
             .map(one => one.textContent.trim().slice(0, 40))"""
    )
    assert small == []
