"""The Celery application: a clock and a doorbell, never the record."""

import os
from typing import Any

from celery import Celery
from celery.app.utils import Settings
from celery.signals import celeryd_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("homeward")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@celeryd_init.connect
def wait_longer(conf: Settings, **_given: Any) -> None:
    """A worker may wait for a slow broker: nobody waits for it."""
    conf.broker_transport_options = conf.broker_transport_options | {"socket_timeout": 5, "socket_connect_timeout": 2}
