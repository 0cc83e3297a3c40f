"""The provider's own process of threads calls our own server back, over real sockets, signed."""

import json
import time
from urllib.request import Request, urlopen

import pytest
from django.utils import timezone

from messaging.domain import dispatch, opt_outs
from messaging.models import InboundText, Message
from tests.messaging.invariants import broken

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def reachable(provider, live_server, settings):
    settings.PUBLIC_URL = live_server.url
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
    return provider


@pytest.mark.parametrize("receipts", [True, ["delivered", "sent"], ["sent", "undelivered", "delivered"]])
def test_a_text_goes_out_and_its_receipts_come_back(reachable, plan, wants, now, receipts):
    reachable.control({"receipts": receipts})
    plan(wants(7))
    dispatch.run(clock=lambda: now)
    end = time.monotonic() + 10
    while Message.objects.get().status != "delivered" and time.monotonic() < end:
        time.sleep(0.05)
    assert Message.objects.get().status == "delivered"
    assert broken(reachable.phones.all) == []


def test_a_phone_that_writes_stop_is_heard(reachable, live_server):
    text = {"from": "+14105550101", "body": "Stop", "url": f"{live_server.url}/hooks/sms/inbound"}
    request = Request(f"{reachable.api_url}/inbound", data=json.dumps(text).encode(), method="POST")
    with urlopen(request, timeout=10) as response:
        assert json.load(response)["status"] == 200
    assert opt_outs.holds(address="+14105550101")
    assert InboundText.objects.get().received_at <= timezone.now()
