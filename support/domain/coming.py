"""What is still to be said about a visit: the plan of touches, calls too, joined with what waits in the outbox."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.models import Infusion
from messaging.domain import outbox
from messaging.domain.outbox import Wanted
from messaging.enums import Channel, MessageStatus
from messaging.models import Message
from support.domain import ledger_words, plan, visit_state

S = MessageStatus
# Of these there is never a message.
ONLY_CALLS: dict[str, str | Promise] = {"helper_unreached": gettext_lazy("Can they help?")}


@dataclass(frozen=True, kw_only=True)
class Coming:
    """One message or call to come, ``at`` a moment. ``message`` is its row in the outbox, None for a call and for what
    the plan holds and the outbox not yet. ``why`` it waits, if it does."""

    key: outbox.Key
    what: str
    to: str
    is_helper: bool
    channel: str
    at: datetime
    why: str
    is_call: bool
    message: Message | None


def of(*, visit: Infusion, now: datetime) -> list[Coming]:
    """In the order of time. As many queries for one as for many; changes nothing."""
    rows = list(
        Message.objects.filter(site_id=visit.site_id, scope=f"infusion:{visit.pk}")
        .exclude(status=S.VOID)
        .select_related("site")
        .order_by("due_at", "recipient", "kind")
    )
    known = {outbox.key_of(row) for row in rows}
    waiting = [row for row in rows if row.status in ledger_words.WAITING]
    touches = plan.touches(state=visit_state.load(infusions=[visit])[visit.pk], now=now)
    # A call that is due is a task at the desk already.
    calls = [touch.wanted for touch in touches if touch.is_call and touch.wanted.due_at > now]
    unwritten = [touch.wanted for touch in touches if not touch.is_call and touch.wanted.key not in known]
    written = ledger_words.lines(messages=[*waiting, *_as_rows(visit, calls), *_as_rows(visit, unwritten)], now=now)
    found = [
        *(_coming(line, message=line.message) for line in written[: len(waiting)]),
        *(_call(line, call) for line, call in zip(written[len(waiting) :], calls, strict=False)),
        *(
            _coming(line, why=_("It is put in line with the next round."))
            for line in written[len(waiting) + len(calls) :]
        ),
    ]
    return sorted(found, key=lambda coming: (coming.at, coming.key[3], coming.key[0]))


def _as_rows(visit: Infusion, wanted: Iterable[Wanted]) -> list[Message]:
    """As they would stand in the outbox, for the words of the ledger; nobody keeps them."""
    return [
        Message(
            site=visit.site,
            kind=each.kind,
            subject=each.subject,
            about_at=each.about_at,
            recipient=each.recipient,
            channel=each.channel if each.channel in Channel.values else Channel.SMS,
            due_at=each.due_at,
            zone=each.zone,
        )
        for each in wanted
    ]


def _coming(line: ledger_words.Line, *, message: Message | None = None, why: str = "") -> Coming:
    row = line.message
    again = row.next_try_at if row.status == S.PENDING else None
    return Coming(
        key=outbox.key_of(row),
        what=line.what,
        to=line.to,
        is_helper=line.is_helper,
        channel=line.channel,
        at=max(row.due_at, again or row.due_at),
        why=why or line.why,
        is_call=False,
        message=message,
    )


def _call(line: ledger_words.Line, call: Wanted) -> Coming:
    return Coming(
        key=call.key,
        what=str(ONLY_CALLS.get(call.kind, line.what)),
        to=line.to,
        is_helper=line.is_helper,
        channel=_("Call"),
        at=call.due_at,
        why="",
        is_call=True,
        message=None,
    )
