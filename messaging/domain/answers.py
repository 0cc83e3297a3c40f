"""A yes or no by text belongs to the one question that stands for its number. Where that is not certain, nobody
guesses."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction

from messaging.domain import kinds
from messaging.domain.kinds import Kind
from messaging.enums import Answer, Channel, MessageStatus, Reply
from messaging.models import InboundText, Message

log = structlog.get_logger(__name__)

S = MessageStatus
# It may have reached the phone that answers.
ARRIVED = (S.SENDING, S.SENT, S.DELIVERED, S.UNDELIVERED, S.UNKNOWN)
STANDS_FOR = timedelta(days=14)
# Two texts of one phone that say yes and no within this may have overtaken each other: a person asks which holds.
OVERTAKES = timedelta(minutes=10)
# Nobody reads a text and answers it sooner: such an answer is to what was asked before.
READS_IT = timedelta(seconds=2)
ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


def take(*, text: InboundText, now: datetime) -> bool:
    """Puts a text that says yes or no to its question: the message keeps the answer, the text the question.

    False, and the text is marked unclear, where no question or several stand, where it contradicts an answer given just
    before, or where the kind could not take it. An answer to what was answered before changes it.
    """
    is_yes = text.handled == Reply.YES
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(ONE_AT_A_TIME, [f"answer:{text.from_number}"])
        asked = question(number=text.from_number, now=now)
        if asked is not None and _taken(asked, text, is_yes, now):
            text.question = asked
        else:
            text.handled = Reply.UNCLEAR
        text.save(update_fields=["handled", "question"])
    return text.question is not None


def question(*, number: str, now: datetime) -> Message | None:
    """The one question that stands for this number; None where there is none, or more than one.

    Of several messages about one matter the newest is the question. One that was answered by text stands, so that
    people can change their mind, as long as no unanswered one does. None stands once the number was written to about
    another matter: a yes may be to that.
    """
    sent = Message.objects.filter(sent_to=number, channel=Channel.SMS, status__in=ARRIVED)
    recent = sent.filter(posted_at__gt=now - STANDS_FOR, posted_at__lte=now - READS_IT)
    said = recent.exclude(kind__in=_named(lambda kind: kind.is_reply)).order_by("-posted_at", "-pk")
    newest: dict[tuple[str, str], Message] = {}
    for message in said.filter(kind__in=_named(lambda kind: kind.on_answer is not None)):
        if _stands(message, now):
            newest.setdefault(_matter(message), message)
    unanswered = [message for message in newest.values() if not message.answer]
    standing = unanswered or list(newest.values())
    last = said.first()
    if last is None or [_matter(message) for message in standing] != [_matter(last)]:
        return None
    return standing[0]


def _named(fits: Callable[[Kind], bool]) -> list[str]:
    return [name for name in kinds.names() if fits(kinds.get(name))]


def _matter(message: Message) -> tuple[str, str]:
    return message.scope, message.recipient


def _stands(message: Message, now: datetime) -> bool:
    asks = kinds.get(message.kind).is_open
    return asks is None or asks(message, now)


def _taken(asked: Message, text: InboundText, is_yes: bool, now: datetime) -> bool:
    answer = Answer.YES if is_yes else Answer.NO
    if asked.answer not in ("", answer) and asked.answered_at is not None and now < asked.answered_at + OVERTAKES:
        return False
    on_answer = kinds.get(asked.kind).on_answer
    try:
        with transaction.atomic():
            if on_answer is None or not on_answer(asked, text, is_yes, now):
                transaction.set_rollback(True)
                return False
            asked.answer, asked.answered_at, asked.updated_at = answer, now, now
            asked.save(update_fields=["answer", "answered_at", "updated_at"])
            return True
    except Exception as error:
        log.error("answer_not_taken", inbound_id=text.pk, message_id=asked.pk, error=type(error).__name__)
        return False
