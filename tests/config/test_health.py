"""``/healthz`` says the process lives, ``/readyz`` that it can work."""

import pytest
from django.test import Client

from config import probe


def test_alive_asks_neither_database_nor_broker(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_ready_when_database_and_broker_answer(client: Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "database": "ok", "broker": "ok"})


@pytest.mark.django_db
def test_not_ready_without_the_broker(client: Client, settings, tmp_path) -> None:
    settings.REDIS_URL = f"redis+socket://{tmp_path}/nobody.sock"
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "unavailable", "database": "ok", "broker": "unavailable"}


def test_not_ready_without_the_database(in_a_new_process) -> None:
    code = (
        "import django; django.setup(); from django.test import Client;"
        "answer = Client().get('/readyz'); print(answer.status_code, answer.content.decode())"
    )
    answer = in_a_new_process("-c", code, DATABASE_URL="postgresql://postgres@/homeward?host=/nowhere")
    assert answer.stdout == '503 {"status": "unavailable", "database": "unavailable", "broker": "ok"}\n'


@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
def test_a_question_of_health_changes_nothing(client: Client, address: str) -> None:
    assert client.post(address).status_code == 405


def test_the_probe_of_a_silent_port_fails(in_a_new_process) -> None:
    assert in_a_new_process("-m", "config.probe", PORT="1").returncode == 1


@pytest.mark.django_db(transaction=True)
def test_the_probe_asks_the_web_server(live_server) -> None:
    assert probe.ready(live_server.thread.port)
