"""What a clinic that was there before has after each step: rows of the old tables, brought to the newest ones."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Manager

BEFORE = "before"


@pytest.fixture
def migrated(django_db_setup: None, django_db_blocker: Any) -> Iterator[Callable[..., Callable[[str], Manager]]]:
    """Brings another, empty database on the same server to a step of the clinic's tables; answers with the rows of
    each model as it was there."""

    def to(*steps: tuple[str, str]) -> Callable[[str], Manager]:
        executor = MigrationExecutor(connections[BEFORE])
        steps = steps or tuple(node for node in executor.loader.graph.leaf_nodes() if node[0] == "clinic")
        models = executor.migrate(steps).apps
        return lambda name: models.get_model("clinic", name).objects.using(BEFORE)

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {BEFORE} TEMPLATE template0")
        connections.databases[BEFORE] = {**connection.settings_dict, "NAME": BEFORE}
        yield to
        connections[BEFORE].close()
        del connections[BEFORE]
        del connections.databases[BEFORE]
        cursor.execute(f"DROP DATABASE {BEFORE}")


def test_a_protocol_from_before_versions_becomes_the_first_of_its_family(
    migrated: Callable[..., Callable[[str], Manager]],
) -> None:
    then = migrated(("clinic", "0001_initial"))
    site = then("Site").create(name="Northgate", public_name="Northgate", timezone="America/New_York")
    desk = then("StaffMember").create(email="dana@example.org", full_name="Dana", role="front_desk")
    patient = then("Patient").create(site=site, given_name="Maya", family_name="T", birth_date=date(1987, 2, 3))
    six = then("Protocol").create(site=site, name="Six", sessions=6, min_days=2, target_days=3, max_days=5)
    one = then("Protocol").create(site=site, name="One", sessions=1, min_days=0, target_days=0, max_days=0)
    began = datetime(2026, 1, 5, tzinfo=UTC)
    then("Course").create(patient=patient, protocol=six, sessions=6, opened_at=began, opened_by=desk)

    now = migrated()

    columns = ("protocol_id", "position", "kind", "visits", "min_days", "target_days", "max_days")
    assert list(now("ProtocolStage").order_by("protocol_id").values_list(*columns)) == [
        (six.pk, 0, "induction", 6, 2, 3, 5),
        (one.pk, 0, "induction", 1, 1, 1, 1),
    ]
    protocols = now("Protocol").order_by("pk")
    assert [(row.version, row.present, row.needs) for row in protocols] == [(1, ["clinician"], [])] * 2
    assert len({row.family for row in protocols}) == 2
    assert now("Course").values_list("protocol_id", "sessions").get() == (six.pk, 6)
