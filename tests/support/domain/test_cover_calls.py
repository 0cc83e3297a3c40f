"""A date nobody took, days ahead: one call for its course, not an emergency and not one for each date."""

from datetime import timedelta

from support.domain import alerts, cover_calls, rules, whom_to_call
from support.models import Alert
from tests.support.conftest import Clinic

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def says():
    return list(Alert.objects.order_by("pk").values_list("says", flat=True))


def done(clinic, at):
    Alert.objects.filter(closed_at=None).update(
        status="closed", closed_at=at, closed_by=clinic.desk, outcome="called them"
    )


def test_a_course_with_dates_nobody_took_is_one_call_with_all_of_them(clinic: Clinic, next_week):
    sam = clinic.named("Sam")
    visit = clinic.book(next_week, next_week + DAY, next_week + 10 * DAY)
    assert cover_calls.find(now=clinic.now + 23 * HOUR) == 0
    assert cover_calls.find(now=clinic.now + 24 * HOUR) == 1
    assert cover_calls.find(now=clinic.now + 25 * HOUR) == 0
    assert says() == [
        "Nobody is found yet to take Maya home: Wed 11 Mar 13:30, Thu 12 Mar 13:30. Please call: Sam.",
    ]
    alert = Alert.objects.get()
    assert (alert.kind, alert.owner, alert.infusion) == ("call_task", clinic.desk, visit)
    assert whom_to_call.of(alert=alert, now=clinic.now).people[0] == sam.person


def test_whoever_was_just_asked_has_the_time_the_rules_give_to_answer(clinic: Clinic, next_week):
    clinic.book(next_week)
    clinic.now += 3 * DAY
    clinic.named("Sam")
    assert cover_calls.find(now=clinic.now + 23 * HOUR) == 0
    assert cover_calls.find(now=clinic.now + 24 * HOUR) == 1


def test_days_ahead_it_is_no_emergency_and_goes_from_hand_to_hand_not_by_the_hour(clinic: Clinic, next_week):
    visit = clinic.book(next_week)
    opened = clinic.now + DAY
    cover_calls.find(now=opened)
    assert alerts.hand_on(now=opened + 23 * HOUR) == 0
    alert = Alert.objects.get()
    assert (alert.owner, alert.deadline) == (clinic.desk, opened + 24 * HOUR)
    late = visit.starts_at - 30 * HOUR
    assert rules.in_good_time(infusion=visit, now=late) == visit.starts_at - 24 * HOUR
    assert rules.in_good_time(infusion=visit, now=visit.starts_at - 24 * HOUR) is None


def test_with_nobody_named_the_patient_is_called(clinic: Clinic, next_week):
    clinic.book(next_week)
    cover_calls.find(now=clinic.now + DAY)
    assert says() == ["Nobody is found yet to take Maya home: Wed 11 Mar 13:30. Please call the patient."]
    assert whom_to_call.of(alert=Alert.objects.get(), now=clinic.now).people == [clinic.patient]


def test_a_call_that_is_done_does_not_come_again_for_the_same_dates(clinic: Clinic, next_week):
    clinic.book(next_week, next_week + DAY)
    cover_calls.find(now=clinic.now + DAY)
    done(clinic, clinic.now + DAY + HOUR)
    assert cover_calls.find(now=clinic.now + 2 * DAY) == 0


def test_a_date_that_comes_near_after_the_call_was_done_is_another_call(clinic: Clinic, next_week):
    clinic.book(next_week, next_week + 10 * DAY)
    cover_calls.find(now=clinic.now + DAY)
    done(clinic, clinic.now + DAY + HOUR)
    assert cover_calls.find(now=next_week) == 1
    assert says()[1] == "Nobody is found yet to take Maya home: Sat 21 Mar 13:30. Please call the patient."


def test_what_somebody_has_taken_is_no_call(clinic: Clinic, next_week):
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.yes(sam, visit)
    assert cover_calls.find(now=clinic.now + 2 * DAY) == 0


def test_the_day_before_is_a_matter_of_its_own(clinic: Clinic, next_week):
    clinic.book(next_week)
    assert cover_calls.find(now=next_week - 24 * HOUR) == 0
    assert Alert.objects.count() == 0
