"""What a killed worker runs: the project's own Celery application, with the kinds of the tests."""

import django

django.setup()

from config.celery import app as app  # noqa: E402
from tests.messaging import kinds as kinds  # noqa: E402
