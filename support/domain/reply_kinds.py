"""The answers to texts: sent at once, at any hour, beside the budget, since the reader has just written to us.

They go to a helper or a patient with their own link, and to a number nobody has, or several, without one.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from django.core.exceptions import ObjectDoesNotExist
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.domain import times
from clinic.models import Site
from messaging.domain import kinds, opt_outs, words
from messaging.domain.kinds import Facts, Kind, Slot, Verdict
from messaging.enums import Audience
from messaging.models import InboundText, Message
from support.domain import links, replies, same_number, staffed, wording
from support.domain.wording import Addressee
from support.domain.wording_slots import DANGER, SITE

STRANGER = "number"
_READ = {
    "until": Slot(longest="23:30", says=gettext_lazy("until when somebody reads texts today; nothing while closed")),
    "opens": Slot(longest="Wed 23 Sep 23:30", says=gettext_lazy("from when somebody reads texts; nothing while open")),
}
SLOTS: Mapping[str, Mapping[str, Slot]] = {
    "reply_help": {**SITE, **DANGER},
    "reply_link": SITE,
    "reply_noted": SITE,
    "reply_staffed": {**SITE, **DANGER, **_READ},
    "reply_stopped": SITE,
}
# The reader waits for these: where they do not arrive, a person calls.
WAITED_FOR = frozenset({"reply_link", "reply_noted"})


def register_all() -> None:
    """Once, from ``AppConfig.ready()``."""
    for name, slots in SLOTS.items():
        kinds.register(
            Kind(
                name=name,
                audience=Audience.HELPER,
                facts=facts,
                still_wanted=STILL[name],
                on_dead=on_dead,
                quiet_exempt=True,
                slots=slots,
                counts=False,
                despite_stop=name == "reply_stopped",
                is_reply=True,
            )
        )


def facts(message: Message, now: datetime) -> Facts:
    """What is true as it is sent: the hours of a text that was held up are those of now."""
    who = reader(message)
    site = who.site if who is not None else message.site
    language = words.spoken(message)
    values: dict[str, str | bool] = {"site": wording.readable(site.public_name), "phone": site.phone}
    if "danger" in SLOTS[message.kind]:
        is_patient = who is not None and who.designation is None
        values["danger"] = wording.danger(site, language) if is_patient else ""
    if "until" in SLOTS[message.kind]:
        values |= hours(site=site, now=now, language=language)
    return Facts(
        to=who.phone if who is not None else _text(message).from_number,
        wording=message.kind,
        values=values,
        link=links.address(wording.link_for(who, now)) if who is not None else "",
        never=tuple(site.never_say),
        zone=who.zone.key if who is not None else "",
    )


def hours(*, site: Site, now: datetime, language: str) -> dict[str, str | bool]:
    """When somebody reads what comes in, on the clinic's clock: until when today, or from when. Both empty where nobody
    knows."""
    reading = staffed.next_open(site=site, now=now)
    if reading is None:
        return {"until": "", "opens": ""}
    if reading.is_open:
        return {"until": f"{reading.at.astimezone(site.zone):%H:%M}", "opens": ""}
    return {"until": "", "opens": _opens(reading.at, now=now, zone=site.zone, language=language)}


def reader(message: Message) -> Addressee | None:
    """None for a number that nobody has, or several. Raises DoesNotExist for somebody who is no longer there."""
    return None if message.recipient.partition(":")[0] == STRANGER else wording.addressee(message)


def on_dead(message: Message, sentence: str, now: datetime) -> None:
    """No other road: where somebody waits for it, a person reads their text and calls."""
    text = _text(message)
    if message.kind in WAITED_FOR:
        replies.needs_a_person(text, same_number.holders(number=text.from_number), now)


def still_there(message: Message, now: datetime) -> Verdict:
    try:
        who = reader(message)
    except ObjectDoesNotExist:
        who = None
    if who is not None and who.designation is not None and not who.designation.holds_at(now):
        return Verdict(wanted=False, reason=_("This person is no longer on the list."))
    # The number may have been corrected meanwhile: an answer goes to whom it is for, or not at all.
    if who is not None and who.phone != _text(message).from_number:
        return Verdict(wanted=False, reason=_("They have another number by now."))
    return Verdict(wanted=True)


def still_stopped(message: Message, now: datetime) -> Verdict:
    if opt_outs.holds(address=_text(message).from_number):
        return Verdict(wanted=True)
    return Verdict(wanted=False, reason=_("They asked for texts again."))


STILL: Mapping[str, Callable[[Message, datetime], Verdict]] = {
    name: still_stopped if name == "reply_stopped" else still_there for name in SLOTS
}


def _opens(moment: datetime, *, now: datetime, zone: ZoneInfo, language: str) -> str:
    """ "08:00" today, "Mon 08:00" within a week, "Mon 23 Mar 08:00" after."""
    day, today = (times.local_day(moment=at, zone=zone) for at in (moment, now))
    spoken = wording.spoken(moment, zone=zone, language=language).split()
    if day == today:
        return spoken[-1]
    return f"{spoken[0]} {spoken[-1]}" if (day - today).days < 7 else " ".join(spoken)


def _text(message: Message) -> InboundText:
    """The text that it answers."""
    return InboundText.objects.get(pk=int(message.scope.partition(":")[2]))
