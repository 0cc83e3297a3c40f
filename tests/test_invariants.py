"""Each check of ``invariants.py`` can fail: the guard is taken away, the damage done, and the check turns red."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from clinic.domain import audit
from clinic.enums import InfusionStatus, ReleasedHow
from clinic.models import Infusion
from messaging.models import Message
from support.enums import CommitmentStatus
from tests import invariants
from tests.factories import CommitmentFactory, InfusionFactory, RoomFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _damage_is_rolled_back(db: None) -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def run(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def past_the_triggers(statement: str, *values: object) -> None:
    run("SET LOCAL session_replication_role = replica")
    run(statement, *values)
    run("SET LOCAL session_replication_role = origin")


def without(constraint: str, table: str) -> None:
    connection.check_constraints()
    run(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")


def overlapping(one: Infusion, **same) -> Infusion:
    return InfusionFactory(starts_at=one.starts_at + timedelta(minutes=30), **same)


@pytest.mark.parametrize(
    ("constraint", "resource"),
    [
        ("infusion_room_never_twice", "room"),
        ("infusion_clinician_never_twice", "clinician"),
        ("infusion_patient_never_twice", "course"),
    ],
)
def test_without_the_exclusion_constraint_two_visits_overlap(constraint: str, resource: str) -> None:
    one = InfusionFactory()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        overlapping(one, **{resource: getattr(one, resource)})
    without(constraint, "clinic_infusion")
    overlapping(one, **{resource: getattr(one, resource)})
    assert invariants.broken(connection) == ["no_live_overlaps"]


def test_without_the_turnaround_in_the_range_rooms_overlap() -> None:
    one = InfusionFactory()
    without("infusion_room_never_twice", "clinic_infusion")
    InfusionFactory(room=one.room, starts_at=one.ends_at)
    assert invariants.broken(connection) == ["no_live_overlaps"]


def test_without_the_check_a_visit_may_take_no_time() -> None:
    without("infusion_times_in_order", "clinic_infusion")
    one = InfusionFactory()
    run("UPDATE clinic_infusion SET ends_at = starts_at WHERE id = %s", one.pk)
    assert invariants.broken(connection) == ["no_empty_visits"]


def test_a_start_under_unsigned_rules(now: datetime) -> None:
    InfusionFactory(
        policy__signed_at=None,
        policy__signed_by=None,
        status=InfusionStatus.STARTED,
        arrived_at=now,
        started_at=now,
    )
    assert invariants.broken(connection) == ["nothing_starts_without_signed_rules"]


def test_a_release_without_a_handover(now: datetime) -> None:
    one = InfusionFactory(status=InfusionStatus.READY, arrived_at=now, started_at=now, recovering_at=now, ready_at=now)
    connection.check_constraints()
    release = "UPDATE clinic_infusion SET status = 'released', released_at = now(), released_how = %s WHERE id = %s"
    with transaction.atomic():
        run(release, ReleasedHow.HANDOVER, one.pk)
        with pytest.raises(IntegrityError, match="without a handover"):
            connection.check_constraints()
        transaction.set_rollback(True)
    past_the_triggers(release, ReleasedHow.HANDOVER, one.pk)
    assert invariants.broken(connection) == ["nobody_leaves_without_a_handover"]


def test_two_people_who_both_drive(now: datetime) -> None:
    yes = {"status": CommitmentStatus.ACCEPTED, "answered_at": now}
    one = CommitmentFactory(**yes)
    connection.check_constraints()
    run("DROP INDEX commitment_one_ride")
    CommitmentFactory(infusion=one.infusion, **yes)
    assert invariants.broken(connection) == ["one_ride_for_one_visit"]


def test_a_commitment_to_another_time() -> None:
    one = CommitmentFactory()
    Infusion.objects.filter(pk=one.infusion_id).update(late_minutes=5)
    assert invariants.broken(connection) == []
    CommitmentFactory(for_starts_at=one.infusion.starts_at + timedelta(hours=1))
    assert invariants.broken(connection) == ["a_commitment_belongs_to_its_time"]


def message(now: datetime, **fields) -> Message:
    return Message.objects.create(
        site=RoomFactory().site,
        kind="any",
        scope="any",
        subject="any",
        recipient="any",
        channel="sms",
        due_at=now,
        not_after=now,
        **fields,
    )


def test_a_message_both_waiting_and_sent(now: datetime) -> None:
    message(now, sent_at=now)
    assert invariants.broken(connection) == ["no_message_both_waiting_and_sent"]


def test_a_message_that_left_too_late(now: datetime) -> None:
    message(now, posted_at=now + timedelta(seconds=1))
    assert invariants.broken(connection) == ["no_message_too_late"]


def test_a_forged_audit_entry(now: datetime) -> None:
    entry = audit.record(actor="staff:1", verb="read", now=now)
    assert invariants.broken(connection) == []
    past_the_triggers("UPDATE clinic_auditentry SET actor = 'staff:2' WHERE id = %s", entry.pk)
    assert invariants.broken(connection) == ["the_audit_trail_is_whole"]


def test_every_check_is_shown_to_fail_here() -> None:
    with open(__file__, encoding="utf-8") as here:
        text = here.read()
    assert [name for name in invariants.CHECKS if f'["{name}"]' not in text] == []


def test_it_is_quick_enough_to_run_after_every_test(django_assert_max_num_queries) -> None:
    InfusionFactory()
    with django_assert_max_num_queries(3):
        invariants.check_all(connection)
