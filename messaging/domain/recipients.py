"""Who a message is for, when two names turn out to be one person."""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from messaging.enums import MessageStatus
from messaging.models import Message

SAID = ("kind", "subject", "about_at", "channel")


def rename(*, was: str, to: str, now: datetime) -> int:
    """What was said to ``was`` counts as said to ``to``, and what waits goes to ``to``; how many rows.

    What both were to hear is said once: the other row is void where it still waits.
    """
    with transaction.atomic():
        rows = Message.objects.select_for_update().filter(recipient=was).order_by("pk")
        known = set(Message.objects.filter(recipient=to).values_list(*SAID))
        renamed = [row.pk for row in rows if tuple(getattr(row, name) for name in SAID) not in known]
        Message.objects.filter(pk__in=renamed).update(recipient=to, updated_at=now)
        Message.objects.filter(recipient=was, status=MessageStatus.PENDING).update(
            status=MessageStatus.VOID, plan_version=F("plan_version") + 1, next_try_at=None, updated_at=now
        )
        return len(renamed)
