"""What follows from a booking, a move, a cancellation, a phase: through clinic's own doors."""

from datetime import timedelta
from functools import partial

import pytest

from clinic.domain import bookings, infusions, last_booking
from clinic.domain.errors import Refused
from clinic.models import AuditEntry, Infusion
from messaging.domain import consents, opt_outs
from messaging.enums import Channel
from messaging.models import Message
from support.domain import agreeing, commitments, designations, links, way_home
from support.enums import AlertKind, SupportRole
from support.models import Alert, CheckIn, Commitment, Handover
from tests.support.conftest import Clinic

DAY = timedelta(days=1)


def statuses(visit):
    return sorted(Commitment.objects.filter(infusion=visit).values_list("status", flat=True))


def test_a_booking_asks_everybody_named_and_writes_the_plan_down(clinic: Clinic, next_week):
    sam, jo = clinic.named("Sam", agreed=False), clinic.named("Joanna", agreed=False)
    visit = clinic.book(next_week)
    assert statuses(visit) == ["asked", "asked"]
    assert clinic.waiting(visit) == [
        ("patient_1_day", f"patient:{clinic.patient.pk}", next_week),
        ("patient_3_days", f"patient:{clinic.patient.pk}", next_week),
        ("patient_3_hours", f"patient:{clinic.patient.pk}", next_week),
    ]
    invited = [(kind, to) for kind, to, _at in clinic.waiting() if kind == "helper_invitation"]
    assert invited == [("helper_invitation", f"designation:{d.pk}") for d in (sam, sam, jo, jo)]


def test_a_booking_is_seven_statements_with_everything_that_follows(
    clinic: Clinic, next_week, django_assert_num_queries
):
    course = clinic.book(next_week).course
    later = clinic.slot(next_week + 2 * DAY)
    # The beginning and the end are a savepoint's here.
    with django_assert_num_queries(7):
        bookings.place(course=course, slot=later, actor=clinic.desk, now=clinic.now)


def test_a_booking_and_messaging_agree_on_who_opted_out(clinic: Clinic, next_week):
    """``support_first_look`` reads messaging's table by itself."""
    number = clinic.patient.phone
    acts = partial(opt_outs.record, address=number, how="text"), partial(opt_outs.end, address=number, how="text")
    for place, act in enumerate(acts):
        act(now=clinic.now)
        visit = clinic.book(next_week + place * DAY)
        texts = Message.objects.filter(scope=f"infusion:{visit.pk}", channel=Channel.SMS)
        assert texts.exists() is (opt_outs.among(addresses=[number]) == set())


def test_a_booking_and_messaging_agree_on_who_said_yes(clinic: Clinic, next_week):
    """``support_first_look`` reads messaging's table by itself."""
    name, purposes = f"patient:{clinic.patient.pk}", ["visits"]
    consents.withdraw(person=name, purposes=purposes, how="phone", now=clinic.now)
    for place, ways in enumerate(({"email"}, {"sms"})):
        visit = clinic.book(next_week + place * DAY)
        assert set(Message.objects.filter(scope=f"infusion:{visit.pk}").values_list("channel", flat=True)) == ways
        agreeing.patient_said_yes(patient=clinic.patient, witness=clinic.desk, now=clinic.now)


def test_somebody_who_knows_us_hears_of_a_whole_series_once(clinic: Clinic, next_week):
    sam = clinic.named("Sam")
    clinic.now += timedelta(hours=1)
    clinic.book(next_week, next_week + 2 * DAY, next_week + 4 * DAY)
    told = [row for row in clinic.waiting() if row[0] == "helper_new_dates"]
    assert told == [("helper_new_dates", f"designation:{sam.pk}", clinic.now)]


def test_moving_a_visit_voids_every_word_and_every_old_message(clinic: Clinic, next_week):
    """Invariant 4. https://github.com/calcom/cal.diy/issues/6905"""
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.yes(sam, visit)
    clinic.move(visit, next_week + DAY)
    assert statuses(visit) == ["asked", "void"]
    assert clinic.waiting(visit) == [
        ("helper_ask_again", f"designation:{sam.pk}", next_week + DAY),
        ("helper_ask_new_time", f"designation:{sam.pk}", next_week + DAY),
        ("patient_1_day", f"patient:{clinic.patient.pk}", next_week + DAY),
        ("patient_3_days", f"patient:{clinic.patient.pk}", next_week + DAY),
        ("patient_3_hours", f"patient:{clinic.patient.pk}", next_week + DAY),
        ("patient_moved", f"patient:{clinic.patient.pk}", next_week + DAY),
    ]


def test_another_room_changes_nothing_for_the_people_outside(clinic: Clinic, next_week):
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.yes(sam, visit)
    before = clinic.waiting(visit)
    clinic.room = type(clinic.room).objects.create(site=clinic.site, name="Another")
    clinic.move(visit, next_week)
    assert (statuses(visit), clinic.waiting(visit)) == (["accepted"], before)


def test_a_cancelled_visit_sends_its_notices_and_nothing_more(clinic: Clinic, next_week):
    """https://github.com/calcom/cal.diy/issues/17785"""
    sam, jo = clinic.named("Sam"), clinic.named("Joanna")
    visit = clinic.book(next_week)
    clinic.yes(sam, visit)
    infusions.cancel(infusion=visit, actor=clinic.desk, now=clinic.now, reason="rest")
    assert statuses(visit) == ["void", "void"]
    assert clinic.waiting(visit) == [
        ("helper_cancelled", f"designation:{sam.pk}", next_week),
        ("patient_cancelled", f"patient:{clinic.patient.pk}", next_week),
    ]
    assert f"designation:{jo.pk}" not in [to for _kind, to, _at in clinic.waiting(visit)]


def test_a_booking_that_is_undone_leaves_nothing_to_be_said(clinic: Clinic, next_week):
    clinic.named("Sam")
    clinic.now += timedelta(hours=1)
    visit = clinic.book(next_week, next_week + 2 * DAY)
    booked_at = clinic.now
    last_booking.undo(course=visit.course, booked_at=booked_at, actor=clinic.desk, now=booked_at + timedelta(minutes=5))
    waiting = [one for row in visit.course.infusions.all() for one in clinic.waiting(row)]
    assert (waiting, statuses(visit)) == ([], ["void"])
    assert not Alert.objects.filter(infusion__course=visit.course).exists()


def test_who_said_yes_before_it_was_undone_is_told_once(clinic: Clinic, next_week):
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.yes(sam, visit)
    last_booking.undo(course=visit.course, booked_at=visit.booked_at, actor=clinic.desk, now=clinic.now)
    assert clinic.waiting(visit) == [("helper_cancelled", f"designation:{sam.pk}", next_week)]


def test_cancelling_twice_tells_once(clinic: Clinic, next_week):
    """https://github.com/betagouv/rdv-service-public/issues/3345"""
    visit = clinic.book(next_week)
    infusions.cancel(infusion=visit, actor=clinic.desk, now=clinic.now, reason="rest")
    with pytest.raises(Refused):
        infusions.cancel(infusion=visit, actor=clinic.desk, now=clinic.now, reason="again")
    assert Message.objects.filter(kind="patient_cancelled").count() == 1


def test_a_no_show_tells_the_driver_and_nobody_else(clinic: Clinic, next_week):
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.yes(sam, visit)
    infusions.no_show(infusion=visit, actor=clinic.desk, now=next_week + timedelta(minutes=20))
    waiting = [(kind, to) for kind, to, _at in clinic.waiting(visit)]
    assert waiting == [("helper_cancelled", f"designation:{sam.pk}")]


def test_no_drug_before_a_way_home(clinic: Clinic, next_week):
    """Invariant 2, tried with every state a promise can be in short of a confirmation."""
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    visit = clinic.until(visit, "arrived")

    def refused():
        with pytest.raises(Refused) as no:
            infusions.start(infusion=visit, actor=clinic.nurse, now=next_week)
        assert Infusion.objects.get(pk=visit.pk).status == "arrived"
        return no.value.reasons

    assert refused() == ["There is no confirmed way home.", "Sam was asked and has not answered."]
    clinic.yes(sam, visit)
    assert refused() == ["There is no confirmed way home.", "Sam said yes but has not confirmed for today."]
    sam.person.is_adult = None
    sam.person.save()
    clinic.confirmed(sam, visit)
    assert refused() == [
        "There is no confirmed way home.",
        "Nobody has recorded yet that Sam is 18 or older.",
    ]
    sam.person.is_adult = True
    sam.person.save()
    assert infusions.start(infusion=visit, actor=clinic.nurse, now=next_week).status == "started"


def test_a_confirmation_for_another_time_or_of_a_withdrawn_person_opens_no_gate(clinic: Clinic, next_week):
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    assert way_home.gate(clinic.fresh(visit), next_week) == []
    designations.withdraw(designation=sam, actor="staff:1", now=clinic.now)
    assert way_home.gate(clinic.fresh(visit), next_week) == ["There is no confirmed way home."]


def test_an_override_is_never_silent(clinic: Clinic, next_week):
    visit = clinic.until(clinic.book(next_week), "arrived")
    clinician = clinic.staff["clinician"]
    with pytest.raises(Refused):
        infusions.start(infusion=visit, actor=clinic.nurse, now=next_week, override_reason="her sister comes at four")
    started = infusions.start(
        infusion=visit, actor=clinician, now=next_week, override_reason="her sister comes at four"
    )
    assert (started.override_by, started.override_reason) == (clinician, "her sister comes at four")
    assert "There is no confirmed way home." in started.override_says
    assert AuditEntry.objects.get(verb="infusion.started.override").note == "against: 1"


def test_ready_draws_two_words_and_calls_the_driver_in(clinic: Clinic, next_week):
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    visit = clinic.until(visit, "ready")
    drawn = Handover.objects.get(infusion=visit)
    assert drawn.patient_word != drawn.helper_word
    come_in = Message.objects.get(kind="helper_come_in")
    assert (come_in.recipient, come_in.due_at) == (f"designation:{sam.pk}", visit.ready_at)


def test_leaving_plans_the_questions_for_patient_and_helper(clinic: Clinic, next_week):
    sam = clinic.named("Sam", roles=[SupportRole.RIDE, SupportRole.FOLLOWUP])
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    commitments.accept(commitment=clinic.promise(sam, visit, "followup"), via="link", now=clinic.now)
    visit = clinic.until(visit, "ready")
    clinic.hand_over(visit, clinic.promise(sam, visit), now=visit.ready_at + timedelta(minutes=5))
    assert CheckIn.objects.count() == 4
    kinds = [kind for kind, _to, _at in clinic.waiting(visit)]
    checkins = ["checkin_evening", "checkin_next_day", "helper_checkin_evening", "helper_checkin_next_day"]
    assert kinds == [*checkins, "helper_home", "patient_home"]


def test_taking_a_person_off_the_list_closes_their_link_and_sends_nothing_more(clinic: Clinic, next_week):
    """Invariant 6: withdrawal closes the link at once."""
    sam, jo = clinic.named("Sam"), clinic.named("Joanna")
    visit = clinic.book(next_week)
    clinic.yes(sam, visit)
    link = links.for_designation(designation=sam, now=clinic.now)
    designations.withdraw(designation=sam, actor="staff:1", now=clinic.now)
    link = links.resolve(links.token(link))
    assert not links.is_usable(link, now=clinic.now)
    assert [to for _kind, to, _at in clinic.waiting() if to == f"designation:{sam.pk}"] == []
    assert (clinic.promise(sam, visit).status, clinic.promise(jo, visit).status) == ("withdrawn", "asked")
    assert Alert.objects.get().kind == AlertKind.CANT_COME


def test_who_is_named_later_is_asked_for_what_is_ahead(clinic: Clinic, next_week):
    visit = clinic.book(next_week, next_week + 2 * DAY)
    first = clinic.named("Sam")
    clinic.yes(first, visit)
    second = clinic.named("Joanna")
    assert Commitment.objects.filter(designation=second).count() == 2
    assert clinic.promise(second, visit).status == "covered"


def test_a_helper_without_mobile_and_e_mail_is_a_call_and_not_a_dead_end(clinic: Clinic, next_week):
    lee = clinic.named("Lee", phone="", email="")
    alert = Alert.objects.get()
    assert (alert.kind, alert.designation, alert.owner) == (AlertKind.CALL_TASK, lee, clinic.desk)


def test_a_patient_without_mobile_and_e_mail_is_a_call_the_day_before(clinic: Clinic, next_week):
    clinic.patient.phone = clinic.patient.email = ""
    clinic.patient.save()
    clinic.book(next_week)
    assert (clinic.waiting(), Alert.objects.count()) == ([], 0)
