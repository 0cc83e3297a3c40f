import io
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from messaging.domain import opt_outs
from messaging.models import InboundText, Message, OptOut
from messaging.transports.signature import params_of, sign

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


def a_while_ago():
    """What came in so far lies an hour back."""
    earlier = timezone.now() - timedelta(hours=1)
    InboundText.objects.update(received_at=earlier)
    OptOut.objects.update(since=earlier)


def test_a_replayed_request_is_refused(client):
    post(client, INBOUND, TEXT)
    a_while_ago()
    post(client, INBOUND, TEXT | {"MessageSid": "SM2", "Body": "START"})
    assert refused(post(client, INBOUND, TEXT))
    assert not opt_outs.holds(address="+14105550101")


def test_a_replayed_request_changes_nothing_when_nobody_remembers_it(client, settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    post(client, INBOUND, TEXT)
    a_while_ago()
    post(client, INBOUND, TEXT | {"MessageSid": "SM2", "Body": "START"})
    assert post(client, INBOUND, TEXT).status_code == 200
    assert not opt_outs.holds(address="+14105550101")


@pytest.mark.parametrize(
    "body", ["😀 مرحبا", "'; DROP TABLE messaging_message; --", "<script>alert(1)</script>", "a\0b", "x" * 1600]
)
def test_whatever_people_write_is_kept(client, body):
    assert post(client, INBOUND, TEXT | {"Body": body, "To": "+14105550100"}).status_code == 200
    [text] = InboundText.objects.all()
    assert (text.body, text.to_number) == (body.replace("\0", ""), "+14105550100")


def test_no_more_is_kept_than_a_text_can_hold(client):
    post(client, INBOUND, TEXT | {"Body": "x" * 5000, "To": "+1" * 40})
    [text] = InboundText.objects.all()
    assert (len(text.body), len(text.to_number)) == (1600, 32)


def signed_by_hand(client, url, raw, *, over=None):
    """The signature as the provider makes it: over the raw address and the bytes that the form stands for."""
    signature = sign(token="local", url=f"http://localhost:8000{url}", params=params_of(body=over or raw))
    headers = {"X-Twilio-Signature": signature}
    path, _mark, query = url.partition("?")
    return client.generic("POST", path, raw, content_type=FORM, headers=headers, QUERY_STRING=query)


def test_the_signature_is_over_the_bytes_that_came_whatever_they_are_read_as(client):
    raw = b"MessageSid=SM1&From=%2B14105550101&Body=caf%E9+%F0%9F%98%80"
    assert signed_by_hand(client, INBOUND, raw).status_code == 200
    assert InboundText.objects.get().body == "caf\ufffd 😀"
    # Read as the sign that stands for what is no UTF-8, both would be one text.
    other = raw.replace(b"SM1", b"SM2")
    assert refused(signed_by_hand(client, INBOUND, other, over=other.replace(b"%E9", b"%E8")))


def test_the_signature_is_over_the_raw_query_string(client):
    """Some quote what need not be quoted: it is signed as it stands."""
    assert signed_by_hand(client, f"{INBOUND}?to=%2f|x", urlencode(TEXT).encode()).status_code == 200


def test_another_reading_of_the_body_is_none(client):
    """What is signed is what is read: nothing hides in a form of another kind."""
    raw = urlencode(TEXT).encode()
    signature = sign(token="local", url=f"http://localhost:8000{INBOUND}", params=params_of(body=raw))
    form = "multipart/form-data; boundary=x"
    response = client.generic("POST", INBOUND, raw, content_type=form, headers={"X-Twilio-Signature": signature})
    assert response.status_code == 200
    assert InboundText.objects.get().body == "STOP"


def test_a_form_of_thousands_of_fields_is_refused(client):
    raw = b"&".join(b"a%d=1" % number for number in range(1000))
    response = client.generic("POST", INBOUND, raw, content_type=FORM)
    assert (response.status_code, response.content) == (400, b"")


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
