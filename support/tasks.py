"""Doorbells. What they ring for is in the domain."""

from celery import shared_task
from django.utils import timezone

from support.domain import flow, watch


@shared_task(name="support.sweep")
def sweep() -> None:
    watch.run(now=timezone.now())


@shared_task(name="support.flow")
def look_at_the_flow() -> None:
    flow.watch(now=timezone.now())
