"""The transport against the fake provider, over real sockets."""

import io
import json
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
import requests

from messaging.transports import sms
from messaging.transports.outcome import Answer, Lookup, Result

KEY = "6a1d3c1e-0000-4000-8000-000000000001"


def send(body="Hello") -> object:
    return sms.send(to="+14105550107", body=body, send_key=KEY)


def lookup(body="Hello", taken=()):
    return sms.lookup(
        to="+14105550107",
        since=datetime.now(UTC),
        matches=lambda text: text == body,
        taken=lambda sid: sid in taken,
    )


def test_a_text_that_is_taken_has_the_providers_number_and_our_key(provider):
    outcome = send()
    [text] = provider.phones.all
    assert (outcome.result, outcome.provider_id) == (Result.ACCEPTED, text["sid"])
    assert text["status_callback"] == f"http://localhost:8000/hooks/sms/status?key={KEY}"


@pytest.mark.parametrize(
    ("fault", "result"),
    [
        ({"refuse": "busy"}, Result.LATER),
        ({"refuse": "unauthorised"}, Result.LATER),
        ({"status": 503}, Result.LATER),
        ({"status": 404}, Result.LATER),
        ({"status": 302}, Result.LATER),
        ({"refuse": "bad_number"}, Result.REFUSED),
        ({"refuse": "not_mobile"}, Result.REFUSED),
        ({"refuse": "opted_out"}, Result.REFUSED),
        ({"status": 422}, Result.REFUSED),
        ({"status": 500}, Result.UNCLEAR),
        ({"status": 504}, Result.UNCLEAR),
        ({"status": 200}, Result.UNCLEAR),
        ({"drop": True}, Result.UNCLEAR),
        ({"failed": 0}, Result.REFUSED),
        ({"failed": 30006}, Result.REFUSED),
        ({"failed": 21610}, Result.REFUSED),
        ({"failed": 21606}, Result.LATER),
    ],
)
def test_each_answer_says_whether_the_text_was_taken(provider, fault, result):
    provider.control(fault)
    assert send().result is result


@pytest.mark.parametrize(
    ("answer", "fault", "opted_out"),
    [
        ({"sid": "SM1", "status": "failed", "error_code": 21610}, "code_21610", True),
        ({"sid": "SM1", "status": "queued", "error_code": "30006"}, "code_30006", False),
        ({"sid": "SM1", "status": "undelivered", "error_code": None}, "code_0", False),
        ({"sid": "SM1", "status": "canceled"}, "code_0", False),
    ],
)
def test_a_text_that_was_taken_and_failed_at_once_is_not_called_sent(answer, fault, opted_out):
    outcome = sms._read(response(201, answer))
    assert (outcome.result, outcome.fault, outcome.opted_out) == (Result.REFUSED, fault, opted_out)


@pytest.mark.parametrize("status", ["accepted", "queued", "sending", "sent", "delivered", None])
def test_a_text_on_its_way_is_sent(status):
    assert sms._read(response(201, {"sid": "SM1", "status": status, "error_code": None})).result is Result.ACCEPTED


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("0", 0),
        ("900", 900),
        ("Tue, 03 Mar 2026 14:51:00 GMT", 600),
        ("Tue, 03 Mar 2026 14:31:00 GMT", 0),
        ("86400", 1800),
        ("9" * 5000, 1800),
        ("Wed, 04 Mar 2026 14:41:00 GMT", 1800),
        ("-5", None),
        ("\xb2", None),
        ("soon", None),
        ("", None),
    ],
)
def test_how_long_a_provider_asks_us_to_wait(asked, seconds):
    answer = response(429, {"code": 20429}, **{"Retry-After": asked, "Date": "Tue, 03 Mar 2026 14:41:00 GMT"})
    assert (sms._read(answer).result, sms._read(answer).retry_after) == (Result.LATER, seconds)


def response(status: int, answer: object, **headers: str) -> requests.Response:
    found = requests.Response()
    found.status_code, found.raw = status, io.BytesIO(json.dumps(answer).encode())
    found.headers.update(headers)
    return found


def test_a_slow_provider_is_waited_for(provider):
    provider.control({"delay": 0.3})
    assert send().result is Result.ACCEPTED


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://provider.invalid", ""])
def test_nobody_to_talk_to_means_later(provider, settings, url):
    settings.SMS_API_URL = url
    assert send().result is Result.LATER


def test_a_text_is_found_by_its_words(provider):
    outcome = send()
    assert lookup().provider_id == outcome.provider_id
    assert lookup("Other").answer is Answer.NOT_FOUND
    assert lookup(taken=[outcome.provider_id]).answer is Answer.NOT_FOUND


def test_a_provider_that_fails_or_is_gone_cannot_say(provider, settings):
    provider.control({"lookup_status": 500})
    assert lookup().answer is Answer.CANNOT_SAY
    settings.SMS_API_URL = "http://127.0.0.1:9"
    assert lookup().answer is Answer.CANNOT_SAY


@pytest.mark.parametrize(
    "strange",
    [{"body": None}, {"sid": None}, {"sid": 7, "body": "Other"}],
    ids=str,
)
def test_a_text_of_which_the_provider_tells_half_is_passed_over(monkeypatch, strange):
    """Some keep no words: one such text must not keep the others from being asked about."""
    made = {"sid": "SM1", "body": "Hello", "status": "sent", "date_created": format_datetime(datetime.now(UTC))}
    page = {"messages": [made | strange, made | {"sid": "SM2"}]}
    monkeypatch.setattr(sms._http, "get", lambda *_args, **_fields: response(200, page))
    assert lookup() == Lookup(answer=Answer.FOUND, provider_id="SM2", status="sent")


@pytest.mark.parametrize(
    "answer",
    [{"messages": [{"sid": "SM1", "body": "Hello", "date_created": 7}]}, {"messages": [None]}, [], None],
    ids=str,
)
def test_nonsense_for_a_list_of_texts_cannot_say(monkeypatch, answer):
    monkeypatch.setattr(sms._http, "get", lambda *_args, **_fields: response(200, answer))
    assert lookup().answer is Answer.CANNOT_SAY
