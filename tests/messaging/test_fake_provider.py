"""The provider's own doors, which the demo and other tests open."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
import requests

from messaging.fake_phones import Phones, Receipt
from messaging.transports import signature

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = ("AC1", "test-token")


def write(url: str, to: str, body: str, *, auth=ACCOUNT, **more: str) -> requests.Response:
    data = {"To": to, "Body": body} | more.pop("form", {})
    where = f"{url}/2010-04-01/Accounts/AC1/Messages.json"
    return requests.post(where, data=data, headers=more, auth=auth, timeout=5)


class Clinic(HTTPServer):
    """A web server that writes down what the provider tells it, and whether it was signed."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Hook)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/hook"
        self.heard: list[dict[str, str]] = []

    def wait_for(self, count: int) -> list[dict[str, str]]:
        end = time.monotonic() + 15
        while len(self.heard) < count and time.monotonic() < end:
            time.sleep(0.02)
        return list(self.heard)


class Hook(BaseHTTPRequestHandler):
    server: Clinic

    def do_POST(self) -> None:
        params = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode(), keep_blank_values=True))
        given = self.headers["X-Twilio-Signature"]
        lists = {name: [value] for name, value in params.items()}
        if signature.is_valid(token="test-token", url=self.server.url, params=lists, given=given):
            self.server.heard.append(params)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Silent."""


@pytest.fixture
def clinic() -> Iterator[Clinic]:
    with Clinic() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_phones_show_what_they_received_oldest_first(provider):
    for body in ("one", "two"):
        write(provider.api_url, "+14105550101", body)
    write(provider.api_url, "+14105550102", "three")
    shown = requests.get(f"{provider.api_url}/messages", timeout=5).json()
    assert [text["body"] for text in shown] == ["one", "two", "three"]
    one_phone = requests.get(f"{provider.api_url}/messages", params={"to": "+14105550102"}, timeout=5).json()
    assert [text["body"] for text in one_phone] == ["three"]


def test_one_text_can_be_fetched_as_twilio_shows_it(provider):
    sid = write(provider.api_url, "+14105550101", "one").json()["sid"]
    messages = f"{provider.api_url}/2010-04-01/Accounts/AC1/Messages"
    found = requests.get(f"{messages}/{sid}.json", auth=ACCOUNT, timeout=5).json()
    assert (found["body"], found["status"], "status_callback" in found) == ("one", "queued", False)
    assert requests.get(f"{messages}/SM0.json", auth=ACCOUNT, timeout=5).status_code == 404


def test_a_behaviour_that_does_not_exist_is_refused(provider):
    answer = requests.put(f"{provider.api_url}/control", json={"sulk": True}, timeout=5)
    assert (answer.status_code, answer.json()) == (400, {"message": "No such behaviour: sulk"})


def test_faults_come_in_turn(provider):
    requests.put(f"{provider.api_url}/control", json={"cycle": [{}, {"status": 503}]}, timeout=5)
    assert [write(provider.api_url, "+14105550101", "hello").status_code for _time in range(4)] == [201, 503, 201, 503]
    assert requests.get(f"{provider.api_url}/state", timeout=5).json()["taken"] == 2


def test_emptying_the_phones(provider):
    write(provider.api_url, "+14105550101", "one")
    requests.delete(f"{provider.api_url}/messages", timeout=5)
    assert requests.get(f"{provider.api_url}/messages", timeout=5).json() == []


def test_a_file_keeps_the_texts_over_a_restart(tmp_path):
    file = tmp_path / "texts.ndjson"
    sid = Phones(file).take({"To": "+14105550101", "Body": "héllo 🌙"})["sid"]
    assert Phones(file).by_sid[sid]["body"] == "héllo 🌙"


@pytest.mark.parametrize("path", ["/", "/2010-04-01/Accounts/AC1/Calls.json"])
def test_other_doors_are_closed(provider, path):
    assert requests.post(provider.api_url + path, timeout=5).status_code == 404


@pytest.mark.parametrize("auth", [None, ("AC1", "guessed"), ("AC2", "test-token")])
def test_who_does_not_know_the_token_of_the_account_is_turned_away(provider, auth):
    assert write(provider.api_url, "+14105550101", "one", auth=auth).status_code == 401
    list_of_texts = f"{provider.api_url}/2010-04-01/Accounts/AC1/Messages.json"
    assert requests.get(list_of_texts, auth=auth, timeout=5).status_code == 401
    assert provider.phones.all == []


def test_a_success_with_an_error_in_its_body(provider):
    provider.control({"status": 200})
    answer = write(provider.api_url, "+14105550101", "one")
    assert (answer.status_code, answer.json()["code"], provider.phones.all) == (200, 20500, [])


@pytest.mark.parametrize(("honours", "texts"), [(True, 1), (False, 2)])
def test_the_same_key_again_is_the_same_text_where_keys_are_honoured(provider, honours, texts):
    provider.control({"honours_keys": honours})
    sids = {write(provider.api_url, "+14105550101", "one", **{"Idempotency-Key": "a"}).json()["sid"] for _time in "12"}
    assert (len(sids), len(provider.phones.all)) == (texts, texts)


def test_what_goes_wrong_by_lot_is_the_same_for_the_same_seed(provider):
    def answers(seed: int) -> list[int]:
        provider.mood.asked = 0
        provider.control({"seed": seed, "share": 0.5, "faults": [{"status": 503}, {"refuse": "busy"}]})
        return [write(provider.api_url, "+14105550101", "one").status_code for _time in range(30)]

    first = answers(1)
    assert set(first) == {201, 503, 429}
    assert answers(1) == first
    assert answers(2) != first


def test_a_look_up_may_be_slow_and_may_fail(provider):
    provider.control({"lookup_delay": 0.3, "lookup_status": 503})
    list_of_texts = f"{provider.api_url}/2010-04-01/Accounts/AC1/Messages.json"
    began = time.monotonic()
    answer = requests.get(list_of_texts, auth=ACCOUNT, timeout=5)
    assert (answer.status_code, time.monotonic() - began >= 0.3) == (503, True)


def test_it_accepts_and_then_says_that_it_failed_with_a_code(provider, clinic):
    provider.control({"receipts": ["sent", "undelivered"], "error_code": 30003})
    answer = write(provider.api_url, "+14105550101", "one", form={"StatusCallback": clinic.url})
    heard = {each["MessageStatus"]: each.get("ErrorCode") for each in clinic.wait_for(2)}
    assert (answer.status_code, heard) == (201, {"sent": None, "undelivered": "30003"})
    assert provider.phones.all[0]["error_code"] == 30003


def test_receipts_may_come_twice(provider, clinic):
    provider.control({"receipts": ["delivered", "sent", "delivered"]})
    write(provider.api_url, "+14105550101", "one", form={"StatusCallback": clinic.url})
    assert sorted(each["MessageStatus"] for each in clinic.wait_for(3)) == ["delivered", "delivered", "sent"]


def test_a_text_from_a_phone_may_come_twice(provider, clinic):
    text = {"from": "+14105550101", "body": "YES", "url": clinic.url, "copies": 2}
    answer = requests.post(f"{provider.api_url}/inbound", json=text, timeout=5).json()
    assert answer["statuses"] == [204, 204]
    assert [each["MessageSid"] for each in clinic.heard] == [answer["sid"]] * 2


def test_receipts_owed_are_kept_over_a_restart(tmp_path):
    file = tmp_path / "texts.ndjson"
    before = Phones(file)
    sid = before.take({"To": "+14105550101", "Body": "one"})["sid"]
    owed = [Receipt(sid=sid, status=status, url="http://localhost/", due=1.0) for status in ("sent", "delivered")]
    [first, second] = before.promise(owed)
    before.report(first)
    after = Phones(file)
    assert (after.owed, after.by_sid[sid]["status"]) == ({second: owed[1]}, "sent")


def test_callbacks_that_overtake_each_other_leave_the_last_word():
    phones = Phones(None)
    sid = phones.take({"To": "+14105550101", "Body": "one"})["sid"]
    owed = [Receipt(sid=sid, status=status, url="http://localhost/", due=1.0) for status in ("sent", "undelivered")]
    for number in reversed(phones.promise(owed)):
        phones.report(number)
    assert phones.all[0]["status"] == "undelivered"


def test_a_provider_that_is_killed_and_comes_back_still_calls(tmp_path, clinic):
    command = [sys.executable, "-m", "messaging.fake_provider", "--port", "0", "--token", "test-token"]
    command += ["--file", str(tmp_path / "texts.ndjson")]

    def started() -> subprocess.Popen[str]:
        return subprocess.Popen(command, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, text=True)

    with started() as first:
        url = first.stdout.readline().strip()
        requests.put(f"{url}/control", json={"receipts": True, "receipt_delay": 1.5}, timeout=5)
        sid = write(url, "+14105550101", "one", form={"StatusCallback": clinic.url}).json()["sid"]
        first.send_signal(signal.SIGKILL)
    assert clinic.heard == []
    with started() as second:
        heard = clinic.wait_for(2)
        second.terminate()
    assert sorted((each["MessageSid"], each["MessageStatus"]) for each in heard) == [(sid, "delivered"), (sid, "sent")]
    assert json.loads((tmp_path / "texts.ndjson").read_text().splitlines()[0])["sid"] == sid
