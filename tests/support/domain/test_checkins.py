from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from clinic.domain.errors import Refused
from clinic.models import Infusion
from support.domain import alerts, checkins, commitments, designations
from support.enums import AlertKind, PatientAnswer, SupportRole
from support.models import Alert, CheckIn
from tests.support.conftest import Clinic

NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def home(clinic: Clinic, next_week):
    """Maya left with Sam at 15:15 in New York; Sam also stays the evening."""
    sam = clinic.named("Sam", roles=[SupportRole.RIDE, SupportRole.FOLLOWUP])
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    commitments.accept(commitment=clinic.promise(sam, visit, "followup"), via="link", now=clinic.now)
    visit = clinic.until(visit, "ready")
    clinic.hand_over(visit, clinic.promise(sam, visit), now=visit.ready_at + timedelta(minutes=5))
    return clinic.fresh(visit)


def asked(kind, designation=None):
    return CheckIn.objects.get(kind=kind, designation=designation)


def say(checkin, answer, *, now, note=""):
    return checkins.answer(checkin=checkin, answer=answer, note=note, now=now, actor="link:abc")


def test_patient_and_helper_are_asked_the_same_evening_and_a_day_later(home):
    found = {
        (row.kind, row.designation is None, f"{row.due_at.astimezone(NEW_YORK):%a %H:%M}")
        for row in CheckIn.objects.all()
    }
    assert found == {
        ("evening", True, "Wed 19:00"),
        ("evening", False, "Wed 19:00"),
        ("next_day", True, "Thu 15:15"),
        ("next_day", False, "Thu 15:15"),
    }


def left_at(clinic, hour, minute=0, *, zone="", next_hours=24):
    clinic.patient.timezone = zone
    clinic.policy.next_checkin_hours = next_hours
    moment = datetime(2026, 3, 11, hour, minute, tzinfo=NEW_YORK).astimezone(UTC)
    visit = Infusion(site=clinic.site, policy=clinic.policy, patient=clinic.patient, released_at=moment)
    due = checkins._due(visit, clinic.policy, None, "evening"), checkins._due(visit, clinic.policy, None, "next_day")
    return [f"{at.astimezone(ZoneInfo(zone or 'America/New_York')):%a %H:%M}" for at in due]


@pytest.mark.parametrize(
    ("hour", "minute", "evening", "next_day"),
    [
        (15, 0, "Wed 19:00", "Thu 15:00"),
        (18, 30, "Wed 19:30", "Thu 18:30"),
        (19, 0, "Wed 19:45", "Thu 19:00"),
        (19, 15, "Wed 19:45", "Thu 19:15"),
        (19, 30, "Thu 08:00", "Thu 19:30"),
        (21, 0, "Thu 08:00", "Fri 08:00"),
    ],
)
def test_after_a_late_visit_the_evening_question_goes_by_a_quarter_to_eight_or_in_the_morning(
    clinic: Clinic, hour, minute, evening, next_day
):
    assert left_at(clinic, hour, minute) == [evening, next_day]


def test_a_recipient_elsewhere_is_asked_in_their_own_hours(clinic: Clinic):
    # 15:00 in New York is 20:00 in Berlin that week: texts rest until the morning.
    assert left_at(clinic, 15, zone="Europe/Berlin") == ["Thu 08:00", "Fri 08:00"]
    assert left_at(clinic, 11, zone="Europe/Berlin") == ["Wed 19:45", "Thu 16:00"]


def test_who_may_not_report_is_not_asked(clinic: Clinic, next_week):
    sam = clinic.named("Sam")
    sam.may_know = ["dates"]
    sam.save()
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    visit = clinic.until(visit, "ready")
    clinic.hand_over(visit, clinic.promise(sam, visit), now=visit.ready_at)
    assert CheckIn.objects.exclude(designation=None).count() == 0


@pytest.mark.parametrize(
    ("answer", "kind", "role", "minutes"),
    [("call", AlertKind.CALL_ME, "nurse", 60), ("urgent", AlertKind.URGENT, "clinician", 10)],
)
def test_a_patient_who_needs_somebody_becomes_an_alert(clinic: Clinic, home, answer, kind, role, minutes):
    at = asked("evening").due_at
    say(asked("evening"), answer, now=at)
    alert = Alert.objects.get()
    assert (alert.kind, alert.owner.role, alert.deadline) == (kind, role, at + timedelta(minutes=minutes))


def test_fine_is_kept_and_asks_nobody(home):
    row = say(asked("evening"), "fine", now=asked("evening").due_at, note="slept a little")
    assert (row.status, row.note, Alert.objects.count()) == ("answered", "slept a little", 0)


def test_a_patient_who_gets_worse_can_say_so_after_saying_fine(home):
    at = asked("evening").due_at
    say(asked("evening"), "fine", now=at)
    say(asked("evening"), "urgent", now=at + timedelta(hours=1))
    assert (asked("evening").answer, Alert.objects.get().kind) == ("urgent", AlertKind.URGENT)


def test_urgent_is_never_too_late_to_say(home):
    closed = asked("evening").closes_at
    checkins.close_silent(now=closed)
    say(asked("evening"), "urgent", now=closed + timedelta(hours=1))
    assert Alert.objects.filter(kind=AlertKind.URGENT).count() == 1


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("worried", "Sam is worried about Maya. Maya said: I'm fine."),
        ("not_sure", "Sam is not sure how Maya is. Maya said: I'm fine."),
    ],
)
def test_a_fine_patient_and_a_worried_helper_bring_a_nurse(clinic: Clinic, home, answer, sentence):
    helper = CheckIn.objects.get(kind="evening", designation__isnull=False)
    say(asked("evening"), "fine", now=helper.due_at)
    say(helper, answer, now=helper.due_at)
    alert = Alert.objects.get()
    assert (alert.kind, alert.owner, alert.says) == (AlertKind.WORRIED, clinic.nurse, sentence)


def test_urgent_said_again_is_unread_again_though_somebody_had_taken_it_on(clinic: Clinic, home):
    """Taken on and never closed, it would otherwise swallow every later one."""
    evening = asked("evening")
    say(evening, PatientAnswer.URGENT, now=evening.due_at)
    first = Alert.objects.get(kind=AlertKind.URGENT)
    alerts.acknowledge(alert=first, actor=clinic.nurse, now=evening.due_at)
    night = evening.due_at + timedelta(hours=5)
    say(evening, PatientAnswer.URGENT, now=night)
    again = Alert.objects.get(kind=AlertKind.URGENT)
    assert (again.pk, again.status, again.deadline) == (first.pk, "open", night + timedelta(minutes=10))


def test_a_patients_word_is_no_helpers_word_and_the_other_way_round(home):
    helper = CheckIn.objects.get(kind="evening", designation__isnull=False)
    for row, answer in [(helper, "urgent"), (asked("evening"), "worried"), (asked("evening"), "")]:
        with pytest.raises(Refused, match="Choose one of the answers"):
            say(row, answer, now=row.due_at)


def test_a_helper_taken_off_the_list_can_no_longer_report(clinic: Clinic, home):
    helper = CheckIn.objects.get(kind="evening", designation__isnull=False)
    designations.withdraw(designation=helper.designation, actor="staff:1", now=helper.due_at)
    with pytest.raises(Refused, match="no longer shares this with you"):
        say(helper, "worried", now=helper.due_at)


def test_an_answered_question_is_not_texted_any_more(clinic: Clinic, home):
    say(asked("evening"), "fine", now=asked("evening").due_at - timedelta(minutes=1))
    assert "checkin_evening" not in [kind for kind, _to, _at in clinic.waiting(home)]


def test_questions_open_when_due_and_silence_becomes_a_call(clinic: Clinic, home):
    due, closes = asked("evening").due_at, asked("evening").closes_at
    assert checkins.open_due(now=due - timedelta(seconds=1)) == 0
    assert checkins.open_due(now=due) == 2
    assert checkins.close_silent(now=closes - timedelta(seconds=1)) == 0
    assert checkins.close_silent(now=closes) == 2
    assert checkins.close_silent(now=closes) == 0
    alert = Alert.objects.get()
    assert (alert.kind, alert.says) == (AlertKind.CALL_TASK, "Maya did not answer the evening question. Please call.")


def test_the_three_answers_count_at_any_hour_without_a_question(clinic: Clinic):
    alert = checkins.patient_says(
        patient=clinic.patient,
        visit=None,
        checkin=None,
        answer=PatientAnswer.URGENT,
        note="",
        now=clinic.now,
        actor="link:abc",
    )
    assert (alert.kind, alert.infusion) == (AlertKind.URGENT, None)


def test_planning_twice_asks_once(home, clinic: Clinic):
    checkins.plan_for(infusion=home, now=clinic.now)
    assert CheckIn.objects.count() == 4


def test_the_policys_evening_time_is_the_clinics_wall_clock(clinic: Clinic):
    clinic.policy.evening_checkin_at = time(18, 15)
    assert left_at(clinic, 15)[0] == "Wed 18:15"
