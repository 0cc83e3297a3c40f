"""What is to be said. Domain code of the apps above calls this in the transaction of the change it makes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet

from messaging.enums import MessageStatus
from messaging.models import Message

RESENT_LASTS = timedelta(hours=12)
# How the rule begins of what staff sent again.
RESENT = "resent: "
PENDING, SENDING, VOID = MessageStatus.PENDING, MessageStatus.SENDING, MessageStatus.VOID
Key = tuple[str, str, datetime | None, str, str]

KEY = ("kind", "subject", "about_at", "recipient", "channel")
TIMING = ("due_at", "not_after", "language", "rule", "zone", "wall_time")

# One statement however many rows: row by row, a long course would cost a hundred round trips.
RESCHEDULE = """
UPDATE messaging_message AS message
SET status = 'pending', due_at = new.due_at, not_after = new.not_after, language = new.language, rule = new.rule,
    zone = new.zone, wall_time = new.wall_time, plan_version = plan_version + LEAST(plan_version, 1),
    next_try_at = NULL, error_class = '', error_text = '', updated_at = %s
FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::text[])
    AS new (id, due_at, not_after, language, rule, zone, wall_time)
WHERE message.id = new.id
"""


# What was said before is said: the row that says so stays as it is.
INSERT = """
INSERT INTO messaging_message (site_id, plan_version, created_at, updated_at, scope, kind, subject, about_at, recipient,
    channel, due_at, not_after, language, rule, zone, wall_time, status, attempts, settle_rounds, unsure_times,
    send_key, provider_id, sent_to, email_subject, body, error_class, error_text)
SELECT %s, %s, %s, %s, new.*, 'pending', 0, 0, 0, gen_random_uuid(), '', '', '', '', '', ''
FROM unnest(%s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::text[], %s::text[], %s::timestamptz[],
    %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::text[]) AS new
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One message that should go. The first five say which one it is, the rest when and how."""

    kind: str
    subject: str
    about_at: datetime | None
    recipient: str
    channel: str
    due_at: datetime
    not_after: datetime
    language: str = "en"
    rule: str = ""
    zone: str = ""
    wall_time: str = ""

    @property
    def key(self) -> Key:
        return self.kind, self.subject, self.about_at, self.recipient, self.channel


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What a reconciliation did. `too_late` were wanted, and of no more use already: they are not written down."""

    inserted: int = 0
    revived: int = 0
    rescheduled: int = 0
    voided: int = 0
    kept: int = 0
    too_late: int = 0


def reconcile(*, site_id: int, scope: str, wanted: Sequence[Wanted], now: datetime) -> Changes:
    """Makes the waiting messages of a scope equal to the plan. Idempotent; call it inside the change's transaction.

    What was said stays said: rows that were sent, are being sent, or whose fate is unknown keep their state. A row
    being sent that the plan dropped or moved gets a new plan version, so its sender asks again before the request.
    Rows made by `post` and `resend` are left alone. Locks the scope's rows; at most five queries.
    """
    with transaction.atomic():
        existing = {key_of(row): row for row in Message.objects.select_for_update().filter(scope=scope).order_by("pk")}
        plan = {want.key: want for want in wanted}
        new, revive, move, fence = [], [], [], []
        kept = late = 0
        for key, want in plan.items():
            row = existing.get(key)
            if row is None and want.not_after > now:
                new.append((scope, want))
            elif row is None or (row.status == VOID and want.not_after <= now):
                late += 1
            elif row.status == VOID and row.sent_at is None:
                revive.append((row, want))
            elif row.status == PENDING and _differs(row, want):
                move.append((row, want))
            else:
                kept += 1
                if row.status == SENDING and _differs(row, want):
                    fence.append(row.pk)
        dropped = [row for key, row in existing.items() if key not in plan and row.plan_version > 0]
        void = [row.pk for row in dropped if row.status == PENDING]
        fence += [row.pk for row in dropped if row.status == SENDING]

        _insert(new, site_id=site_id, plan_version=1, now=now)
        _reschedule(revive + move, now)
        if void:
            Message.objects.filter(pk__in=void).update(
                status=VOID, plan_version=F("plan_version") + 1, next_try_at=None, updated_at=now
            )
        if fence:
            Message.objects.filter(pk__in=fence).update(plan_version=F("plan_version") + 1, updated_at=now)
    return Changes(
        inserted=len(new),
        revived=len(revive),
        rescheduled=len(move),
        voided=len(void),
        kept=kept,
        too_late=late,
    )


def begin(*, site_id: int, wanted: Mapping[str, Sequence[Wanted]], now: datetime) -> None:
    """`reconcile` for scopes that this transaction has just made up: nothing can be waiting in them. One query."""
    rows = [(scope, want) for scope, plan in wanted.items() for want in plan if want.not_after > now]
    _insert(rows, site_id=site_id, plan_version=1, now=now)


def post(*, site_id: int, scope: str, wanted: Wanted, now: datetime) -> Message:
    """One message outside any plan. Idempotent: said before means the row that said it comes back."""
    with transaction.atomic():
        _insert([(scope, wanted)], site_id=site_id, plan_version=0, now=now)
        row = Message.objects.select_for_update().get(**dict(zip(KEY, wanted.key, strict=True)))
        if row.status == VOID and row.sent_at is None:
            _reschedule([(row, wanted)], now)
            row.refresh_from_db()
    return row


def resend(*, message: Message, reason: str, now: datetime) -> Message:
    """Says it again, as a new row about this minute: pressing the button twice sends once.

    Raises ValueError without a reason: the ledger says why somebody got it twice.
    """
    if not reason.strip():
        raise ValueError("A message is sent again for a reason.")
    wanted = Wanted(
        kind=message.kind,
        subject=message.subject,
        about_at=now.replace(second=0, microsecond=0),
        recipient=message.recipient,
        channel=message.channel,
        due_at=now,
        not_after=max(message.not_after, now + RESENT_LASTS),
        language=message.language,
        rule=f"{RESENT}{reason.strip()}"[:120],
        zone=message.zone,
    )
    return post(site_id=message.site_id, scope=message.scope, wanted=wanted, now=now)


def waiting(*, now: datetime) -> QuerySet[Message]:
    """What should have gone and has not. One that waits for the morning is none of them; one that is tried again and
    again is."""
    ready = Q(next_try_at__isnull=True) | Q(next_try_at__lte=now) | ~Q(error_class="")
    return Message.objects.filter(ready, status=PENDING, due_at__lte=now)


def key_of(row: Message) -> Key:
    """What one message is known by, as ``Wanted.key``."""
    return row.kind, row.subject, row.about_at, row.recipient, row.channel


def _differs(row: Message, want: Wanted) -> bool:
    return any(getattr(row, name) != getattr(want, name) for name in TIMING)


def _insert(rows: Sequence[tuple[str, Wanted]], *, site_id: int, plan_version: int, now: datetime) -> None:
    if not rows:
        return
    columns = [[getattr(want, name) for _scope, want in rows] for name in KEY + TIMING]
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [site_id, plan_version, now, now, [scope for scope, _want in rows], *columns])


def _reschedule(pairs: Sequence[tuple[Message, Wanted]], now: datetime) -> None:
    if not pairs:
        return
    columns = [[getattr(want, name) for _row, want in pairs] for name in TIMING]
    with connection.cursor() as cursor:
        cursor.execute(RESCHEDULE, [now, [row.pk for row, _want in pairs], *columns])
