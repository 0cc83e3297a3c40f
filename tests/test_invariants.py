"""Each check of ``invariants.py`` can fail: the guard is taken away, the damage done, and the check turns red."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from clinic.domain import audit
from clinic.enums import InfusionStatus, ReleasedHow
from clinic.models import Infusion, Site
from messaging.models import Message, OptOut
from support.enums import CommitmentStatus
from tests import invariants
from tests.factories import CommitmentFactory, InfusionFactory, PatientFactory, PolicyFactory, RoomFactory

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


def text(at: datetime, *, site: Site, to: str = "+14105550101", kind: str = "patient_1_day", **fields) -> Message:
    """One that went, under the rules of the site's policy."""
    values = {"channel": "sms", "status": "sent", "posted_at": at, "sent_at": at, "sent_to": to, "due_at": at}
    number = Message.objects.count()
    return Message.objects.create(
        site=site,
        kind=kind,
        scope="any",
        subject=f"any:{number}",
        **{"recipient": "any", "not_after": at + timedelta(hours=1)} | values | fields,
    )


@pytest.fixture
def ruled() -> Site:
    """Four texts a day, twelve a week, a quarter of an hour apart, from eight to eight."""
    return PolicyFactory().site


def test_a_text_after_a_stop(ruled: Site, now: datetime) -> None:
    text(now, site=ruled, to="+1 410 555 0101")
    OptOut.objects.create(address="+14105550101", since=now + timedelta(minutes=1), how="STOP")
    text(now + timedelta(minutes=30), site=ruled, kind="reply_stopped")
    assert invariants.broken(connection) == []
    text(now + timedelta(hours=1), site=ruled)
    assert invariants.broken(connection) == ["nothing_after_a_stop"]


def test_a_text_after_a_stop_that_ended(ruled: Site, now: datetime) -> None:
    ended = {"ended_at": now + timedelta(hours=2), "ended_how": "START"}
    OptOut.objects.create(address="+14105550101", since=now, how="STOP", **ended)
    text(now + timedelta(hours=3), site=ruled)
    assert invariants.broken(connection) == []


@pytest.mark.parametrize(("texts", "apart"), [(5, timedelta(hours=1)), (13, timedelta(hours=7))])
def test_a_number_that_got_too_many_texts(now: datetime, texts: int, apart: timedelta) -> None:
    """In a day, and in a week with few enough on each day; where texts may go at any hour."""
    ruled = PolicyFactory(texts_from=time(0), texts_until=time(23, 59, 59)).site
    for number in range(texts - 1):
        text(now + number * apart, site=ruled)
    text(now + timedelta(minutes=30), site=ruled, kind="helper_come_in")
    text(now + timedelta(minutes=30), site=ruled, to="+14105550102")
    assert invariants.broken(connection) == []
    text(now + (texts - 1) * apart, site=ruled)
    assert invariants.broken(connection) == ["no_number_over_its_budget"]


def test_two_texts_to_one_number_at_once(ruled: Site, now: datetime) -> None:
    text(now, site=ruled)
    text(now + timedelta(minutes=15), site=ruled)
    text(now + timedelta(minutes=20), site=ruled, rule="resent: she deleted it")
    assert invariants.broken(connection) == []
    text(now + timedelta(minutes=29), site=ruled)
    assert invariants.broken(connection) == ["no_two_texts_too_near"]


def test_a_text_by_night_on_the_readers_clock(ruled: Site, now: datetime) -> None:
    patient = PatientFactory(site=ruled, timezone="Asia/Kolkata")
    text(now, site=ruled)
    text(now + timedelta(hours=12), site=ruled, to="+14105550102", kind="helper_come_in")
    assert invariants.broken(connection) == []
    text(now, site=ruled, to="+14105550103", recipient=f"patient:{patient.pk}")
    assert invariants.broken(connection) == ["no_text_by_night"]


def test_a_forged_audit_entry(now: datetime) -> None:
    entry = audit.record(actor="staff:1", verb="read", now=now)
    assert invariants.broken(connection) == []
    past_the_triggers("UPDATE clinic_auditentry SET actor = 'staff:2' WHERE id = %s", entry.pk)
    assert invariants.broken(connection) == ["the_audit_trail_is_whole"]


def test_every_check_is_shown_to_fail_here() -> None:
    with open(__file__, encoding="utf-8") as here:
        text = here.read()
    assert [name for name in (*invariants.CHECKS, "no_text_by_night") if f'["{name}"]' not in text] == []


def test_it_is_quick_enough_to_run_after_every_test(django_assert_max_num_queries) -> None:
    InfusionFactory()
    with django_assert_max_num_queries(4):
        invariants.check_all(connection)
