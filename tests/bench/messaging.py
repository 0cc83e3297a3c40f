"""How fast due messages leave, and how much of what PostgreSQL itself can do the engine reaches."""

import logging
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.test.utils import override_settings

from messaging.domain import dispatch, outbox
from messaging.domain.outbox import Wanted
from messaging.models import Message
from tests.factories import SiteFactory
from tests.messaging import kinds

NOW = datetime(2026, 3, 3, 14, 41, tzinfo=UTC)
DUE = 1_000
ROUNDS = 3
NULL_MAIL = "django.core.mail.backends.dummy.EmailBackend"

SITES = "SELECT * FROM clinic_site WHERE id IN %(sites)s"
OPTED_OUT = "SELECT 1 FROM messaging_optout WHERE address = %(to)s AND ended_at IS NULL LIMIT 1"
POST_BEGINS = """
UPDATE messaging_message SET posted_at = %(now)s, sent_to = %(to)s, body = %(body)s, email_subject = 'Your visit',
    updated_at = %(now)s
WHERE id = %(id)s AND status = 'sending' AND attempts = %(attempts)s AND plan_version = 1
"""
RECORD = """
UPDATE messaging_message SET status = 'sent', sent_at = %(now)s, provider_id = %(body)s, lease_until = NULL,
    error_class = '', error_text = '', updated_at = %(now)s
WHERE id = %(id)s AND status = 'sending' AND attempts = %(attempts)s AND settle_rounds = 0
"""


def run() -> dict[str, float]:
    """Wants a migrated database without messages, and leaves it so."""
    logging.disable(logging.INFO)  # One line a message belongs to the engine, not to the figures.
    engine, raw, texts, inside = [], [], [], []
    for _round in range(ROUNDS):
        with override_settings(EMAIL_BACKEND=NULL_MAIL):
            timed("email", lambda: inside.append(in_statements(by_engine)))
        with override_settings(EMAIL_BACKEND=NULL_MAIL):
            engine.append(timed("email", by_engine))
        raw.append(timed("email", by_sql))
        with provider():
            texts.append(timed("sms", by_engine))
    return {
        "texts over HTTP, seconds for 1,000 due": round(min(texts), 2),
        "without the network, seconds for 1,000 due": round(min(engine), 2),
        "raw SQL with the same commits, seconds": round(min(raw), 2),
        "ratio to raw SQL, whole engine": round(min(raw) / min(engine), 2),
        "ratio to raw SQL, its statements alone": round(min(raw) / min(inside), 2),
    }


def in_statements(work: Callable[[], None]) -> float:
    """How much of the work's time was spent in the database."""
    spent = 0.0

    def measure(execute: Callable[..., Any], *args: Any) -> Any:
        nonlocal spent
        began = time.perf_counter()
        try:
            return execute(*args)
        finally:
            spent += time.perf_counter() - began

    with connection.execute_wrapper(measure):
        work()
    return spent


def timed(channel: str, work: Callable[[], None]) -> float:
    site = SiteFactory()
    wanted = [
        Wanted(
            kind=kinds.REMINDER.name,
            subject=f"visit:{number}",
            about_at=NOW,
            recipient=f"patient:{number}",
            channel=channel,
            due_at=NOW,
            not_after=NOW + timedelta(hours=1),
        )
        for number in range(DUE)
    ]
    outbox.reconcile(site_id=site.pk, scope="bench", wanted=wanted, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE messaging_message")
    began = time.perf_counter()
    work()
    seconds = time.perf_counter() - began
    assert Message.objects.filter(status="sent").count() == DUE
    Message.objects.all().delete()
    site.delete()
    return seconds


def by_engine() -> None:
    dispatch.run(clock=lambda: NOW)


def by_sql() -> None:
    with connection.cursor() as cursor:
        while True:
            cursor.execute(dispatch.CLAIM, {"now": NOW, "until": NOW, "limit": dispatch.BATCH})
            names = [column.name for column in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            if not rows:
                return
            cursor.execute(SITES, {"sites": tuple({row["site_id"] for row in rows})})
            cursor.fetchall()
            for row in rows:
                values = row | {"now": NOW, "to": "person7@example.org", "body": "Northgate Care: see you. [link]"}
                cursor.execute(OPTED_OUT, values)
                cursor.fetchone()
                cursor.execute(POST_BEGINS, values)
                cursor.execute(RECORD, values)


@contextmanager
def provider():
    command = [sys.executable, "-m", "messaging.fake_provider", "--port", "0"]
    with subprocess.Popen(command, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True) as child:
        try:
            with override_settings(SMS_API_URL=child.stdout.readline().strip()):
                yield
        finally:
            child.terminate()
