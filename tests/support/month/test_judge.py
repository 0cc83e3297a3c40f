"""Each judgement of the month can be a guilty one; what is right is not held against anybody."""

from datetime import timedelta

import pytest
from django.db import connection

from clinic.domain import audit
from clinic.models import Infusion
from support.enums import AlertKind, LadderRung
from support.models import Alert, Commitment, LadderStep
from tests.factories import CommitmentFactory, DesignationFactory, InfusionFactory
from tests.support.month import judge, trail

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def visit(now):
    return InfusionFactory(starts_at=now + 30 * HOUR, booked_at=now - 90 * HOUR)


def past_triggers():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")


def said(visit, verb, now, subject="", note=""):
    audit.record(actor="system", verb=verb, now=now, subject=subject or f"infusion:{visit.pk}", note=note)
    # Sealed as by a commit.
    assert audit.verify_chain() is None
    return trail.stories()


def promised(visit, verb, now, **fields):
    row = CommitmentFactory(infusion=visit, **fields)
    said(visit, f"commitment.{verb}", now, subject=f"commitment:{row.pk}")
    return row


def test_a_start_without_a_way_home_is_found(visit, now):
    assert judge.started(said(visit, "infusion.started", now)) == [f"visit {visit.pk} started without at {now}"]


def test_a_start_after_a_yes_nobody_confirmed_is_found(visit, now):
    promised(visit, "accepted", now)
    assert len(judge.started(said(visit, "infusion.started", now))) == 1


def test_a_start_after_the_driver_stepped_back_is_found(visit, now):
    row = promised(visit, "reconfirmed", now)
    said(visit, "commitment.withdrawn", now, subject=f"commitment:{row.pk}")
    assert len(judge.started(said(visit, "infusion.started", now))) == 1


def test_an_override_without_a_word_is_found(visit, now):
    assert len(judge.started(said(visit, "infusion.started.override", now))) == 1


def test_a_confirmed_start_and_an_override_with_its_reasons_are_right(visit, now):
    promised(visit, "reconfirmed", now)
    assert judge.started(said(visit, "infusion.started", now)) == []
    assert judge.started(said(visit, "infusion.started.override", now, note="There is no confirmed way home.")) == []


def test_a_start_that_was_taken_back_is_none(visit, now):
    said(visit, "infusion.started", now)
    assert judge.started(said(visit, "infusion.started.undone", now)) == []


def test_leaving_before_anything_was_written_down_is_found(visit, now):
    assert judge.left(said(visit, "infusion.released", now)) == [f"visit {visit.pk} left at {now} before a record"]


def test_leaving_with_no_record_at_all_is_found(visit, now):
    past_triggers()
    fields = {"arrived_at": now, "started_at": now, "recovering_at": now, "ready_at": now, "released_at": now}
    Infusion.objects.filter(pk=visit.pk).update(status="released", released_how="handover", **fields)
    assert judge.left({}) == [f"visit {visit.pk} left as handover without its evidence"]
    Infusion.objects.filter(pk=visit.pk).update(status="booked", released_how="", **dict.fromkeys(fields))


def test_two_drivers_for_a_moment_are_found(visit, now):
    named = [DesignationFactory(patient=visit.patient) for _number in range(2)]
    first = promised(visit, "accepted", now, designation=named[0])
    promised(visit, "accepted", now, designation=named[1])
    told = said(visit, "commitment.withdrawn", now, subject=f"commitment:{first.pk}")
    assert judge.drivers(told) == [f"visit {visit.pk} had 2 drivers"]
    assert Commitment.objects.filter(status="accepted").count() == 0


def test_a_ladder_that_stands_still_is_found(visit, now):
    step = {"infusion": visit, "for_starts_at": visit.starts_at, "rung": LadderRung.ADULTS, "began_at": now}
    LadderStep.objects.create(until=now + HOUR, **step)
    assert judge.ladders(now=now + HOUR, is_over=False) == []
    assert len(judge.ladders(now=now + 7 * HOUR, is_over=False)) == 1
    assert len(judge.ladders(now=now, is_over=True)) == 1


def test_hours_without_a_way_home_of_which_nobody_was_told_are_found(visit, now):
    assert len(judge.silences({})) == 1
    an_alert(visit, opened_at=visit.starts_at - 24 * HOUR)
    assert judge.silences({}) == []


def test_an_alert_nobody_closed_is_found(visit, now):
    an_alert(visit, opened_at=now)
    assert len(judge.human_steps()) == 1


def an_alert(visit, *, opened_at):
    return Alert.objects.create(
        site=visit.site,
        patient=visit.patient,
        infusion=visit,
        kind=AlertKind.LADDER,
        key=f"ladder:{visit.pk}:1",
        says="Please book a paid escort.",
        opened_at=opened_at,
        owner=visit.clinician,
        deadline=opened_at + HOUR,
    )
