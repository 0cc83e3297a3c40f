"""What a killed worker or clock runs: the project's own Celery application, with the kinds of the tests.

Everything that waits is quicker here, so that a storm of minutes meets what happens in weeks. A line "ready" says that
the work can begin.
"""

import os

import django
from celery.signals import beat_init, worker_ready

django.setup()

from config.celery import app as app  # noqa: E402
from messaging.domain import settle  # noqa: E402
from tests.messaging import storm as storm  # noqa: E402

settle.ROUNDS = 3
app.conf.beat_schedule = {
    "tick": {"task": "messaging.tick", "schedule": 0.5, "options": {"expires": 5}},
    "settle": {"task": "messaging.settle", "schedule": 1.0, "options": {"expires": 5}},
}


@worker_ready.connect
@beat_init.connect
def _ready(**_given: object) -> None:
    os.write(1, b"ready\n")
