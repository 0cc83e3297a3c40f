"""Doorbells. What they ring for is in the domain."""

from celery import shared_task
from django.utils import timezone

from support.domain import watch


@shared_task(name="support.sweep")
def sweep() -> None:
    watch.run(now=timezone.now())
