"""The running application's database role can add to history and audit trail, and cannot change them."""

from collections.abc import Iterator
from datetime import datetime

import psycopg2
import pytest
from django.core.management import call_command
from django.db import connection

from clinic.models import AuditEntry

ROLE = "homeward_app_under_test"


@pytest.fixture
def as_the_application(pg_dsn: str, monkeypatch: pytest.MonkeyPatch, capsys) -> Iterator["psycopg2.extensions.cursor"]:
    """A cursor of the restricted role."""
    monkeypatch.setenv("APP_DATABASE_URL", f"postgresql://{ROLE}:only-here@db/homeward")
    call_command("restrict_app_role")
    session = psycopg2.connect(pg_dsn.replace("postgres@", f"{ROLE}@"))
    session.autocommit = True
    yield session.cursor()
    session.close()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP OWNED BY {ROLE}")
        cursor.execute(f"DROP ROLE {ROLE}")


def test_it_adds_to_the_audit_trail_and_the_chain(as_the_application, now: datetime) -> None:
    as_the_application.execute(
        "INSERT INTO clinic_auditentry (at, actor, verb, subject, note) VALUES (%s, 'system', 'checked', 'role', '')",
        [now],
    )
    assert list(AuditEntry.objects.values_list("verb", "seal__position")) == [("checked", 1)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE clinic_auditentry SET actor = 'nobody'",
        "DELETE FROM clinic_auditentry",
        "TRUNCATE clinic_auditentry",
        "UPDATE clinic_auditseal SET hash = ''",
        "ALTER TABLE clinic_auditentry DISABLE TRIGGER ALL",
        "UPDATE clinic_patientevent SET pgh_label = 'x'",
        "SET pgtrigger.ignore = '{clinic_patientevent:append_only}'; DELETE FROM clinic_patientevent",
        "DROP TABLE clinic_patientevent",
        "DELETE FROM clinic_audithead",
        "DELETE FROM pghistory_context",
        "CREATE TABLE mine (id int)",
    ],
)
def test_it_changes_nothing_that_was_written(as_the_application, statement: str) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        as_the_application.execute(statement)


def test_it_works_with_patients(as_the_application) -> None:
    as_the_application.execute("SELECT count(*) FROM clinic_patient")
    as_the_application.execute("UPDATE clinic_patient SET id = id")
    as_the_application.execute("DELETE FROM clinic_patient")


def test_it_can_be_run_again(as_the_application) -> None:
    call_command("restrict_app_role")
    as_the_application.execute("SELECT 1")
