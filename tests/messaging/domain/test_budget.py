import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from messaging.domain import budget, dispatch, outbox
from messaging.domain import kinds as registry
from messaging.domain.kinds import Budget
from messaging.models import Message
from tests.messaging import kinds

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NUMBER = "+14105550007"


@pytest.fixture
def limited(monkeypatch):
    """`limited(per_day=2)`: both kinds have this budget; the second does not count."""

    def make(**limits) -> None:
        for kind in (kinds.REMINDER, kinds.COME_IN):
            changed = replace(
                kind,
                facts=lambda m, n, kind=kind: replace(kind.facts(m, n), budget=Budget(**limits)),
                counts=kind is kinds.REMINDER,
            )
            monkeypatch.setitem(registry._kinds, kind.name, changed)

    return make


@pytest.fixture
def due(plan, wants, now):
    def make(count: int, *, lasts: timedelta = timedelta(days=30), **changes: object) -> list[Message]:
        rows = [wants(7, subject=f"visit:{n}", not_after=now + lasts, **changes) for n in range(count)]
        return plan(*rows)

    return make


def tick(now) -> Counter:
    return dispatch.run(clock=lambda: now)


def test_so_many_a_day_and_the_rest_when_the_first_is_a_day_old(limited, due, provider, now):
    limited(per_day=2)
    due(3)
    assert tick(now) == {"sent": 2, "pending": 1}
    assert Message.objects.get(status="pending").next_try_at == now + DAY
    assert tick(now + 23 * HOUR) == {}
    assert tick(now + DAY) == {"sent": 1}


def test_so_many_a_week_though_each_day_has_room(limited, due, provider, now):
    limited(per_day=2, per_week=3)
    due(4)
    tick(now)
    tick(now + DAY)
    assert Message.objects.get(status="pending").next_try_at == now + 7 * DAY


def test_what_would_be_of_no_more_use_by_then_is_stopped_and_the_desk_is_told(limited, due, provider, now):
    limited(per_day=1)
    due(2, lasts=5 * HOUR)
    assert tick(now) == {"sent": 1, "blocked": 1}
    assert kinds.told == [("patient:7", "blocked", "This number has had as many texts today as the clinic allows.")]


def test_the_weeks_limit_says_it_is_the_weeks(limited, due, provider, now):
    limited(per_week=1)
    due(2, lasts=5 * HOUR)
    tick(now)
    assert [reason for *_whom, reason in kinds.told] == [
        "This number has had as many texts this week as the clinic allows."
    ]


def test_no_number_hears_twice_in_a_quarter_of_an_hour(limited, due, provider, now):
    limited(apart=15 * MINUTE)
    due(3)
    assert tick(now) == {"sent": 1, "pending": 2}
    assert [tick(now + 14 * MINUTE), tick(now + 15 * MINUTE)] == [{}, {"sent": 1, "pending": 1}]
    assert tick(now + 30 * MINUTE) == {"sent": 1}


def test_what_would_come_too_late_after_the_pause_expires(limited, due, provider, now):
    limited(apart=15 * MINUTE)
    due(2, lasts=10 * MINUTE)
    assert tick(now) == {"sent": 1, "expired": 1}


def test_what_cannot_wait_is_neither_held_back_nor_held_against_the_number(limited, due, provider, now):
    limited(per_day=1, apart=15 * MINUTE)
    due(3, kind=kinds.COME_IN.name)
    assert tick(now) == {"sent": 3}
    due(1)
    assert tick(now) == {"sent": 1}


def test_what_the_plan_dropped_meanwhile_is_not_stopped_for_the_budget(limited, due, plan, provider, now):
    limited(per_day=1)
    due(2, lasts=5 * HOUR)
    claims = dispatch.claim(limit=2, now=now)
    dispatch.send(claim=claims[0], now=now)
    plan()
    dispatch.send(claim=claims[1], now=now)
    assert (claims[1].message.status, kinds.told) == ("pending", [])


def test_what_staff_send_again_goes_at_once_and_is_counted(limited, due, provider, now):
    limited(per_day=2, apart=15 * MINUTE)
    [message] = due(1, lasts=5 * HOUR)
    tick(now)
    for minute in (1, 2):
        outbox.resend(message=message, reason="she deleted it", now=now + minute * MINUTE)
    assert tick(now + 2 * MINUTE) == {"sent": 1, "blocked": 1}


def test_e_mails_are_not_counted(limited, due, mailoutbox, now):
    limited(per_day=1, apart=15 * MINUTE)
    due(3, channel="email")
    assert tick(now) == {"sent": 3}


@pytest.mark.parametrize(
    ("fault", "left"),
    [
        ({"refuse": "bad_number"}, 1),
        ({"refuse": "busy"}, 1),
        ({"drop": True}, 0),
        ({"failed": 30006}, 1),
    ],
)
def test_what_was_certainly_not_taken_is_not_held_against_the_number(limited, due, provider, now, fault, left):
    limited(per_day=1)
    due(2)
    provider.control({"cycle": [fault, {}]})
    assert tick(now)["sent"] == left


def test_what_may_have_arrived_though_nobody_can_say_counts(limited, due, provider, now):
    limited(per_day=1)
    due(2)
    first = Message.objects.order_by("pk").first()
    fate = {"posted_at": now, "sent_to": NUMBER, "error_text": "Nobody can say whether it was sent."}
    Message.objects.filter(pk=first.pk).update(status="dead", error_class=registry.UNCLEAR, **fate)
    assert tick(now) == {"pending": 1}


def at_once(count: int, work) -> None:
    gate = threading.Barrier(count)

    def begun_together() -> None:
        gate.wait()
        work()
        connection.close()

    threads = [threading.Thread(target=begun_together) for _number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_four_workers_at_one_number_never_exceed_its_budget(limited, due, provider, now):
    limited(per_day=3)
    due(40)
    counts: list[Counter] = []
    at_once(4, lambda: counts.append(dispatch.run(clock=lambda: now, batch=5)))
    assert sum(counts, Counter()) == {"sent": 3, "pending": 37}
    assert len(provider.phones.all) == 3


@pytest.mark.parametrize(("lock", "texts"), [(budget.LOCK, 1), ("SELECT %(to)s;", 2)])
def test_without_its_lock_two_workers_exceed_it(limited, due, provider, now, monkeypatch, lock, texts):
    """Both look before either has written: a slow look shows what a quick one leaves to luck."""
    limited(per_day=1)
    due(2)
    monkeypatch.setattr(budget, "LOCK", lock)
    monkeypatch.setattr(budget, "ROOM", budget.ROOM + " AND (SELECT pg_sleep(0.5)) IS NOT NULL")
    at_once(2, lambda: dispatch.run(clock=lambda: now, batch=1))
    assert len(provider.phones.all) == texts


def test_who_has_no_limit_pays_nothing_for_it(limited, due, provider, now):
    def cost(**limits: int) -> list[str]:
        limited(**limits)
        due(1)
        with CaptureQueriesContext(connection) as queries:
            assert tick(now) == {"sent": 1}
        Message.objects.all().delete()
        return [query["sql"] for query in queries]

    free, bound = cost(), cost(per_day=5)
    assert len(free) == len(bound)
    assert ["advisory" in " ".join(free), "advisory" in " ".join(bound)] == [False, True]


def test_a_budget_is_looked_up_by_its_number(limited, due, provider, now):
    due(2_000)
    Message.objects.update(sent_to="+14105559999", posted_at=now - HOUR)
    asked = budget.asked(to=NUMBER, budget=Budget(per_day=1), now=now)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE messaging_message")
        cursor.execute("EXPLAIN " + budget.TIMES, asked)
        plan = "".join(line for (line,) in cursor.fetchall())
    assert "message_sent_to" in plan
