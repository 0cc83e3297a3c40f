"""How many texts one number gets, and how near each other: looked at in the transaction that begins a request.

The limits belong to the number, so that one who helps three patients is one person, and so are two who share a phone.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from messaging.domain import kinds, outbox
from messaging.domain.kinds import Budget, Kind, Verdict
from messaging.enums import Channel
from messaging.models import Message

DAY, WEEK = timedelta(days=1), timedelta(days=7)
NO_LIMIT = 2**31 - 1

# What may have reached the number. Kinds that are answers, or cannot wait, are not held against it.
SAID = """
FROM messaging_message
WHERE sent_to = %(to)s AND posted_at > %(week)s AND kind <> ALL(%(free)s)
    AND (status IN ('sending', 'unknown', 'sent', 'delivered', 'undelivered') OR error_class = %(unclear)s)
"""

# One round trip and one transaction: whoever begins a text to the same number at this moment is waited for, and the
# statement after that sees it.
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('texts to ' || %(to)s, 0));"
ROOM = f"""
AND (
    SELECT count(*) < %(per_week)s AND count(*) FILTER (WHERE posted_at > %(day)s) < %(per_day)s
        AND coalesce(max(posted_at) <= %(apart)s, true)
    {SAID}
)
"""
TIMES = f"SELECT posted_at {SAID} ORDER BY posted_at DESC"


def that_holds(*, budget: Budget, kind: Kind, message: Message) -> Budget | None:
    """What must be looked at before this message; None: nothing. An e-mail waits until somebody looks, a text rings.

    Who presses "send again" has somebody on the line who waits for it: that keeps no distance, and is counted.
    """
    if not kind.counts or message.channel != Channel.SMS:
        return None
    if message.rule.startswith(outbox.RESENT):
        budget = replace(budget, apart=timedelta(0))
    return budget if budget != Budget() else None


def guarded(update: str) -> str:
    """The UPDATE that begins a request, so that it changes nothing where `asked` leaves no room."""
    return LOCK + update + ROOM


def asked(*, to: str, budget: Budget, now: datetime) -> dict[str, Any]:
    """What `guarded` wants to be given."""
    return {
        "to": to,
        "day": now - DAY,
        "week": now - WEEK,
        "apart": now - budget.apart,
        "per_day": budget.per_day or NO_LIMIT,
        "per_week": budget.per_week or NO_LIMIT,
        "unclear": kinds.UNCLEAR,
        "free": [name for name in kinds.names() if not kinds.get(name).counts],
    }


def room(*, to: str, budget: Budget, not_after: datetime, now: datetime) -> Verdict:
    """Why `guarded` changed nothing: not so soon after the last one, or as many as the clinic allows already.

    There is a time to look again unless the limit holds for as long as the message is of use.
    """
    with connection.cursor() as cursor:
        cursor.execute(TIMES, asked(to=to, budget=budget, now=now))
        times = [posted_at for (posted_at,) in cursor.fetchall()]
    for limit, span, reason in (
        (budget.per_week, WEEK, _("This number has had as many texts this week as the clinic allows.")),
        (budget.per_day, DAY, _("This number has had as many texts today as the clinic allows.")),
    ):
        if limit and len(times) >= limit and times[limit - 1] > now - span:
            free = times[limit - 1] + span
            return Verdict(wanted=False, reason=reason, retry_at=free if free < not_after else None)
    if times and times[0] > now - budget.apart:
        reason = _("This number had a text a moment ago.")
        return Verdict(wanted=False, reason=reason, retry_at=times[0] + budget.apart)
    return Verdict(wanted=True)
