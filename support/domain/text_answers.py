"""A yes or no by text to what a helper was asked by text: a date, whether they still come, the invitation.

Each takes an answer that belongs to one question for certain (``messaging.domain.answers``), or says that it could not:
then nothing has changed, and the helper gets their link or a call.
"""

from datetime import datetime
from typing import TypedDict

from clinic.domain.errors import Refused
from clinic.enums import AHEAD_OR_HERE
from clinic.models import Infusion
from messaging.domain import consents
from messaging.enums import Channel
from messaging.models import InboundText, Message
from support.domain import agreeing, commitments, date_answers, designations, promise_rows, purposes, same_number
from support.enums import HOLDING, AnsweredVia, CommitmentStatus, Purpose, SupportRole
from support.models import Commitment, Designation

S = CommitmentStatus
INVITATION = "helper_invitation"
NEW_DATES = "helper_new_dates"
RECONFIRM = "helper_reconfirm"
# A plain yes or no by text answers these.
ASKS = frozenset({INVITATION, NEW_DATES, RECONFIRM, "helper_ask_again", "helper_ask_new_time"})
# A word given by text can be taken back, both ways.
CHANGEABLE = frozenset({S.ASKED, S.ACCEPTED, S.RECONFIRMED, S.DECLINED, S.WITHDRAWN})


class Said(TypedDict):
    via: str
    now: datetime
    actor: str


def is_open(message: Message, now: datetime) -> bool:
    """Whether the question still stands. One that was answered by text stands while its answer can be changed."""
    named = _named(message, now)
    if named is None:
        return False
    if message.kind == INVITATION:
        return not message.answer and not _has_said_yes(named)
    if message.answer:
        return any(row.status in CHANGEABLE for row in _rows(message, named))
    waits_for = S.ACCEPTED if message.kind == RECONFIRM else S.ASKED
    return any(row.status == waits_for for row in _rows(message, named))


def on_answer(message: Message, text: InboundText, is_yes: bool, now: datetime) -> bool:
    """False where it could not be taken: a phone two people share, a date somebody else has by now, or one that is
    over."""
    named = _named(message, now)
    if named is None or same_number.holders(number=text.from_number).is_shared:
        return False
    if message.kind == INVITATION:
        return _to_invitation(message, named, is_yes, now)
    try:
        return (_yes if is_yes else _no)(message, named, now)
    except Refused:
        return False


def _yes(message: Message, named: Designation, now: datetime) -> bool:
    """To every part they are asked for, or none where somebody else has the way home by now."""
    said = _said(named, now)
    take = [row.pk for row in _rows(message, named) if row.status not in HOLDING]
    answered = date_answers.answer_dates(designation=named, take=take, **said)
    held = [row for row in _rows(message, named) if row.status in HOLDING]
    if answered.too_late or answered.changed or not held:
        return False
    if message.kind == RECONFIRM:
        for row in held:
            commitments.reconfirm(commitment=row, **said)
    return True


def _no(message: Message, named: Designation, now: datetime) -> bool:
    """To what they were asked for; after a yes, or where they were asked whether they still come, to all they hold."""
    rows = _rows(message, named)
    asked = [row for row in rows if row.status == S.ASKED]
    for row in rows if message.kind == RECONFIRM else asked or rows:
        commitments.decline(commitment=row, **_said(named, now))
    return bool(rows)


def _said(named: Designation, now: datetime) -> Said:
    return {"via": AnsweredVia.TEXT, "now": now, "actor": f"designation:{named.pk}"}


def _to_invitation(message: Message, named: Designation, is_yes: bool, now: datetime) -> bool:
    """A yes is to texts about helping, in answer to the words that were sent; the dates they choose by their link."""
    if not is_yes:
        date_answers.decline_open(designation=named, **_said(named, now))
        return True
    agreeing.agree(contact=named.person, by=[Channel.SMS], wording=message.body, how=AnsweredVia.TEXT, now=now)
    designations.note(named, f"designation:{named.pk}", "person.texts_agreed", now)
    return True


def _named(message: Message, now: datetime) -> Designation | None:
    """Whom it was sent to, where they are still named and still have the number it went to."""
    what, _colon, pk = message.recipient.partition(":")
    if what != "designation":
        return None
    named = Designation.objects.select_related("person__site", "patient__site").filter(pk=int(pk)).first()
    if named is None or not named.holds_at(now) or named.person.phone != message.sent_to:
        return None
    return named


def _has_said_yes(named: Designation) -> bool:
    who = named.person
    return consents.agreed(person=purposes.name(who), purpose=Purpose.RIDES, channel=Channel.SMS, address=who.phone)


def _rows(message: Message, named: Designation) -> list[Commitment]:
    """Their part of the one visit a message asks about, at the time it says; empty where that is over, has another time
    by now, or the message asks about several."""
    visit = _visit(message, named)
    if visit is None or promise_rows.is_over(visit):
        return []
    mine = Commitment.objects.filter(infusion=visit, designation=named, for_starts_at=visit.starts_at)
    rows = list(mine.exclude(status=S.VOID).select_related("designation__person", "infusion").order_by("pk"))
    rows.sort(key=lambda row: row.role != SupportRole.RIDE)
    if message.about_at == visit.starts_at:
        return rows
    # Sent again, or about a series: it says this time only if they were asked for it before it went.
    return [row for row in rows if message.posted_at is not None and row.asked_at < message.posted_at]


def _visit(message: Message, named: Designation) -> Infusion | None:
    """The visit it asks about; of a series the one date that is open, None where there are several."""
    visits = Infusion.objects.select_related("site", "patient")
    if message.kind != NEW_DATES:
        return visits.filter(pk=int(message.scope.partition(":")[2])).first()
    course = int(message.subject.partition(":")[2])
    mine = Commitment.objects.filter(designation=named, infusion__course=course).exclude(status=S.VOID)
    ahead = set(mine.filter(infusion__status__in=AHEAD_OR_HERE).values_list("infusion_id", flat=True))
    return visits.filter(pk=ahead.pop()).first() if len(ahead) == 1 else None
