"""Messages that meet trouble on their way: bad numbers, opt-outs, staff who send again, texts that come in."""

from datetime import time, timedelta

import pytest
from django.core import mail

from messaging.domain import dispatch, inbound, opt_outs, outbox
from messaging.models import Message
from support.domain import designations, people
from support.enums import AlertKind
from support.models import Alert, Commitment
from tests import factories
from tests.support.conftest import Clinic, Phones

MINUTE = timedelta(minutes=1)


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
    people.agree_to_texts(person=clinic.sam.person, actor="staff:1", now=due)
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


def test_a_text_from_a_number_nobody_knows_changes_nothing(phones: Phones, clinic: Clinic, due):
    inbound.receive(provider_id="SM1", from_number="+14105559999", body="hello", now=due)
    assert Alert.objects.count() == 0


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


def test_the_link_goes_again_once_a_minute_and_still_opens_the_same_page(phones: Phones, clinic: Clinic, due):
    """https://github.com/betagouv/rdv-service-public/pull/5290"""
    for _pressed_twice in range(2):
        designations.send_link_again(designation=clinic.sam, actor="staff:1", now=due)
    tick(due)
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
