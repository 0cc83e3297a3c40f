"""One step after the other until somebody takes the patient home, through the database.

Nobody else climbs by itself when a helper steps back: CareCalendar's open day stays red until a person looks.
"""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.domain import bookings, infusions
from clinic.domain.errors import Refused
from clinic.enums import Rung
from clinic.models import AuditEntry, Closure
from messaging.models import Message
from support.domain import (
    closing_news,
    commitments,
    date_answers,
    designations,
    ladder,
    ladder_page,
    own_times,
    watch,
    whom_to_call,
)
from support.enums import AlertKind, LadderRung, StepEnd
from support.models import Alert, Arrangement, Commitment, LadderStep
from tests import factories
from tests.support.conftest import Clinic

L = LadderRung
E = StepEnd
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def under(clinic: Clinic, **fields):
    """The rules from now on: every way home, unless told otherwise."""
    fields = {"rungs": list(Rung)} | fields
    version = clinic.policy.version + 1
    clinic.policy = factories.PolicyFactory(
        site=clinic.site, version=version, signed_by=clinic.policy.signed_by, **fields
    )


def steps(visit):
    """What was tried and how it ended; the open one with an empty end."""
    return list(LadderStep.objects.filter(infusion=visit).values_list("rung", "end"))


def running(visit):
    return LadderStep.objects.get(infusion=visit, ended_at=None)


def alert(visit):
    return Alert.objects.get(kind=AlertKind.LADDER, infusion=visit)


def step_back(clinic, helper, visit, now):
    commitments.withdraw(commitment=clinic.promise(helper, visit), via="link", now=now)


def taken_by(clinic: Clinic, name, *starts):
    helper = clinic.named(name)
    visit = clinic.book(*starts)
    clinic.confirmed(helper, visit)
    return helper, visit


def test_nothing_is_written_at_booking_and_the_sweep_begins_with_dates_near_enough(clinic: Clinic, next_week):
    clinic.named("Sam")
    near, far = next_week, clinic.now + 11 * DAY
    visit = clinic.book(near, far)
    assert LadderStep.objects.count() == 0
    assert ladder.sweep(now=clinic.now) == 1
    step = running(visit)
    assert (step.rung, step.designation, step.until) == (L.ADULTS, None, near - 36 * HOUR)
    assert ladder.sweep(now=clinic.now + MINUTE) == 0


def test_a_visit_somebody_has_needs_no_ladder(clinic: Clinic, next_week):
    taken_by(clinic, "Sam", next_week)
    assert ladder.sweep(now=next_week - 2 * DAY) == 0


@pytest.mark.parametrize("visits", [1, 3])
def test_a_sweep_with_nothing_to_do_is_one_query(clinic: Clinic, next_week, visits, django_assert_num_queries):
    clinic.named("Sam")
    clinic.book(*(next_week - day * DAY for day in range(visits)))
    ladder.sweep(now=clinic.now)
    with django_assert_num_queries(1):
        assert ladder.sweep(now=clinic.now + MINUTE) == 0


def test_silence_goes_on_and_every_step_names_who_was_silent(clinic: Clinic, next_week):
    under(clinic)
    clinic.named("Sam")
    visit = clinic.book(next_week)
    for hours in range(8 * 24, 0, -1):
        ladder.sweep(now=next_week - hours * HOUR)
    assert steps(visit) == [
        (L.ADULTS, E.SILENT),
        (L.PAID_ESCORT, E.SILENT),
        (L.WATCHED_RIDE, E.SILENT),
        (L.EXTENDED_STAY, E.SILENT),
        (L.POSTPONE, ""),
    ]
    assert alert(visit).says.startswith("Nobody takes Maya home, Wed 11 Mar 13:30. Please book a paid escort.")
    assert alert(visit).says.endswith("somebody after all. Asked and not answered: Sam.")


def test_the_alert_has_the_steps_own_deadline_and_moves_with_the_next_step(clinic: Clinic, next_week):
    under(clinic)
    visit = clinic.book(next_week)
    ladder.sweep(now=next_week - 20 * HOUR)
    first = alert(visit)
    assert (first.owner, first.deadline) == (clinic.desk, next_week - 12 * HOUR)
    Alert.objects.update(status="acknowledged", acknowledged_at=next_week - 19 * HOUR)
    ladder.sweep(now=next_week - 12 * HOUR)
    second = alert(visit)
    assert (second.pk, second.status, second.deadline) == (first.pk, "open", next_week - 6 * HOUR)


def test_another_day_that_is_looked_for_days_ahead_is_not_handed_on_by_the_hour(clinic: Clinic, next_week):
    under(clinic, rungs=[Rung.POSTPONE], ladder_hours=24)
    visit = clinic.book(next_week)
    ladder.sweep(now=clinic.now + HOUR)
    assert (running(visit).rung, alert(visit).deadline) == (L.POSTPONE, clinic.now + 25 * HOUR)


def test_a_closed_alert_without_a_way_home_does_not_end_the_step(clinic: Clinic, next_week):
    visit = clinic.book(next_week)
    ladder.sweep(now=next_week - 20 * HOUR)
    Alert.objects.update(status="closed", closed_at=clinic.now, closed_by=clinic.desk, outcome="they ring back")
    ladder.sweep(now=next_week - 19 * HOUR)
    assert steps(visit) == [(L.PAID_ESCORT, "")]
    ladder.sweep(now=next_week - 12 * HOUR)
    assert steps(visit) == [(L.PAID_ESCORT, E.SILENT), (L.POSTPONE, "")]
    assert Alert.objects.filter(kind=AlertKind.LADDER).exclude(status="closed").count() == 1


def test_one_alert_asks_the_desk_and_no_call_beside_it(clinic: Clinic, next_week):
    clinic.book(next_week)
    watch.run(now=next_week - 20 * HOUR)
    watch.run(now=next_week - 19 * HOUR)
    assert list(Alert.objects.values_list("kind", flat=True)) == [AlertKind.LADDER]


def test_a_yes_ends_the_step_and_says_so_on_the_alert(clinic: Clinic, next_week):
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    ladder.sweep(now=next_week - 30 * HOUR)
    ladder.sweep(now=next_week - 13 * HOUR)
    assert running(visit).rung == L.PAID_ESCORT
    clinic.yes(sam, visit, now=next_week - 12 * HOUR - MINUTE)
    assert steps(visit)[-1][1] == E.TAKEN
    assert alert(visit).says.endswith("Since then there is a way home: Sam.")


def test_who_says_no_last_sends_the_ladder_on_at_once(clinic: Clinic, next_week):
    under(clinic)
    sam, jo = clinic.named("Sam"), clinic.named("Joanna")
    visit = clinic.book(next_week)
    ladder.sweep(now=clinic.now)
    commitments.decline(commitment=clinic.promise(sam, visit), via="link", now=clinic.now)
    assert steps(visit) == [(L.ADULTS, "")]
    commitments.decline(commitment=clinic.promise(jo, visit), via="link", now=clinic.now)
    assert steps(visit) == [(L.ADULTS, E.SAID_NO), (L.PAID_ESCORT, "")]


def test_who_steps_back_last_is_one_alert_with_what_is_to_be_done(clinic: Clinic, next_week):
    sam, visit = taken_by(clinic, "Sam", next_week)
    step_back(clinic, sam, visit, next_week - 20 * HOUR)
    watch.run(now=next_week - 20 * HOUR + MINUTE)
    said = "Sam stepped back from Wed 11 Mar 13:30. There is no way home now. Please book a paid escort."
    assert Alert.objects.get().says == said
    ladder.sweep(now=next_week - 12 * HOUR)
    assert alert(visit).says.endswith("Please find another day, or somebody after all.")


def test_twenty_hours_before_the_others_are_asked_and_then_an_escort(clinic: Clinic, next_week):
    under(clinic)
    sam, visit = taken_by(clinic, "Sam", next_week)
    jo = clinic.named("Joanna")
    step_back(clinic, sam, visit, next_week - 20 * HOUR)
    assert (running(visit).rung, running(visit).until) == (L.ADULTS, next_week - 16 * HOUR)
    assert clinic.promise(jo, visit).status == "asked"
    ladder.sweep(now=next_week - 16 * HOUR)
    assert (running(visit).rung, running(visit).until) == (L.PAID_ESCORT, next_week - 12 * HOUR)


def test_three_hours_before_the_others_are_asked_and_then_another_day(clinic: Clinic, next_week):
    under(clinic)
    sam, visit = taken_by(clinic, "Sam", next_week)
    clinic.named("Joanna")
    step_back(clinic, sam, visit, next_week - 3 * HOUR)
    assert (running(visit).rung, running(visit).until) == (L.ADULTS, next_week - 90 * MINUTE)
    ladder.sweep(now=next_week - 90 * MINUTE)
    assert (running(visit).rung, running(visit).until) == (L.POSTPONE, None)


def test_ten_minutes_before_it_is_another_day_and_everybody_is_asked_all_the_same(clinic: Clinic, next_week):
    under(clinic, ladder_first_to_take=False)
    sam, visit = taken_by(clinic, "Sam", next_week)
    jo, lee = clinic.named("Joanna"), clinic.named("Lee")
    step_back(clinic, sam, visit, next_week - 10 * MINUTE)
    assert running(visit).rung == L.POSTPONE
    assert {clinic.promise(one, visit).status for one in (jo, lee)} == {"asked"}
    ladder.sweep(now=next_week + 30 * MINUTE)
    assert running(visit).rung == L.POSTPONE


def test_in_the_chair_everybody_is_asked_at_once_and_then_the_patient_stays(clinic: Clinic, next_week):
    under(clinic, ladder_first_to_take=False)
    sam, visit = taken_by(clinic, "Sam", next_week)
    jo, lee = clinic.named("Joanna"), clinic.named("Lee")
    visit = clinic.until(visit, "started")
    at = next_week + 30 * MINUTE
    step_back(clinic, sam, visit, at)
    assert (running(visit).rung, running(visit).until) == (L.ADULTS, at + 30 * MINUTE)
    assert {clinic.promise(one, visit).status for one in (jo, lee)} == {"asked"}
    ladder.sweep(now=at + 30 * MINUTE)
    assert (running(visit).rung, running(visit).until) == (L.HOLD, None)
    assert alert(visit).owner == clinic.nurse
    ladder.sweep(now=at + DAY)
    assert running(visit).rung == L.HOLD
    clinic.yes(lee, visit, now=at + 40 * MINUTE)
    assert steps(visit)[-1] == (L.HOLD, E.TAKEN)


def test_started_without_a_way_home_the_patient_stays(clinic: Clinic, next_week):
    """A start against the rules ends the search for another day, not the search for somebody."""
    visit = clinic.book(next_week)
    ladder.sweep(now=next_week - 2 * HOUR)
    visit = infusions.arrive(infusion=visit, actor=clinic.nurse, now=next_week)
    doctor = clinic.staff["clinician"]
    infusions.start(infusion=visit, actor=doctor, now=next_week + MINUTE, override_reason="Her sister is on the way.")
    assert steps(visit) == [(L.POSTPONE, E.OVER), (L.HOLD, "")]


def test_moved_the_search_for_the_old_time_is_over(clinic: Clinic, next_week):
    clinic.named("Sam")
    visit = clinic.book(next_week)
    ladder.sweep(now=clinic.now)
    visit = clinic.move(visit, next_week + DAY)
    assert steps(visit) == [(L.ADULTS, E.OVER)]
    ladder.sweep(now=clinic.now + MINUTE)
    assert running(visit).for_starts_at == next_week + DAY


def test_called_off_it_is_over(clinic: Clinic, next_week):
    visit = clinic.book(next_week)
    ladder.sweep(now=next_week - 20 * HOUR)
    infusions.cancel(infusion=visit, actor=clinic.desk, now=next_week - 19 * HOUR, reason="flu")
    assert steps(visit) == [(L.PAID_ESCORT, E.OVER)]
    assert "This is over: the visit began, moved, was called off, or its time has passed." in alert(visit).says
    assert ladder.sweep(now=next_week - 18 * HOUR) == 0


def test_a_visit_that_never_began_is_let_go_when_it_should_have_ended(clinic: Clinic, next_week):
    visit = clinic.book(next_week)
    ladder.sweep(now=next_week - HOUR)
    ladder.sweep(now=visit.ends_at)
    assert steps(visit) == [(L.POSTPONE, E.OVER)]


def test_a_patient_who_is_here_and_waits_is_not_let_go(clinic: Clinic, next_week):
    visit = clinic.book(next_week)
    infusions.arrive(infusion=visit, actor=clinic.nurse, now=next_week)
    ladder.sweep(now=next_week)
    ladder.sweep(now=visit.ends_at + HOUR)
    assert steps(visit) == [(L.POSTPONE, "")]


def test_what_the_clinic_arranged_ends_the_step(clinic: Clinic, next_week):
    under(clinic)
    visit = clinic.book(next_week)
    ladder.sweep(now=next_week - 10 * HOUR)
    Arrangement.objects.create(
        infusion=visit,
        for_starts_at=visit.starts_at,
        rung=Rung.WATCHED_RIDE,
        details="City Cabs, Dana watches",
        arranged_at=clinic.now,
        arranged_by=clinic.desk,
        authorised_by=clinic.staff["clinician"],
    )
    ladder.sweep(now=next_week - 9 * HOUR)
    assert steps(visit) == [(L.WATCHED_RIDE, E.TAKEN)]
    assert ladder.sweep(now=next_week - 8 * HOUR) == 0


def asked(visit):
    rows = Commitment.objects.filter(infusion=visit, role="ride", status="asked")
    return sorted(rows.values_list("designation__person__given_name", flat=True))


@pytest.fixture
def alone(clinic: Clinic):
    """Three helpers, asked one at a time."""
    under(clinic, ladder_first_to_take=False)
    return [clinic.named(name) for name in ("Sam", "Joanna", "Lee")]


def test_one_at_a_time_only_the_first_is_asked_at_booking(clinic: Clinic, alone, next_week):
    visit = clinic.book(next_week)
    assert asked(visit) == ["Sam"]
    ladder.sweep(now=clinic.now)
    assert (running(visit).designation, running(visit).until) == (alone[0], clinic.now + 24 * HOUR)


def test_whom_the_rules_ask_costs_a_booking_no_statement(clinic: Clinic, next_week, django_assert_num_queries):
    for name in ("Sam", "Joanna", "Lee"):
        clinic.named(name)
    course = clinic.book(next_week).course

    def book(days):
        bookings.place(course=course, slot=clinic.slot(next_week + days * DAY), actor=clinic.desk, now=clinic.now)

    with CaptureQueriesContext(connection) as at_once:
        book(days=1)
    under(clinic, ladder_first_to_take=False)
    # The new rules are read once.
    book(days=2)
    with django_assert_num_queries(len(at_once)):
        book(days=3)


def test_one_at_a_time_a_no_asks_the_next_by_message_in_the_same_moment(clinic: Clinic, alone, next_week):
    visit = clinic.book(next_week)
    at = clinic.now + HOUR
    commitments.decline(commitment=clinic.promise(alone[0], visit), via="link", now=at)
    assert asked(visit) == ["Joanna"]
    assert steps(visit) == [(L.ADULTS, "")]
    to_jo = Message.objects.get(kind="helper_ask_again", recipient=f"designation:{alone[1].pk}", due_at=at)
    assert to_jo.status == "pending"


def test_one_at_a_time_silence_asks_the_next_and_the_silent_one_is_called_by_name(clinic: Clinic, alone, next_week):
    visit = clinic.book(next_week)
    ladder.sweep(now=clinic.now)
    ladder.sweep(now=clinic.now + 24 * HOUR)
    assert clinic.promise(alone[0], visit).status == "lapsed"
    assert asked(visit) == ["Joanna"]
    call = Alert.objects.get(kind=AlertKind.CALL_TASK)
    assert call.says == (
        "Sam did not answer about Wed 11 Mar 13:30. The next person is asked; please call all the same."
    )
    assert whom_to_call.of(alert=call, now=clinic.now).people == [alone[0].person]


def test_one_at_a_time_who_was_silent_may_still_say_yes(clinic: Clinic, alone, next_week):
    visit = clinic.book(next_week)
    ladder.sweep(now=clinic.now)
    ladder.sweep(now=clinic.now + 24 * HOUR)
    clinic.yes(alone[0], visit, now=clinic.now + 25 * HOUR)
    assert steps(visit) == [(L.ADULTS, E.SILENT), (L.ADULTS, E.TAKEN)]
    assert clinic.promise(alone[1], visit).status == "covered"


def test_one_at_a_time_all_said_no_and_the_clinic_arranges(clinic: Clinic, alone, next_week):
    visit = clinic.book(next_week)
    for helper in alone:
        commitments.decline(commitment=clinic.promise(helper, visit), via="link", now=clinic.now)
    assert steps(visit) == [(L.ADULTS, E.SAID_NO), (L.ADULTS, E.SAID_NO), (L.PAID_ESCORT, "")]


def test_one_at_a_time_who_is_named_late_is_asked_also_where_somebody_said_maybe(clinic: Clinic, next_week):
    under(clinic, ladder_first_to_take=False)
    jo = clinic.named("Joanna")
    visit = clinic.book(next_week)
    for hours in (9 * 24, 24, 12, 2):
        ladder.sweep(now=next_week - hours * HOUR)
    clinic.now = next_week - HOUR
    assert running(visit).rung == L.POSTPONE
    date_answers.maybe(designation=jo, dates=[clinic.promise(jo, visit).pk], actor="link:x", now=clinic.now)
    pat = clinic.named("Patricia")
    assert {clinic.promise(one, visit).status for one in (jo, pat)} == {"asked"}


def test_one_at_a_time_who_takes_it_and_steps_back_leaves_it_to_the_next(clinic: Clinic, alone, next_week):
    visit = clinic.book(next_week)
    clinic.yes(alone[0], visit)
    step_back(clinic, alone[0], visit, clinic.now + HOUR)
    assert asked(visit) == ["Joanna"]
    assert running(visit).designation == alone[1]


def test_one_at_a_time_somebody_taken_off_the_list_is_passed_over(clinic: Clinic, alone, next_week):
    visit = clinic.book(next_week)
    ladder.sweep(now=clinic.now)
    designations.withdraw(designation=alone[0], actor=f"patient:{clinic.patient.pk}", now=clinic.now + HOUR)
    assert asked(visit) == ["Joanna"]


def test_one_at_a_time_nobody_waits_for_who_takes_somebody_else_home_then(clinic: Clinic, alone, next_week):
    visit = clinic.book(next_week)
    other = factories.InfusionFactory(starts_at=next_week, course__patient__site=clinic.site)
    promised = factories.DesignationFactory(patient=other.patient, person=alone[1].person)
    factories.CommitmentFactory(infusion=other, designation=promised, status="accepted", answered_at=clinic.now)
    commitments.decline(commitment=clinic.promise(alone[0], visit), via="link", now=clinic.now)
    assert asked(visit) == ["Lee"]


def test_one_at_a_time_somebody_named_later_waits_for_their_turn(clinic: Clinic, alone, next_week):
    visit = clinic.book(next_week)
    clinic.named("Pat")
    assert asked(visit) == ["Sam"]


def test_one_at_a_time_moved_the_first_is_asked_again(clinic: Clinic, alone, next_week):
    visit = clinic.book(next_week)
    commitments.decline(commitment=clinic.promise(alone[0], visit), via="link", now=clinic.now)
    visit = clinic.move(visit, next_week + DAY)
    assert asked(visit) == ["Sam"]


def test_one_at_a_time_far_ahead_a_no_asks_the_next_and_nothing_else_begins(clinic: Clinic, alone):
    visit = clinic.book(clinic.now + 30 * DAY)
    for helper in alone:
        commitments.decline(commitment=clinic.promise(helper, visit), via="link", now=clinic.now + HOUR)
    assert steps(visit) == [(L.ADULTS, E.SAID_NO), (L.ADULTS, E.SAID_NO)]
    assert asked(visit) == []
    ladder.sweep(now=clinic.now + 20 * DAY + MINUTE)
    assert running(visit).rung == L.PAID_ESCORT


@pytest.mark.parametrize("first_to_take", [True, False])
def test_who_cannot_on_that_day_is_not_asked_and_nobody_waits_for_them(clinic: Clinic, next_week, first_to_take):
    under(clinic, ladder_first_to_take=first_to_take)
    sam = clinic.named("Sam", roles=("ride", "followup"))
    jo = clinic.named("Joanna")
    own_times.state(designation=sam, can=False, weekdays=[2], actor="link:x", now=clinic.now)
    wednesday, friday = clinic.book(next_week), clinic.book(next_week + 2 * DAY)
    assert not sam.commitments.filter(infusion=wednesday).exists()
    assert clinic.promise(sam, friday).status == "asked"
    assert asked(wednesday) == ["Joanna"]
    commitments.decline(commitment=clinic.promise(jo, wednesday), via="link", now=clinic.now)
    ladder.sweep(now=clinic.now)
    assert running(wednesday).rung == L.PAID_ESCORT


def test_who_takes_such_a_word_back_is_asked_for_what_suits_them_now(clinic: Clinic, next_week):
    sam = clinic.named("Sam")
    before = clinic.book(next_week)
    says = {"designation": sam, "actor": "link:x", "now": clinic.now}
    (row,) = own_times.state(can=False, weekdays=[2], **says)
    after = clinic.book(next_week + 7 * DAY)
    own_times.forget(pk=row.pk, **says)
    assert [clinic.promise(sam, visit).status for visit in (before, after)] == ["asked", "asked"]


def test_one_at_a_time_who_says_never_on_such_a_day_leaves_it_to_the_next(clinic: Clinic, alone, next_week):
    visit = clinic.book(next_week)
    ladder.sweep(now=clinic.now)
    own_times.state(designation=alone[0], can=False, weekdays=[2], actor="link:x", now=clinic.now)
    assert (clinic.promise(alone[0], visit).status, asked(visit)) == ("covered", ["Joanna"])
    assert running(visit).designation == alone[1]


def test_one_at_a_time_who_takes_such_a_word_back_has_their_turn_before_the_clinic_arranges(
    clinic: Clinic, alone, next_week
):
    sam, joanna, lee = alone
    visit = clinic.book(next_week)
    ladder.sweep(now=clinic.now)
    says = {"designation": sam, "actor": "link:x", "now": clinic.now}
    (row,) = own_times.state(can=False, weekdays=[2], **says)
    own_times.forget(pk=row.pk, **says)
    assert asked(visit) == ["Joanna"]
    commitments.decline(commitment=clinic.promise(joanna, visit), via="link", now=clinic.now)
    assert asked(visit) == ["Sam"]
    for named in (sam, lee):
        commitments.decline(commitment=clinic.promise(named, visit), via="link", now=clinic.now)
    assert running(visit).rung == L.PAID_ESCORT


def test_nobody_waits_for_such_an_answer_while_the_patient_is_here_beyond_the_planned_end(clinic: Clinic, next_week):
    sam, visit = clinic.named("Sam"), clinic.book(next_week)
    visit = clinic.until(visit, "arrived")
    own_times.state(designation=sam, can=False, weekdays=[2], actor="link:x", now=visit.ends_at + MINUTE)
    assert clinic.promise(sam, visit).status == "covered"


def test_nobody_is_asked_for_more_rides_than_they_said(clinic: Clinic, next_week):
    sam, jo = clinic.named("Sam"), clinic.named("Joanna")
    first = clinic.book(next_week)
    clinic.yes(sam, first)
    sam.most_rides = 1
    sam.save()
    second = clinic.book(next_week + 2 * DAY)
    assert asked(second) == ["Joanna"]
    commitments.decline(commitment=clinic.promise(jo, second), via="link", now=clinic.now)
    ladder.sweep(now=next_week + DAY)
    assert asked(second) == []
    assert running(second).rung == L.PAID_ESCORT


def test_stepping_back_does_not_ask_whoever_has_as_many_as_they_said(clinic: Clinic, next_week):
    sam, jo = clinic.named("Sam"), clinic.named("Joanna")
    first = clinic.book(next_week, next_week + 2 * DAY)
    second = first.course.infusions.last()
    clinic.yes(jo, second)
    clinic.yes(sam, first)
    sam.most_rides = 1
    sam.save()
    step_back(clinic, jo, second, clinic.now + HOUR)
    assert clinic.promise(sam, second).status == "covered"


def test_the_desk_does_not_wait_and_the_next_is_tried(clinic: Clinic, alone, next_week):
    visit = clinic.book(next_week)
    ladder.sweep(now=clinic.now)
    rung = ladder.ask_next_now(infusion=visit, actor=clinic.desk, now=clinic.now + HOUR, note="Sam is abroad")
    assert (rung, asked(visit)) == (L.ADULTS, ["Joanna"])
    over = LadderStep.objects.get(end=E.STEPPED_OVER)
    assert (over.ended_by, over.note, over.designation) == (clinic.desk, "Sam is abroad", alone[0])
    assert AuditEntry.objects.filter(verb="ladder.ended", actor=f"staff:{clinic.desk.pk}").count() == 1


def test_what_is_not_possible_needs_a_word(clinic: Clinic, next_week):
    visit = clinic.book(next_week)
    ladder.sweep(now=next_week - 20 * HOUR)
    with pytest.raises(Refused, match="Say in a few words"):
        ladder.not_possible(infusion=visit, actor=clinic.desk, now=next_week - 19 * HOUR, note=" ")
    rung = ladder.not_possible(infusion=visit, actor=clinic.desk, now=next_week - 19 * HOUR, note="All booked")
    assert rung == L.POSTPONE
    assert steps(visit) == [(L.PAID_ESCORT, E.NOT_POSSIBLE), (L.POSTPONE, "")]


def test_the_last_way_cannot_be_stepped_over(clinic: Clinic, next_week):
    visit = clinic.book(next_week)
    ladder.sweep(now=next_week - 2 * HOUR)
    with pytest.raises(Refused, match="There is nothing after this"):
        ladder.ask_next_now(infusion=visit, actor=clinic.desk, now=next_week - HOUR)
    assert steps(visit) == [(L.POSTPONE, "")]


def test_what_was_taken_meanwhile_is_not_stepped_over(clinic: Clinic, next_week):
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    ladder.sweep(now=clinic.now)
    clinic.yes(sam, visit)
    with pytest.raises(Refused, match="Nothing is being tried now"):
        ladder.ask_next_now(infusion=visit, actor=clinic.desk, now=clinic.now)


def test_from_a_patient_who_stays_the_desk_goes_on_to_a_longer_stay_and_back(clinic: Clinic, next_week):
    under(clinic)
    sam, visit = taken_by(clinic, "Sam", next_week)
    visit = clinic.until(visit, "started")
    at = next_week + 30 * MINUTE
    step_back(clinic, sam, visit, at)
    assert running(visit).rung == L.HOLD
    assert ladder.ask_next_now(infusion=visit, actor=clinic.nurse, now=at) == L.EXTENDED_STAY
    ladder.sweep(now=at + 30 * MINUTE)
    assert running(visit).rung == L.HOLD


def test_a_booked_escort_is_never_asked_for_another_visit(clinic: Clinic, next_week):
    escort = clinic.named("Ed", is_escort=True)
    escort.valid_until = next_week + 3 * DAY
    escort.save()
    visit = clinic.book(next_week)
    ladder.sweep(now=next_week - 20 * HOUR)
    assert Commitment.objects.filter(infusion=visit).count() == 0
    assert running(visit).rung == L.PAID_ESCORT


def test_the_page_says_who_is_asked_until_when_and_what_comes_next(clinic: Clinic, alone, next_week):
    visit = clinic.book(next_week)
    ladder.sweep(now=clinic.now)
    climb = ladder_page.of(infusion=clinic.fresh(visit), now=clinic.now)
    assert climb.now == "Asking Sam until Wed 4 Mar 09:41."
    assert climb.next == "Asking Joanna until Thu 5 Mar 09:41."
    ladder.ask_next_now(infusion=visit, actor=clinic.desk, now=clinic.now, note="abroad")
    ladder.ask_next_now(infusion=visit, actor=clinic.desk, now=clinic.now)
    climb = ladder_page.of(infusion=clinic.fresh(visit), now=clinic.now)
    assert climb.next == "A paid escort is to be booked until Wed 11 Mar 01:30."
    assert [(tried.who, tried.how, tried.note) for tried in climb.tried] == [
        ("Sam", "The desk went on", "abroad"),
        ("Joanna", "The desk went on", ""),
    ]


def test_the_page_says_that_nothing_comes_after_the_last_way(clinic: Clinic, next_week):
    visit = clinic.book(next_week)
    ladder.sweep(now=next_week - 2 * HOUR)
    climb = ladder_page.of(infusion=clinic.fresh(visit), now=next_week - 2 * HOUR)
    assert (climb.now, climb.may_go_on) == ("Another day is to be found, unless somebody says yes.", False)
    assert climb.next == "There is nothing after this. Somebody must come, or the visit must move."


def test_a_visit_that_was_called_off_for_a_closed_time_asks_nobody(clinic: Clinic, next_week):
    """Its patient is found another time; a helper asked for this one would come to a closed door."""
    clinic.book(next_week)
    whole_day = {"starts_at": next_week - 12 * HOUR, "ends_at": next_week + 12 * HOUR}
    closed = Closure.objects.create(site=clinic.site, reason="water pipe", **whole_day)
    closing_news.tell(closure=closed, site=clinic.site, actor=clinic.desk, now=clinic.now)
    assert ladder.sweep(now=clinic.now) == 0
    assert LadderStep.objects.count() == 0
