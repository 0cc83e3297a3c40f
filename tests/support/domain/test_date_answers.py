"""Maybe counts as nothing, and a no is one for each date."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from clinic.models import AuditEntry
from support.domain import commitments, date_answers, helper_page, own_times, turned_away, visit_page, way_home
from support.enums import MayKnow, NotHandedOver, SupportRole
from support.models import Commitment, Designation

DAY = timedelta(days=1)


@pytest.fixture
def visits(clinic, next_week):
    first = clinic.book(next_week, next_week + 2 * DAY, next_week + 7 * DAY)
    return list(first.course.infusions.order_by("starts_at"))


@pytest.fixture
def sam(clinic, visits) -> Designation:
    return clinic.named("Sam")


def dates(clinic, named, *visits) -> list[int]:
    return [clinic.promise(named, visit).pk for visit in visits]


def maybe(clinic, named, *visits) -> int:
    return date_answers.maybe(designation=named, dates=dates(clinic, named, *visits), actor="link:x", now=clinic.now)


def page(clinic, named, *, after: timedelta = timedelta(minutes=1)):
    return helper_page.build(designation=named, now=clinic.now + after)


def test_a_maybe_is_seen_by_the_desk_and_is_no_way_home(clinic, visits, sam):
    assert maybe(clinic, sam, visits[0]) == 1
    row = clinic.promise(sam, visits[0])
    assert (row.status, row.maybe_at) == ("asked", clinic.now)
    assert way_home.of(infusions=visits, now=clinic.now)[visits[0].pk].held is None
    (promised,) = visit_page.of(infusion=clinic.fresh(visits[0]), now=clinic.now).promised
    assert promised.word == "Maybe"
    assert AuditEntry.objects.filter(verb="commitment.maybe", actor="link:x").count() == 1


def test_the_next_look_at_the_page_asks_for_a_yes_or_a_no(clinic, visits, sam):
    maybe(clinic, sam, visits[0], visits[1])
    shown = page(clinic, sam)
    assert [row.infusion_id for row in shown.maybe] == [visits[0].pk, visits[1].pk]
    (month,) = shown.months
    assert month.cover == "0 taken, 2 maybe, 1 open"
    assert [row.mark for row in month.rows] == ["half", "half", "open"]
    date_answers.answer_dates(designation=sam, take=dates(clinic, sam, visits[0]), now=clinic.now, via="link")
    date_answers.no(designation=sam, dates=dates(clinic, sam, visits[1]), actor="link:x", now=clinic.now)
    assert page(clinic, sam).maybe == []
    assert [clinic.promise(sam, visit).status for visit in visits] == ["accepted", "declined", "asked"]


def test_asked_anew_a_maybe_of_before_is_none(clinic, visits, sam):
    maybe(clinic, sam, visits[0])
    Commitment.objects.filter(designation=sam).update(asked_at=clinic.now + DAY)
    assert page(clinic, sam, after=2 * DAY).maybe == []


def test_a_no_can_become_a_maybe_while_nobody_has_the_date(clinic, visits, sam):
    date_answers.no(designation=sam, dates=dates(clinic, sam, visits[0]), actor="link:x", now=clinic.now)
    assert maybe(clinic, sam, visits[0]) == 1
    assert clinic.promise(sam, visits[0]).status == "asked"


def test_a_maybe_to_what_somebody_has_changes_nothing(clinic, visits, sam):
    jo = clinic.named("Jo")
    clinic.yes(jo, visits[0])
    assert maybe(clinic, sam, visits[0]) == 0
    assert clinic.promise(sam, visits[0]).status == "covered"


def test_whoever_was_turned_away_is_not_asked_again_by_a_maybe(clinic, visits, sam):
    clinic.confirmed(sam, visits[0])
    visit = clinic.until(visits[0], "ready")
    turned_away.not_handed_over(
        infusion=visit,
        commitment=clinic.promise(sam, visit),
        why=NotHandedOver.UNFIT,
        note="Cannot stand, smells of alcohol",
        actor=clinic.nurse,
        now=visit.ready_at,
    )
    assert maybe(clinic, sam, visit) == 0
    assert clinic.promise(sam, visit).status == "withdrawn"


def test_a_maybe_to_a_time_that_moved_is_none(clinic, visits, sam):
    old = dates(clinic, sam, visits[0])
    clinic.move(visits[0], visits[0].starts_at + timedelta(hours=1))
    assert date_answers.maybe(designation=sam, dates=old, actor="link:x", now=clinic.now) == 0
    assert clinic.promise(sam, visits[0]).maybe_at is None


def test_somebody_elses_dates_stay(clinic, visits, sam):
    jo = clinic.named("Jo")
    theirs = dates(clinic, jo, *visits)
    assert date_answers.maybe(designation=sam, dates=theirs, actor="link:x", now=clinic.now) == 0
    assert date_answers.no(designation=sam, dates=theirs, actor="link:x", now=clinic.now) == 0
    assert {clinic.promise(jo, visit).status for visit in visits} == {"asked"}


def test_a_no_never_takes_back_a_yes(clinic, visits, sam):
    clinic.yes(sam, visits[0])
    assert date_answers.no(designation=sam, dates=dates(clinic, sam, visits[0]), actor="x", now=clinic.now) == 0
    assert clinic.promise(sam, visits[0]).status == "accepted"


def test_days_that_never_suit_are_offered_and_then_nobody_waits_for_them(clinic, visits, sam):
    # A Wednesday, a Friday, a Wednesday.
    assert page(clinic, sam).never == [(2, "Wednesday"), (4, "Friday")]
    own_times.state(designation=sam, can=False, weekdays=[2], actor="link:x", now=clinic.now)
    assert page(clinic, sam).never == [(4, "Friday")]
    assert [clinic.promise(sam, visit).status for visit in visits] == ["covered", "asked", "covered"]
    waits = [visit.pk for visit in visits if any(kind.startswith("helper_") for kind, *_rest in clinic.waiting(visit))]
    assert waits == [visits[1].pk]
    row = visit_page.of(infusion=clinic.fresh(visits[0]), now=clinic.now).promised[0]
    assert (row.word, row.answers) == ("Not asked any more", [("yes", "Sam said yes by phone")])
    # Theirs to take all the same.
    take = dates(clinic, sam, visits[0])
    assert date_answers.answer_dates(designation=sam, take=take, now=clinic.now, via="link").taken


def test_a_day_that_never_suits_may_become_a_maybe(clinic, visits, sam):
    own_times.state(designation=sam, can=False, weekdays=[2], actor="link:x", now=clinic.now)
    assert clinic.promise(sam, visits[0]).status == "covered"
    assert maybe(clinic, sam, visits[0]) == 1
    assert clinic.promise(sam, visits[0]).status == "asked"


def test_how_many_each_has_is_said_only_to_who_may_know_dates_and_to_no_paid_escort(clinic, visits, sam):
    jo = clinic.named("Jo")
    clinic.yes(sam, visits[0])
    assert page(clinic, sam).share == ""
    clinic.yes(jo, visits[1])
    clinic.yes(jo, visits[2])
    assert page(clinic, sam).share == "You have 1, Jo has 2."
    sam.person.is_escort = True
    assert page(clinic, sam).share == ""
    sam.person.is_escort = False
    Designation.objects.filter(pk=sam.pk).update(may_know=[MayKnow.PROGRESS])
    sam.refresh_from_db()
    assert page(clinic, sam).share == ""


def test_a_date_beyond_what_they_said_is_marked_and_can_be_taken_all_the_same(clinic, visits, sam):
    clinic.yes(sam, visits[0])
    Designation.objects.filter(pk=sam.pk).update(most_rides=1)
    sam.refresh_from_db()
    (month,) = page(clinic, sam).months
    notes = [row.note for row in month.rows]
    assert notes[1:] == ["More than the 1 in four weeks you said."] * 2
    taken = date_answers.answer_dates(designation=sam, take=dates(clinic, sam, visits[1]), now=clinic.now, via="link")
    assert len(taken.taken) == 1


def test_a_third_guest_is_told_kindly_that_the_room_is_full(clinic, visits):
    clinic.room.guest_places = 1
    clinic.room.save()
    sam, jo = (clinic.named(name, roles=(SupportRole.PRESENCE,)) for name in ("Sam", "Jo"))
    mine, theirs = (clinic.promise(one, visits[0], SupportRole.PRESENCE) for one in (sam, jo))
    commitments.accept(commitment=mine, via="link", now=clinic.now)
    answered = date_answers.answer_dates(designation=jo, take=[theirs.pk], now=clinic.now, via="link")
    assert (answered.taken, answered.full) == ([], [theirs])
    theirs.refresh_from_db()
    assert theirs.status == "asked"


@pytest.mark.django_db(transaction=True)
def test_maybe_and_somebody_elses_yes_in_the_same_moment_leave_one_driver_and_no_error(clinic, visits, sam):
    jo = clinic.named("Jo")
    start, failed = threading.Barrier(2), []

    def act(what):
        try:
            start.wait()
            what()
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=act, args=(lambda: maybe(clinic, sam, *visits),)),
        threading.Thread(target=act, args=(lambda: clinic.yes(jo, visits[0]),)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert clinic.promise(jo, visits[0]).status == "accepted"
    assert clinic.promise(sam, visits[0]).status == "covered"
