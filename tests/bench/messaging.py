"""How fast due messages leave, and how much of what PostgreSQL itself can do the engine reaches."""

import gc
import logging
import multiprocessing
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, connections
from django.test.utils import override_settings

from messaging.domain import dispatch, ledger, settle
from messaging.domain.ledger import Move
from messaging.enums import MessageStatus
from messaging.models import Message, Traffic
from tests.factories import SiteFactory
from tests.messaging import many, statements

NOW = datetime(2026, 3, 3, 14, 41, tzinfo=UTC)
BATCH, PROCESSES, ROUNDS, TICKS = 500, 2, 5, 40
ALL, SHARE, ONE_BY_ONE, TEXTS, FEW = 100_000, 10_000, 4_000, 300, 1_000

# What is to be reached: of raw SQL many at once and one by one, seconds for all, milliseconds of an empty tick, and how
# much more than with few an empty tick may take and a tick hold.
OF_RAW, OF_RAW_ONE_BY_ONE, MOST_SECONDS, MOST_MS, MUCH_SLOWER, MUCH_LARGER = 0.80, 0.70, 8, 20, 1.2, 1.1

# What the engine writes of a text that was taken, one by one and many at once.
RECORD = """
UPDATE messaging_message SET sent_at = %s, provider_id = %s, error_class = '', error_text = '', status = 'sent',
    updated_at = %s, lease_until = NULL
WHERE id = %s AND status = 'sending' AND attempts = %s AND settle_rounds = %s
"""
RECORD_MANY = """
UPDATE messaging_message AS message SET sent_at = %s, provider_id = new.provider_id, error_class = '', error_text = '',
    status = 'sent', updated_at = %s, lease_until = NULL
FROM unnest(%s::bigint[], %s::integer[], %s::integer[], %s::text[]) AS new (id, attempts, rounds, provider_id)
WHERE message.id = new.id AND status = 'sending' AND message.attempts = new.attempts AND settle_rounds = rounds
RETURNING message.id
"""

# Waits for the others, then works; the seconds of the work.
Worker = Callable[[Callable[[], Any]], float]


def run() -> dict[str, object]:
    """Wants a migrated database without messages, and leaves it so."""
    logging.disable(logging.INFO)  # One line a message belongs to the engine, not to the figures.
    batches, results = [], []
    for turn in range(ROUNDS):
        batches.append(paired(engine_batches, raw_batches, rows=SHARE, turn=turn))
        results.append(paired(engine_results, raw_results, rows=ONE_BY_ONE, turn=turn))
    every = together(engine_batches, rows=ALL)
    empty = {rows: empty_tick(rows) for rows in (FEW, ALL)}
    memory = {rows: memory_of_a_tick(rows) for rows in (FEW, ALL)}
    of_raw, of_raw_one_by_one = ratios(batches), ratios(results)
    held = {
        "batches": statistics.median(of_raw) >= OF_RAW,
        "one by one": statistics.median(of_raw_one_by_one) >= OF_RAW_ONE_BY_ONE,
        "all due": every <= MOST_SECONDS,
        "empty tick": empty[ALL] <= min(MOST_MS, MUCH_SLOWER * empty[FEW]),
        "memory": memory[ALL] <= MUCH_LARGER * memory[FEW],
    }
    missed = [what for what, is_held in held.items() if not is_held]
    return {
        f"claimed and recorded, batches of {BATCH}, {PROCESSES} processes, rows/s": rate(SHARE, batches),
        f"its ratio to raw SQL, median of {ROUNDS} rounds (lowest, highest)": told(of_raw),
        f"{ALL:,} due, claimed and recorded, seconds": round(every, 1),
        "recorded one by one, rows/s": rate(ONE_BY_ONE, results),
        "its ratio to raw SQL (lowest, highest)": told(of_raw_one_by_one),
        f"empty tick, {FEW:,} to come, ms in the database": empty[FEW],
        f"empty tick, {ALL:,} to come, ms in the database": empty[ALL],
        f"memory of a tick, {FEW:,} due, MB": memory[FEW],
        f"memory of a tick, {ALL:,} due, MB": memory[ALL],
        f"{TEXTS:,} texts over HTTP, one process, seconds": texts_over_http(),
        "every bar held": "yes" if not missed else f"NO: {', '.join(missed)}",
    }


def rate(rows: int, pairs: Iterable[tuple[float, float]]) -> int:
    return round(rows / statistics.median(ours for ours, _raw in pairs))


def ratios(pairs: Iterable[tuple[float, float]]) -> list[float]:
    """Each round against its own raw SQL: the machine may be busier in one round than in another. Lowest first."""
    return sorted(raw / ours for ours, raw in pairs)


def told(ratios: Sequence[float]) -> str:
    return f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}, {ratios[-1]:.2f})"


def paired(ours: Worker, raw: Worker, *, rows: int, turn: int) -> tuple[float, float]:
    """Seconds of both, one right after the other, each round the other one first."""
    found = {work: together(work, rows=rows) for work in ((ours, raw) if turn % 2 else (raw, ours))}
    return found[ours], found[raw]


def together(work: Worker, *, rows: int) -> float:
    """Seconds of the slower process, both begun together, until none of the rows is left."""
    with table(rows, due_at=NOW):
        connections.close_all()
        # What this process holds is not looked through again by its children's collectors.
        gc.collect()
        gc.freeze()
        context = multiprocessing.get_context("fork")
        barrier, seconds = context.Barrier(PROCESSES), context.SimpleQueue()

        def child() -> None:
            connection.ensure_connection()
            seconds.put(work(barrier.wait))
            connection.close()

        children = [context.Process(target=child) for _number in range(PROCESSES)]
        for each in children:
            each.start()
        slowest = max(seconds.get() for _child in children)
        for each in children:
            each.join()
        gc.unfreeze()
        assert Message.objects.filter(status="sent").count() == rows
        return slowest


@contextmanager
def table(rows: int, *, due_at: datetime, channel: str = "sms") -> Iterator[None]:
    site = SiteFactory()
    many.write(site_id=site.pk, rows=rows, due_at=due_at, channel=channel)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE messaging_message CASCADE")
        Traffic.objects.all().delete()
        site.delete()


def engine_batches(ready: Callable[[], Any]) -> float:
    ready()
    began = time.perf_counter()
    while claims := dispatch.claim(limit=BATCH, now=NOW):
        ledger.move_many(moves=[sent(each.message) for each in claims], now=NOW)
    return time.perf_counter() - began


def raw_batches(ready: Callable[[], Any]) -> float:
    ready()
    began = time.perf_counter()
    with connection.cursor() as cursor:
        while rows := raw_claim(cursor):
            ids, attempts, rounds = ([row[name] for row in rows] for name in ("id", "attempts", "settle_rounds"))
            cursor.execute(RECORD_MANY, [NOW, NOW, ids, attempts, rounds, [f"SM{row['id']}" for row in rows]])
            cursor.fetchall()
    return time.perf_counter() - began


def engine_results(ready: Callable[[], Any]) -> float:
    mine = [each.message for _turn in share() for each in dispatch.claim(limit=BATCH, now=NOW)]
    ready()
    began = time.perf_counter()
    for message in mine:
        ledger.move(message=message, to=MessageStatus.SENT, now=NOW, **sent(message).fields)
    return time.perf_counter() - began


def raw_results(ready: Callable[[], Any]) -> float:
    with connection.cursor() as cursor:
        mine = [row for _turn in share() for row in raw_claim(cursor)]
        ready()
        began = time.perf_counter()
        for row in mine:
            fence = row["id"], row["attempts"], row["settle_rounds"]
            cursor.execute(RECORD, [NOW, f"SM{row['id']}", NOW, *fence])
    return time.perf_counter() - began


def share() -> range:
    """So many batches are one process's part of what is recorded one by one."""
    return range(ONE_BY_ONE // PROCESSES // BATCH)


def sent(message: Message) -> Move:
    fields = {"sent_at": NOW, "provider_id": f"SM{message.pk}", "error_class": "", "error_text": ""}
    return Move(message, MessageStatus.SENT, fields)


def raw_claim(cursor: Any) -> list[dict[str, Any]]:
    """The engine's own statement, its columns by their names."""
    cursor.execute(dispatch.CLAIM, {"now": NOW, "until": NOW + timedelta(minutes=1), "limit": BATCH})
    return [dict(zip(dispatch.COLUMNS, row, strict=True)) for row in cursor.fetchall()]


def empty_tick(rows: int) -> float:
    """Milliseconds in the database, of settling and sending where nothing is due: median of the quicker half of some,
    since a machine that is busy otherwise adds its own to the others."""
    with table(rows, due_at=NOW + timedelta(days=1)):
        took = sorted(statements.seconds(tick) for _turn in range(TICKS))
    return round(1000 * statistics.median(took[: TICKS // 2]), 2)


def tick() -> None:
    settle.run(clock=lambda: NOW)
    dispatch.run(clock=lambda: NOW)


def memory_of_a_tick(rows: int) -> int:
    """The most that a fresh process held that rang once and sent all that it could."""
    command = [sys.executable, "-m", "tests.messaging.one_tick", NOW.isoformat(), str(FEW)]
    with table(rows, due_at=NOW, channel="email"):
        run = subprocess.run(
            command,
            cwd=settings.BASE_DIR,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    sent_now, kilobytes = run.stdout.split()[-2:]
    assert int(sent_now) == FEW
    return round(int(kilobytes) / 1024)


def texts_over_http() -> float:
    command = [sys.executable, "-m", "messaging.fake_provider", "--port", "0", "--token", settings.SMS_TOKEN]
    with (
        table(TEXTS, due_at=NOW),
        subprocess.Popen(command, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True) as child,
    ):
        try:
            with override_settings(SMS_API_URL=child.stdout.readline().strip()):
                began = time.perf_counter()
                done = dispatch.run(clock=lambda: NOW, cap=TEXTS)
                took = time.perf_counter() - began
        finally:
            child.terminate()
    assert done == {"sent": TEXTS}
    return round(took, 1)
