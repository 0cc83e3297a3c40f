"""A helper's number changed: whoever has the old one answers nothing, and the new one has to agree by itself."""

from datetime import timedelta

import pytest

from messaging.domain import dispatch, inbound
from messaging.models import InboundText, Message
from support.domain import people
from tests.support.conftest import Clinic, Phones

OLD, NEW = "+14105550123", "+14105550177"
QUARTER = timedelta(minutes=15)


@pytest.fixture
def asked(phones: Phones, clinic: Clinic, next_week):
    """Sam was asked about a date by text; minutes later the desk hears of the new number. When that is."""
    sam = clinic.named("Sam", phone=OLD, email="")
    clinic.visit, clinic.sam = clinic.book(next_week), sam
    message = Message.objects.filter(kind="helper_ask_again", channel="sms").latest("due_at")
    for quarters in range(9):
        dispatch.run(clock=lambda at=message.due_at + quarters * QUARTER: at)
        message.refresh_from_db()
        if message.status == "sent":
            break
    people.correct_contact(person=sam.person, actor="staff:1", now=message.sent_at, phone=NEW, email="")
    return message.sent_at + timedelta(minutes=5)


def says_yes(number: str, now) -> InboundText:
    inbound.receive(provider_id=f"SM{number}", from_number=number, body="Yes", now=now)
    return InboundText.objects.get(provider_id=f"SM{number}")


def test_a_yes_from_the_old_number_takes_nothing(clinic: Clinic, asked):
    assert says_yes(OLD, asked).handled == "unclear"
    assert clinic.promise(clinic.sam, clinic.visit).status == "asked"


def test_a_yes_from_the_new_number_answers_no_question_the_old_one_was_asked(clinic: Clinic, asked):
    says_yes(NEW, asked)
    assert clinic.promise(clinic.sam, clinic.visit).status == "asked"


def test_to_the_new_number_goes_the_invitation_alone_until_it_agrees(clinic: Clinic, phones: Phones, asked):
    before = len(phones.texts(OLD))
    for quarters in range(4 * 24 * 9):
        dispatch.run(clock=lambda at=asked + quarters * QUARTER: at)
    kinds = set(Message.objects.filter(sent_to=NEW).values_list("kind", flat=True))
    assert (kinds, len(phones.texts(OLD))) == ({"helper_invitation"}, before)
