"""What becomes of a message that will not reach its reader: another road, or a person who calls.

The roads are tried in the order the person likes, each once. What may have arrived is not said again by another road.
"""

from datetime import datetime

from django.utils.translation import gettext as _

from clinic.enums import ReachBy
from messaging.domain import kinds, outbox
from messaging.domain.outbox import RESENT, Wanted
from messaging.domain.standing import Standing
from messaging.enums import FAILED, MessageStatus
from messaging.models import Message
from support.domain import (
    alerts,
    place_offers,
    plan,
    purposes,
    replan,
    rules,
    subjects,
    texting_hours,
    visit_state,
    wording,
)
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
# Where it came too late, nobody needs to be told: nobody waits for it, or somebody calls by then anyway.
COURTESY = frozenset({"helper_covered", "helper_go_on", "helper_home", "patient_home"})
ROADS = (ReachBy.SMS, ReachBy.EMAIL, ReachBy.VOICE)


def on_dead(message: Message, sentence: str, now: datetime) -> None:
    """Says it by the next road while it is of use, and tells the desk, but not that a courtesy came too late. A call
    tells by itself."""
    who = wording.addressee(message)
    with alerts.for_the_desk():
        why = _why(message, who, sentence)
        road = _next_road(message, who) if now < message.not_after else None
        if road == ReachBy.VOICE:
            if _becomes_a_call(message, why, now):
                return
        elif road is not None:
            outbox.post(site_id=message.site_id, scope=message.scope, wanted=_by(road, message, now), now=now)
            instead = {ReachBy.SMS: _("It goes as a text instead."), ReachBy.EMAIL: _("It goes by e-mail instead.")}
            why = f"{why} {instead[road]}"
    if message.kind in COURTESY and message.status == MessageStatus.EXPIRED:
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


def _why(message: Message, who: Addressee, sentence: str) -> str:
    if message.error_class == kinds.UNCLEAR:
        why = _("A message to %(name)s may not have arrived. %(why)s")
    else:
        why = _("A message to %(name)s did not arrive. %(why)s")
    return why % {"name": who.contact.first_name, "why": sentence}


def _next_road(message: Message, who: Addressee) -> ReachBy | None:
    """None where there is none left, and where another message says the same already."""
    same = Message.objects.filter(
        kind=message.kind, subject=message.subject, about_at=message.about_at, recipient=message.recipient
    )
    states = dict(same.exclude(status=MessageStatus.VOID).values_list("channel", "status"))
    if any(status not in FAILED for status in states.values()):
        return None
    only_a_call = message.error_class == kinds.UNCLEAR
    person = who.contact
    known = visit_state.standing_of(person)
    for road in dict.fromkeys([person.prefers or ROADS[0], *ROADS]):
        if road == ReachBy.VOICE:
            # Of what staff sent again they know, and may have called.
            if message.kind in WORTH_A_CALL and not message.rule.startswith(RESENT):
                return ReachBy.VOICE
        elif not only_a_call and road not in states and _leads_to(road, message, who, known):
            return ReachBy(road)
    return None


def _leads_to(road: str, message: Message, who: Addressee, known: Standing) -> bool:
    person = who.contact
    if road == ReachBy.SMS and not texting_hours.leaves_hours(rules.at(site=who.site), person):
        return False
    address = person.email if road == ReachBy.EMAIL else "" if person.is_landline else person.phone
    about = purposes.to_agree(kind=message.kind, channel=road, is_patient=who.designation is None)
    asks = {"person": purposes.name(person), "purpose": about, "channel": road, "address": address}
    return known.is_open(address) and (not about or known.has_agreed(**asks))


def _becomes_a_call(message: Message, why: str, now: datetime) -> bool:
    """False where it is about nothing that somebody could be called about any more."""
    visit, offer = wording.visit_of(message), subjects.offer(message)
    if visit is not None:
        replan.open_call(visit=visit, call=_by(ReachBy.VOICE, message, now), now=now, why=why)
    elif offer is not None:
        place_offers.call(offer=offer, now=now, why=why)
    return visit is not None or offer is not None


def _by(road: ReachBy, message: Message, now: datetime) -> Wanted:
    return Wanted(
        kind=message.kind,
        subject=message.subject,
        about_at=message.about_at,
        recipient=message.recipient,
        channel=road,
        due_at=now,
        not_after=message.not_after,
        language=message.language,
        rule=message.rule if message.rule.startswith(RESENT) else f"after one by {message.channel} that did not arrive",
        zone=message.zone,
    )
