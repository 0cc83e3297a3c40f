"""The browser and the server are those of the browser tests."""

from tests.browser.conftest import browser_type_launch_args, server, sign_in

__all__ = ["browser_type_launch_args", "server", "sign_in"]


def pytest_addoption(parser):
    parser.addoption("--only", default="", help="Words, of which a picture's name must hold one.")
