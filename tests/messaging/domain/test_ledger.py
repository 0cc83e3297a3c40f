from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from messaging.domain import dispatch, ledger
from messaging.domain.ledger import Move
from messaging.enums import MessageStatus
from messaging.models import Message
from tests.messaging import kinds

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
S = MessageStatus


@pytest.fixture
def claimed(plan, wants, now):
    """So many messages, being sent."""

    def make(count: int) -> list[Message]:
        plan(*[wants(n) for n in range(count)])
        return [claim.message for claim in dispatch.claim(limit=count, now=now)]

    return make


def stored() -> list[tuple[str, str]]:
    return list(Message.objects.order_by("pk").values_list("status", "error_text"))


def test_many_of_a_kind_are_moved_with_one_statement_each_with_its_own_words(claimed, now):
    moves = [Move(message, S.VOID, {"error_text": f"Reason {n}"}) for n, message in enumerate(claimed(3))]
    with CaptureQueriesContext(connection) as queries:
        assert ledger.move_many(moves=moves, now=now + MINUTE) == 3
    assert len(queries) == 1
    assert stored() == [("void", "Reason 0"), ("void", "Reason 1"), ("void", "Reason 2")]
    for move in moves:
        known = Message.objects.get(pk=move.message.pk)
        names = ("status", "error_text", "lease_until", "updated_at")
        assert [getattr(move.message, name) for name in names] == [getattr(known, name) for name in names]


def test_moves_to_different_places_go_where_each_belongs(claimed, now):
    first, second, third = claimed(3)
    sent = {"sent_at": now, "sent_to": "+14105550007", "provider_id": "SM1"}
    moves = [
        Move(first, S.SENT, sent),
        Move(second, S.PENDING, {"next_try_at": now + MINUTE}),
        Move(third, S.PENDING, {}),
    ]
    assert ledger.move_many(moves=moves, now=now) == 3
    assert [status for status, _text in stored()] == ["sent", "pending", "pending"]
    assert Message.objects.get(pk=second.pk).next_try_at == now + MINUTE


def test_a_row_that_somebody_else_has_taken_since_is_left_alone(claimed, now):
    messages = claimed(3)
    Message.objects.filter(pk=messages[1].pk).update(attempts=2)
    moves = [Move(message, S.VOID, {}) for message in messages]
    assert ledger.move_many(moves=moves, now=now) == 2
    assert [status for status, _text in stored()] == ["void", "sending", "void"]
    assert [message.status for message in messages] == ["void", "sending", "void"]


def test_who_will_not_get_it_is_told_of_one_by_one(claimed, now):
    moves = [Move(message, S.EXPIRED, {"error_text": "Too late."}) for message in claimed(2)]
    assert ledger.move_many(moves=moves, now=now) == 2
    assert kinds.told == [("patient:0", "expired", "Too late."), ("patient:1", "expired", "Too late.")]


@pytest.mark.parametrize("reasons", [("x" * 400, "short"), ("x" * 400, "x" * 400)])
def test_what_is_too_long_is_cut_whether_it_is_the_same_for_all_or_not(claimed, now, reasons):
    moves = [Move(message, S.VOID, {"error_text": reason}) for message, reason in zip(claimed(2), reasons, strict=True)]
    ledger.move_many(moves=moves, now=now)
    assert [len(text) for _status, text in stored()] == [min(len(reason), 300) for reason in reasons]


def test_a_move_that_does_not_exist_is_refused_for_many_too(claimed, now):
    with pytest.raises(ValueError, match="cannot go from sending to delivered"):
        ledger.move_many(moves=[Move(message, S.DELIVERED, {}) for message in claimed(2)], now=now)


def test_nothing_is_moved_with_no_statement(now, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert ledger.move_many(moves=[], now=now) == 0
