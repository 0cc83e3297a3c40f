"""The provider's own doors, which the demo and other tests open."""

import pytest
import requests

from messaging.fake_provider import Phones, Provider


def write(provider: Provider, to: str, body: str) -> requests.Response:
    url = f"{provider.api_url}/2010-04-01/Accounts/AC1/Messages.json"
    return requests.post(url, data={"To": to, "Body": body}, timeout=5)


def test_the_phones_show_what_they_received_oldest_first(provider):
    for body in ("one", "two"):
        write(provider, "+14105550101", body)
    write(provider, "+14105550102", "three")
    shown = requests.get(f"{provider.api_url}/messages", timeout=5).json()
    assert [text["body"] for text in shown] == ["one", "two", "three"]
    one_phone = requests.get(f"{provider.api_url}/messages", params={"to": "+14105550102"}, timeout=5).json()
    assert [text["body"] for text in one_phone] == ["three"]


def test_one_text_can_be_fetched_as_twilio_shows_it(provider):
    sid = write(provider, "+14105550101", "one").json()["sid"]
    found = requests.get(f"{provider.api_url}/2010-04-01/Accounts/AC1/Messages/{sid}.json", timeout=5).json()
    assert (found["body"], found["status"], "status_callback" in found) == ("one", "queued", False)
    assert requests.get(f"{provider.api_url}/2010-04-01/Accounts/AC1/Messages/SM0.json", timeout=5).status_code == 404


def test_a_behaviour_that_does_not_exist_is_refused(provider):
    answer = requests.put(f"{provider.api_url}/control", json={"sulk": True}, timeout=5)
    assert (answer.status_code, answer.json()) == (400, {"message": "No such behaviour: sulk"})


def test_faults_come_in_turn(provider):
    requests.put(f"{provider.api_url}/control", json={"cycle": [{}, {"status": 503}]}, timeout=5)
    assert [write(provider, "+14105550101", "hello").status_code for _time in range(4)] == [201, 503, 201, 503]
    assert requests.get(f"{provider.api_url}/state", timeout=5).json()["taken"] == 2


def test_emptying_the_phones(provider):
    write(provider, "+14105550101", "one")
    requests.delete(f"{provider.api_url}/messages", timeout=5)
    assert requests.get(f"{provider.api_url}/messages", timeout=5).json() == []


def test_a_file_keeps_the_texts_over_a_restart(tmp_path):
    file = tmp_path / "texts.ndjson"
    sid = Phones(file).take({"To": "+14105550101", "Body": "héllo 🌙"})["sid"]
    assert Phones(file).by_sid[sid]["body"] == "héllo 🌙"


@pytest.mark.parametrize("path", ["/", "/2010-04-01/Accounts/AC1/Calls.json"])
def test_other_doors_are_closed(provider, path):
    assert requests.post(provider.api_url + path, timeout=5).status_code == 404
