"""When to try again what was certainly not taken."""

import random
from datetime import datetime, timedelta

from django.conf import settings

from messaging.models import Message

FIRST = timedelta(seconds=30)
LONGEST = timedelta(minutes=5)


def next_try(*, message: Message, now: datetime, asked: int | None = None) -> datetime:
    """Longer each time, never in step with the others, with one try left before it is of no more use.

    What the provider `asked` for (seconds) is waited for whole: who comes back sooner is turned away for longer.
    """
    chance = random.random()  # noqa: S311
    wait = min(FIRST * (1 << min(message.attempts - 1, 10)), LONGEST) * (0.5 + chance / 2)
    if asked is not None:
        wait = max(wait, timedelta(seconds=asked) * (1 + chance / 10))
    last = message.not_after - timedelta(seconds=settings.MESSAGE_LEASE_SECONDS)
    return now + wait if now >= last else min(now + wait, last)
