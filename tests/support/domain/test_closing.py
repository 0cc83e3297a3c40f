"""Closures and bad days: who is hit, where they can go, who is told."""

from datetime import time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.domain import hours, infusions, moves
from clinic.domain.errors import Refused, StaleVersion
from clinic.enums import Role
from clinic.models import Closure, Infusion
from messaging.domain import kinds
from messaging.models import Message
from support.domain import closing, closing_news, closing_offers, replan
from support.domain.closing import Choice
from support.models import Alert, Availability, Commitment
from tests import factories
from tests.messaging import written

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def second_room(clinic):
    return factories.RoomFactory(site=clinic.site, name="Zweites")


def close(clinic, starts_at, ends_at, **scope):
    return hours.close(
        site=clinic.site,
        starts_at=starts_at,
        ends_at=ends_at,
        reason="Snow",
        actor=clinic.desk,
        now=clinic.now,
        **scope,
    )


def hit(clinic, closure):
    return list(closing.hit(closure=closure, now=clinic.now).select_related(*closing.WITH))


def offers(clinic, closure):
    return closing_offers.of(closure=closure, visits=hit(clinic, closure), now=clinic.now)


def choices(clinic, closure):
    found = offers(clinic, closure)
    return [
        Choice(infusion=visit, slot=found[visit.pk][0].slot, version=visit.version)
        for visit in hit(clinic, closure)
        if found[visit.pk]
    ]


def other_patient(clinic, *starts, name="Omar"):
    maya, clinic.patient = clinic.patient, factories.PatientFactory(site=clinic.site, given_name=name)
    visit = clinic.book(*starts)
    clinic.patient = maya
    return visit


def test_a_closed_clinic_hits_every_visit_that_overlaps_and_no_other(clinic, next_week):
    inside = clinic.book(next_week, next_week + 2 * DAY)
    closure = close(clinic, next_week + HOUR, next_week + 5 * HOUR)
    assert hit(clinic, closure) == [inside]


def test_a_closed_room_hits_only_the_visits_in_it(clinic, next_week, second_room):
    clinic.book(next_week)
    closure = close(clinic, next_week, next_week + DAY, room=second_room)
    assert hit(clinic, closure) == []


def test_an_absent_clinician_is_missed_at_every_clinic(clinic, next_week):
    here = clinic.book(next_week)
    other = factories.SiteFactory(name="Southgate")
    there = factories.InfusionFactory(
        course__patient__site=other, clinician=clinic.staff[Role.CLINICIAN], starts_at=next_week + 3 * HOUR
    )
    closure = close(clinic, next_week, next_week + DAY, clinician=clinic.staff[Role.CLINICIAN])
    assert hit(clinic, closure) == [here, there]
    found = closing.progress(closure=closure, site=clinic.site, now=clinic.now)
    assert (found.left, found.elsewhere) == (1, {"Southgate": 1})


def test_the_list_counts_those_still_hit_as_the_page_does(clinic, next_week, second_room):
    clinic.book(next_week)
    elsewhere = factories.InfusionFactory(
        course__patient__site=factories.SiteFactory(), clinician=clinic.staff[Role.CLINICIAN], starts_at=next_week + DAY
    )
    scopes = [{}, {"room": clinic.room}, {"room": second_room}, {"clinician": clinic.staff[Role.CLINICIAN]}]
    closures = [close(clinic, next_week - HOUR, next_week + 2 * DAY, **scope) for scope in scopes]
    closures.append(close(clinic, next_week - 2 * DAY, next_week))
    rows = closing.with_left(closures=Closure.objects.order_by("pk"), site=clinic.site, now=clinic.now)
    assert [row.left for row in rows] == [1, 1, 0, 1, 0]
    for row in rows:
        mine = closing.hit(closure=row, now=clinic.now).filter(site=clinic.site)
        assert row.left == mine.count()
    there = closing.with_left(closures=Closure.objects.order_by("pk"), site=elsewhere.site, now=clinic.now)
    assert [row.left for row in there][3] == 1


def test_a_closure_that_is_over_hits_nobody(clinic, next_week):
    clinic.book(next_week)
    closure = close(clinic, next_week, next_week + DAY)
    assert list(closing.hit(closure=closure, now=next_week + 2 * DAY)) == []


def test_three_times_are_offered_that_keep_the_days_between_visits(clinic, next_week):
    clinic.book(next_week, next_week + 2 * DAY)
    closure = close(clinic, next_week - HOUR, next_week + 6 * HOUR)
    [visit] = hit(clinic, closure)
    found = offers(clinic, closure)[visit.pk]
    days = [offer.slot.starts_at.astimezone(clinic.site.zone).date() for offer in found]
    first = next_week.date()
    # The morning of the same day, the day between, and the day before; at the usual time where that is free.
    assert days == [first, first + DAY, first - DAY]
    assert found[1].slot.starts_at == next_week + DAY
    assert all(offer.slot.starts_at + timedelta(minutes=100) <= closure.starts_at for offer in found[:1])


def test_in_a_closed_room_the_same_time_in_another_room_comes_first(clinic, next_week, second_room):
    visit = clinic.book(next_week)
    closure = close(clinic, next_week, next_week + DAY, room=clinic.room)
    first = offers(clinic, closure)[visit.pk][0]
    assert (first.keeps_time, first.slot.room, first.slot.starts_at) == (True, second_room, next_week)


def test_a_visit_may_go_to_a_time_that_overlaps_its_own(clinic, next_week):
    """Snow until two, and the only room is its own until after three."""
    visit = clinic.book(next_week)
    closure = close(clinic, next_week - 6 * HOUR, next_week + HOUR / 2)
    assert offers(clinic, closure)[visit.pk][0].slot.starts_at == next_week + HOUR / 2
    [done] = closing.move_all(closure=closure, choices=choices(clinic, closure), actor=clinic.desk, now=clinic.now)
    assert done.is_done


def test_the_first_offers_of_all_visits_are_free_together(clinic, next_week):
    for number in range(4):
        other_patient(clinic, next_week + number * 2 * HOUR - 4 * HOUR, name=f"Omar{number}")
    closure = close(clinic, next_week - 6 * HOUR, next_week + 8 * HOUR)
    done = closing.move_all(closure=closure, choices=choices(clinic, closure), actor=clinic.desk, now=clinic.now)
    assert [outcome.is_done for outcome in done] == [True] * 4
    assert hit(clinic, closure) == []


def test_two_hit_visits_of_one_course_keep_their_days_between(clinic, next_week):
    clinic.book(next_week, next_week + DAY, next_week + 2 * DAY)
    closure = close(clinic, next_week - 6 * HOUR, next_week + DAY + 6 * HOUR)
    found = offers(clinic, closure)
    first, second = (found[visit.pk][0].slot.starts_at for visit in hit(clinic, closure))
    assert (second - first) >= DAY
    done = closing.move_all(closure=closure, choices=choices(clinic, closure), actor=clinic.desk, now=clinic.now)
    assert [outcome.is_done for outcome in done] == [True, True]


def test_who_could_drive_stands_with_each_offer(clinic, next_week):
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    closure = close(clinic, next_week - 6 * HOUR, next_week + 8 * HOUR)
    assert [offer.ride.word for offer in offers(clinic, closure)[visit.pk]] == ["to ask: Sam"] * 3
    days = {"first_day": next_week.date() - 30 * DAY, "last_day": next_week.date() + 60 * DAY}
    Availability.objects.create(person=sam.person, can=False, **days)
    assert [offer.ride.word for offer in offers(clinic, closure)[visit.pk]] == ["nobody can drive"] * 3


def test_days_on_which_somebody_can_drive_come_first_and_then_those_on_which_somebody_is_to_be_asked(clinic, next_week):
    """The clinic is open every day; Wednesday is closed. Sam said no to Thursday and yes to Saturday."""
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    said = {"can": False, "weekday": (next_week + DAY).weekday()}
    Availability.objects.create(person=sam.person, **said)
    Availability.objects.create(person=sam.person, can=True, weekday=(next_week + 3 * DAY).weekday())
    closure = close(clinic, next_week - 6 * HOUR, next_week + 8 * HOUR)
    found = offers(clinic, closure)[visit.pk]
    days = [(offer.slot.starts_at - next_week).days for offer in found]
    assert [(day, offer.ride.level) for day, offer in zip(days, found, strict=True)] == [
        (3, "ok"),
        (10, "ok"),
        (-4, "ok"),
    ]
    saturday = (next_week + 3 * DAY).date()
    Availability.objects.filter(can=True).update(first_day=saturday, last_day=saturday + DAY, weekday=None)
    found = offers(clinic, closure)[visit.pk]
    days = [(offer.slot.starts_at - next_week).days for offer in found]
    assert days == [3, 4, 2]


def test_on_a_day_the_times_at_which_somebody_can_drive_come_first(clinic, next_week):
    """The usual time is 13:30; Sam said no to anything before 16:00."""
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    for weekday in range(7):
        Availability.objects.create(person=sam.person, can=False, weekday=weekday, ends=time(16))
    closure = close(clinic, next_week - 6 * HOUR, next_week + 8 * HOUR)
    first = offers(clinic, closure)[visit.pk][0]
    assert (first.ride.level, first.slot.starts_at) == ("calm", next_week + DAY + 1.25 * HOUR)


def test_what_is_asked_of_the_database_does_not_grow_with_the_visits(clinic, next_week):
    for number in range(3):
        at = next_week + (number - 1) * 2 * HOUR
        visit = other_patient(clinic, at, at + 4 * DAY, name=f"Omar{number}")
        factories.DesignationFactory(patient=visit.patient)
    closure = close(clinic, next_week - 6 * HOUR, next_week + 8 * HOUR)
    counts = []
    for number in (1, 3):
        visits = hit(clinic, closure)[:number]
        with CaptureQueriesContext(connection) as asked:
            closing_offers.of(closure=closure, visits=visits, now=clinic.now)
        counts.append(len(asked))
    # After the closure the premises are read anew.
    assert counts == [18, 10]


def test_progress_counts_what_was_moved_and_what_was_taken_off(clinic, next_week):
    other_patient(clinic, next_week)
    leaving = other_patient(clinic, next_week - 3 * HOUR, name="Ines")
    closure = close(clinic, next_week - 6 * HOUR, next_week + 8 * HOUR)
    other_patient(clinic, next_week + 3 * DAY, name="Kim")
    [_other, choice] = choices(clinic, closure)
    closing.move(closure=closure, choice=choice, actor=clinic.desk, now=clinic.now)
    closing.take_off(closure=closure, infusion=leaving, version=1, actor=clinic.desk, now=clinic.now)
    found = closing.progress(closure=closure, site=clinic.site, now=clinic.now)
    assert (found.left, found.moved, found.off, found.total) == (0, 1, 1, 2)


def test_progress_asks_three_times_however_much_was_done(clinic, next_week, django_assert_num_queries):
    for number in range(3):
        other_patient(clinic, next_week + (number - 1) * 2 * HOUR, name=f"Omar{number}")
    closure = close(clinic, next_week - 6 * HOUR, next_week + 8 * HOUR)
    for done in range(3):
        with django_assert_num_queries(3):
            found = closing.progress(closure=closure, site=clinic.site, now=clinic.now)
        assert (found.left, found.done) == (3 - done, done)
        closing.move(closure=closure, choice=choices(clinic, closure)[0], actor=clinic.desk, now=clinic.now)


def test_moving_all_twice_moves_each_once(clinic, next_week):
    visit = clinic.book(next_week)
    closure = close(clinic, next_week - 6 * HOUR, next_week + 8 * HOUR)
    wanted = choices(clinic, closure)
    for _press in range(2):
        done = closing.move_all(closure=closure, choices=wanted, actor=clinic.desk, now=clinic.now)
        assert [outcome.is_done for outcome in done] == [True]
    assert Infusion.objects.get(pk=visit.pk).version == 2


def test_an_offer_taken_meanwhile_leaves_the_others_alone(clinic, next_week):
    other_patient(clinic, next_week)
    other_patient(clinic, next_week - 3 * HOUR, name="Ines")
    closure = close(clinic, next_week - 6 * HOUR, next_week + 8 * HOUR)
    wanted = choices(clinic, closure)
    other_patient(clinic, wanted[0].slot.starts_at, name="Faster")
    done = closing.move_all(closure=closure, choices=wanted, actor=clinic.desk, now=clinic.now)
    assert [outcome.is_done for outcome in done] == [False, True]
    assert "has just been taken" in done[0].says
    [move] = closing.just_moved(closure=closure, site=clinic.site, now=clinic.now)
    assert (move.infusion, move.from_starts_at, move.to_starts_at) == (
        done[1].infusion,
        next_week,
        wanted[1].slot.starts_at,
    )


def test_a_visit_moved_out_of_a_closed_time_can_be_put_back_into_it(clinic, next_week):
    """It was booked in it before; only a time that was closed since is closed to it."""
    visit = clinic.book(next_week)
    closure = close(clinic, next_week - 6 * HOUR, next_week + 8 * HOUR)
    [done] = closing.move_all(closure=closure, choices=choices(clinic, closure), actor=clinic.desk, now=clinic.now)
    assert closing.just_moved(closure=closure, site=clinic.site, now=clinic.now + timedelta(minutes=9)).count() == 1
    assert closing.just_moved(closure=closure, site=clinic.site, now=clinic.now + timedelta(minutes=11)).count() == 0
    back = moves.undo(infusion=done.infusion, actor=clinic.desk, now=clinic.now + timedelta(minutes=9))
    assert (back.starts_at, hit(clinic, closure)) == (next_week, [visit])
    assert closing.just_moved(closure=closure, site=clinic.site, now=clinic.now).count() == 0
    [again] = closing.move_all(closure=closure, choices=choices(clinic, closure), actor=clinic.desk, now=clinic.now)
    clinic.now += timedelta(minutes=1)
    close(clinic, next_week - HOUR, next_week + HOUR, room=clinic.room)
    with pytest.raises(Refused, match="is closed"):
        moves.undo(infusion=again.infusion, actor=clinic.desk, now=clinic.now)


def test_what_lies_outside_the_closed_time_is_not_taken_off_with_it(clinic, next_week):
    visit = clinic.book(next_week)
    closure = close(clinic, next_week + DAY, next_week + DAY + HOUR)
    with pytest.raises(Refused, match="does not lie in the closed time"):
        closing.take_off(closure=closure, infusion=visit, version=visit.version, actor=clinic.desk, now=clinic.now)
    assert clinic.fresh(visit).status == "booked"


def test_taking_off_what_somebody_changed_meanwhile_is_refused(clinic, next_week):
    visit = clinic.book(next_week)
    closure = close(clinic, next_week - 6 * HOUR, next_week + 8 * HOUR)
    infusions.say_late(infusion=visit, actor=clinic.desk, now=clinic.now, minutes=10)
    with pytest.raises(StaleVersion):
        closing.take_off(closure=closure, infusion=visit, version=1, actor=clinic.desk, now=clinic.now)


@pytest.fixture
def told(clinic, next_week):
    """Maya's visit, Sam's yes, and everybody told."""
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.yes(sam, visit)
    closure = close(clinic, next_week - 6 * HOUR, next_week + 8 * HOUR)
    closing_news.tell(closure=closure, site=clinic.site, actor=clinic.desk, now=clinic.now)
    return closure, clinic.fresh(visit)


def news(*names):
    return sorted(Message.objects.filter(kind__in=names).values_list("kind", "status"))


def test_the_patient_and_who_promised_are_told_once_however_often_it_is_pressed(clinic, told):
    closure, _visit = told
    again = closing_news.tell(closure=closure, site=clinic.site, actor=clinic.desk, now=clinic.now)
    assert (again.messages, again.calls, again.left) == (0, 0, 0)
    assert news("patient_closed", "helper_closed") == [("helper_closed", "pending"), ("patient_closed", "pending")]


def test_a_long_list_is_told_in_portions_and_each_once(clinic, next_week):
    for number in range(3):
        visit = other_patient(clinic, next_week + (number - 1) * 2 * HOUR)
        if number == 1:
            visit.patient.phone = visit.patient.email = ""
            visit.patient.save()
    closure = close(clinic, next_week - 6 * HOUR, next_week + 8 * HOUR)
    press = {"closure": closure, "site": clinic.site, "actor": clinic.desk, "now": clinic.now, "at_once": 2}
    told = [closing_news.tell(**press) for _time in range(3)]
    assert [(one.messages, one.calls, one.left) for one in told] == [(1, 1, 1), (1, 0, 0), (0, 0, 0)]


def test_who_was_moved_meanwhile_is_not_told(clinic, told):
    _closure, visit = told
    clinic.move(visit, visit.starts_at + DAY)
    row = Message.objects.get(kind="patient_closed")
    assert kinds.get(row.kind).still_wanted(row, clinic.now).wanted is False


def test_the_words_say_that_the_clinic_is_closed_and_nothing_else(clinic, told):
    row = Message.objects.get(kind="patient_closed")
    assert written.draft(row, clinic.now).body == (
        "Northgate Care is closed Wed 11 Mar. We will call you with a new time. Questions? +14105550142 STOP to opt out"
    )


def test_a_patient_without_a_number_becomes_a_call(clinic, next_week):
    clinic.patient.phone = clinic.patient.email = ""
    clinic.patient.save()
    visit = clinic.book(next_week)
    closure = close(clinic, next_week - 6 * HOUR, next_week + 8 * HOUR)
    said = closing_news.tell(closure=closure, site=clinic.site, actor=clinic.desk, now=clinic.now)
    assert (said.messages, said.calls) == (0, 1)
    assert closing_news.told(closure=closure, visits=[visit]) == {visit.pk}
    again = closing_news.tell(closure=closure, site=clinic.site, actor=clinic.desk, now=clinic.now)
    assert (again.messages, again.calls, again.left) == (0, 0, 0)
    assert Alert.objects.filter(key__startswith="call:patient").count() == 1


def test_lifting_it_tells_those_who_had_been_told_and_leaves_their_time(clinic, told):
    closure, visit = told
    closing_news.lift(closure=closure, actor=clinic.desk, now=clinic.now)
    assert news("patient_open", "helper_open") == [("helper_open", "pending"), ("patient_open", "pending")]
    assert clinic.fresh(visit).starts_at == visit.starts_at
    assert Commitment.objects.get(infusion=visit, role="ride").status == "accepted"
    row = Message.objects.get(kind="patient_closed")
    assert kinds.get(row.kind).still_wanted(row, clinic.now).wanted is False


def went(kind):
    Message.objects.filter(kind=kind).update(status="sent", sent_at=factories.NOW, posted_at=factories.NOW, sent_to="x")


def reminders(clinic, visit):
    """What the plan holds for the patient, after the sweep made the outbox equal to it."""
    replan.replan(infusion=clinic.fresh(visit), now=clinic.now)
    rows = Message.objects.filter(status="pending", recipient=f"patient:{clinic.patient.pk}")
    return sorted(rows.filter(kind__endswith="days").values_list("kind", flat=True))


def test_nobody_is_reminded_of_a_time_they_were_told_is_off(clinic, told):
    closure, visit = told
    assert reminders(clinic, visit) == ["patient_3_days"]
    went("patient_closed")
    assert reminders(clinic, visit) == []
    closing_news.lift(closure=closure, actor=clinic.desk, now=clinic.now)
    went("patient_open")
    assert reminders(clinic, visit) == ["patient_3_days"]
