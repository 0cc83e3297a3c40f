"""One private PostgreSQL for a test run, one private broker for each of its processes.

The environment is set while this file is imported, before Django reads its settings; that is why pytest's own
configuration does not name a settings module.
"""

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec

import django
import pytest
from psycopg2.extensions import TRANSACTION_STATUS_INERROR

from tests import services

if "django.conf" in sys.modules and sys.modules["django.conf"].settings.configured:
    pytest.exit("Unset DJANGO_SETTINGS_MODULE: the tests choose their settings after their database has started.", 2)

DATABASE_FIXTURES = {"db", "transactional_db", "django_db_reset_sequences", "live_server", "pg_dsn"}
PAST_TRIGGERS = "SET LOCAL session_replication_role = replica"

FOLDER = services.start()
os.environ.update(DJANGO_SETTINGS_MODULE="config.settings", HOMEWARD_LOCAL="1", DEBUG="0")
# Playwright's event loop lives in the thread of the tests.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
django.setup()
# The workers of pytest-xdist would read their settings too early if they inherited it.
del os.environ["DJANGO_SETTINGS_MODULE"]

from django.conf import settings as project  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.backends.postgresql.operations import DatabaseOperations  # noqa: E402

project.DATABASES["default"]["TEST"]["TEMPLATE"] = services.TEMPLATE
# Pages name their files plainly: no collectstatic before a test run.
project.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
project.STATIC_ROOT = FOLDER / "static"
project.STATIC_ROOT.mkdir()
# The passwords of tests guard nothing.
project.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

INVARIANTS = import_module("tests.invariants") if find_spec("tests.invariants") else None


@pytest.fixture(scope="session", autouse=True)
def _flush_past_the_guards() -> Iterator[None]:
    """Empty the database after a transactional test, past the triggers that protect history from just that.

    Only the tables that hold rows: truncating all of them takes a third of a second.
    """
    plain = DatabaseOperations.sql_flush

    def sql_flush(self, style, tables, *, reset_sequences=False, allow_cascade=False) -> list[str]:
        if reset_sequences:
            return [PAST_TRIGGERS, *plain(self, style, tables, reset_sequences=True, allow_cascade=allow_cascade)]
        quoted = [self.quote_name(table) for table in tables]
        with self.connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(f"(SELECT '{table}' FROM {table} LIMIT 1)" for table in quoted))
            return [PAST_TRIGGERS, *(f"DELETE FROM {table}" for (table,) in cursor.fetchall())]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", sql_flush)
        yield


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Nothing to drop at the end: the whole PostgreSQL is thrown away, with whoever is still connected to it."""
    return True


@pytest.fixture(autouse=True)
def _invariants_hold(request: pytest.FixtureRequest) -> Iterator[None]:
    """After every test with a database, whatever it was about: what must always hold still does."""
    if not request.node.get_closest_marker("django_db") and not DATABASE_FIXTURES & set(request.fixturenames):
        yield
        return
    # Asked for here, so that the database is still there when this fixture ends.
    request.getfixturevalue("_django_db_helper")
    yield
    cache.clear()
    # A test about a refused statement may leave its transaction broken: there is nothing left to look at.
    broken = connection.needs_rollback or (
        connection.connection is not None
        and not connection.connection.closed
        and connection.connection.get_transaction_status() == TRANSACTION_STATUS_INERROR
    )
    if INVARIANTS is not None and not broken:
        INVARIANTS.check_all(connection)


@pytest.fixture
def now() -> datetime:
    """Tuesday, 3 March 2026, 09:41 in New York."""
    return datetime(2026, 3, 3, 14, 41, tzinfo=UTC)


@pytest.fixture
def pg_dsn(transactional_db: None) -> str:
    """The address of the test database for connections outside Django; what they commit is emptied afterwards."""
    values = connection.settings_dict
    host = values["HOST"] or values["OPTIONS"].get("host", "")
    return f"postgresql://{values['USER']}@/{values['NAME']}?host={host}"


@pytest.fixture
def broker_url() -> str:
    """The address of this test process's own broker."""
    return project.REDIS_URL
