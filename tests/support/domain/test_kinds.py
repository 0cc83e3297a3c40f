"""Messages that meet trouble on their way: bad numbers, opt-outs, staff who send again, texts that come in."""

from datetime import time, timedelta

import pytest
from django.core import mail
from django.db.models import F

from clinic.domain import hours, infusions
from clinic.models import Infusion, Patient
from messaging.domain import dispatch, inbound, kinds, opt_outs, outbox, settle
from messaging.models import Consent, Message
from support.domain import closing_news, designations, going_on, people, waitlist
from support.enums import AlertKind
from support.models import Alert, Availability, Commitment, SupportPerson
from tests import factories
from tests.support.conftest import Clinic, Phones

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def tick(now):
    dispatch.run(clock=lambda: now)


@pytest.fixture
def due(clinic: Clinic, next_week):
    """Sam has said yes; the moment the one-day messages go. Only those wait."""
    clinic.sam = clinic.named("Sam", phone="+14105550123", email="sam@example.org")
    clinic.visit = clinic.book(next_week)
    clinic.yes(clinic.sam, clinic.visit)
    Message.objects.exclude(kind__in=["patient_1_day", "helper_reconfirm"]).delete()
    return Message.objects.get(kind="patient_1_day").due_at


def test_a_number_nobody_can_reach_goes_by_e_mail_and_the_desk_is_told(phones: Phones, clinic: Clinic, due):
    phones.provider.control({"refuse": "bad_number"})
    tick(due)
    tick(due + MINUTE)
    assert sorted((m.to[0], m.subject) for m in mail.outbox) == [
        (clinic.patient.email, "Your visit: times to know · Northgate Care"),
        ("sam@example.org", "Are you still coming? · Northgate Care"),
    ]
    told = Alert.objects.filter(kind=AlertKind.MESSAGE_FAILED).order_by("pk")
    assert {alert.patient for alert in told} == {clinic.patient}
    assert sorted(alert.says.partition(" did")[0] for alert in told) == ["A message to Maya", "A message to Sam"]


def test_after_stop_the_plan_turns_to_e_mail_and_says_nothing_twice(phones: Phones, clinic: Clinic, due):
    """https://github.com/medic/cht-core/issues/476: one person's STOP is not the other's."""
    opt_outs.record(address="+14105550123", how="text", now=due - MINUTE)
    tick(due)
    people.agree_to_messages(person=clinic.sam.person, witness=clinic.desk, now=due)
    inbound.receive(provider_id="SM1", from_number="+14105550123", body="STOP", now=due)
    tick(due + MINUTE)
    assert [text.partition(":")[2][:16] for text in phones.texts()] == [" Wed 11 Mar 13:3"]
    assert [m.to for m in mail.outbox] == [["sam@example.org"]]


def test_a_text_that_went_is_not_repeated_by_e_mail_after_a_stop(phones: Phones, clinic: Clinic, due):
    tick(due)
    inbound.receive(provider_id="SM1", from_number="+14105550123", body="STOP", now=due + MINUTE)
    tick(due + 2 * MINUTE)
    assert (len(phones.texts("+14105550123")), len(mail.outbox)) == (1, 0)


def test_stop_from_somebody_with_a_date_is_a_call_and_keeps_the_date(phones: Phones, clinic: Clinic, due):
    inbound.receive(provider_id="SM1", from_number="+14105550123", body="stop please", now=due)
    assert Alert.objects.get().says == "Sam asked for no more texts. Please call: are they still coming?"
    assert clinic.promise(clinic.sam, clinic.visit).status == "accepted"


@pytest.mark.parametrize("body", ["Cancel", "Cancel.", "cancel please", "CANCEL!!", "¡Cancelar, por favor!"])
def test_cancel_opts_out_and_takes_the_date_back_and_is_a_call(phones: Phones, clinic: Clinic, due, body):
    """By law "cancel" revokes; from a helper it may also mean the lift."""
    inbound.receive(provider_id="SM1", from_number="+14105550123", body=body, now=due)
    assert opt_outs.holds(address="+14105550123")
    assert clinic.promise(clinic.sam, clinic.visit).status == "withdrawn"
    kinds = sorted(Alert.objects.values_list("kind", flat=True))
    assert kinds == [AlertKind.CALL_TASK, AlertKind.CANT_COME]


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        ("+14105550123", "Sam sent a text about Maya. Please read it and call."),
        ("+14105550199", "Maya sent a text. Please read it and call."),
    ],
)
def test_any_other_text_is_read_by_a_person(phones: Phones, clinic: Clinic, due, number, sentence):
    inbound.receive(provider_id="SM1", from_number=number, body="my car broke down", now=due)
    inbound.receive(provider_id="SM1", from_number=number, body="my car broke down", now=due)
    assert Alert.objects.get().says == sentence


def test_staff_may_send_again_what_the_plan_no_longer_holds_while_the_visit_is_on(phones: Phones, clinic: Clinic, due):
    tick(due)
    sent = Message.objects.get(kind="patient_1_day", status="sent")
    for _pressed_twice in range(2):
        outbox.resend(message=sent, reason="she deleted it", now=due + 5 * MINUTE)
    tick(due + 6 * MINUTE)
    assert len(phones.texts(clinic.patient.phone)) == 2


def test_what_staff_sent_again_does_not_reach_somebody_taken_off_the_list_meanwhile(phones, clinic: Clinic, due):
    lost = Message.objects.get(kind="helper_reconfirm")
    outbox.resend(message=lost, reason="asked for at the desk", now=due)
    designations.withdraw(designation=clinic.sam, actor="staff:1", now=due)
    tick(due)
    assert phones.texts("+14105550123") == []


def test_a_text_that_was_held_up_does_not_go_outside_the_hours_of_the_signed_rules(phones, clinic: Clinic, next_week):
    factories.PolicyFactory(
        site=clinic.site,
        version=clinic.policy.version + 1,
        signed_by=clinic.staff["director"],
        texts_from=time(9),
        texts_until=time(17),
    )
    clinic.book(next_week)
    Message.objects.exclude(kind="patient_1_day").delete()
    due = Message.objects.get().due_at
    evening = due.astimezone(clinic.site.zone).replace(hour=17, minute=30)
    tick(evening)
    assert phones.texts() == []
    morning = (evening + timedelta(days=1)).replace(hour=9, minute=1)
    tick(morning)
    assert len(phones.texts()) == 1


def test_a_text_that_was_held_up_goes_in_the_evening_where_the_signed_rules_say_so(phones, clinic: Clinic, next_week):
    factories.PolicyFactory(
        site=clinic.site,
        version=clinic.policy.version + 1,
        signed_by=clinic.staff["director"],
        texts_from=time(7),
        texts_until=time(21, 30),
    )
    clinic.book(next_week)
    Message.objects.exclude(kind="patient_1_day").delete()
    due = Message.objects.get().due_at
    tick(due.astimezone(clinic.site.zone).replace(hour=21, minute=15))
    assert len(phones.texts()) == 1


def test_the_link_goes_again_once_a_minute_and_still_opens_the_same_page(phones: Phones, clinic: Clinic, due):
    """https://github.com/betagouv/rdv-service-public/pull/5290"""
    for _pressed_twice in range(2):
        designations.send_link_again(designation=clinic.sam, actor="staff:1", now=due)
    tick(due)
    tick(due + 15 * MINUTE)
    first, second = [t["body"].split("http")[1].split()[0] for t in phones.provider.phones.to("+14105550123")]
    assert first == second


def test_a_wrong_number_corrected_before_sending_is_the_one_that_is_used(phones: Phones, clinic: Clinic, due):
    people.correct_contact(
        person=clinic.sam.person, actor="staff:1", now=due, phone="+14105550177", email="sam@example.org"
    )
    tick(due)
    # The yes stands, the agreement to texts was for the old number: the question comes by e-mail.
    assert phones.texts("+14105550123") == []
    assert "Are you still coming? · Northgate Care" in [m.subject for m in mail.outbox]
    assert phones.texts("+14105550177")[0].startswith("Northgate Care: Maya asked if you could help")


def test_a_person_taken_off_between_plan_and_sending_gets_nothing(phones: Phones, clinic: Clinic, due):
    claims = dispatch.claim(limit=5, now=due)
    designations.withdraw(designation=clinic.sam, actor="staff:1", now=due)
    for claim in claims:
        dispatch.send(claim=claim, now=due)
    assert (phones.texts("+14105550123"), Commitment.objects.get().status) == ([], "withdrawn")


def test_no_text_e_mail_subject_or_link_names_a_drug_a_diagnosis_or_a_score(phones: Phones, clinic: Clinic, due):
    """Invariant 6: the firewall stops what slips in, here by way of the clinic's own name."""
    clinic.site.public_name = "Ketamine Wellness"
    clinic.site.save()
    tick(due)
    assert phones.texts() == []
    assert set(Message.objects.filter(channel="sms").values_list("status", flat=True)) == {"blocked"}
    assert Alert.objects.filter(kind=AlertKind.MESSAGE_FAILED).count() == 2


REPLIES = {"reply_help", "reply_link", "reply_noted", "reply_staffed", "reply_stopped"}
# That a visit is off, moved or on again, and that somebody sits and waits.
CANNOT_WAIT = {
    "patient_cancelled",
    "helper_cancelled",
    "patient_moved",
    "patient_closed",
    "helper_closed",
    "patient_open",
    "helper_open",
    "helper_come_in",
    "helper_home",
    "patient_home",
}


@pytest.mark.parametrize(
    ("holds", "names"),
    [
        (lambda kind: kind.is_reply, REPLIES),
        # Better said twice than not at all.
        (lambda kind: kind.twice, {"helper_come_in", "patient_closed", "helper_closed"}),
        (lambda kind: kind.quiet_exempt, {"helper_come_in"} | REPLIES),
        (lambda kind: not kind.counts, CANNOT_WAIT | REPLIES),
        (lambda kind: kind.despite_stop, {"reply_stopped"}),
        (lambda kind: kind.max_segments > 1, {"helper_invitation"}),
    ],
    ids=["reply", "twice", "at night", "beside the budget", "despite a stop", "two segments"],
)
def test_a_rule_has_no_exceptions_but_these(holds, names):
    ours = [name for name in kinds.names() if not name.startswith("test-")]
    assert {name for name in ours if holds(kinds.get(name))} == names


def test_a_number_gets_as_many_texts_as_the_signed_rules_allow(phones: Phones, clinic: Clinic, due):
    factories.PolicyFactory(
        site=clinic.site,
        version=clinic.policy.version + 1,
        signed_by=clinic.staff["director"],
        texts_per_day=2,
        texts_per_week=3,
        texts_apart_minutes=20,
    )
    row = Message.objects.get(kind="patient_1_day")
    budget = kinds.get(row.kind).facts(row, due).budget
    assert budget == kinds.Budget(per_day=2, per_week=3, apart=20 * MINUTE)
    tick(due)
    for minute in (1, 2):
        outbox.resend(message=row, reason="she deleted it", now=due + minute * MINUTE)
    tick(due + 2 * MINUTE)
    assert len(phones.texts(clinic.patient.phone)) == 2
    third = Message.objects.get(status="pending")
    assert third.error_text == "This number has had as many texts today as the clinic allows."
    assert third.next_try_at == due + DAY


def test_a_reminder_of_unknown_fate_goes_neither_again_nor_by_e_mail_and_a_person_calls(phones, clinic: Clinic, due):
    phones.provider.control({"drop": True, "accept": True, "lookup_status": 500})
    for minute in range(40):
        tick(due + minute * MINUTE)
        settle.run(clock=lambda minute=minute: due + minute * MINUTE)
    assert (len(phones.texts()), mail.outbox) == (2, [])
    calls = Alert.objects.order_by("says")
    assert {call.kind for call in calls} == {AlertKind.CALL_TASK}
    assert [call.says for call in calls] == [
        "A message to Maya may not have arrived. Nobody can say whether it was sent. "
        "Please call about the visit Wed 11 Mar 13:30 and its times.",
        "A message to Sam may not have arrived. Nobody can say whether it was sent. "
        "Please call Sam: are they still coming Wed 11 Mar 13:30?",
    ]


def moved(clinic: Clinic, visit) -> None:
    clinic.move(visit, visit.starts_at + DAY)


def closed(clinic: Clinic, visit) -> None:
    day = {"starts_at": visit.starts_at - timedelta(hours=6), "ends_at": visit.starts_at + timedelta(hours=8)}
    closure = hours.close(site=clinic.site, reason="Snow", actor=clinic.desk, now=clinic.now, **day)
    closing_news.tell(closure=closure, site=clinic.site, actor=clinic.desk, now=clinic.now)


def opened(clinic: Clinic, visit) -> None:
    closed(clinic, visit)
    closing_news.lift(closure=clinic.site.closures.get(), actor=clinic.desk, now=clinic.now)


def booked_more(clinic: Clinic, visit) -> None:
    clinic.now += MINUTE
    clinic.book(visit.starts_at + 14 * DAY)


def offered(clinic: Clinic, visit) -> None:
    """Omar's place becomes free, and Maya waits for it."""
    maya, clinic.patient = clinic.patient, factories.PatientFactory(site=clinic.site, given_name="Omar")
    omars = clinic.book(visit.starts_at + 14 * DAY)
    clinic.patient = maya
    Availability.objects.create(person=clinic.sam.person, can=True, weekday=omars.starts_at.weekday())
    day = omars.starts_at.date()
    days = {"first_day": day - DAY, "last_day": day + DAY}
    course = factories.CourseFactory(patient=maya, protocol=clinic.protocol, opened_by=clinic.desk)
    waitlist.join(course=course, infusion=None, actor=clinic.desk, now=clinic.now, **days)
    infusions.cancel(infusion=omars, actor=clinic.desk, now=clinic.now, reason="Flu")


def drove_home(clinic, visit) -> None:
    """Sam has taken Maya home as often as the rules say."""
    last = clinic.book(*(visit.starts_at + days * DAY for days in (1, 2)))
    for each in Infusion.objects.filter(patient=clinic.patient):
        stamps = ("arrived_at", "started_at", "recovering_at", "ready_at")
        Infusion.objects.filter(pk=each.pk).update(released_at=each.ends_at, **dict.fromkeys(stamps, each.starts_at))
        kept = {"status": "kept", "answered_at": clinic.now}
        Commitment.objects.filter(infusion=each, designation=clinic.sam).update(**kept)
    going_on.ask_due(now=last.starts_at + 3 * DAY)


POSTED = [
    ("patient_moved", moved, "Please call Maya: the visit is now Thu 12 Mar 13:30."),
    ("patient_closed", closed, "Please call Maya: we cannot see them Wed 11 Mar 13:30. They need another time."),
    ("helper_closed", closed, "Please call Sam: they are not needed Wed 11 Mar 13:30, we find another time."),
    ("patient_open", opened, "Please call Maya: their visit takes place as planned, Wed 11 Mar 13:30."),
    ("helper_open", opened, "Please call Sam: it takes place as planned, Wed 11 Mar 13:30."),
    ("waitlist_offer", offered, "Please call Maya before 10:41: Wed 25 Mar 13:30 is free and could be theirs."),
    ("helper_new_dates", booked_more, ""),
    ("helper_go_on", drove_home, ""),
]


@pytest.fixture
def posted(clinic: Clinic, next_week):
    """One waiting message that no plan holds, to Maya or to Sam, who has said yes to a date; nothing else waits."""

    def make(kind, change) -> Message:
        clinic.sam = clinic.named("Sam", phone="+14105550123", email="sam@example.org")
        visit = clinic.book(next_week)
        clinic.yes(clinic.sam, visit)
        change(clinic, visit)
        Message.objects.exclude(kind=kind).delete()
        Alert.objects.all().delete()
        return Message.objects.get()

    return make


def changed(**fields) -> None:
    Patient.objects.update(**fields)
    SupportPerson.objects.update(**fields)


def taken_back(*channels: str) -> None:
    Consent.objects.filter(channel__in=channels).update(withdrawn_at=F("given_at"), withdrawn_how="phone")


@pytest.mark.parametrize(("kind", "change", "says"), POSTED)
def test_what_no_plan_holds_goes_while_the_yes_to_texts_holds(phones: Phones, posted, clinic, kind, change, says):
    row = posted(kind, change)
    tick(row.due_at)
    assert (len(phones.texts()), Message.objects.get().status, mail.outbox) == (1, "sent", [])


@pytest.mark.parametrize(("kind", "change", "says"), POSTED)
def test_a_number_nobody_agreed_to_gets_no_text_and_a_person_calls(phones, posted, clinic, kind, change, says):
    """The number was corrected after the message was written: the yes was for the old one."""
    row = posted(kind, change)
    changed(phone="+14105550177", email="")
    tick(row.due_at)
    sent = Message.objects.get()
    assert (phones.texts(), sent.status) == ([], "blocked")
    assert sent.error_text == "They have not agreed to texts on this number."
    alert = Alert.objects.get()
    assert alert.says.partition(" number. ")[2] == says
    assert alert.kind == (AlertKind.CALL_TASK if says else AlertKind.MESSAGE_FAILED)


@pytest.mark.parametrize(("kind", "change", "says"), POSTED)
def test_who_may_still_be_written_to_reads_it_by_e_mail(phones: Phones, posted, clinic, kind, change, says):
    row = posted(kind, change)
    taken_back("sms")
    tick(row.due_at)
    tick(row.due_at + MINUTE)
    assert (phones.texts(), len(mail.outbox)) == ([], 1)


def test_a_helper_who_never_said_yes_is_left_in_peace_also_by_e_mail(phones: Phones, posted, clinic: Clinic):
    row = posted("helper_new_dates", booked_more)
    Commitment.objects.update(answered_at=None, status="asked")
    taken_back("sms", "email")
    tick(row.due_at)
    tick(row.due_at + MINUTE)
    assert (phones.texts(), mail.outbox) == ([], [])


@pytest.mark.parametrize("address", ["+14105550199", "+14105550123"])
def test_a_stop_holds_for_what_no_plan_holds(phones: Phones, posted, clinic: Clinic, address):
    kind = "patient_closed" if address == clinic.patient.phone else "helper_closed"
    row = posted(kind, closed)
    opt_outs.record(address=address, how="text", now=row.due_at)
    changed(email="")
    tick(row.due_at)
    row.refresh_from_db()
    assert (phones.texts(), row.error_text) == ([], "This number has asked for no more texts.")
    assert AlertKind.CALL_TASK in Alert.objects.values_list("kind", flat=True)


def test_what_staff_send_again_needs_the_same_yes(phones: Phones, clinic: Clinic, due):
    tick(due)
    outbox.resend(message=Message.objects.get(kind="patient_1_day"), reason="she deleted it", now=due + MINUTE)
    taken_back("sms")
    changed(email="")
    tick(due + MINUTE)
    assert len(phones.texts(clinic.patient.phone)) == 1
    assert Alert.objects.get().kind == AlertKind.MESSAGE_FAILED


@pytest.mark.parametrize("kind", ["patient_moved", "patient_closed", "helper_open"])
def test_what_no_plan_holds_can_be_sent_again_by_staff(phones: Phones, posted, clinic: Clinic, kind):
    change = {"patient_moved": moved, "patient_closed": closed, "helper_open": opened}[kind]
    row = posted(kind, change)
    tick(row.due_at)
    outbox.resend(message=Message.objects.get(), reason="she deleted it", now=row.due_at + 20 * MINUTE)
    tick(row.due_at + 20 * MINUTE)
    assert len(phones.texts()) == 2


def test_that_a_visit_is_off_can_be_sent_again_by_staff(phones: Phones, clinic: Clinic, next_week):
    visit = clinic.book(next_week)
    infusions.cancel(infusion=visit, actor=clinic.desk, now=clinic.now, reason="Flu")
    Message.objects.exclude(kind="patient_cancelled").delete()
    tick(clinic.now)
    outbox.resend(message=Message.objects.get(), reason="she deleted it", now=clinic.now + 20 * MINUTE)
    tick(clinic.now + 20 * MINUTE)
    assert len(phones.texts(clinic.patient.phone)) == 2
