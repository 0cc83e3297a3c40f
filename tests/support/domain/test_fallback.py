"""What becomes of a message that does not arrive: each road once, in the order the person likes, then a call."""

from datetime import time, timedelta

import pytest

from clinic.models import Patient
from messaging.domain import ledger, opt_outs
from messaging.enums import MessageStatus
from messaging.models import Consent, Message
from support.enums import AlertKind
from support.models import Alert
from tests.support.conftest import Clinic

MINUTE = timedelta(minutes=1)


@pytest.fixture
def reminder(clinic: Clinic, next_week):
    """Maya's reminder of the day before; nothing else waits. She has a phone and an e-mail."""
    clinic.visit = clinic.book(next_week)
    Message.objects.exclude(kind="patient_1_day").delete()
    return Message.objects.get()


def fails(message, *, now, to="dead", **fields):
    """The message is on its way, and then it is known not to arrive."""
    on_its_way = {"status": "sending", "attempts": 1, "claimed_at": now, "lease_until": now + MINUTE}
    Message.objects.filter(pk=message.pk).update(**on_its_way | {"channel": fields.pop("channel", message.channel)})
    row = Message.objects.select_related("site").get(pk=message.pk)
    ledger.move(message=row, to=MessageStatus(to), now=now, error_text="The number does not exist.", **fields)


def roads():
    return list(Message.objects.order_by("pk").values_list("channel", "status"))


def likes(**fields):
    Patient.objects.update(**fields)


def test_a_text_that_cannot_arrive_goes_by_e_mail_and_the_desk_is_told_so(reminder, now):
    fails(reminder, now=now)
    assert roads() == [("sms", "dead"), ("email", "pending")]
    alert = Alert.objects.get()
    assert (alert.kind, alert.says) == (
        AlertKind.MESSAGE_FAILED,
        "A message to Maya did not arrive. The number does not exist. It goes by e-mail instead.",
    )


def test_the_last_road_is_a_call(reminder, now):
    fails(reminder, now=now)
    fails(Message.objects.get(channel="email"), now=now)
    assert roads() == [("sms", "dead"), ("email", "dead")]
    assert list(Alert.objects.order_by("pk").values_list("kind", flat=True)) == ["message_failed", "call_task"]
    assert Alert.objects.get(kind=AlertKind.CALL_TASK).says == (
        "A message to Maya did not arrive. The number does not exist. "
        "Please call about the visit Wed 11 Mar 13:30 and its times."
    )


def test_who_likes_e_mail_better_gets_a_text_where_that_cannot_arrive(reminder, now):
    likes(prefers="email")
    fails(reminder, now=now, channel="email")
    assert roads() == [("email", "dead"), ("sms", "pending")]
    assert Alert.objects.get().says.endswith(" It goes as a text instead.")
    fails(Message.objects.get(channel="sms"), now=now)
    assert (len(roads()), Alert.objects.filter(kind=AlertKind.CALL_TASK).count()) == (2, 1)


def test_who_likes_a_call_best_is_called(reminder, now):
    likes(prefers="voice")
    fails(reminder, now=now)
    assert (roads(), Alert.objects.get().kind) == ([("sms", "dead")], AlertKind.CALL_TASK)


@pytest.mark.parametrize(
    "fields", [{"is_landline": True}, {"phone": ""}, {"quiet_from": time(7), "quiet_until": time(21)}]
)
def test_no_text_goes_where_none_can_be_read_or_none_is_wanted_at_any_hour(reminder, now, fields):
    likes(prefers="email", **fields)
    fails(reminder, now=now, channel="email")
    assert (roads(), Alert.objects.get().kind) == ([("email", "dead")], AlertKind.CALL_TASK)


def test_no_text_goes_to_a_number_nobody_agreed_to_be_written_to_at(reminder, now):
    likes(prefers="email")
    Consent.objects.all().delete()
    fails(reminder, now=now, channel="email")
    assert (roads(), Alert.objects.get().kind) == ([("email", "dead")], AlertKind.CALL_TASK)


def test_an_address_that_asked_for_no_more_is_left_in_peace(reminder, clinic, now):
    opt_outs.record(address=clinic.patient.email, how="text", now=now)
    fails(reminder, now=now)
    assert ("email", "pending") not in roads()
    assert Alert.objects.get().kind == AlertKind.CALL_TASK


def test_what_may_have_arrived_takes_no_other_road(reminder, now):
    fails(reminder, now=now, error_class="unclear")
    assert (roads(), Alert.objects.get().kind) == ([("sms", "dead")], AlertKind.CALL_TASK)


@pytest.mark.parametrize("status", ["blocked", "expired"])
def test_what_a_rule_stopped_or_the_night_made_late_takes_the_next_road_too(reminder, now, status):
    fails(reminder, now=now, to=status)
    assert roads() == [("sms", status), ("email", "pending")]


def test_what_is_of_no_more_use_is_only_told(reminder, now):
    fails(reminder, now=reminder.not_after, to="expired")
    assert (roads(), Alert.objects.get().kind) == ([("sms", "expired")], AlertKind.MESSAGE_FAILED)


@pytest.mark.parametrize(("to", "alerts"), [("expired", 0), ("dead", 1)])
def test_nobody_is_bothered_with_thanks_that_came_too_late(reminder, clinic, now, to, alerts):
    """A helper who was not needed after all, minutes before the visit."""
    sam = f"designation:{clinic.named('Sam').pk}"
    Message.objects.filter(pk=reminder.pk).update(kind="helper_covered", recipient=sam)
    fails(reminder, now=reminder.not_after, to=to)
    assert Alert.objects.filter(kind=AlertKind.MESSAGE_FAILED).count() == alerts


@pytest.mark.parametrize(
    ("state", "calls"),
    [("pending", 0), ("sent", 0), ("undelivered", 1), ("void", 0)],
)
def test_what_another_message_says_already_is_not_said_by_a_third_road(reminder, clinic, now, state, calls):
    said = {"status": state, "sent_at": now if state in ("sent", "undelivered") else None, "error_text": "Bounced."}
    values = {name: getattr(reminder, name) for name in ("kind", "subject", "about_at", "recipient", "scope", "site")}
    times = {"due_at": now, "not_after": reminder.not_after}
    Message.objects.create(**values, **times, **said, sent_to="maya@example.org", channel="email")
    fails(reminder, now=now)
    assert len(roads()) == 2
    assert Alert.objects.filter(kind=AlertKind.CALL_TASK).count() == calls


def test_a_reminder_that_is_not_worth_a_call_is_none(reminder, now):
    Message.objects.update(kind="patient_3_days")
    likes(email="", prefers="voice")
    fails(reminder, now=now)
    assert (roads(), Alert.objects.get().kind) == ([("sms", "dead")], AlertKind.MESSAGE_FAILED)


def test_what_staff_sent_again_stays_theirs_on_the_next_road_and_is_no_call(reminder, now):
    Message.objects.update(rule="resent: she asked")
    fails(reminder, now=now)
    by_email = Message.objects.get(channel="email")
    assert by_email.rule == "resent: she asked"
    fails(by_email, now=now)
    assert set(Alert.objects.values_list("kind", flat=True)) == {AlertKind.MESSAGE_FAILED}


def test_the_call_has_the_words_to_read_out(reminder, now):
    likes(email="")
    fails(reminder, now=now)
    assert "Am I speaking with Maya?" in Alert.objects.get().script
