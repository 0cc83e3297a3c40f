"""What the provider says became of a text: by callback or by look-up. Any order, any number of times."""

from collections import Counter
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from messaging.domain import kinds, ledger, traffic
from messaging.enums import RECEIPT_MAY_CORRECT, WITH_PROVIDER, Channel, MessageStatus, Settled
from messaging.models import Message

MEANS = {
    "accepted": MessageStatus.SENT,
    "queued": MessageStatus.SENT,
    "sending": MessageStatus.SENT,
    "sent": MessageStatus.SENT,
    "delivered": MessageStatus.DELIVERED,
    "read": MessageStatus.DELIVERED,
    "undelivered": MessageStatus.UNDELIVERED,
    "failed": MessageStatus.UNDELIVERED,
    "canceled": MessageStatus.UNDELIVERED,
}
RANK = {MessageStatus.SENT: 1, MessageStatus.UNDELIVERED: 2, MessageStatus.DELIVERED: 3}
LONGEST_ID = 120
# Each loss means somebody else moved the row forward; more than these in a row does not happen.
TRIES = 5


def apply(*, provider_id: str, send_key: UUID | None, status: str, now: datetime) -> bool:
    """True when it told us something new. Idempotent, order-free: nothing ever leads away from `delivered`.

    It may come before our own commit, after the row was given up, or for a message we never sent (then False).
    """
    means, provider_id = MEANS.get(status), provider_id.replace("\0", "")[:LONGEST_ID]
    if means is None:
        return False
    for _try in range(TRIES):
        message = find(provider_id=provider_id, send_key=send_key)
        if message is None or message.status not in RECEIPT_MAY_CORRECT or not message.sent_to:
            return False
        known = MessageStatus(message.status)
        if known in WITH_PROVIDER and RANK[means] <= RANK[known]:
            return False
        if ledger.correct(message=message, to=means, now=now, **_facts(message, means, provider_id, now)):
            if means != MessageStatus.SENT and not _is_reply(message):
                traffic.note(channel=message.channel, outcomes=Counter({means.value: 1}), now=now)
            return True
    return False


def find(*, provider_id: str, send_key: UUID | None) -> Message | None:
    """By our own key where it came along, else by the provider's name for it."""
    if send_key is not None:
        return Message.objects.filter(send_key=send_key).first()
    return Message.objects.filter(~Q(provider_id=""), provider_id=provider_id).first()


def _is_reply(message: Message) -> bool:
    """Whoever forges a number has us answer it: what becomes of that says nothing of the provider."""
    return message.kind in kinds.names() and kinds.get(message.kind).is_reply


def _facts(message: Message, means: MessageStatus, provider_id: str, now: datetime) -> dict[str, object]:
    facts: dict[str, object] = {
        "provider_id": message.provider_id or provider_id,
        "sent_at": message.sent_at or message.posted_at or now,
        "next_try_at": None,
        "error_class": "",
        "error_text": "",
    }
    if message.status == MessageStatus.UNKNOWN or message.settled:
        facts["settled"] = Settled.FOUND.value
    if means == MessageStatus.DELIVERED:
        facts["delivered_at"] = now
    if means == MessageStatus.UNDELIVERED:
        facts |= {"error_class": "undelivered", "error_text": _undelivered(message)}
    return facts


def _undelivered(message: Message) -> str:
    if message.channel == Channel.EMAIL:
        return _("The reader's mail server did not take it.")
    return _("The phone network could not deliver it.")
