"""A message that did not arrive is sent again by a person: what would happen first, then the act, with its reason."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from clinic.domain import audit, locks
from clinic.domain.errors import Refused
from clinic.models import StaffMember
from messaging.domain import dispatch, firewall, kinds, outbox, words
from messaging.domain.compile import Faulty
from messaging.domain.outbox import RESENT
from messaging.enums import FAILED, MessageStatus
from messaging.models import Message
from support.domain import ledger_words

SHORTEST_REASON = 3


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What sending it again would do now. ``why_not`` is empty where it would go: ``to`` whom, with which ``words``
    (the link masked), ``not_before`` the hour it waits for."""

    why_not: str = ""
    to: str = ""
    subject: str = ""
    words: str = ""
    not_before: datetime | None = None


def preview(*, message: Message, now: datetime) -> Outlook:
    """``outlook``, with nothing written."""
    with transaction.atomic():
        look = outlook(message=message, now=now)
        transaction.set_rollback(True)
    return look


def outlook(*, message: Message, now: datetime) -> Outlook:
    """Asks what is asked at the moment of sending, but for the number's budget. Changes nothing but a link's life."""
    if message.status not in FAILED:
        return Outlook(why_not=_("It went, or is on its way."))
    if ledger_words.sent_again(message=message):
        return Outlook(why_not=_("It was sent again already."))
    again = Message(**{name: getattr(message, name) for name in ("site", "scope", "language", "zone", *outbox.KEY)})
    again.rule, again.due_at, again.not_after = RESENT, now, message.not_after
    kind = kinds.get(message.kind)
    verdict = kind.still_wanted(again, now)
    if not verdict.wanted:
        return Outlook(why_not=verdict.reason)
    facts = kind.facts(again, now)
    try:
        draft = words.draft(message=again, kind=kind, facts=facts)
    except Faulty as fault:
        return Outlook(why_not=str(fault))
    verdict = firewall.check(draft=draft, facts=facts, kind=kind, message=again, now=now)
    if not verdict.wanted and verdict.retry_at is None:
        return Outlook(why_not=verdict.reason)
    return Outlook(to=draft.to, subject=draft.subject, words=dispatch.masked(draft), not_before=verdict.retry_at)


def resend(*, message: Message, reason: str, actor: StaffMember, now: datetime) -> Outlook:
    """Once for each message, however often the button is pressed. Raises ``Refused`` without a reason, and where it
    would not go."""
    said = reason.strip()
    if len(said) < SHORTEST_REASON:
        raise Refused(_("Say in a few words why it goes again."))
    with transaction.atomic():
        row = locks.held(Message.objects.select_related("site"), message.pk)
        look = outlook(message=row, now=now)
        if look.why_not:
            raise Refused(look.why_not)
        if outbox.resend(message=row, reason=said, now=now).status != MessageStatus.PENDING:
            raise Refused(_("It was tried a moment ago. Please wait a minute."))
        [line] = ledger_words.lines(messages=[row])
        audit.record(
            actor=audit.staff(actor),
            verb="message.resent",
            now=now,
            patient_id=line.patient.pk if line.patient else None,
            subject=f"message:{row.pk}",
        )
    return look
