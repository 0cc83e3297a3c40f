"""What the sweep finds: silence becomes a task for a person, never an assumption."""

from datetime import timedelta

import pytest

from clinic.domain import infusions
from clinic.models import Infusion
from messaging.models import Message
from support.domain import commitments, replan, watch
from support.models import Alert
from tests import factories
from tests.support.conftest import Clinic

HOURS = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def says():
    return sorted(Alert.objects.values_list("says", flat=True))


def test_a_day_before_without_a_yes_the_desk_calls_by_name_and_once(clinic: Clinic, next_week):
    clinic.named("Sam")
    clinic.named("Joanna")
    clinic.book(next_week)
    watch.call_about_rides(now=next_week - 24 * HOURS - MINUTE)
    assert says() == []
    for minutes in range(5):
        watch.call_about_rides(now=next_week - 24 * HOURS + minutes * MINUTE)
    assert says() == ["No way home yet for Maya, Wed 11 Mar 13:30. Please call: Sam, Joanna."]


def test_a_closed_call_is_not_opened_again_by_the_next_sweep(clinic: Clinic, next_week):
    clinic.book(next_week)
    watch.run(now=next_week - 20 * HOURS)
    Alert.objects.update(status="closed", closed_at=clinic.now, closed_by=clinic.desk, outcome="she asks her aunt")
    watch.run(now=next_week - 19 * HOURS)
    assert says() == ["Nobody takes Maya home, Wed 11 Mar 13:30. Please book a paid escort."]


def test_a_yes_nobody_confirmed_is_a_call_three_hours_before(clinic: Clinic, next_week):
    """Silence is not consent."""
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.yes(sam, visit)
    watch.call_about_rides(now=next_week - 3 * HOURS - MINUTE)
    assert says() == []
    watch.call_about_rides(now=next_week - 3 * HOURS)
    assert says() == ["Sam has not confirmed the way home for Maya, Wed 11 Mar 13:30. Please call."]
    assert clinic.promise(sam, visit).status == "accepted"


def test_a_confirmed_way_home_needs_no_call(clinic: Clinic, next_week):
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    watch.run(now=next_week - 2 * HOURS)
    assert says() == []


def test_what_nobody_answered_lapses_at_the_start(clinic: Clinic, next_week):
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    watch.lapse_silent(now=next_week - MINUTE)
    assert clinic.promise(sam, visit).status == "asked"
    watch.lapse_silent(now=next_week)
    assert clinic.promise(sam, visit).status == "lapsed"


def test_who_is_asked_in_the_chair_is_asked_on_also_where_it_began_before_its_time(clinic: Clinic, next_week):
    sam, jo = clinic.named("Sam"), clinic.named("Jo")
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    visit = infusions.arrive(infusion=visit, actor=clinic.nurse, now=next_week - 30 * MINUTE)
    visit = infusions.start(infusion=visit, actor=clinic.nurse, now=next_week - 15 * MINUTE)
    commitments.withdraw(commitment=clinic.promise(sam, visit), via="link", now=next_week - 5 * MINUTE)
    watch.lapse_silent(now=next_week)
    assert clinic.promise(jo, visit).status == "asked"


def test_somebody_asked_because_another_stepped_back_during_the_visit_is_asked_still(clinic: Clinic, next_week):
    sam, jo = clinic.named("Sam"), clinic.named("Joanna")
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    visit = clinic.until(visit, "started")
    at = next_week + 30 * MINUTE
    from_sam = clinic.promise(sam, visit)
    commitments.withdraw(commitment=from_sam, via="link", now=at)
    watch.run(now=at + MINUTE)
    assert clinic.promise(jo, visit).status == "asked"
    assert "The treatment has begun: the patient stays until somebody comes." in says()[0]
    assert Message.objects.get(kind="helper_ask_again", status="pending").recipient == f"designation:{jo.pk}"


def test_a_patient_nobody_can_write_to_is_called_the_day_before(clinic: Clinic, next_week):
    clinic.patient.phone = clinic.patient.email = ""
    clinic.patient.save()
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.yes(sam, visit)
    due = next_week.replace(day=10, hour=14, minute=0)  # 10:00 in New York
    replan.sweep(now=due - MINUTE)
    assert says() == []
    replan.sweep(now=due)
    replan.sweep(now=due + MINUTE)
    assert says() == [
        "No mobile or e-mail for Maya. Please call about the visit Wed 11 Mar 13:30 and its times.",
    ]


def test_the_sweep_heals_a_plan_that_was_lost_and_leaves_a_whole_one_alone(clinic: Clinic, next_week):
    clinic.book(next_week)
    before = clinic.waiting()
    Message.objects.all().delete()
    at = next_week - timedelta(days=7)
    assert replan.sweep(now=at) == 1
    assert clinic.waiting() == before
    assert replan.sweep(now=at) == 0


def test_the_sweep_looks_at_what_is_near_and_leaves_the_rest_for_its_time(clinic: Clinic, next_week):
    """What is far off is not read every minute."""
    clinic.book(next_week)
    Message.objects.all().delete()
    assert replan.sweep(now=next_week - timedelta(days=60)) == 0
    assert replan.sweep(now=next_week - timedelta(days=7)) == 1


def test_the_sweep_voids_what_was_planned_for_a_time_that_was_changed_behind_its_back(clinic: Clinic, next_week):
    visit = clinic.book(next_week)
    Infusion.objects.filter(pk=visit.pk).update(status="cancelled", cancelled_at=clinic.now, off_reason="x")
    replan.sweep(now=next_week - timedelta(days=7))
    assert [kind for kind, _to, _at in clinic.waiting()] == ["patient_cancelled"]


@pytest.mark.parametrize("visits", [1, 3])
def test_a_sweep_over_visits_in_order_costs_the_same_however_many(
    clinic: Clinic, next_week, visits, django_assert_num_queries
):
    clinic.named("Sam")
    clinic.book(*[next_week - timedelta(days=1) + index * timedelta(days=1) for index in range(visits)])
    at = next_week - timedelta(days=6)
    replan.sweep(now=at)
    with django_assert_num_queries(7):
        replan.sweep(now=at)


def test_one_bad_visit_does_not_stop_the_others(clinic: Clinic, next_week):
    clinic.book(next_week)
    lost = factories.InfusionFactory(starts_at=next_week)
    type(clinic.site).objects.filter(pk=lost.site_id).update(timezone="Mars/Olympus")
    Message.objects.all().delete()
    assert replan.sweep(now=next_week - timedelta(days=5)) == 1
    watch.run(now=next_week - 20 * HOURS)
    assert says() == ["Nobody takes Maya home, Wed 11 Mar 13:30. Please book a paid escort."]
