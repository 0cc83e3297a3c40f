"""The fake provider, for as long as the story needs phones that answer."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from django.conf import settings

PATIENCE_SECONDS = 15


@contextmanager
def answering_provider() -> Iterator[None]:
    """Starts the fake provider where ``SMS_API_URL`` points, unless somebody answers there already."""
    place = urlsplit(settings.SMS_API_URL)
    host, port = place.hostname or "127.0.0.1", place.port or 80
    if answers(host, port):
        yield
        return
    command = [sys.executable, "-m", "messaging.fake_provider", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - our own module
    try:
        wait_for(host, port)
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)


def wait_for(host: str, port: int) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not answers(host, port):
        if time.monotonic() > end:
            raise TimeoutError("the fake provider did not start")
        time.sleep(0.05)


def answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=0.5):
            return True
    except OSError:
        return False
