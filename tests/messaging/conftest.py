import os
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from messaging.domain import outbox
from messaging.domain.outbox import Wanted
from messaging.fake_behaviour import Behaviour
from messaging.fake_provider import Provider
from messaging.models import Message
from tests.factories import SiteFactory
from tests.messaging import kinds

# Tests talk to this machine only, whatever proxies the environment names.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"


@pytest.fixture(scope="session")
def one_provider() -> Iterator[Provider]:
    with Provider(0, token="test-token") as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def provider(one_provider: Provider, settings) -> Provider:
    one_provider.phones.clear()
    one_provider.mood.behave(Behaviour())
    settings.SMS_API_URL = one_provider.api_url
    settings.SMS_ACCOUNT = "AC1"
    settings.SMS_TOKEN = "test-token"
    return one_provider


@pytest.fixture(autouse=True)
def _a_fresh_app() -> None:
    kinds.forget()


@pytest.fixture
def wants(now: datetime) -> Callable[..., Wanted]:
    """`wants(7)`: a reminder for patient:7 about visit:1 in two hours, due now."""

    def make(number: int = 7, **changes: object) -> Wanted:
        values: dict[str, object] = {
            "kind": kinds.REMINDER.name,
            "subject": "visit:1",
            "about_at": now + timedelta(hours=2),
            "recipient": f"patient:{number}",
            "channel": "sms",
            "due_at": now,
            "not_after": now + timedelta(hours=1),
        }
        return Wanted(**values | changes)

    return make


@pytest.fixture
def plan(now: datetime) -> Callable[..., list[Message]]:
    """Makes the outbox want exactly these messages; the rows of the scope, oldest first."""
    sites = []

    def make(*wanted: Wanted, scope: str = "visit:1", at: datetime = now) -> list[Message]:
        sites.append(sites[0] if sites else SiteFactory())
        outbox.reconcile(site_id=sites[0].pk, scope=scope, wanted=wanted, now=at)
        return list(Message.objects.filter(scope=scope).order_by("pk"))

    return make
