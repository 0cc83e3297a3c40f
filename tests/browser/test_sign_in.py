"""Signing in under the strict content security policy, in a real browser with a virtual passkey."""

import pytest

from clinic.enums import Role
from tests.factories import SiteFactory, StaffFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "a long enough password"
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def dana():
    person = StaffFactory(role=Role.FRONT_DESK, sites=[SiteFactory()])
    person.set_password(PASSWORD)
    person.save()
    return person


@pytest.fixture
def home(server: str) -> str:
    """A browser makes passkeys for names, not for addresses of numbers."""
    return server.replace("127.0.0.1", "localhost")


@pytest.fixture
def tablet(page, context, home, settings):
    """A browser on a device that can make passkeys."""
    settings.CSRF_TRUSTED_ORIGINS = [home]
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    return page


def sign_in(page, home, person, password=PASSWORD) -> None:
    page.goto(f"{home}/account/login/")
    page.fill("[name=login]", person.email)
    page.fill("[name=password]", password)
    page.click("main form.form button")
    page.wait_for_load_state()


def add_passkey(page, home) -> None:
    page.goto(f"{home}/account/2fa/webauthn/add/")
    if "reauthenticate" in page.url:
        page.fill("[name=password]", PASSWORD)
        page.click("main form.form button")
        page.wait_for_url("**/webauthn/add/")
    page.fill("[name=name]", "Desk tablet")
    page.click("#mfa_webauthn_add")
    page.wait_for_url("**/recovery-codes/")


def test_a_password_opens_today(tablet, home, dana, complaints):
    sign_in(tablet, home, dana)
    assert tablet.url == f"{home}/"


def test_a_wrong_password_is_said_in_one_place(tablet, home, dana, no_violations):
    sign_in(tablet, home, dana, password="not the password")
    tablet.wait_for_selector(".form-errors")
    no_violations(tablet)
    assert tablet.locator("[role=alert]:visible, .alert:visible").count() == 1


def test_a_passkey_can_be_added_and_opens_today_alone(tablet, context, home, dana, complaints):
    sign_in(tablet, home, dana)
    add_passkey(tablet, home)
    context.clear_cookies()
    tablet.goto(f"{home}/account/login/")
    tablet.click("#passkey_login")
    tablet.wait_for_url(f"{home}/")


def test_a_passkey_is_the_second_step_after_a_password(tablet, context, home, dana, complaints):
    sign_in(tablet, home, dana)
    add_passkey(tablet, home)
    context.clear_cookies()
    sign_in(tablet, home, dana)
    tablet.wait_for_url("**/2fa/authenticate/")
    tablet.click("#mfa_webauthn_authenticate")
    tablet.wait_for_url(f"{home}/")


def test_a_passkey_that_is_refused_is_said_in_words(page, home, dana):
    page.goto(f"{home}/account/login/")
    page.evaluate("() => { navigator.credentials.get = () => Promise.reject(new Error('no')) }")
    page.click("#passkey_login")
    page.wait_for_selector("text=The passkey was not used")


@pytest.mark.parametrize(
    "path", ["2fa/", "2fa/webauthn/", "2fa/recovery-codes/generate/", "password/change/", "logout/", "reauthenticate/"]
)
def test_ones_own_sign_in_pages_have_no_violation(path, tablet, home, dana, no_violations):
    sign_in(tablet, home, dana)
    tablet.goto(f"{home}/account/{path}")
    no_violations(tablet)
