import io
from urllib.parse import urlencode

import pytest

from messaging.domain import opt_outs
from messaging.models import InboundText, Message
from messaging.transports.signature import sign

pytestmark = pytest.mark.django_db
STATUS, INBOUND = "/hooks/sms/status", "/hooks/sms/inbound"
FORM = "application/x-www-form-urlencoded"
TEXT = {"MessageSid": "SM1", "From": "+14105550101", "Body": "STOP"}


def post(client, path, params, *, token="local", url=None, **headers):
    signature = sign(token=token, url=url or f"http://localhost:8000{path}", params={k: [v] for k, v in params.items()})
    headers = {"X-Twilio-Signature": signature} | headers
    return client.post(path, urlencode(params), content_type=FORM, headers=headers, secure=False)


def refused(response) -> bool:
    return (response.status_code, response.content) == (403, b"")


@pytest.fixture
def message(plan, wants, now) -> Message:
    [message] = plan(wants(7))
    Message.objects.update(status="sent", posted_at=now, sent_at=now, sent_to="+14105550007", provider_id="SM1")
    return message


@pytest.mark.parametrize("path", [STATUS, INBOUND])
@pytest.mark.parametrize("method", ["get", "head", "options", "put", "delete"])
def test_only_post_is_answered(client, path, method):
    assert getattr(client, method)(path).status_code == 405


@pytest.mark.parametrize("path", [STATUS, INBOUND])
def test_unsigned_is_refused_without_a_word(client, path):
    """CVE-2026-24898: a reminder vendor's callback skipped authentication."""
    assert refused(client.post(path, TEXT))
    assert refused(post(client, path, TEXT, **{"X-Twilio-Signature": ""}))
    assert InboundText.objects.count() == 0


@pytest.mark.parametrize("path", [STATUS, INBOUND])
def test_wrongly_signed_is_refused_without_a_word(client, path):
    assert refused(post(client, path, TEXT, token="guessed"))
    assert refused(post(client, path, TEXT, url="http://localhost:8000/hooks/sms/other"))
    assert refused(post(client, path, TEXT, **{"X-Twilio-Signature": "ünsigned"}))
    assert InboundText.objects.count() == 0


class Unread:
    """A request's body that tells how often it was asked for."""

    asked = 0

    def read(self, *_size: int) -> bytes:
        self.asked += 1
        return b""

    readline = read


@pytest.mark.parametrize("path", [STATUS, INBOUND])
@pytest.mark.parametrize("length", [str(64 * 1024 + 1), str(4 * 1024 * 1024), "9" * 400, "-1", "many"])
def test_an_enormous_request_is_refused_unread(client, path, length):
    body = Unread()
    response = client.generic("POST", path, **{"wsgi.input": body, "CONTENT_LENGTH": length, "CONTENT_TYPE": FORM})
    assert (response.status_code, response.content) == (413, b"")
    assert body.asked == 0


def test_a_request_that_came_in_half_is_none(client):
    whole = urlencode(TEXT).encode()
    half = {"wsgi.input": io.BytesIO(whole[:-2]), "CONTENT_LENGTH": str(len(whole)), "CONTENT_TYPE": FORM}
    signature = sign(token="local", url=f"http://localhost:8000{INBOUND}", params={k: [v] for k, v in TEXT.items()})
    response = client.generic("POST", INBOUND, headers={"X-Twilio-Signature": signature}, **half)
    assert (response.status_code, response.content) == (400, b"")
    assert InboundText.objects.count() == 0


def test_a_signature_for_one_message_does_not_fit_another(client, message):
    params = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    good = sign(
        token="local", url=f"http://localhost:8000{STATUS}?key=other", params={k: [v] for k, v in params.items()}
    )
    assert refused(post(client, f"{STATUS}?key={message.send_key}", params, **{"X-Twilio-Signature": good}))
    assert Message.objects.get().status == "sent"


def test_without_a_secret_nothing_is_accepted(client, settings):
    settings.SMS_TOKEN = ""
    assert refused(post(client, INBOUND, TEXT, token=""))


def test_the_address_signed_is_the_public_one_whatever_host_was_asked(client):
    assert post(client, INBOUND, TEXT, Host="127.0.0.1").status_code == 200


def test_a_delivery_receipt_is_taken(client, message):
    params = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    response = post(client, f"{STATUS}?key={message.send_key}", params)
    assert (response.status_code, response.content) == (204, b"")
    assert Message.objects.get().status == "delivered"


def test_a_receipt_for_an_unknown_key_is_taken_and_changes_nothing(client, message):
    assert post(client, f"{STATUS}?key=x", {"MessageSid": "SM9", "MessageStatus": "delivered"}).status_code == 204
    assert Message.objects.get().status == "sent"


def test_stop_by_text_holds_at_once(client):
    response = post(client, INBOUND, TEXT)
    assert (response.status_code, response.content) == (200, b"<Response/>")
    assert opt_outs.holds(address="+14105550101")


def test_a_replayed_request_is_refused(client):
    post(client, INBOUND, TEXT)
    post(client, INBOUND, TEXT | {"MessageSid": "SM2", "Body": "START"})
    assert refused(post(client, INBOUND, TEXT))
    assert not opt_outs.holds(address="+14105550101")


def test_a_replayed_request_changes_nothing_when_the_cache_is_gone(client, settings):
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:9"}
    }
    post(client, INBOUND, TEXT)
    post(client, INBOUND, TEXT | {"MessageSid": "SM2", "Body": "START"})
    assert post(client, INBOUND, TEXT).status_code == 200
    assert not opt_outs.holds(address="+14105550101")
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}


@pytest.mark.parametrize(
    "body", ["😀 مرحبا", "'; DROP TABLE messaging_message; --", "<script>alert(1)</script>", "a\0b", "x" * 1600]
)
def test_whatever_people_write_is_kept(client, body):
    assert post(client, INBOUND, TEXT | {"Body": body}).status_code == 200
    assert InboundText.objects.get().body == body.replace("\0", "")


@pytest.mark.parametrize("missing", [{"MessageSid": ""}, {"MessageSid": "\0"}, {"MessageSid": "S" * 65}, {"From": " "}])
def test_a_text_without_a_name_is_refused_each_time_and_no_other_is_taken_for_it(client, missing):
    """The first such text took the empty name, and every later one counted as the same text come again."""
    for _again in range(2):
        response = post(client, INBOUND, TEXT | missing)
        assert (response.status_code, response.content) == (400, b"")
    nameless = {"From": "+14105550101", "Body": "STOP"}
    assert post(client, INBOUND, nameless).status_code == 400
    assert InboundText.objects.count() == 0
    post(client, INBOUND, TEXT)
    assert opt_outs.holds(address="+14105550101")
