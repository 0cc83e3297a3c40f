"""From the door to "we're home": a text, a call, whom to call first; never silence."""

from datetime import time, timedelta

import pytest

from clinic.domain import infusions
from clinic.enums import Role
from messaging.models import Message
from support.domain import alerts, handovers, homeward, plan, replan, visit_state, watch
from support.enums import AlertKind
from support.models import Alert, Designation
from tests.factories import PolicyFactory
from tests.support.conftest import Clinic

MINUTE = timedelta(minutes=1)
TRAVEL = 90 * MINUTE
HOME = ["helper_home", "patient_home"]


@pytest.fixture
def left(clinic: Clinic, next_week):
    """Maya left with Sam at 15:10 in New York."""
    return leave(clinic, next_week)


def leave(clinic, at):
    sam = clinic.named("Sam")
    visit = clinic.book(at)
    clinic.confirmed(sam, visit)
    visit = clinic.until(visit, "ready")
    clinic.hand_over(visit, clinic.promise(sam, visit), now=visit.ready_at)
    return clinic.fresh(visit)


def texts(visit):
    rows = Message.objects.filter(kind__in=HOME, scope=f"infusion:{visit.pk}").order_by("kind")
    return [(row.kind, row.due_at - visit.released_at, row.status) for row in rows]


def calls():
    return list(Alert.objects.filter(kind=AlertKind.HOME_UNKNOWN).order_by("pk"))


def test_both_are_asked_when_they_should_be_home_once_each(clinic: Clinic, left):
    assert texts(left) == [("helper_home", TRAVEL, "pending"), ("patient_home", TRAVEL, "pending")]
    assert {row.not_after for row in Message.objects.filter(kind__in=HOME)} == {left.released_at + TRAVEL + 15 * MINUTE}


def test_home_before_that_nobody_is_asked(clinic: Clinic, left):
    handovers.say_home(infusion=left, now=left.released_at + 40 * MINUTE, actor="link:abc")
    assert [status for _kind, _at, status in texts(left)] == ["void", "void"]
    watch.run(now=left.released_at + timedelta(hours=3))
    assert calls() == []


def test_then_somebody_calls_and_then_whom_the_patient_named(clinic: Clinic, left):
    jo = clinic.named("Joanna")
    Designation.objects.filter(pk=jo.pk).update(call_first=True, may_know=["contact"])
    steps = []
    for minutes in range(80, 200, 5):
        homeward.find(now=left.released_at + minutes * MINUTE)
        steps.append((minutes, len(calls())))
    assert next(step for step in steps if step[1] == 1) == (105, 1)
    assert next(step for step in steps if step[1] == 2) == (135, 2)
    first, second = calls()
    assert (first.owner, first.says) == (clinic.nurse, "Maya left and has not said “home” yet. Please call.")
    assert first.designation.person.first_name == "Sam"
    assert second.designation == jo
    assert second.says == "Maya is not known to be home. Please call Joanna, as Maya allowed."


@pytest.mark.parametrize(
    "allowed", [{"call_first": True, "may_know": []}, {"call_first": False, "may_know": ["contact"]}]
)
def test_where_nobody_may_be_called_a_clinician_decides(clinic: Clinic, left, allowed):
    jo = clinic.named("Joanna")
    Designation.objects.filter(pk=jo.pk).update(**allowed)
    homeward.find(now=left.released_at + 140 * MINUTE)
    assert calls()[-1].owner == clinic.staff[Role.CLINICIAN]
    assert calls()[-1].says == ("Maya is not known to be home, and there is nobody else to call. A clinician decides.")


def test_who_took_them_is_not_called_a_second_time_in_the_name_of_somebody_else(clinic: Clinic, left):
    Designation.objects.update(call_first=True, may_know=["contact"])
    homeward.find(now=left.released_at + 140 * MINUTE)
    assert calls()[-1].owner == clinic.staff[Role.CLINICIAN]


def test_what_a_person_wrote_down_ends_it(clinic: Clinic, left):
    homeward.find(now=left.released_at + 105 * MINUTE)
    alerts.close(alert=calls()[0], outcome="Having soup at her mother's", actor=clinic.nurse, now=left.released_at)
    homeward.find(now=left.released_at + timedelta(hours=6))
    assert len(calls()) == 1


def test_a_home_that_was_the_wrong_patients_is_undone_and_asked_anew(clinic: Clinic, left):
    late = left.released_at + 140 * MINUTE
    homeward.find(now=late)
    for alert in calls():
        alerts.close(alert=alert, outcome="They are home", actor=clinic.nurse, now=late)
    handovers.say_home(infusion=left, now=late, actor="staff:1")
    infusions.undo(infusion=clinic.fresh(left), actor=clinic.nurse, now=late + MINUTE)
    homeward.find(now=late + 2 * MINUTE)
    homeward.find(now=late + 3 * MINUTE)
    assert [alert.status for alert in calls()] == ["closed", "closed", "open", "open"]


def test_home_is_added_to_the_call_that_still_waits(clinic: Clinic, left):
    homeward.find(now=left.released_at + 105 * MINUTE)
    handovers.say_home(infusion=left, now=left.released_at + 110 * MINUTE, actor="link:abc")
    assert calls()[0].says.endswith("Please call. Since then: home, said at 17:00.")


def test_home_taken_back_is_said_on_the_call_that_still_waits(clinic: Clinic, left):
    late = left.released_at + 105 * MINUTE
    homeward.find(now=late)
    handovers.say_home(infusion=left, now=late, actor="staff:1")
    infusions.undo(infusion=clinic.fresh(left), actor=clinic.nurse, now=late + MINUTE)
    assert [call.status for call in calls()] == ["open"]
    assert calls()[0].says.endswith("said at 16:55. That was taken back: nobody knows yet that they are home.")


def test_home_is_added_to_nobody_elses_call(clinic: Clinic, left):
    homeward.find(now=left.released_at + 105 * MINUTE)
    Alert.objects.update(key=f"home-unknown:{left.pk}7")
    handovers.say_home(infusion=left, now=left.released_at + 110 * MINUTE, actor="link:abc")
    assert calls()[0].says.endswith("Please call.")


def test_at_night_nobody_is_woken_by_a_text_and_a_person_calls_at_once(clinic: Clinic, next_week):
    clinic.policy = PolicyFactory(site=clinic.site, texts_until=time(16, 30))
    late = leave(clinic, next_week)
    assert texts(late) == []
    homeward.find(now=late.released_at + TRAVEL - MINUTE)
    assert calls() == []
    homeward.find(now=late.released_at + TRAVEL)
    assert len(calls()) == 1


def test_without_any_address_a_person_calls_at_once(clinic: Clinic, next_week):
    clinic.patient.phone = clinic.patient.email = ""
    clinic.patient.save()
    sam = clinic.named("Sam", agreed=False)
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    sam.person.phone = sam.person.email = ""
    sam.person.save()
    visit = clinic.until(visit, "ready")
    clinic.hand_over(visit, clinic.promise(sam, visit), now=visit.ready_at)
    visit = clinic.fresh(visit)
    homeward.find(now=visit.released_at + TRAVEL)
    assert len(calls()) == 1


def test_also_who_wants_less_is_asked(clinic: Clinic, left):
    clinic.patient.texts_less = True
    clinic.patient.save()
    fresh = clinic.fresh(left)
    state = visit_state.load(infusions=[fresh])[fresh.pk]
    kinds = {touch.wanted.kind for touch in plan.everything(state=state)}
    assert set(HOME) <= kinds


def test_home_once_said_is_asked_no_more_at_the_moment_of_sending(clinic: Clinic, left):
    due = left.released_at + TRAVEL
    assert set(HOME) <= {wanted.kind for wanted in replan.wanted_now(infusion_id=left.pk, now=due)}
    handovers.say_home(infusion=left, now=due, actor="link:abc")
    assert not set(HOME) & {wanted.kind for wanted in replan.wanted_now(infusion_id=left.pk, now=due)}


def test_who_was_left_behind_two_days_is_looked_for_no_more(clinic: Clinic, left):
    homeward.find(now=left.released_at + timedelta(days=3))
    assert calls() == []


@pytest.mark.parametrize("visits", [1, 3])
def test_looking_costs_one_question_where_everybody_is_home(
    clinic: Clinic, next_week, visits, django_assert_num_queries
):
    clinic.book(*[next_week + timedelta(days=index) for index in range(visits)])
    with django_assert_num_queries(1):
        homeward.find(now=next_week + timedelta(hours=5))
