"""A month of four clinics with everything that goes wrong: nobody starts, leaves or waits in silence who must not."""

import os
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clinic.models import Infusion
from messaging.fake_provider import Provider
from support.models import Alert
from tests.support.month import judge, trail
from tests.support.month.desk import Desk
from tests.support.month.helpers import Helpers
from tests.support.month.month import Month, Worker
from tests.support.month.town import BEGINS
from tests.support.month.ward import Ward

pytestmark = [pytest.mark.soak, pytest.mark.django_db(transaction=True)]
SOAK = os.environ.get("HOMEWARD_SOAK") == "1"
PATIENTS, KILLS, WORKERS, EVERY = (334, 300, 2, timedelta(hours=1)) if SOAK else (34, 30, 1, timedelta(hours=2))
SEED = int(os.environ.get("HOMEWARD_SEED", "5"))
# The last visit that was not moved is on Saturday the 28th of March.
ENDS = datetime(2026, 4, 8, tzinfo=UTC)
# What a rule of ours swallowed so that the next row goes on. A killed neighbour leaves nothing of the kind behind.
WENT_WRONG = re.compile(r"\[error")


@pytest.fixture
def workers(pg_dsn: str, one_provider: Provider, tmp_path: Path) -> Iterator[list[Worker]]:
    one_provider.phones.clear()
    env = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "HOMEWARD_LOCAL": "1",
        "DEBUG": "0",
        "DATABASE_URL": pg_dsn,
        "SMS_API_URL": one_provider.api_url,
        "SMS_ACCOUNT": "AC1",
        "SMS_TOKEN": "test-token",
    }
    started = [Worker(env=env, log=tmp_path / f"worker-{number}.log") for number in range(WORKERS)]
    yield started
    for worker in started:
        worker.stop()


def test_a_month_in_which_everything_goes_wrong(workers: list[Worker], record_property) -> None:
    began = time.monotonic()
    month = Month(seed=SEED, patients=PATIENTS, workers=workers)
    ward = Ward(month, Helpers(month))
    desk = Desk(month, ward)
    looked = datetime.min.replace(tzinfo=UTC)

    def walk(now: datetime) -> None:
        nonlocal looked
        ward.helpers.listen(now)
        desk.walk(now)
        ward.walk(now)
        if now - looked >= timedelta(days=1):
            looked = now
            assert (judge.drivers({}), judge.ladders(now=now, is_over=False)) == ([], []), f"seed {SEED}, {now}"

    month.run(begin=BEGINS, end=ENDS, every=EVERY, kills=KILLS, walk=walk)

    told = trail.stories()
    ended = Counter(Infusion.objects.values_list("status", flat=True))
    figures = f"seed {SEED}: {Infusion.objects.count()} visits, {dict(ended)}, {time.monotonic() - began:.0f} s"
    figures += f"\n{dict(sorted(month.counted.items()))}\n{dict(month.refused.most_common(25))}"
    figures += f"\n{dict(Counter(Alert.objects.values_list('kind', flat=True)))}"
    record_property("month", figures)
    sys.stdout.write(f"\n{figures}\n")
    faults = {
        "started without a way home": judge.started(told),
        "left without handover or evidence": judge.left(told),
        "two drivers": judge.drivers(told),
        "ladders that do not end": judge.ladders(now=ENDS, is_over=True),
        "silences": judge.silences(told),
        "alerts nobody ended": judge.human_steps(),
        "visits without an end": unended(),
        "rows a worker gave up": [line for worker in workers for line in wrong(worker)],
    }
    assert {what: found[:8] for what, found in faults.items() if found} == {}, f"seed {SEED}\n{figures}"
    assert month.counted["workers killed at work"] > KILLS / 3


def unended() -> list[str]:
    over = ["home", "cancelled", "no_show"]
    return [
        f"visit {pk} is {status}"
        for pk, status in Infusion.objects.exclude(status__in=over).values_list("pk", "status")
    ]


def wrong(worker: Worker) -> list[str]:
    return [line for line in worker.log.read_text().splitlines() if WENT_WRONG.search(line)]
