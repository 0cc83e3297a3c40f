from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from clinic.domain import infusions
from clinic.domain.errors import Refused
from clinic.models import Infusion
from support.domain import aftercare, commitments, day, nobody_came, steps
from support.enums import AlertKind
from support.models import Alert
from tests.factories import ProtocolFactory
from tests.support.conftest import Clinic

NEW_YORK = ZoneInfo("America/New_York")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def confirmed(clinic: Clinic, next_week):
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    return visit, clinic.confirmed(sam, visit)


def test_on_the_way_is_a_tap_and_no_location(clinic: Clinic, confirmed):
    visit, sam = confirmed
    row = day.on_the_way(commitment=sam, minutes=20, now=visit.starts_at)
    assert (row.eta_minutes, row.on_the_way_at) == (20, visit.starts_at)
    with pytest.raises(Refused, match="how many minutes"):
        day.on_the_way(commitment=sam, minutes=0, now=visit.starts_at)


def test_outside_is_kept_from_the_first_tap_and_a_car_named_later_is_added(clinic: Clinic, confirmed):
    visit, sam = confirmed
    day.outside(commitment=sam, car="", now=visit.starts_at)
    row = day.outside(commitment=sam, car="grey Honda", now=visit.starts_at + MINUTE)
    assert (row.outside_at, row.car) == (visit.starts_at, "grey Honda")


def test_who_steps_back_is_not_outside_any_more(clinic: Clinic, confirmed):
    """And where they come after all, it is noticed that they are not there."""
    visit, sam = confirmed
    visit = clinic.until(visit, "ready")
    day.on_the_way(commitment=sam, minutes=20, now=visit.ready_at)
    day.outside(commitment=sam, car="grey Honda", now=visit.ready_at)
    commitments.withdraw(commitment=sam, via="link", now=visit.ready_at + 15 * MINUTE)
    again = clinic.yes(sam.designation, visit, now=visit.ready_at + 30 * MINUTE)
    assert (again.outside_at, again.on_the_way_at, again.eta_minutes, again.car) == (None, None, None, "")
    nobody_came.find(now=visit.ends_at + 90 * MINUTE)
    assert Alert.objects.filter(kind=AlertKind.NOBODY_CAME).exists()


def test_who_does_not_have_the_date_cannot_say_they_come(clinic: Clinic, next_week):
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    with pytest.raises(Refused, match="You do not have this date"):
        day.outside(commitment=clinic.promise(sam, visit), car="", now=next_week)
    old = clinic.yes(sam, visit)
    clinic.move(visit, next_week + timedelta(days=1))
    with pytest.raises(Refused, match="The time of this visit has changed"):
        day.on_the_way(commitment=old, minutes=5, now=next_week)


def test_a_patient_who_cannot_come_is_a_call_and_cancels_nothing(clinic: Clinic, confirmed):
    visit, _sam = confirmed
    for _twice in range(2):
        day.patient_cannot_come(infusion=visit, now=clinic.now, actor="link:abc")
    alert = Alert.objects.get()
    assert (alert.kind, alert.says) == (
        AlertKind.CANT_COME,
        "Maya can't come Wed 11 Mar 13:30. Please call and find another day.",
    )
    assert Infusion.objects.get(pk=visit.pk).status == "booked"


def test_a_late_patient_moves_the_window_and_not_the_visit(clinic: Clinic, confirmed):
    visit, _sam = confirmed
    opens, closes = day.pickup_window(infusion=clinic.fresh(visit), now=clinic.now)
    day.patient_late(infusion=visit, minutes=20, now=visit.starts_at - 30 * MINUTE, actor="link:abc")
    fresh = clinic.fresh(visit)
    assert fresh.starts_at == visit.starts_at
    assert day.pickup_window(infusion=fresh, now=clinic.now) == (opens + 20 * MINUTE, closes + 20 * MINUTE)


def test_the_window_follows_the_day(clinic: Clinic, confirmed, next_week):
    visit, _sam = confirmed
    booked = day.pickup_window(infusion=clinic.fresh(visit), now=clinic.now)
    visit = infusions.arrive(infusion=visit, actor=clinic.nurse, now=next_week)
    visit = infusions.start(infusion=visit, actor=clinic.nurse, now=next_week + 45 * MINUTE)
    started = day.pickup_window(infusion=clinic.fresh(visit), now=visit.started_at)
    assert started == (booked[0] + 30 * MINUTE, booked[1] + 30 * MINUTE)
    visit = infusions.recover(infusion=visit, actor=clinic.nurse, now=next_week + 90 * MINUTE)
    late = booked[0] + 120 * MINUTE
    assert day.pickup_window(infusion=clinic.fresh(visit), now=late)[0] == late
    visit = infusions.ready(infusion=visit, actor=clinic.nurse, now=late)
    assert day.pickup_window(infusion=clinic.fresh(visit), now=late + MINUTE)[0] == late


def test_nobody_is_called_in_before_the_patient_may_leave(clinic: Clinic, next_week):
    """What the rules and the protocol ask for counts from what has happened, not from what was planned."""
    clinic.protocol = ProtocolFactory(
        site=clinic.site, infusion_minutes=5, recovery_minutes=20, observation_minutes=120, prep_minutes=10
    )
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    visit = infusions.arrive(infusion=visit, actor=clinic.nurse, now=next_week)
    visit = infusions.start(infusion=visit, actor=clinic.nurse, now=next_week + 15 * MINUTE)
    visit = infusions.recover(infusion=visit, actor=clinic.nurse, now=next_week + 20 * MINUTE)
    watched = visit.started_at + 120 * MINUTE
    fresh = clinic.fresh(visit)
    assert day.pickup_window(infusion=fresh, now=visit.recovering_at)[0] == watched
    assert steps.expected(infusion=fresh, now=visit.recovering_at) == watched
    visit = infusions.ready(infusion=visit, actor=clinic.nurse, now=next_week + 40 * MINUTE)
    assert day.pickup_window(infusion=clinic.fresh(visit), now=visit.ready_at) == (watched, watched)


def test_a_treatment_that_took_longer_moves_the_window_by_the_shortest_recovery(clinic: Clinic, confirmed, next_week):
    visit = clinic.until(confirmed[0], "started")
    visit = infusions.recover(infusion=visit, actor=clinic.nurse, now=next_week + 100 * MINUTE)
    fresh = clinic.fresh(visit)
    assert day.pickup_window(infusion=fresh, now=visit.recovering_at)[0] == visit.recovering_at + 30 * MINUTE


def test_fasting_is_elapsed_time_also_in_the_night_the_clocks_change(clinic: Clinic):
    starts_at = datetime(2026, 3, 8, 12, 0, tzinfo=UTC)  # 08:00 there, in a night of 23 hours
    visit = Infusion(site=clinic.site, policy=clinic.policy, starts_at=starts_at)
    fasting = day.fasting(infusion=visit, policy=clinic.policy)
    assert f"{fasting.no_food_after.astimezone(NEW_YORK):%H:%M}" == "01:00"
    assert f"{fasting.no_drinks_after.astimezone(NEW_YORK):%H:%M}" == "06:00"


def test_the_patients_page_has_one_line_that_counts_now(clinic: Clinic, confirmed):
    visit, sam = confirmed
    visit = clinic.until(visit, "ready")
    clinic.hand_over(visit, sam, now=visit.ready_at)
    infusions.home(infusion=visit, actor="link:abc", now=visit.ready_at + 40 * MINUTE)
    hours = aftercare.now_for(infusion=clinic.fresh(visit), is_met=True, now=visit.ready_at + 60 * MINUTE)
    assert [(hour.at, hour.state) for hour in hours] == [
        ("15:10", "past"),
        ("15:50", "current"),
        ("19:00", ""),
        ("Thu 15:10", ""),
        ("Thu 15:10", ""),
    ]
    assert hours[1].text == "Rest. Somebody stays with you. No driving, no alcohol, no papers to sign."


@pytest.mark.parametrize(
    ("how", "on_the_way", "rests"),
    [
        ("handover", "On the way home, with somebody at your side.", "Rest. Somebody stays with you."),
        ("watched_ride", "On the way home, in the car we booked.", "Rest. No driving"),
        ("extended_stay", "On the way home.", "Rest. No driving"),
        ("against_advice", "On the way home.", "Rest. No driving"),
    ],
)
def test_only_who_left_with_somebody_reads_that_somebody_is_there(clinic: Clinic, confirmed, how, on_the_way, rests):
    visit = clinic.fresh(confirmed[0])
    visit.released_at, visit.released_how = visit.ends_at, how
    hours = aftercare.now_for(infusion=visit, is_met=True, now=visit.ends_at)
    assert (hours[0].text, hours[1].text.startswith(rests)) == (on_the_way, True)


@pytest.mark.parametrize("is_met", [True, False])
def test_who_is_met_by_nobody_reads_of_nobody(clinic: Clinic, confirmed, is_met):
    visit = clinic.fresh(clinic.until(confirmed[0], "ready"))
    texts = [hour.text for hour in aftercare.now_for(infusion=visit, is_met=is_met, now=visit.ready_at)]
    assert ("You leave together with the person who takes you home." in texts) == is_met


def test_before_the_visit_the_page_counts_down_in_clock_times(clinic: Clinic, confirmed):
    visit, _sam = confirmed
    hours = aftercare.now_for(infusion=clinic.fresh(visit), is_met=True, now=visit.starts_at - 3 * 60 * MINUTE)
    assert [(hour.at, hour.state) for hour in hours] == [
        ("Tue 13:30", "past"),
        ("07:30", "current"),
        ("11:30", ""),
        ("13:30", ""),
    ]
