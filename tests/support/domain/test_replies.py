"""What a text that came in does here: who is told what, what is taken back, and what waits for a person."""

from datetime import UTC, datetime, timedelta

import pytest

from education import directory
from messaging.domain import dispatch, inbound, opt_outs
from messaging.models import InboundText, Message
from support.domain import alerts, designations, reply_kinds, watch
from support.models import Alert, Designation
from tests import factories
from tests.support.conftest import Clinic, Phones

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SAM, MAYA, STRANGER = "+14105550123", "+14105550199", "+14105559999"


@pytest.fixture
def sam(clinic: Clinic, next_week):
    named = clinic.named("Sam", phone=SAM, email="sam@example.org")
    clinic.visit = clinic.book(next_week)
    clinic.yes(named, clinic.visit)
    Message.objects.all().delete()
    return named


def says(body, now, *, number=SAM, sid="SM1", to="+14105550100") -> InboundText:
    inbound.receive(provider_id=sid, from_number=number, to_number=to, body=body, now=now)
    return InboundText.objects.get(provider_id=sid)


def replies(phones: Phones, number, at) -> list[str]:
    dispatch.run(clock=lambda: at)
    return phones.texts(number)


def test_a_text_that_says_more_than_a_word_waits_for_a_person_who_is_told_of(phones, clinic: Clinic, sam, now):
    text = says("my car broke down", now)
    [alert] = Alert.objects.all()
    assert (alert.kind, alert.says) == ("text_came", "Sam sent a text about Maya. Please read it and call.")
    assert (alert.patient, alert.designation, alert.owner) == (clinic.patient, sam, clinic.desk)
    assert (text.site, text.done_at) == (clinic.site, None)
    assert replies(phones, SAM, now) == ["Northgate Care: we read texts until 18:00 today. Urgent? Call +14105550142"]


def test_a_patient_is_told_the_numbers_for_danger_too(phones, clinic: Clinic, sam, now):
    directory.sync(now=now)
    says("I feel strange", now, number=MAYA)
    assert Alert.objects.get().says == "Maya sent a text. Please read it and call."
    [text] = replies(phones, MAYA, now)
    assert text.endswith("Urgent? Call +14105550142. Danger: 911 or 988")


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (datetime(2026, 3, 3, 22, 59, tzinfo=UTC), "we read texts again from Wed 08:00."),
        (datetime(2026, 3, 4, 4, 59, tzinfo=UTC), "we read texts again from Wed 08:00."),
        (datetime(2026, 3, 4, 5, 1, tzinfo=UTC), "we read texts again from 08:00."),
        (datetime(2026, 3, 4, 13, 0, tzinfo=UTC), "we read texts until 18:00 today."),
    ],
)
def test_when_somebody_reads_is_true_on_the_clinics_clock_at_any_hour(phones, clinic: Clinic, sam, at, words):
    says("my car broke down", at)
    assert replies(phones, SAM, at) == [f"Northgate Care: {words} Urgent? Call +14105550142"]


def test_however_many_texts_come_one_answer_goes_for_each_opening(phones, clinic: Clinic, sam, now):
    for number in range(5):
        says(f"and another thing {number}", now + number * HOUR, sid=f"SM{number}")
    assert len(replies(phones, SAM, now + 4 * HOUR)) == 0  # Written at the first text, of no use hours later.
    says("hello?", now + 9 * HOUR, sid="SM8")
    says("hello??", now + 9 * HOUR + MINUTE, sid="SM9")
    assert len(replies(phones, SAM, now + 9 * HOUR + MINUTE)) == 1
    assert Alert.objects.count() == 1


def test_a_text_that_comes_while_somebody_has_the_matter_makes_it_unread_again(clinic: Clinic, sam, now):
    says("my car broke down", now)
    alerts.acknowledge(alert=Alert.objects.get(), actor=clinic.nurse, now=now)
    says("it runs again!", now + HOUR, sid="SM2")
    [alert] = Alert.objects.all()
    assert (alert.status, alert.owner) == ("open", clinic.nurse)


def test_who_asks_who_we_are_is_told_and_a_person_reads_it_where_we_know_them(phones, clinic: Clinic, sam, now):
    assert says("HELP", now).handled == "help"
    assert replies(phones, SAM, now) == [
        "Northgate Care: reminders and dates by text. Questions? Call +14105550142. STOP to opt out"
    ]
    assert Alert.objects.get().kind == "text_came"


def test_a_stranger_who_asks_is_told_in_the_language_of_the_word_and_nobody_else_is(phones, clinic: Clinic, now):
    says("AYUDA", now, number=STRANGER)
    assert replies(phones, STRANGER, now) == [
        "Northgate Care: recordatorios y fechas por mensaje. Preguntas: +14105550142. STOP para salir"
    ]
    assert Alert.objects.count() == 0


def test_a_strangers_text_is_shown_to_a_person_at_the_site_whose_number_it_came_to(phones, clinic: Clinic, now):
    other = factories.SiteFactory(phone="+14105550777", public_name="Southgate Care")
    nurse = factories.StaffFactory(sites=[other], role="nurse")
    text = says("is this the dentist?", now, number=STRANGER, to="+14105550777")
    [alert] = Alert.objects.all()
    assert alert.says == "A text came from a number nobody here has: +14105559999. Please read it."
    assert (alert.patient, alert.site, alert.owner, text.site) == (None, other, nurse, other)
    assert [body.partition(":")[0] for body in replies(phones, STRANGER, now)] == ["Southgate Care"]


def test_a_strangers_yes_or_no_is_no_matter(phones, clinic: Clinic, now):
    assert says("no", now, number=STRANGER).done_at == now
    assert (Alert.objects.count(), replies(phones, STRANGER, now)) == (0, [])


def test_a_strangers_stop_holds_and_is_the_end_of_it(phones, clinic: Clinic, now):
    says("stop", now, number=STRANGER)
    assert opt_outs.holds(address=STRANGER)
    assert (Alert.objects.count(), replies(phones, STRANGER, now)) == (0, [])


def test_stop_is_confirmed_with_one_text_where_the_provider_does_not(phones, clinic: Clinic, sam, now, settings):
    settings.SMS_PROVIDER_CONFIRMS_STOP = False
    says("stop", now)
    says("stop!", now + MINUTE, sid="SM2")
    assert replies(phones, SAM, now + 2 * MINUTE) == [
        "Northgate Care: no more texts to this number. START to get them again. Questions? +14105550142"
    ]


def test_cancel_from_a_phone_two_people_share_takes_back_no_date_and_is_a_call(clinic: Clinic, sam, now):
    clinic.named("Lee", phone=SAM, email="lee@example.org")
    says("cancel", now)
    assert clinic.promise(sam, clinic.visit).status == "accepted"
    assert [alert.says for alert in Alert.objects.all()] == [
        "Sam asked for no more texts. Please call: are they still coming?"
    ]


def test_however_often_they_say_stop_it_is_one_call(clinic: Clinic, sam, now):
    for number in range(5):
        says("STOP", now + number * MINUTE, sid=f"SM{number}")
        says("STOP", now + number * MINUTE, number=MAYA, sid=f"MM{number}")
    assert sorted(alert.says for alert in Alert.objects.all()) == [
        "Maya asked for no more texts. Please call: how can we reach them?",
        "Sam asked for no more texts. Please call: are they still coming?",
    ]


def test_a_cancel_after_a_stop_takes_the_dates_back_and_is_a_call_of_its_own(clinic: Clinic, sam, now):
    says("STOP", now)
    says("CANCEL", now + MINUTE, sid="SM2")
    assert clinic.promise(sam, clinic.visit).status == "withdrawn"
    assert Alert.objects.filter(kind="call_task", says__contains="no date counts").count() == 1


def test_a_cancel_is_their_own_word_and_a_change_on_the_list_asks_them_for_nothing_again(clinic: Clinic, sam, now):
    says("CANCEL", now)
    said = {"roles": sam.roles, "rank": 1, "may_know": [], "actor": "staff:1", "now": now}
    designations.change(designation=sam, relationship="sister", **said)
    assert clinic.promise(sam, clinic.visit).status == "withdrawn"


def test_a_stop_after_the_call_was_made_is_a_new_call(clinic: Clinic, sam, now):
    says("STOP", now, number=MAYA)
    alerts.close(alert=Alert.objects.get(), outcome="Called Maya", actor=clinic.nurse, now=now + HOUR)
    says("START", now + 2 * HOUR, number=MAYA, sid="SM2")
    says("STOP", now + 3 * HOUR, number=MAYA, sid="SM3")
    assert Alert.objects.exclude(status="closed").count() == 1


def test_no_other_text_goes_to_who_said_stop(phones, clinic: Clinic, sam, now):
    opt_outs.record(address=SAM, how="text", now=now)
    says("where are you?", now)
    assert replies(phones, SAM, now) == []
    assert Alert.objects.filter(kind="text_came").count() == 1


def test_an_uncertain_yes_gets_the_link_where_something_was_asked(phones, clinic: Clinic, sam, now):
    was_written_to(clinic, sam, "helper_new_dates", now)
    assert says("yes", now).handled == "unclear"
    assert replies(phones, SAM, now) == ["Northgate Care: please answer on your page: [link] Or call us: +14105550142"]
    assert Alert.objects.count() == 0


def test_a_yes_to_a_text_that_asked_nothing_is_a_courtesy(phones, clinic: Clinic, sam, now):
    was_written_to(clinic, sam, "helper_3_hours", now)
    assert says("👍", now).done_at == now
    assert (Alert.objects.count(), replies(phones, SAM, now)) == (0, [])


def test_an_uncertain_no_may_be_a_ride_that_is_lost_so_a_person_asks(phones, clinic: Clinic, sam, now):
    was_written_to(clinic, sam, "helper_3_hours", now)
    says("no", now)
    says_so = "Sam answered by text, and it is not certain what they mean. Please read it and call."
    assert Alert.objects.get().says == says_so


def was_written_to(clinic, named, kind, now):
    Message.objects.create(
        site=clinic.site,
        kind=kind,
        scope=f"designation:{named.pk}",
        subject=f"course:{clinic.visit.course_id}",
        recipient=f"designation:{named.pk}",
        channel="sms",
        due_at=now - HOUR,
        not_after=now,
        status="sent",
        posted_at=now - HOUR,
        sent_at=now - HOUR,
        sent_to=named.person.phone,
    )


def test_a_text_from_a_phone_that_two_share_names_nobody_and_holds_no_link(phones, clinic: Clinic, sam, now):
    clinic.named("Lee", phone=SAM, email="lee@example.org")
    Message.objects.all().delete()
    says("we are late", now)
    [alert] = Alert.objects.all()
    assert "Sam" in alert.says
    assert "Lee" in alert.says
    assert (alert.patient, alert.designation) == (None, None)
    assert Message.objects.get().recipient == "number:14105550123"


def test_a_helper_who_was_taken_off_the_list_meanwhile_gets_no_link(phones, clinic: Clinic, sam, now):
    was_written_to(clinic, sam, "helper_new_dates", now)
    says("yes", now)
    designations.withdraw(designation=sam, actor="staff:1", now=now)
    assert replies(phones, SAM, now) == []


def test_whose_time_on_the_list_is_over_is_known_to_the_desk_and_answered_without_a_link(phones, clinic, sam, now):
    was_written_to(clinic, sam, "helper_new_dates", now)
    Designation.objects.update(valid_from=now - 9 * HOUR, valid_until=now - HOUR)
    says("my car broke down", now)
    says("yes", now, sid="SM2")
    assert Alert.objects.get().says == "Sam sent a text about Maya. Please read it and call."
    [text] = replies(phones, SAM, now)
    assert "we read texts until 18:00 today" in text


def test_what_cannot_be_answered_is_read_by_a_person(phones, clinic: Clinic, sam, now):
    was_written_to(clinic, sam, "helper_new_dates", now)
    text = says("yes", now)
    message = Message.objects.get(kind="reply_link")
    reply_kinds.on_dead(message, "The number is not in use.", now)
    text.refresh_from_db()
    assert (text.done_at, Alert.objects.get().kind) == (None, "text_came")


def test_a_text_nobody_heard_since_the_process_ended_is_heard_with_the_next_sweep(clinic: Clinic, sam, now):
    InboundText.objects.create(
        provider_id="SM1", from_number=SAM, body="my car broke down", received_at=now, handled="passed_on"
    )
    for minute in (1, 2):
        watch.run(now=now + minute * MINUTE)
    assert [alert.kind for alert in Alert.objects.filter(patient=clinic.patient)] == ["text_came"]
    assert InboundText.objects.get().site == clinic.site


def test_who_has_the_number_at_another_clinic_is_not_named(clinic: Clinic, sam, now):
    factories.PatientFactory(site=factories.SiteFactory(), given_name="Jane", family_name="Elsewhere", phone=SAM)
    was_written_to(clinic, sam, "helper_3_hours", now)
    says("we are late", now)
    [alert] = Alert.objects.all()
    assert alert.says == (
        "A text came from a number that several have: Sam, somebody at another clinic. Please read it and call."
    )
