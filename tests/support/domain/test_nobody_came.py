"""Ready, and nobody is here: the patient stays, and the right people are told by the times of the rules."""

from datetime import timedelta

import pytest

from clinic.domain import infusions
from clinic.enums import Role
from clinic.models import Infusion
from support.domain import alerts, commitments, day, nobody_came, swaps, watch
from support.enums import AlertKind, AlertStatus
from support.models import Alert
from tests import factories
from tests.support.conftest import Clinic

MINUTE = timedelta(minutes=1)


@pytest.fixture
def ready(clinic: Clinic, next_week):
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    return clinic.until(visit, "ready"), sam


def test_nobody_came_is_a_hold_and_an_alert_and_never_a_quiet_discharge(clinic: Clinic, ready):
    visit, sam = ready
    nobody_came.find(now=visit.ends_at + 29 * MINUTE)
    assert Alert.objects.count() == 0
    nobody_came.find(now=visit.ends_at + 30 * MINUTE)
    alert = Alert.objects.get()
    assert (alert.kind, alert.owner, alert.designation) == (AlertKind.NOBODY_CAME, clinic.nurse, sam)
    assert Infusion.objects.get(pk=visit.pk).status == "ready"


def test_then_the_clinician_is_told_once(clinic: Clinic, ready):
    visit, _sam = ready
    for minutes in (59, 60, 61, 120):
        watch.run(now=visit.ends_at + minutes * MINUTE)
    found = Alert.objects.filter(kind__in=[AlertKind.NOBODY_CAME, AlertKind.ON_CALL]).order_by("pk")
    assert [(row.kind, row.opened_at - visit.ends_at) for row in found] == [
        (AlertKind.NOBODY_CAME, 59 * MINUTE),
        (AlertKind.ON_CALL, 60 * MINUTE),
    ]


def test_the_next_who_took_it_and_does_not_come_is_told_of_as_well(clinic: Clinic, ready):
    visit, _sam = ready
    jo = clinic.named("Joanna")
    nobody_came.find(now=visit.ends_at + 60 * MINUTE)
    for alert in Alert.objects.all():
        alerts.close(alert=alert, outcome="Joanna comes", actor=clinic.nurse, now=visit.ends_at + 62 * MINUTE)
    took_it = visit.ends_at + 65 * MINUTE
    swaps.swap(infusion=visit, designation=jo, actor=clinic.desk, now=took_it)
    nobody_came.find(now=took_it + 29 * MINUTE)
    assert not Alert.objects.exclude(status=AlertStatus.CLOSED).exists()
    told = []
    for minutes in (30, 31, 60, 61):
        nobody_came.find(now=took_it + minutes * MINUTE)
        told.append(list(Alert.objects.filter(designation=jo).order_by("pk").values_list("kind", flat=True)))
    both = [AlertKind.NOBODY_CAME, AlertKind.ON_CALL]
    assert told == [both[:1], both[:1], both, both]


def test_where_the_others_are_asked_a_moment_ago_nobody_is_told_so_at_once(clinic: Clinic, ready):
    visit, sam = ready
    clinic.named("Joanna")
    nobody_came.find(now=visit.ends_at + 30 * MINUTE)
    asked = visit.ends_at + 35 * MINUTE
    commitments.end_here(commitment=clinic.promise(sam, visit), recorded_by=clinic.nurse, now=asked)
    told = []
    for minutes in (1, 29, 30):
        nobody_came.find(now=asked + minutes * MINUTE)
        told.append(Alert.objects.filter(kind=AlertKind.NOBODY_CAME).count())
    assert told == [1, 1, 2]
    assert not Alert.objects.filter(kind=AlertKind.ON_CALL).exists()


def test_the_times_are_those_of_the_rules(clinic: Clinic, next_week):
    clinic.policy = factories.PolicyFactory(site=clinic.site, nobody_came_minutes=5, on_call_minutes=10)
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    visit = clinic.until(visit, "ready")
    nobody_came.find(now=visit.ends_at + 10 * MINUTE)
    assert set(Alert.objects.values_list("kind", flat=True)) == {AlertKind.NOBODY_CAME, AlertKind.ON_CALL}
    assert Alert.objects.get(kind=AlertKind.ON_CALL).owner == clinic.staff[Role.CLINICIAN]


def test_who_is_ready_late_is_waited_for_from_then(clinic: Clinic, next_week):
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    visit = clinic.until(visit, "recovering")
    late = visit.ends_at + 60 * MINUTE
    infusions.ready(infusion=visit, actor=clinic.nurse, now=late)
    nobody_came.find(now=late + 29 * MINUTE)
    assert Alert.objects.count() == 0


def test_somebody_who_stands_outside_has_come(clinic: Clinic, ready):
    visit, sam = ready
    day.outside(commitment=clinic.promise(sam, visit), car="grey Honda", now=visit.ends_at)
    nobody_came.find(now=visit.ends_at + 59 * MINUTE)
    assert Alert.objects.count() == 0


def test_who_waits_outside_for_an_hour_is_stuck(clinic: Clinic, ready):
    visit, sam = ready
    day.outside(commitment=clinic.promise(sam, visit), car="", now=visit.ends_at + 20 * MINUTE)
    nobody_came.find(now=visit.ends_at + 80 * MINUTE)
    assert [row.kind for row in Alert.objects.all()] == [AlertKind.ON_CALL]


@pytest.mark.parametrize("state", ["started", "recovering"])
def test_a_visit_whose_next_step_nobody_presses_is_a_nurses_task_once(clinic: Clinic, next_week, state):
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    visit = clinic.until(visit, state)
    late = visit.ends_at + day.behind(infusion=visit) + 60 * MINUTE
    watch.run(now=late - MINUTE)
    assert not Alert.objects.filter(infusion=visit).exists()
    for minutes in (0, 1, 60 * 40):
        nobody_came.find(now=late + minutes * MINUTE)
    alert = Alert.objects.get()
    assert (alert.kind, alert.owner, alert.opened_at) == (AlertKind.CALL_TASK, clinic.nurse, late)
    assert alert.says == (
        f"Maya, Wed 11 Mar 13:30: still “{visit.state.label}”, long past the planned end."
        " Look where they are, and say so."
    )


def test_who_was_handed_over_is_waited_for_by_nobody(clinic: Clinic, ready):
    visit, sam = ready
    clinic.hand_over(visit, clinic.promise(sam, visit), now=visit.ends_at)
    nobody_came.find(now=visit.ends_at + 90 * MINUTE)
    assert Alert.objects.count() == 0


@pytest.mark.parametrize("visits", [1, 3])
def test_looking_costs_little_where_nobody_waits(clinic: Clinic, next_week, visits, django_assert_num_queries):
    clinic.book(*[next_week + timedelta(days=index) for index in range(visits)])
    with django_assert_num_queries(1):
        nobody_came.find(now=next_week + timedelta(hours=3))
