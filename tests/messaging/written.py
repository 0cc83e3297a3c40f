"""What a message would say if it left now."""

from datetime import datetime

from messaging.domain import kinds, words
from messaging.domain.kinds import Draft
from messaging.models import Message


def draft(message: Message, now: datetime) -> Draft:
    kind = kinds.get(message.kind)
    return words.draft(message=message, kind=kind, facts=kind.facts(message, now))
