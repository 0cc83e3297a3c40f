import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils.translation import override

from clinic.domain.errors import Refused
from clinic.models import AuditEntry
from messaging.models import Message
from support.domain import asking, commitments, date_answers, promise_rows
from support.enums import AlertKind, AnsweredVia, SupportRole
from support.models import Alert, Commitment
from tests import factories

pytestmark = pytest.mark.django_db
LINK = AnsweredVia.LINK
FAR = timedelta(days=5)


@pytest.fixture
def visit(now):
    infusion = factories.InfusionFactory(starts_at=now + FAR)
    factories.StaffFactory(sites=[infusion.site])
    return infusion


def asked(visit, name, *, now, **fields):
    person = factories.SupportPersonFactory(site=visit.site, given_name=name, **fields)
    named = factories.DesignationFactory(patient=visit.patient, person=person, roles=[SupportRole.RIDE])
    return asking.ask(infusion=visit, designation=named, role=SupportRole.RIDE, now=now)


def status(row):
    return Commitment.objects.get(pk=row.pk).status


def move(visit, *, to, now):
    visit.starts_at, visit.pickup_from = to, to + timedelta(minutes=85)
    visit.ends_at, visit.room_free_at = to + timedelta(minutes=100), to + timedelta(minutes=115)
    visit.save()
    commitments.void_for_move(infusion=visit, now=now)
    asking.ask_everybody(infusion=visit, now=now)


def test_a_yes_is_recorded_with_who_said_it_how_and_when(visit, now):
    sam = commitments.accept(commitment=asked(visit, "Sam", now=now), via=LINK, now=now)
    assert (sam.status, sam.answered_via, sam.answered_at) == ("accepted", "link", now)
    entry = AuditEntry.objects.get(verb="commitment.accepted")
    assert (entry.actor, entry.patient_id) == (f"designation:{sam.designation_id}", visit.patient_id)


@pytest.mark.parametrize(
    ("before", "word"),
    [(timedelta(hours=24), "reconfirmed"), (timedelta(hours=24, seconds=1), "accepted")],
)
def test_a_yes_in_the_last_twenty_four_hours_counts_as_reconfirmed(visit, now, before, word):
    row = asked(visit, "Sam", now=now)
    assert commitments.accept(commitment=row, via=LINK, now=visit.starts_at - before).status == word


def test_a_yes_by_phone_says_which_member_of_staff_heard_it(visit, now):
    dana = factories.StaffFactory()
    row = commitments.accept(commitment=asked(visit, "Sam", now=now), via=AnsweredVia.PHONE, now=now, recorded_by=dana)
    assert row.recorded_by == dana
    assert AuditEntry.objects.get(verb="commitment.accepted").actor == f"staff:{dana.pk}"


def test_saying_yes_twice_is_one_yes(visit, now):
    row = asked(visit, "Sam", now=now)
    commitments.accept(commitment=row, via=LINK, now=now)
    commitments.accept(commitment=row, via=LINK, now=now + timedelta(minutes=1))
    assert Commitment.objects.get().answered_at == now
    assert AuditEntry.objects.filter(verb="commitment.accepted").count() == 1


def test_when_one_has_the_way_home_the_others_are_covered_and_told_so_politely(visit, now):
    sam, jo = asked(visit, "Sam", now=now), asked(visit, "Jo", now=now)
    commitments.accept(commitment=sam, via=LINK, now=now)
    assert status(jo) == "covered"
    with pytest.raises(Refused, match=r"Somebody else has this date. There is nothing for you to do."):
        commitments.accept(commitment=jo, via=LINK, now=now)
    assert status(jo) == "covered"


def test_the_database_itself_refuses_a_second_driver(visit, now):
    """Invariant 3's other half: broken on purpose, past every function of ours."""
    sam, jo = asked(visit, "Sam", now=now), asked(visit, "Jo", now=now)
    commitments.accept(commitment=sam, via=LINK, now=now)
    with pytest.raises(IntegrityError, match="commitment_one_ride"), transaction.atomic():
        Commitment.objects.filter(pk=jo.pk).update(status="accepted", answered_at=now)


def test_company_in_the_room_does_not_cover_the_way_home(visit, now):
    sam = factories.DesignationFactory(patient=visit.patient, roles=[SupportRole.PRESENCE])
    company = asking.ask(infusion=visit, designation=sam, role=SupportRole.PRESENCE, now=now)
    jo = asked(visit, "Jo", now=now)
    commitments.accept(commitment=company, via=LINK, now=now)
    assert status(jo) == "asked"


def test_somebody_under_eighteen_cannot_take_a_patient_home(visit, now):
    with pytest.raises(Refused, match="18 or older"):
        commitments.accept(commitment=asked(visit, "Kim", now=now, is_adult=False), via=LINK, now=now)


def test_stepping_back_opens_the_way_home_asks_the_others_and_tells_the_desk(visit, now):
    """https://github.com/RagtagOpen/nomad/issues/123: people change their mind and must be able to say so."""
    sam, jo = asked(visit, "Sam", now=now), asked(visit, "Jo", now=now)
    commitments.accept(commitment=sam, via=LINK, now=now)
    later = now + timedelta(hours=1)
    commitments.decline(commitment=sam, via=LINK, now=later)
    assert (status(sam), status(jo)) == ("withdrawn", "asked")
    alert = Alert.objects.get()
    assert (alert.kind, alert.status) == (AlertKind.CANT_COME, "open")
    assert alert.says == "Sam stepped back from Sun 8 Mar 10:41. There is no way home now."
    assert alert.deadline == later + timedelta(minutes=60)
    told = Message.objects.get(kind="helper_ask_again", due_at=later)
    assert told.recipient == f"designation:{jo.designation_id}"


def test_the_desk_reads_its_own_language_whatever_the_helper_reads(visit, now):
    sam = asked(visit, "Sam", now=now)
    commitments.accept(commitment=sam, via=LINK, now=now)
    with override("es"):
        commitments.withdraw(commitment=sam, via=LINK, now=now)
    said = "Sam stepped back from Sun 8 Mar 10:41. There is no way home now. Please book a paid escort."
    assert Alert.objects.get().says == said


def test_who_stepped_back_can_take_it_again(visit, now):
    sam = asked(visit, "Sam", now=now)
    commitments.accept(commitment=sam, via=LINK, now=now)
    commitments.withdraw(commitment=sam, via=LINK, now=now)
    assert commitments.accept(commitment=sam, via=LINK, now=now).status == "accepted"


def test_a_no_is_a_no_and_opens_no_alert_while_somebody_else_is_asked(visit, now):
    sam, jo = asked(visit, "Sam", now=now), asked(visit, "Jo", now=now)
    row = commitments.decline(commitment=sam, via=LINK, now=now)
    assert (row.status, Alert.objects.count()) == ("declined", 0)
    commitments.decline(commitment=jo, via=LINK, now=now)
    assert Alert.objects.get().kind == AlertKind.LADDER


def test_none_of_these_declines_what_is_open_and_keeps_what_was_taken(visit, now):
    sam = asked(visit, "Sam", now=now)
    commitments.accept(commitment=sam, via=LINK, now=now)
    other = factories.InfusionFactory(course=visit.course, starts_at=now + FAR * 2)
    second = asking.ask(infusion=other, designation=sam.designation, role=SupportRole.RIDE, now=now)
    assert date_answers.decline_open(designation=sam.designation, via=LINK, now=now) == 1
    assert (status(sam), status(second)) == ("accepted", "declined")


def test_one_answer_takes_several_dates_and_names_those_that_went_meanwhile(visit, now):
    sam, jo = asked(visit, "Sam", now=now), asked(visit, "Jo", now=now)
    other = factories.InfusionFactory(course=visit.course, starts_at=now + FAR * 2)
    second = asking.ask(infusion=other, designation=sam.designation, role=SupportRole.RIDE, now=now)
    commitments.accept(commitment=jo, via=LINK, now=now)
    answered = date_answers.answer_dates(
        designation=sam.designation, take={sam.pk, second.pk, 999_999}, now=now, via=LINK
    )
    assert ([row.pk for row in answered.taken], [row.pk for row in answered.too_late]) == ([second.pk], [sam.pk])


def test_a_link_cannot_take_dates_of_another_patient(visit, now):
    mine = asked(visit, "Sam", now=now)
    others = asked(factories.InfusionFactory(starts_at=now + FAR), "Jo", now=now)
    answered = date_answers.answer_dates(designation=mine.designation, take={others.pk}, now=now, via=LINK)
    assert (answered.taken, status(others)) == ([], "asked")


def test_a_confirmation_belongs_to_a_time(visit, now):
    """Invariant 4."""
    sam = asked(visit, "Sam", now=now)
    commitments.accept(commitment=sam, via=LINK, now=now)
    move(visit, to=visit.starts_at + timedelta(days=1), now=now)
    fresh = Commitment.objects.exclude(pk=sam.pk).get()
    assert (status(sam), fresh.status, fresh.for_starts_at) == ("void", "asked", visit.starts_at)
    for act in (commitments.accept, commitments.reconfirm):
        with pytest.raises(Refused, match="The time of this visit has changed"):
            act(commitment=sam, via=LINK, now=now)


def test_moving_back_to_the_first_time_does_not_revive_the_first_yes(visit, now):
    first = visit.starts_at
    sam = asked(visit, "Sam", now=now)
    commitments.accept(commitment=sam, via=LINK, now=now)
    move(visit, to=first + timedelta(days=1), now=now)
    move(visit, to=first, now=now)
    assert promise_rows.holder(visit) is None
    assert sorted(Commitment.objects.values_list("status", flat=True)) == ["asked", "void", "void"]


def test_a_yes_to_the_time_on_an_old_page_is_no_yes_to_the_new_time(visit, now):
    sam = asked(visit, "Sam", now=now)
    move(visit, to=visit.starts_at + timedelta(days=1), now=now)
    answered = date_answers.answer_dates(designation=sam.designation, take={sam.pk}, now=now, via=LINK)
    assert ([row.pk for row in answered.changed], answered.taken) == ([sam.pk], [])
    assert promise_rows.holder(visit) is None


def test_somebody_with_two_roles_takes_both_with_one_tick(visit, now):
    sam = asked(visit, "Sam", now=now)
    sam.designation.roles = [SupportRole.RIDE, SupportRole.FOLLOWUP]
    sam.designation.save()
    evening = asking.ask(infusion=visit, designation=sam.designation, role=SupportRole.FOLLOWUP, now=now)
    answered = date_answers.answer_dates(designation=sam.designation, take={sam.pk}, now=now, via=LINK)
    assert [row.pk for row in answered.taken] == [sam.pk, evening.pk]


def test_a_cancelled_visit_takes_no_yes(visit, now):
    sam = asked(visit, "Sam", now=now)
    visit.status, visit.cancelled_at, visit.off_reason = "cancelled", now, "rest"
    visit.save()
    commitments.void_all(infusion=visit, now=now)
    with pytest.raises(Refused):
        commitments.accept(commitment=sam, via=LINK, now=now)


def test_a_question_nobody_answered_lapses_and_is_never_a_yes(visit, now):
    row = asked(visit, "Sam", now=now)
    assert commitments.lapse(commitment=row, now=visit.starts_at).status == "lapsed"
    assert promise_rows.holder(visit) is None


def test_somebody_whose_time_on_the_list_ends_before_the_visit_is_not_asked(visit, now):
    factories.DesignationFactory(patient=visit.patient, valid_until=visit.starts_at - timedelta(hours=1))
    assert asking.ask_everybody(infusion=visit, now=now) == []


@pytest.mark.django_db(transaction=True)
def test_two_helpers_who_take_the_same_date_in_the_same_second(now):
    """One holds it, the others are told politely; nobody sees an error. Real connections, eight times over."""
    for day in range(8):
        visit = factories.InfusionFactory(starts_at=now + timedelta(days=5 + day))
        rows = [asked(visit, name, now=now) for name in ("Sam", "Jo", "Lee", "Pat")]
        said: list[str] = []
        ready = threading.Barrier(len(rows))

        def take(row, said=said, ready=ready):
            try:
                ready.wait()
                answered = date_answers.answer_dates(designation=row.designation, take={row.pk}, now=now, via=LINK)
                said.append("taken" if answered.taken else "too late" if answered.too_late else "nothing")
            except Exception as error:
                said.append(repr(error))
            finally:
                connection.close()

        threads = [threading.Thread(target=take, args=[row]) for row in rows]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(said) == ["taken", "too late", "too late", "too late"]
        held = Commitment.objects.filter(infusion=visit).values_list("status", flat=True)
        assert sorted(held) == ["accepted", "covered", "covered", "covered"]


@pytest.mark.django_db(transaction=True)
def test_a_yes_and_a_move_in_the_same_second_never_leave_a_yes_for_the_old_time(now):
    for _again in range(6):
        visit = factories.InfusionFactory(starts_at=now + FAR)
        row = asked(visit, "Sam", now=now)
        ready = threading.Barrier(2)

        def take(row=row, ready=ready):
            ready.wait()
            date_answers.answer_dates(designation=row.designation, take={row.pk}, now=now, via=LINK)
            connection.close()

        def postpone(visit=visit, ready=ready):
            ready.wait()
            with transaction.atomic():
                locked = promise_rows.locked(infusion_id=visit.pk)
                move(locked, to=visit.starts_at + timedelta(days=1), now=now)
            connection.close()

        threads = [threading.Thread(target=take), threading.Thread(target=postpone)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert promise_rows.holder(visit.__class__.objects.get(pk=visit.pk)) is None
