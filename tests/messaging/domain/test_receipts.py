import itertools
import uuid

import pytest

from messaging.domain import receipts
from messaging.models import Message
from tests.messaging import kinds

pytestmark = pytest.mark.django_db


@pytest.fixture
def message(plan, wants, now) -> Message:
    [message] = plan(wants(7))
    Message.objects.update(
        status="sent", posted_at=now, sent_at=now, sent_to="+14105550007", provider_id="SM1", attempts=1
    )
    return message


def apply(message, status, now) -> bool:
    return receipts.apply(provider_id="SM1", send_key=message.send_key, status=status, now=now)


def status() -> str:
    return Message.objects.get().status


@pytest.mark.parametrize("order", list(itertools.permutations(["queued", "sent", "delivered", "delivered"])))
def test_any_order_and_any_number_ends_delivered(message, now, order):
    for each in order:
        apply(message, each, now)
    assert status() == "delivered"


def test_a_receipt_says_something_new_once(message, now):
    assert [apply(message, "delivered", now) for _time in range(3)] == [True, False, False]


def test_a_text_the_network_could_not_deliver_is_the_desks_business_once(message, now):
    apply(message, "undelivered", now)
    apply(message, "failed", now)
    assert kinds.told == [("patient:7", "undelivered", "The phone network could not deliver it.")]


def test_delivered_after_all_wins(message, now):
    apply(message, "undelivered", now)
    apply(message, "delivered", now)
    apply(message, "undelivered", now)
    assert status() == "delivered"


@pytest.mark.parametrize("before", ["pending", "unknown", "void", "expired", "dead"])
def test_the_providers_word_corrects_our_guess(message, now, before):
    Message.objects.update(status=before, sent_at=None, provider_id="", next_try_at=now, error_text="We gave up.")
    assert apply(message, "delivered", now)
    row = Message.objects.get()
    assert (row.status, row.provider_id, row.sent_at, row.error_text) == ("delivered", "SM1", now, "")


def test_a_message_that_never_left_cannot_have_arrived(message, now):
    Message.objects.update(status="pending", sent_at=None, sent_to="")
    assert not apply(message, "delivered", now)


def test_a_receipt_for_nobodys_text_changes_nothing(message, now):
    assert not receipts.apply(provider_id="SM1", send_key=uuid.uuid4(), status="delivered", now=now)
    assert not receipts.apply(provider_id="SM9", send_key=None, status="delivered", now=now)
    assert not receipts.apply(provider_id="", send_key=None, status="delivered", now=now)
    assert not apply(message, "who knows", now)
    assert status() == "sent"


def test_without_our_key_the_providers_own_number_will_do(message, now):
    assert receipts.apply(provider_id="SM1", send_key=None, status="delivered", now=now)
