"""What a clinic that was there before has after each step: rows of the old tables, brought to the newest ones."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Manager

BEFORE = "before"


@pytest.fixture
def migrated(django_db_setup: None, django_db_blocker: Any) -> Iterator[Callable[..., Callable[[str], Manager]]]:
    """Brings another, empty database on the same server to some steps, to the newest of the clinic's if none is named;
    answers with the rows of each model ("clinic.Site") as it was there."""

    def to(*steps: tuple[str, str]) -> Callable[[str], Manager]:
        executor = MigrationExecutor(connections[BEFORE])
        steps = steps or tuple(node for node in executor.loader.graph.leaf_nodes() if node[0] == "clinic")
        models = executor.migrate(steps).apps
        return lambda name: models.get_model(name).objects.using(BEFORE)

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
    site = then("clinic.Site").create(name="Northgate", public_name="Northgate", timezone="America/New_York")
    desk = then("clinic.StaffMember").create(email="dana@example.org", full_name="Dana", role="front_desk")
    patient = then("clinic.Patient").create(site=site, given_name="Maya", family_name="T", birth_date=date(1987, 2, 3))
    six = then("clinic.Protocol").create(site=site, name="Six", sessions=6, min_days=2, target_days=3, max_days=5)
    one = then("clinic.Protocol").create(site=site, name="One", sessions=1, min_days=0, target_days=0, max_days=0)
    began = datetime(2026, 1, 5, tzinfo=UTC)
    then("clinic.Course").create(patient=patient, protocol=six, sessions=6, opened_at=began, opened_by=desk)

    now = migrated()

    columns = ("protocol_id", "position", "kind", "visits", "min_days", "target_days", "max_days")
    assert list(now("clinic.ProtocolStage").order_by("protocol_id").values_list(*columns)) == [
        (six.pk, 0, "induction", 6, 2, 3, 5),
        (one.pk, 0, "induction", 1, 1, 1, 1),
    ]
    protocols = now("clinic.Protocol").order_by("pk")
    assert [(row.version, row.present, row.needs) for row in protocols] == [(1, ["clinician"], [])] * 2
    assert len({row.family for row in protocols}) == 2
    assert now("clinic.Course").values_list("protocol_id", "sessions").get() == (six.pk, 6)


def test_a_yes_to_texts_from_before_is_kept_for_its_number_and_an_answer_for_its_address(
    migrated: Callable[..., Callable[[str], Manager]],
) -> None:
    then = migrated(("clinic", "0010_preferences"), ("messaging", "0002_two_way"), ("support", "0007_preferences"))
    site = then("clinic.Site").create(name="Northgate", public_name="Northgate", timezone="America/New_York")
    desk = then("clinic.StaffMember").create(email="dana@example.org", full_name="Dana", role="front_desk")
    said, answered = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 9, 15, tzinfo=UTC)
    ahead = answered + timedelta(days=30)

    def patient(name: str, **fields: Any) -> Any:
        born = {"birth_date": date(1987, 2, 3), "site_id": site.pk, "family_name": "T"}
        return then("clinic.Patient").create(given_name=name, **born, **fields)

    maya = patient("Maya", phone="+14105550101", language="es", texts_agreed_at=said, texts_agreed_with_id=desk.pk)
    patient("Silent", phone="+14105550102", email="silent@example.org")
    patient("Numberless", texts_agreed_at=said, texts_agreed_with_id=desk.pk)

    protocol = then("clinic.Protocol").create(site_id=site.pk, name="Six")
    course = then("clinic.Course").create(
        patient_id=maya.pk, protocol_id=protocol.pk, sessions=6, opened_at=said, opened_by_id=desk.pk
    )
    room = then("clinic.Room").create(site_id=site.pk, name="1")
    visit = then("clinic.Infusion").create(
        course_id=course.pk,
        patient_id=maya.pk,
        site_id=site.pk,
        room_id=room.pk,
        clinician_id=desk.pk,
        number=1,
        starts_at=ahead,
        pickup_from=ahead + timedelta(minutes=85),
        ends_at=ahead + timedelta(minutes=100),
        room_free_at=ahead + timedelta(minutes=115),
        booked_at=said,
        booked_by_id=desk.pk,
    )

    def helper(name: str, *promises: tuple[str, str, datetime | None], **fields: Any) -> Any:
        """Each promise: the part, where it stands, when they answered."""
        person = then("support.SupportPerson").create(
            site_id=site.pk, patient_id=maya.pk, given_name=name, email=f"{name}@Example.org", **fields
        )
        named = then("support.Designation").create(
            patient_id=maya.pk,
            person_id=person.pk,
            roles=["ride"],
            may_know=[],
            valid_from=said,
            consent_how="in_person",
            consent_at=said,
            consent_wording="I would like this person to help me.",
            witnessed_by_id=desk.pk,
        )
        for role, status, at in promises:
            then("support.Commitment").create(
                infusion_id=visit.pk,
                designation_id=named.pk,
                role=role,
                status=status,
                for_starts_at=ahead,
                asked_at=said,
                answered_at=at,
                answered_via="link" if at else "",
            )
        return person

    sam = helper("Sam", ("ride", "accepted", answered), phone="+14105550103", texts_agreed_at=said)
    helper("Asked", ("presence", "asked", None), phone="+14105550104")
    helper("Declined", ("followup", "declined", answered))

    now = migrated(("clinic", "0010_preferences"), ("messaging", "0002_two_way"), ("support", "0008_consents"))

    columns = ("person", "purpose", "channel", "address", "language", "how", "given_at", "recorded_by_id")
    rows = now("messaging.Consent").order_by("person", "channel", "purpose")
    assert set(rows.values_list(*columns)) == {
        *(
            (f"patient:{maya.pk}", about, "sms", "+14105550101", "es", "before", said, desk.pk)
            for about in ("visits", "checkins", "offers")
        ),
        *(
            (f"person:{sam.pk}", about, channel, address, "en", "before", at, None)
            for about in ("rides", "checkins")
            for channel, address, at in (("sms", "+14105550103", said), ("email", "sam@example.org", answered))
        ),
    }
    assert {(row.wording, row.withdrawn_at) for row in rows} == {("Recorded before wordings were kept.", None)}
