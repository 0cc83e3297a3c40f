"""What a tick costs goes by what it does, not by what there is."""

import os
import statistics
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from messaging.domain import dispatch, settle
from tests.factories import SiteFactory
from tests.messaging import many, statements

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]
HOUR = timedelta(hours=1)
# A hundred times as many in a soak, ten times as many in an ordinary run.
SOAK = os.environ.get("HOMEWARD_SOAK") == "1"
FEW, MANY, CAP = 1_000, 100_000 if SOAK else 10_000, 300


def filled(rows: int, due_at: datetime, **changes: str) -> None:
    # Not by deleting: what was there before would be read once more.
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE messaging_message CASCADE")
    many.write(site_id=SiteFactory().pk, rows=rows, due_at=due_at, **changes)


@pytest.mark.crash
def test_a_tick_takes_no_more_memory_with_many_times_as_much_due(pg_dsn, now):
    def peak(rows: int) -> int:
        filled(rows, now, channel="email")
        env = os.environ | {"DATABASE_URL": pg_dsn, "DJANGO_SETTINGS_MODULE": "config.settings"}
        command = [sys.executable, "-m", "tests.messaging.one_tick", now.isoformat(), str(CAP)]
        run = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
        sent, kilobytes = run.stdout.split()[-2:]
        assert int(sent) == CAP
        return int(kilobytes)

    assert peak(MANY) <= 1.1 * peak(FEW)


def tick(now: datetime) -> None:
    settle.run(clock=lambda: now)
    assert dispatch.run(clock=lambda: now) == {}


@pytest.mark.soak
def test_an_empty_tick_reads_the_same_however_much_is_to_come(now):
    def pages(rows: int) -> list[int]:
        filled(rows, now + 24 * HOUR)
        with CaptureQueriesContext(connection) as queries:
            tick(now)
        return [pages_of(query["sql"]) for query in queries]

    # The indexes of very many rows are a level or two deeper.
    more = [large - small for small, large in zip(pages(FEW), pages(MANY), strict=True)]
    assert max(map(abs, more)) <= 2, more


def pages_of(sql: str) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + sql)
        [[plans]] = cursor.fetchall()
        transaction.set_rollback(True)
    return sum(plans[0]["Plan"][name] for name in ("Shared Hit Blocks", "Shared Read Blocks"))


@pytest.mark.soak
def test_an_empty_tick_takes_no_time_worth_speaking_of(now):
    """At most 20 ms in the database, in the quickest half of some: the machine may be busy otherwise."""
    filled(MANY, now + 24 * HOUR)
    took = sorted(statements.seconds(lambda: tick(now)) for _time in range(20))
    assert statistics.median(took[:10]) <= 0.02
