"""The cache of all processes goes away and comes back: nobody is turned away, and no page waits for it twice."""

import time

import pytest
from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.test import Client

from clinic.throttle import too_many
from config.cache import PAUSE, SharedCache
from tests.factories import StaffFactory

NOBODY = "redis://127.0.0.1:9"
PASSWORD = "one-long-password"


@pytest.fixture(autouse=True)
def _asked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SharedCache, "back_at", 0.0)


@pytest.fixture
def away(settings) -> BaseCache:
    settings.CACHES = {"default": {"BACKEND": "config.cache.SharedCache", "LOCATION": NOBODY}}
    cache = caches["default"]
    yield cache
    cache.clear()


def test_what_is_there_is_shared_and_not_kept_twice() -> None:
    cache = caches["default"]
    cache.set("name", "shared", 60)
    assert (cache.get("name"), cache.here.get("name")) == ("shared", None)


def test_every_question_is_answered_while_it_is_away(away) -> None:
    assert (away.add("a", 1, 60), away.add("a", 2, 60), away.incr("a")) == (True, False, 2)
    assert away.set_many({"b": "x", "c": "y"}, 60) == []
    assert (away.get_many(["b", "c", "d"]), away.has_key("b"), away.touch("b", 60)) == (
        {"b": "x", "c": "y"},
        True,
        True,
    )
    away.delete("b")
    away.delete_many(["c"])
    assert (away.get("a"), away.get("b"), away.get("c", "nothing")) == (2, None, "nothing")
    away.clear()
    assert away.get("a") is None


def test_brakes_still_hold_within_a_process(away) -> None:
    assert [too_many(what="test", who="somebody", limit=2, seconds=60) for _try in range(3)] == [False, False, True]


def test_the_first_of_a_thousand_is_still_known_while_it_is_away(away) -> None:
    for number in range(1_000):
        away.set(f"n{number}", number, 60)
    assert (away.get("n0"), away.get("n999")) == (0, 999)


def test_it_is_not_asked_again_for_a_while_and_then_it_is(away, monkeypatch) -> None:
    asked = []
    client = away._cache.get_client
    monkeypatch.setattr(away._cache, "get_client", lambda *args, **kwargs: asked.append(1) or client(*args, **kwargs))
    for _question in range(20):
        away.get("a")
    first = len(asked)
    monkeypatch.setattr(SharedCache, "back_at", SharedCache.back_at - PAUSE)
    away.get("a")
    assert (first, len(asked)) == (1, 2)


@pytest.mark.django_db
def test_staff_sign_in_while_it_is_away(away) -> None:
    staff = StaffFactory()
    staff.set_password(PASSWORD)
    staff.save()
    client, began = Client(), time.monotonic()
    wrong = client.post("/account/login/", {"login": staff.email, "password": "another"})
    right = client.post("/account/login/", {"login": staff.email, "password": PASSWORD})
    assert (wrong.status_code, right.status_code) == (200, 302)
    assert time.monotonic() - began < 1.5


@pytest.mark.django_db
def test_passwords_are_not_tried_without_end_while_it_is_away(away) -> None:
    staff, client = StaffFactory(), Client()
    answers = [client.post("/account/login/", {"login": staff.email, "password": "wrong"}) for _try in range(12)]
    assert any(b"Too many" in answer.content or answer.status_code == 429 for answer in answers)
