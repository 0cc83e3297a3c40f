"""Doorbells. What they ring for is in the domain."""

from collections.abc import Sequence
from functools import partial

import structlog
from celery import shared_task
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from support.domain import flow, replan, watch

log = structlog.get_logger(__name__)

# So many visits a bell: one that must be written anew takes about 15 ms.
BATCH = 200


@shared_task(name="support.sweep")
def sweep() -> None:
    watch.run(now=timezone.now())


@shared_task(name="support.flow")
def look_at_the_flow() -> None:
    flow.watch(now=timezone.now())


@shared_task(name="support.replan")
def plan_anew(visits: list[int]) -> None:
    replan.mend(visits=visits, now=timezone.now())


def ring_plan_anew(visits: Sequence[int]) -> None:
    """Once the change is committed: new rules touch every visit ahead, and nobody waits for that on a page. Should the
    bell be lost, the sweep mends what is near in time, and sending asks the plan in any case."""
    transaction.on_commit(partial(_ring, list(visits)))


def _ring(visits: list[int]) -> None:
    try:
        for start in range(0, len(visits), BATCH):
            plan_anew.delay(visits[start : start + BATCH])
    except (OperationalError, OSError) as error:
        log.warning("plans_wait_for_the_sweep", visits=len(visits), error=type(error).__name__)
