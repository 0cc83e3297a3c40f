"""A real browser on a real server: Debian's Chromium, headless."""

import shutil
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as project
from django.test import Client
from playwright.sync_api import BrowserContext, Page

from clinic.models import StaffMember

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1440, "height": 900}


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    return {"executable_path": shutil.which("chromium") or shutil.which("chromium-browser"), "args": QUIET}


@pytest.fixture
def server(live_server, settings) -> str:
    """The address of the site under test; messages' links lead there too."""
    settings.PUBLIC_URL = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    return live_server.url


@pytest.fixture
def sign_in(server: str) -> Callable[[BrowserContext, StaffMember], None]:
    """Puts a signed-in session into a browser, as after the sign-in page."""

    def put(context: BrowserContext, person: StaffMember) -> None:
        client = Client()
        client.force_login(person)
        cookie = client.cookies[project.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": project.SESSION_COOKIE_NAME, "value": cookie, "url": server}])

    return put


@pytest.fixture
def no_violations() -> Callable[[Page], None]:
    """Fails with what axe found, of any level, in light and in dark."""
    axe = Axe()

    def check(page: Page) -> None:
        page.wait_for_load_state()
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found = axe.run(page)
            assert found.violations_count == 0, f"{page.url} ({scheme}): {found.generate_report()}"

    return check


@pytest.fixture
def complaints(page: Page) -> Iterator[list[str]]:
    """What the browser's console complained about: CSP, missing files, script errors. Must stay empty."""
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    yield heard
    assert heard == []
