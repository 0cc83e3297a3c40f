"""What becomes of a message that will not reach its reader: another road, or a person who calls."""

from datetime import datetime

from django.utils.translation import gettext as _

from messaging.domain import kinds, outbox
from messaging.domain.outbox import Wanted
from messaging.enums import Channel
from messaging.models import Message
from support.domain import alerts, place_offers, plan, replan, subjects, wording
from support.domain.wording import Addressee
from support.enums import AlertKind

# What has no plan is as much worth a call as what a plan wants.
WORTH_A_CALL = plan.WORTH_A_CALL | {
    "patient_moved",
    "patient_closed",
    "patient_open",
    "helper_closed",
    "helper_open",
    "waitlist_offer",
}
# What the rule of a message begins with that staff sent again.
RESENT = "resent"


def on_dead(message: Message, sentence: str, now: datetime) -> None:
    """A text that cannot arrive is tried by e-mail, and the desk is told either way.

    What may have arrived is not said again by another road. That, and what has no other road, becomes a call where it
    is worth one and still of use.
    """
    who = wording.addressee(message)
    name = who.designation.person.first_name if who.designation is not None else who.patient.first_name
    is_unclear = message.error_class == kinds.UNCLEAR
    if is_unclear:
        why = _("A message to %(name)s may not have arrived. %(why)s")
    else:
        why = _("A message to %(name)s did not arrive. %(why)s")
    why %= {"name": name, "why": sentence}
    if now < message.not_after:
        if not is_unclear and _has_email(message, who):
            outbox.post(site_id=message.site_id, scope=message.scope, wanted=_by_email(message, now), now=now)
        elif _becomes_a_call(message, why, now):
            return
    alerts.open_alert(
        kind=AlertKind.MESSAGE_FAILED,
        key=f"failed:{message.recipient}:{message.channel}",
        says=why,
        patient=who.patient,
        infusion=wording.visit_of(message),
        designation=who.designation,
        now=now,
    )


def _has_email(message: Message, who: Addressee) -> bool:
    if message.channel != Channel.SMS or message.about_at is None or not who.email:
        return False
    return wording.may_be_written_to(who, kind=message.kind, channel=Channel.EMAIL)


def _becomes_a_call(message: Message, why: str, now: datetime) -> bool:
    """False for what is not worth one, and for what staff sent again: they know of it, and may have called."""
    if message.rule.startswith(RESENT) or message.kind not in WORTH_A_CALL:
        return False
    visit, offer = wording.visit_of(message), subjects.offer(message)
    if visit is not None:
        replan.open_call(visit=visit, call=_by_email(message, now), now=now, why=why)
    elif offer is not None:
        place_offers.call(offer=offer, now=now, why=why)
    return visit is not None or offer is not None


def _by_email(message: Message, now: datetime) -> Wanted:
    return Wanted(
        kind=message.kind,
        subject=message.subject,
        about_at=message.about_at,
        recipient=message.recipient,
        channel=Channel.EMAIL,
        due_at=now,
        not_after=message.not_after,
        language=message.language,
        rule="after a text that could not arrive",
        zone=message.zone,
    )
