"""The day's ways home in the order in which somebody should phone."""

from datetime import timedelta

import pytest

from clinic.domain.errors import Refused
from clinic.models import AuditEntry
from support.domain import attesting, calls, commitments, designations
from support.models import Handover, SupportPerson
from tests import factories
from tests.support.conftest import Clinic

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def evening(next_week):
    """The evening before the visit, 19 hours ahead of it."""
    return next_week - 19 * HOUR


def of(clinic, at, now):
    return calls.of(site=clinic.site, day=at.astimezone(clinic.site.zone).date(), now=now)


def lines(clinic, at, now):
    return [(line.visit.pk, line.risk.points, line.risk.sentence) for line in of(clinic, at, now).lines]


def another(clinic, at):
    """A visit of somebody else that day, in the same room."""
    mine = clinic.patient
    clinic.patient = factories.PatientFactory(site=clinic.site, given_name="Omar")
    visit = clinic.book(at)
    clinic.patient = mine
    return visit


def came_before(clinic, sam, *, late=0):
    """An earlier visit from which this helper took the patient home."""
    past = clinic.book(clinic.now + 2 * DAY)
    clinic.confirmed(sam, past)
    ready = clinic.until(past, "ready")
    came = max(ready.ready_at, past.pickup_from) + timedelta(minutes=late)
    row = clinic.promise(sam, past)
    type(row).objects.filter(pk=row.pk).update(outside_at=came)
    clinic.hand_over(ready, clinic.promise(sam, past), now=came + timedelta(minutes=5))
    return past


def test_nobody_said_yes_comes_before_a_yes_that_is_not_confirmed(clinic: Clinic, next_week, evening):
    sam = clinic.named("Sam")
    asked = clinic.book(next_week)
    clinic.yes(sam, asked, now=next_week - 3 * DAY)
    nobody = another(clinic, next_week - 3 * HOUR)
    assert lines(clinic, next_week, evening) == [
        (
            nobody.pk,
            13,
            "nobody has said yes yet, nobody is named who could be asked, patient’s first visit",
        ),
        (asked.pk, 11, "not confirmed yet, first time for Sam, nobody else is named, patient’s first visit"),
    ]


def test_who_came_late_lives_far_away_and_stepped_back_is_told_apart_from_who_did_not(
    clinic: Clinic, next_week, evening
):
    sam, jo = clinic.named("Sam"), clinic.named("Jo")
    came_before(clinic, sam, late=25)
    SupportPerson.objects.filter(pk=sam.person_id).update(travel_minutes=55)
    off = clinic.book(next_week - 2 * DAY)
    clinic.yes(sam, off)
    commitments.withdraw(commitment=clinic.promise(sam, off), via="link", now=clinic.now)
    visit = clinic.book(next_week)
    clinic.yes(sam, visit, now=next_week - 3 * DAY)
    (found,) = of(clinic, next_week, evening).lines
    assert (found.visit.pk, found.risk.points) == (visit.pk, 13)
    assert found.risk.sentence == (
        "not confirmed yet, came 25 minutes late last time, stepped back once, 55 minutes away"
    )
    assert [callee.ride.designation_id for callee in found.to_call] == [sam.pk]
    assert jo.pk != sam.pk


def test_who_was_taken_off_a_list_has_not_stepped_back(clinic: Clinic, next_week, evening):
    sam = clinic.named("Sam")
    off = clinic.book(next_week - 2 * DAY)
    clinic.yes(sam, off)
    designations.withdraw(designation=sam, actor=f"patient:{clinic.patient.pk}", now=clinic.now)
    again = designations.name(
        patient=clinic.patient,
        person=sam.person,
        roles=["ride"],
        rank=1,
        may_know=[],
        consent_how="in_person",
        witness=clinic.desk,
        wording="Yes.",
        now=clinic.now,
    )
    visit = clinic.book(next_week)
    clinic.yes(again, visit, now=next_week - 3 * DAY)
    (found,) = of(clinic, next_week, evening).lines
    assert "stepped back" not in found.risk.sentence


def test_who_confirmed_needs_no_call_and_a_call_of_today_is_counted(clinic: Clinic, next_week, evening):
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.yes(sam, visit, now=next_week - 3 * DAY)
    before = of(clinic, next_week, evening)
    assert (before.called, before.total) == (0, 1)
    row = clinic.promise(sam, visit)
    commitments.reconfirm(commitment=row, via="phone", now=evening, recorded_by=clinic.desk)
    after = of(clinic, next_week, evening)
    assert (after.called, after.total, after.lines, [line.visit.pk for line in after.settled]) == (1, 1, [], [visit.pk])


def test_who_confirmed_by_their_own_link_was_not_called(clinic: Clinic, next_week, evening):
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    found = of(clinic, next_week, evening)
    assert (found.called, found.total, [line.visit.pk for line in found.quiet]) == (0, 0, [visit.pk])


def test_nobody_picked_up_stands_in_the_line_and_the_next_line_comes_first(clinic: Clinic, next_week, evening):
    sam = clinic.named("Sam")
    asked = clinic.book(next_week)
    later = another(clinic, next_week - 3 * HOUR)
    clinic.yes(sam, asked, now=next_week - 3 * DAY)
    row = clinic.promise(sam, asked)
    calls.no_answer(commitment=row, actor=clinic.desk, now=evening)
    found = of(clinic, next_week, evening + HOUR)
    assert [line.visit.pk for line in found.lines] == [later.pk, asked.pk]
    tried = found.lines[1].to_call[0].tried
    assert (tried.at, tried.by, tried.answered) == (evening, clinic.desk.short_name, False)
    assert (found.called, found.total) == (1, 2)


def test_pressed_twice_it_is_one_call(clinic: Clinic, next_week, evening):
    visit, _sam = clinic.book(next_week), clinic.named("Sam")
    row = clinic.promise(_sam, visit)
    for seconds in (0, 5, 300):
        calls.no_answer(commitment=row, actor=clinic.desk, now=evening + timedelta(seconds=seconds))
    assert AuditEntry.objects.filter(verb=calls.NO_ANSWER).count() == 2


def test_a_call_about_a_time_that_moved_is_refused_and_the_new_time_is_not_called_yet(
    clinic: Clinic, next_week, evening
):
    visit, sam = clinic.book(next_week), clinic.named("Sam")
    row = clinic.promise(sam, visit)
    calls.no_answer(commitment=row, actor=clinic.desk, now=evening)
    clinic.move(visit, next_week + HOUR)
    with pytest.raises(Refused):
        calls.no_answer(commitment=row, actor=clinic.desk, now=evening)
    (line,) = of(clinic, next_week, evening).lines
    assert [callee.tried for callee in line.to_call] == [None]


def test_yesterdays_call_is_not_todays(clinic: Clinic, next_week, evening):
    visit, sam = clinic.book(next_week), clinic.named("Sam")
    calls.no_answer(commitment=clinic.promise(sam, visit), actor=clinic.desk, now=evening - DAY)
    (line,) = of(clinic, next_week, evening).lines
    assert not line.is_called


def test_who_is_named_until_before_the_visit_cannot_step_in(clinic: Clinic, next_week, evening):
    sam, jo = clinic.named("Sam"), clinic.named("Jo")
    visit = clinic.book(next_week)
    clinic.yes(sam, visit, now=next_week - 3 * DAY)
    type(jo).objects.filter(pk=jo.pk).update(valid_until=next_week - HOUR)
    (found,) = of(clinic, next_week, evening).lines
    assert "nobody else is named" in found.risk.sentence


def test_an_escort_booked_for_another_visit_cannot_step_in(clinic: Clinic, next_week, evening):
    sam, olive = clinic.named("Sam"), clinic.named("Olive")
    visit = clinic.book(next_week)
    clinic.yes(sam, visit, now=next_week - 3 * DAY)
    type(olive.person).objects.filter(pk=olive.person_id).update(is_escort=True)
    type(olive).objects.filter(pk=olive.pk).update(valid_until=next_week + 9 * DAY)
    (found,) = of(clinic, next_week, evening).lines
    assert "nobody else is named" in found.risk.sentence


def test_on_a_friday_the_list_is_mondays(clinic: Clinic, next_week):
    visit = clinic.book(next_week)
    assert calls.next_day(site=clinic.site, now=clinic.now) == visit.starts_at.date()
    assert calls.next_day(site=clinic.site, now=next_week + DAY) == (next_week + 2 * DAY).date()


def test_who_has_not_read_what_it_involves_is_told_apart(clinic: Clinic, next_week, evening):
    sam, jo = clinic.named("Sam"), clinic.named("Jo")
    clinic.book(next_week)
    attesting.attest(person=jo.person, stay_hours=8, via="phone", now=clinic.now, recorded_by=clinic.desk)
    (line,) = of(clinic, next_week, evening).lines
    read = {callee.ride.designation_id: callee.has_read for callee in line.to_call}
    assert read == {sam.pk: False, jo.pk: True}


def test_who_did_not_answer_in_time_is_called_all_the_same(clinic: Clinic, next_week, evening):
    sam, visit = clinic.named("Sam"), clinic.book(next_week)
    commitments.lapse(commitment=clinic.promise(sam, visit), now=evening)
    (line,) = of(clinic, next_week, evening).lines
    assert [(callee.ride.designation_id, callee.answers) for callee in line.to_call] == [
        (sam.pk, [("yes", "Sam said yes by phone")])
    ]


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_however_many(clinic: Clinic, next_week, evening, count, django_assert_num_queries):
    for number in range(count):
        at = next_week - number * 2 * HOUR
        visit = another(clinic, at) if number else clinic.book(at)
        assert visit.pk
    sam = clinic.named("Sam")
    came_before(clinic, sam)
    assert Handover.objects.exists()
    clinic.yes(sam, clinic.patient.infusions.latest("starts_at"))
    with django_assert_num_queries(10):
        of(clinic, next_week, evening)
