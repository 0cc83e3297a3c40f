"""E-mails by a mail server and by a service's own interface, and what the service tells of them afterwards."""

import base64
import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.test import Client

from messaging import checks
from messaging.domain import opt_outs
from messaging.models import Message, OptOut
from messaging.transports import email
from messaging.transports.outcome import Result
from tests.factories import SiteFactory

KEY = "6a1d3c1e-0000-4000-8000-000000000001"
PAGE = "https://example.org/l/token/preferences/"
HOOK = "/hooks/email/status"
SECRET = "homeward:long-and-secret"


def send(**changes):
    values = {"to": "sam@example.org", "subject": "Hello", "body": "Hi", "html": "<p>Hi</p>", "send_key": KEY}
    return email.send(**values | changes)


def test_one_press_in_the_mailbox_stops_them(mailoutbox):
    """RFC 8058: mail programs offer it beside the sender's name."""
    send(preferences=PAGE)
    headers = mailoutbox[0].message()
    assert headers["List-Unsubscribe"] == f"<{PAGE}>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_without_a_page_nothing_of_the_kind_is_promised(mailoutbox):
    send()
    assert "List-Unsubscribe" not in mailoutbox[0].message()


@pytest.mark.parametrize(
    "fields", [{"to": "a@example.org\nBcc: b@example.org"}, {"subject": "Hello\r\nBcc: b@example.org"}], ids=str
)
def test_a_line_break_in_a_header_is_refused_and_nothing_leaves(mailoutbox, fields):
    assert send(**fields).result is Result.REFUSED
    assert mailoutbox == []


class Service(BaseHTTPRequestHandler):
    """Postmark's interface, as far as a message needs it."""

    def do_POST(self) -> None:
        self.server.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        status, answer = self.server.answer
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_args: object) -> None:
        pass


TAKEN = {"ErrorCode": 0, "Message": "OK", "MessageID": "postmark-1", "To": "sam@example.org"}


@pytest.fixture
def service(settings):
    with HTTPServer(("127.0.0.1", 0), Service) as server:
        server.got, server.answer = [], (200, TAKEN)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.EMAIL_SERVICE = "postmark"
        settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
        url = f"http://127.0.0.1:{server.server_port}/"
        settings.ANYMAIL = {"POSTMARK_SERVER_TOKEN": "t", "POSTMARK_API_URL": url, "WEBHOOK_SECRET": SECRET}
        yield server
        server.shutdown()


def test_a_service_gets_our_key_counts_no_clicks_and_gives_its_own_name(service):
    outcome = send(preferences=PAGE)
    [got] = service.got
    assert (outcome.result, outcome.provider_id) == (Result.ACCEPTED, "postmark-1")
    assert (got["Metadata"], got["TrackOpens"], got["TrackLinks"]) == ({"send_key": KEY}, False, "None")
    assert {"Name": "List-Unsubscribe", "Value": f"<{PAGE}>"} in got["Headers"]


@pytest.mark.parametrize(
    ("status", "answer", "result"),
    [
        (200, {"ErrorCode": 300, "Message": "Invalid 'To' address: 'sam@example.org'."}, Result.REFUSED),
        (422, {"ErrorCode": 300, "Message": "Invalid 'To' address: 'sam@example.org'."}, Result.REFUSED),
        (401, {"ErrorCode": 10, "Message": "Bad token"}, Result.LATER),
        (429, {"ErrorCode": 429, "Message": "Slow down"}, Result.LATER),
        (503, {"ErrorCode": 100, "Message": "Maintenance"}, Result.UNCLEAR),
        (200, {"nonsense": True}, Result.UNCLEAR),
    ],
    ids=str,
)
def test_what_a_service_answers_is_one_of_four_words(service, status, answer, result):
    service.answer = (status, answer)
    assert send().result is result


def test_a_service_that_cannot_be_reached_is_tried_later(settings, service):
    service.shutdown()
    service.server_close()
    assert send().result is Result.LATER


@pytest.fixture
def sent(service, db, now):
    site = SiteFactory()
    due = now - timedelta(minutes=5)
    return Message.objects.create(
        site=site,
        kind="test-reminder",
        scope="visit:1",
        subject="visit:1",
        recipient="patient:7",
        channel="email",
        due_at=due,
        not_after=now + timedelta(hours=1),
        status="sent",
        sent_at=due,
        sent_to="sam@example.org",
        provider_id="postmark-1",
        send_key=KEY,
    )


def told(body, *, secret=SECRET, **extra):
    headers = {"HTTP_AUTHORIZATION": f"Basic {base64.b64encode(secret.encode()).decode()}"} if secret else {}
    body = body if isinstance(body, str) else json.dumps(body)
    return Client().post(HOOK, body, content_type="application/json", **headers, **extra)


def event(kind="Delivery", **fields):
    return {"RecordType": kind, "MessageID": "postmark-1", "Recipient": "sam@example.org", **fields}


def row():
    return Message.objects.get()


@pytest.mark.parametrize("named_by", [{"Metadata": {"send_key": KEY}, "MessageID": "another"}, {}])
def test_what_arrived_is_delivered_by_our_key_or_by_the_services_name(sent, named_by):
    for _told_twice in range(2):
        assert told(event(**named_by)).status_code == 200
    assert row().status == "delivered"


@pytest.mark.parametrize("kind", ["HardBounce", "SoftBounce", "BadEmailAddress", "Blocked"])
def test_what_came_back_is_not_delivered_and_says_so(sent, kind):
    told(event("Bounce", Type=kind, Email="sam@example.org", ID=1))
    assert (row().status, row().error_text) == ("undelivered", "The reader's mail server did not take it.")
    assert not opt_outs.holds(address="sam@example.org")


@pytest.mark.parametrize(
    "complaint",
    [
        event("SpamComplaint", Type="SpamComplaint", Email="sam@example.org", ID=1),
        event("SubscriptionChange", SuppressSending=True, SuppressionReason="ManualSuppression"),
    ],
    ids=["complained", "unsubscribed"],
)
def test_who_complains_or_stops_at_the_service_gets_no_more(sent, complaint):
    for _told_twice in range(2):
        assert told(complaint).status_code == 200
    assert OptOut.objects.get().address == "sam@example.org"
    assert row().status in ("sent", "delivered")


def test_a_complaint_about_an_email_that_is_not_ours_stops_nobody(sent):
    told(event("SpamComplaint", Type="SpamComplaint", MessageID="theirs", Email="jo@example.org", ID=1))
    assert not OptOut.objects.exists()


@pytest.mark.parametrize("secret", ["", "homeward:wrong", "x"])
def test_without_the_secret_nothing_is_heard(sent, secret):
    response = told(event(), secret=secret)
    assert (response.status_code, response.content, row().status) == (403, b"", "sent")


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "null", '"x"', '{"RecordType": 7}', '{"RecordType": "Bounce", "Metadata": 3}', "[" * 200_000],
    ids=lambda body: body[:40],
)
def test_nonsense_with_the_secret_changes_nothing_and_is_no_error(sent, body):
    assert told(body).status_code in (200, 400)
    assert row().status == "sent"


def test_what_is_too_long_is_refused_unread(sent):
    assert told("x", CONTENT_LENGTH=str(2**20 + 1)).status_code == 413


@pytest.mark.parametrize("changes", [{"EMAIL_SERVICE": ""}, {"EMAIL_SERVICE": "nobody"}, {"ANYMAIL": {}}], ids=str)
def test_without_a_service_or_a_secret_the_address_is_not_there(sent, settings, changes):
    for name, value in changes.items():
        setattr(settings, name, value)
    assert told(event()).status_code == 404


def test_a_service_that_does_not_exist_stops_the_start(settings):
    settings.EMAIL_SERVICE = "postmaster"
    assert [error.id for error in checks.email_service_exists()] == ["messaging.E004"]
    settings.EMAIL_SERVICE = "postmark"
    assert checks.email_service_exists() == []


@pytest.mark.parametrize(("secret", "warnings"), [("", 1), ("x", 1), (SECRET, 0)])
def test_a_service_nobody_hears_is_warned_of(settings, secret, warnings):
    settings.EMAIL_SERVICE, settings.ANYMAIL = "postmark", {"WEBHOOK_SECRET": secret}
    assert len(checks.email_service_is_heard()) == warnings
