"""The audit trail: who did what, in a chain that shows when a row was forged, altered or taken out."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from clinic.domain import audit
from clinic.models import AuditEntry, AuditSeal


def as_a_superuser_would(statement: str) -> None:
    """Past every trigger."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement)


def empty_the_trail() -> None:
    as_a_superuser_would("DELETE FROM clinic_auditseal")
    as_a_superuser_would("DELETE FROM clinic_auditentry")
    as_a_superuser_would("DELETE FROM clinic_audithead")


@pytest.fixture
def three_entries(db: None, now: datetime) -> list[AuditEntry]:
    return [
        audit.record(actor="staff:1", verb="read", now=now, patient_id=n, subject=f"patient:{n}") for n in (1, 2, 3)
    ]


def test_an_untouched_trail_is_whole(three_entries: list[AuditEntry]) -> None:
    assert audit.verify_chain() is None


@pytest.mark.django_db
def test_an_empty_trail_is_whole() -> None:
    assert audit.verify_chain() is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "forgery",
    [
        "UPDATE clinic_auditentry SET actor = 'staff:9' WHERE id = {0}",
        "UPDATE clinic_auditentry SET at = at + interval '1 second' WHERE id = {0}",
        "DELETE FROM clinic_auditseal WHERE entry_id = {0}",
        "UPDATE clinic_auditseal SET hash = sha256('x') WHERE entry_id = {0}",
    ],
)
def test_a_superusers_change_shows_where_it_was_made(now: datetime, forgery: str) -> None:
    entries = [audit.record(actor="staff:1", verb="read", now=now, patient_id=n) for n in (1, 2, 3)]
    as_a_superuser_would(forgery.format(entries[1].pk))
    # A missing seal is noticed at the next one that follows it.
    assert audit.verify_chain() in {entries[1].pk, entries[2].pk}
    empty_the_trail()


@pytest.mark.django_db(transaction=True)
def test_a_row_put_in_past_the_triggers_shows(now: datetime) -> None:
    audit.record(actor="staff:1", verb="read", now=now)
    as_a_superuser_would(
        "INSERT INTO clinic_auditentry (at, actor, verb, subject, note) VALUES (now(), 'system', 'read', '', '')"
    )
    assert audit.verify_chain() == AuditEntry.objects.latest("pk").pk
    empty_the_trail()


@pytest.mark.django_db(transaction=True)
def test_entries_taken_off_the_end_show(now: datetime) -> None:
    first = audit.record(actor="staff:1", verb="read", now=now)
    last = audit.record(actor="staff:1", verb="read", now=now)
    as_a_superuser_would(f"DELETE FROM clinic_auditseal WHERE entry_id = {last.pk}")
    as_a_superuser_would(f"DELETE FROM clinic_auditentry WHERE id = {last.pk}")
    assert audit.verify_chain() == first.pk
    with pytest.raises(CommandError, match=f"broken at entry {first.pk}"):
        call_command("verify_audit")
    empty_the_trail()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE clinic_auditentry SET note = 'x'",
        "DELETE FROM clinic_auditentry",
        "TRUNCATE clinic_auditentry CASCADE",
        "UPDATE clinic_auditseal SET position = position + 10",
        "TRUNCATE clinic_auditseal",
    ],
)
def test_nobody_changes_the_trail_by_ordinary_means(three_entries: list[AuditEntry], statement: str) -> None:
    connection.check_constraints()
    with pytest.raises(DatabaseError, match="pgtrigger: Cannot"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_eight_threads_do_not_break_the_chain(now: datetime) -> None:
    def write(thread: int) -> None:
        for turn in range(25):
            with transaction.atomic():
                for part in range(turn % 3 + 1):
                    audit.record(actor=f"staff:{thread}", verb="read", now=now, note=f"{turn}/{part}")
        connection.close()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(8)))
    assert audit.verify_chain() is None
    assert AuditSeal.objects.count() == AuditEntry.objects.count() == 8 * 49


@pytest.mark.django_db(transaction=True)
def test_logging_in_the_middle_of_work_makes_nobody_wait(now: datetime) -> None:
    """Two transactions that log and then need the same row never deadlock: the chain is joined at commit."""

    def other() -> int:
        pk = audit.record(actor="staff:2", verb="read", now=now).pk
        connection.close()
        return pk

    with transaction.atomic():
        audit.record(actor="staff:1", verb="read", now=now)
        with ThreadPoolExecutor(1) as thread:
            theirs = thread.submit(other).result(timeout=2)
    assert AuditSeal.objects.earliest("position").entry_id == theirs
    call_command("verify_audit")
