"""What an e-mail service says became of an e-mail. Any order, any number of times; of others' e-mails nothing."""

from datetime import datetime
from uuid import UUID

from messaging.domain import opt_outs, receipts

# In the words of anymail, which are those of all services.
MEANS = {
    "queued": "sent",
    "sent": "sent",
    "delivered": "delivered",
    "bounced": "undelivered",
    "rejected": "undelivered",
    "failed": "undelivered",
    # Whoever complains has read it.
    "complained": "delivered",
}
NO_MORE = frozenset({"complained", "unsubscribed"})


def apply(*, event: str, send_key: UUID | None, provider_id: str, now: datetime) -> None:
    """Who called it unwanted, or stopped it at the service, gets no more at the address we wrote to. Idempotent."""
    if event in NO_MORE:
        message = receipts.find(provider_id=provider_id, send_key=send_key)
        if message is not None and message.sent_to:
            opt_outs.record(address=message.sent_to, how=f"mail service: {event}", now=now)
    if event in MEANS:
        receipts.apply(provider_id=provider_id, send_key=send_key, status=MEANS[event], now=now)
