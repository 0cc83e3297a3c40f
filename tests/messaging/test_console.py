"""Without a provider: texts become files, and the ledger is none the wiser."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from messaging import checks
from messaging.domain import dispatch, settle
from messaging.models import Message
from tests.messaging import kinds

pytestmark = pytest.mark.django_db(transaction=True)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def files(settings, tmp_path) -> Path:
    settings.SMS_TRANSPORT, settings.SMS_FILE_PATH = "console", tmp_path / "texts"
    settings.SMS_API_URL = "http://127.0.0.1:9"
    return settings.SMS_FILE_PATH


def test_a_text_becomes_a_file_and_nothing_of_it_is_logged(plan, wants, files, now, caplog):
    [message] = plan(wants(7))
    assert dispatch.run(clock=lambda: now) == {"sent": 1}
    [file] = files.iterdir()
    to, body = file.read_text().split("\n", 1)
    assert (file.stem, to) == (str(message.send_key), "+14105550007")
    assert kinds.link_of(message) in body
    assert "+1410" not in caplog.text
    assert kinds.link_of(message) not in caplog.text


@pytest.mark.parametrize("written", [True, False])
def test_a_worker_that_died_over_its_file_is_settled_by_looking(plan, wants, files, written):
    now = timezone.now()
    plan(wants(7, kind=kinds.COME_IN.name, due_at=now, not_after=now + HOUR), at=now)
    [claim] = dispatch.claim(limit=1, now=now)
    draft = dispatch._begin(claim.message, now)
    if written:
        dispatch._hand_over(claim.message, draft)
    settle.run(clock=lambda: now + 2 * MINUTE)
    settle.run(clock=lambda: now + 3 * MINUTE)
    status = Message.objects.get().status
    assert (status, Counter(file.suffix for file in files.glob("*"))[".txt"]) == (
        ("sent", 1) if written else ("pending", 0)
    )


def test_where_texts_become_files_no_clinic_can_be_run(settings):
    assert checks.texts_leave() == checks.transport_exists() == []
    settings.SMS_TRANSPORT = "console"
    assert [error.id for error in checks.texts_leave()] == ["messaging.E003"]
    settings.SMS_TRANSPORT = "pigeon"
    assert [error.id for error in checks.transport_exists()] == ["messaging.E002"]
