"""Doorbells. The rows are the queue: a bell lost, late or rung twice changes nothing."""

from celery import shared_task
from django.utils import timezone

from messaging.domain import dispatch, settle


@shared_task(name="messaging.tick")
def ring_dispatch() -> None:
    dispatch.run(clock=timezone.now)


@shared_task(name="messaging.settle")
def ring_settle() -> None:
    settle.run(clock=timezone.now)
