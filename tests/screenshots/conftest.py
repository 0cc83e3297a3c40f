"""The browser and the server are those of the browser tests."""

from tests.browser.conftest import browser_type_launch_args, server, sign_in

__all__ = ["browser_type_launch_args", "server", "sign_in"]
