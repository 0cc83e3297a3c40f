"""The process dies at each commit and at each request to the outside, in turn; ordinary ticks bring it to one end."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from django.conf import settings as project
from django.db import connections
from django.test import Client

from clinic.domain import infusions
from clinic.models import Infusion
from messaging.domain import dispatch, settle
from messaging.models import Message
from messaging.transports import signature, sms
from support.domain import watch
from support.models import Alert
from tests.support.conftest import Clinic, Phones, new_clinic

pytestmark = [pytest.mark.crash, pytest.mark.django_db(transaction=True)]
WRITE = re.compile(r"\b(INSERT INTO|UPDATE|DELETE FROM) ")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STARTS = datetime(2026, 3, 11, 17, 30, tzinfo=UTC)
# Every point in a soak; in an ordinary run each fifth of them (as there are two for each commit, both sides of it), and
# both sides of the first request.
STRIDE = 1 if os.environ.get("HOMEWARD_SOAK") == "1" else 5


class Died(BaseException):
    """Not an ``Exception``: nothing on the way may go on after it."""


class Points:
    """Every place at which a process may die with something done and something not: before and after each commit of
    something written, and before and after each request."""

    def __init__(self, *, die_at: int | None) -> None:
        self.die_at = die_at
        self.seen: list[str] = []
        self.of_matter: list[int] = []
        self.wrote = False
        self.is_dead = False

    def reach(self, place: str) -> None:
        self.seen.append(place)
        if len(self.seen) - 1 == self.die_at:
            # As PostgreSQL does when the other end of the line is gone.
            connections["default"].connection.rollback()
            self.is_dead = True
            raise Died(place)

    def live_again(self) -> None:
        connections["default"].close()
        self.is_dead = self.wrote = False

    def around(self, act: Callable[[], object], place: str, *, changed: Callable[[], bool] = lambda: True) -> object:
        first = len(self.seen)
        self.reach(f"before {place}")
        done = act()
        if changed():
            self.of_matter += [first, first + 1]
        self.reach(f"after {place}")
        return done

    def statement(self, execute, sql, params, many, context) -> object:
        """A statement of its own is a commit of its own. One that changed nothing is no place to die at."""
        if self.is_dead:
            raise Died(sql)
        if not WRITE.search(sql):
            return execute(sql, params, many, context)
        if context["connection"].in_atomic_block:
            self.wrote = True
            return execute(sql, params, many, context)
        return self.around(
            lambda: execute(sql, params, many, context),
            " ".join(sql.split()[:4]),
            changed=lambda: context["cursor"].rowcount != 0,
        )

    @contextmanager
    def watched(self, monkeypatch) -> Iterator[None]:
        line = connections["default"]
        commit, send = line._commit, sms._http.send

        def committed() -> object:
            wrote, self.wrote = self.wrote, False
            return self.around(commit, "commit") if wrote else commit()

        with monkeypatch.context() as patch, line.execute_wrapper(self.statement):
            patch.setattr(line, "_commit", committed)
            patch.setattr(sms._http, "send", lambda *args, **more: self.around(lambda: send(*args, **more), "request"))
            yield


def story(clinic: Clinic, client: Client) -> Iterator[Callable[[], object]]:
    """What happens, one act after the other. Whoever acted and saw no answer looks, and acts again where nothing
    came of it; a tick that ended is made up for by the next."""

    def visit() -> Infusion:
        return Infusion.objects.select_related("site", "patient__site", "policy", "course__protocol").get(
            patient=clinic.patient
        )

    def tick(at: datetime) -> None:
        watch.run(now=at)
        settle.run(clock=lambda: at)
        dispatch.run(clock=lambda: at)

    def ticks(at: datetime) -> Iterator[Callable[[], object]]:
        for minutes in (0, 2, 4):
            yield lambda minutes=minutes: tick(at + minutes * MINUTE)

    def book() -> None:
        if not Infusion.objects.filter(patient=clinic.patient).exists():
            clinic.book(STARTS)

    def report() -> None:
        row = Message.objects.get(site=clinic.site, kind="patient_3_days")
        url = f"/hooks/sms/status?key={row.send_key}"
        params = {"MessageSid": row.provider_id, "MessageStatus": "delivered"}
        signed = signature.sign(
            token=project.SMS_TOKEN, url=project.PUBLIC_URL + url, params={key: [each] for key, each in params.items()}
        )
        kind = "application/x-www-form-urlencoded"
        client.post(url, urlencode(params), content_type=kind, headers={"X-Twilio-Signature": signed})

    def move() -> None:
        clinic.now = STARTS - 3 * DAY + HOUR
        if visit().starts_at != STARTS + 2 * DAY:
            clinic.move(visit(), STARTS + 2 * DAY)

    def cancel() -> None:
        if visit().status != "cancelled":
            infusions.cancel(infusion=visit(), actor=clinic.desk, now=STARTS - 3 * DAY + 2 * HOUR, reason="rest")

    yield book
    yield from ticks(STARTS - 8 * DAY)
    # 10:00 in New York, three days before.
    yield from ticks(datetime(2026, 3, 8, 14, 0, tzinfo=UTC))
    yield report
    yield move
    yield from ticks(STARTS - 3 * DAY + HOUR)
    yield cancel
    yield from ticks(STARTS - 3 * DAY + 2 * HOUR)
    yield from ticks(STARTS - 3 * DAY + 4 * HOUR)


def walk(number: int, *, die_at: int | None, phones: Phones, client: Client, now: datetime, monkeypatch) -> Points:
    clinic = new_clinic(now=now, phone=f"+1410555{2 * number:04d}")
    clinic.named("Sam", phone=f"+1410555{2 * number + 1:04d}", email="")
    points = Points(die_at=die_at)
    with points.watched(monkeypatch):
        for act in story(clinic, client):
            try:
                act()
            except Died:
                points.live_again()
                act()
    points.outcome = outcome(clinic, phones)
    return points


def outcome(clinic: Clinic, phones: Phones) -> tuple[Counter, Counter, Counter]:
    """The ledger, what the phones have, and what the desk was asked to do."""
    rows = Message.objects.filter(site=clinic.site).values_list("kind", "about_at", "channel", "status", "body")
    texts = []
    for person in (clinic.patient, clinic.patient.designations.get().person):
        texts += phones.texts(person.phone)
    alerts = Alert.objects.filter(site=clinic.site).values_list("kind", "says")
    return Counter(rows), Counter(texts), Counter(alerts)


@pytest.fixture
def live(phones: Phones, client: Client, now: datetime, monkeypatch, settings) -> Callable[..., Points]:
    """`live(number, die_at=…)`: the story once, with people of its own."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

    def once(number: int, *, die_at: int | None = None) -> Points:
        return walk(number, die_at=die_at, phones=phones, client=client, now=now, monkeypatch=monkeypatch)

    return once


def test_wherever_it_dies_the_ledger_and_the_phones_end_the_same(live, record_property):
    whole = live(0)
    ledger, texts, _alerts = whole.outcome
    states = Counter(status for _kind, _at, _channel, status, _body in ledger.elements())
    assert (states["sent"] + states["delivered"], states["delivered"], len(texts)) == (texts.total(), 1, texts.total())
    around_a_request = [point for point in whole.of_matter if "request" in whole.seen[point]]
    tried = sorted({*whole.of_matter[::STRIDE], *around_a_request[:2]})
    record_property("crash points", f"{len(tried)} of {len(whole.of_matter)}")
    places = {whole.seen[point] for point in tried}
    assert places >= {"before commit", "after commit", "before request", "after request"}
    differ = {}
    for number, point in enumerate(tried, start=1):
        died = live(number, die_at=point)
        assert died.seen[: point + 1] == whole.seen[: point + 1]
        if died.outcome != whole.outcome:
            differ[whole.seen[point]] = (died.outcome, whole.outcome)
    assert differ == {}


def test_without_the_reaper_the_ends_differ(live, monkeypatch):
    whole = live(0)
    monkeypatch.setattr(settle, "REAP", settle.REAP.replace("WHERE status = 'sending' AND", "WHERE false AND"))
    assert live(1, die_at=whole.seen.index("after request")).outcome != whole.outcome
