"""What is true of each message, in the reader's language: what its words may name, and whether it may go.

A text fits one segment with the longest names (the invitation two): names are cut, letters outside the basic set of
phones lose their accents. Nothing says what the visit is about; a helper reads times only where the patient allows it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from clinic.models import Infusion, Patient, Policy, Site
from education import directory
from education.enums import NumberKind
from messaging.domain import quiet, segments, words
from messaging.domain.kinds import Budget, Facts
from messaging.enums import Channel
from messaging.models import Message
from support.domain import day, links, purposes, rules, subjects, texting_hours, wording_slots
from support.enums import CommitmentStatus, MayKnow, SupportRole
from support.models import Commitment, Designation, Link, SupportPerson

STOP = {"en": " STOP to opt out", "es": " STOP para salir"}
SOMEBODY = {"en": "your friend", "es": "tu persona"}
OR = {"en": "or", "es": "o"}
WEEKDAYS = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "es": ("lun", "mar", "mié", "jue", "vie", "sab", "dom"),
}
MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "es": ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"),
}


@dataclass(frozen=True, kw_only=True)
class Addressee:
    """Who reads it. ``designation`` None: the patient."""

    site: Site
    patient: Patient
    designation: Designation | None
    phone: str
    email: str
    zone: ZoneInfo

    @property
    def contact(self) -> Patient | SupportPerson:
        return self.patient if self.designation is None else self.designation.person


def facts(message: Message, now: datetime) -> Facts:
    """The same row gives the same values and the same link each time. Changes nothing but a link's life.

    The hours are those the clinic has signed for texts, the yes is the reader's as it stands.
    """
    who = addressee(message)
    link, policy = links.address(link_for(who, now)), rules.at(site=who.site)
    return facts_of(message, who=who, visit=visit_of(message), link=link, policy=policy)


def facts_of(message: Message, *, who: Addressee, visit: Infusion | None, link: str, policy: Policy) -> Facts:
    """The same with everything known already; ``link`` is what stands in the words, ``policy`` the one in force."""
    named = who.designation
    is_text = message.channel == Channel.SMS
    permits = frozenset(MayKnow.values) if named is None else frozenset(named.may_know)
    return Facts(
        to=who.phone if is_text else who.email,
        wording=_wording(message, permits),
        values=_values(message, who, visit, words.spoken(message)),
        link=link,
        person=purposes.name(who.contact),
        purpose=purposes.to_agree(kind=message.kind, channel=message.channel, is_patient=named is None),
        permits=permits,
        never=tuple(who.site.never_say),
        zone=who.zone.key,
        window=texting_hours.window(policy, who.contact),
        budget=_budget(policy) if is_text else Budget(),
        preferences=links.preferences_of(link),
    )


def _wording(message: Message, permits: frozenset[str]) -> str:
    """Who may not know dates is told that there is news, and sees on the page what the patient allows."""
    told = {slot.data_class for slot in wording_slots.SLOTS[message.kind].values() if slot.data_class}
    return message.kind if told <= permits else wording_slots.NEWS


def _budget(policy: Policy) -> Budget:
    return Budget(
        per_day=policy.texts_per_day,
        per_week=policy.texts_per_week,
        apart=timedelta(minutes=policy.texts_apart_minutes),
    )


def addressee(message: Message) -> Addressee:
    """Raises DoesNotExist for somebody who is no longer there."""
    what, _colon, number = message.recipient.partition(":")
    if what == "patient":
        patient = Patient.objects.select_related("site").get(pk=int(number))
        return Addressee(
            site=patient.site,
            patient=patient,
            designation=None,
            phone=patient.phone,
            email=patient.email,
            zone=quiet.zone_or(name=patient.timezone, fallback=patient.site.timezone),
        )
    named = Designation.objects.select_related("patient__site", "person__site").get(pk=int(number))
    return Addressee(
        site=named.patient.site,
        patient=named.patient,
        designation=named,
        phone=named.person.phone,
        email=named.person.email,
        zone=quiet.zone_or(name=named.person.timezone, fallback=named.patient.site.timezone),
    )


def visit_of(message: Message) -> Infusion | None:
    """The visit a message is about; None for an invitation."""
    what, _colon, number = message.scope.partition(":")
    if what != "infusion":
        return None
    return Infusion.objects.select_related("site", "patient", "policy").filter(pk=int(number)).first()


def readable(text: str) -> str:
    """In the letters every phone has: accents go where they must, what cannot be written is left out."""
    return "".join(sign for sign in segments.folded(text) if sign in segments.BASIC or sign in segments.ESCAPED).strip()


def short(name: str, *, language: str) -> str:
    """A first name for a text, no longer there than 20 letters; a friend where none of its letters can be written."""
    return segments.cut(readable(name), units=wording_slots.NAME_LENGTH).strip(" -") or SOMEBODY[language]


def spoken(moment: datetime, *, zone: ZoneInfo, language: str, with_time: bool = True) -> str:
    """``Tue 3 Mar 11:30``, whatever language Python or the server speaks."""
    local = moment.astimezone(zone)
    day = f"{WEEKDAYS[language][local.weekday()]} {local.day} {MONTHS[language][local.month - 1]}"
    return f"{day} {local:%H:%M}" if with_time else day


def _values(message: Message, who: Addressee, visit: Infusion | None, language: str) -> dict[str, str | bool]:
    values: dict[str, str | bool] = {
        "site": readable(who.site.public_name),
        "name": short(who.patient.first_name, language=language),
        "phone": who.site.phone,
        "stop": STOP[language] if message.channel == Channel.SMS else "",
        "is_ride": who.designation is not None and SupportRole.RIDE in who.designation.roles,
        "danger": danger(who.site, language) if who.designation is None else "",
    }
    if visit is not None:
        return values | _of_visit(visit, who, language) | _of_closure(message, visit, language)
    return values | _of_offer(message, who, language)


def _of_closure(message: Message, visit: Infusion, language: str) -> dict[str, str | bool]:
    """Whether the whole clinic is closed on the visit's day, for the kinds that tell so."""
    if "is_whole" not in wording_slots.SLOTS[message.kind]:
        return {}
    closure = subjects.closure(message)
    is_whole = closure is not None and closure.room_id is None and closure.clinician_id is None
    return {
        "is_whole": is_whole,
        "day": spoken(visit.starts_at, zone=visit.site.zone, language=language, with_time=False),
    }


def _of_offer(message: Message, who: Addressee, language: str) -> dict[str, str | bool]:
    """The free place and how long it is kept, for the kind that offers one."""
    offer = subjects.offer(message)
    if offer is None:
        return {}
    until = offer.expires_at.astimezone(who.site.zone)
    return {"when": when(offer.starts_at, who, language), "until": f"{until:%H:%M}"}


def when(moment: datetime, who: Addressee, language: str) -> str:
    """The clinic's time everywhere; named where the reader's clock shows another."""
    local = moment.astimezone(who.site.zone)
    said = spoken(moment, zone=who.site.zone, language=language)
    if local.utcoffset() == moment.astimezone(who.zone).utcoffset():
        return said
    # A zone without a name is a number: "13:30+1030".
    zone = f"{local:%Z}"
    return f"{said} {zone}" if zone.isalpha() else f"{said}{zone}"


def _of_visit(visit: Infusion, who: Addressee, language: str) -> dict[str, str | bool]:
    fasting = day.fasting(infusion=visit, policy=rules.of(infusion=visit))
    held = _held(visit, who)
    is_ride = any(row.role == SupportRole.RIDE for row in held)
    roles = {SupportRole.RIDE.value} if is_ride else {row.role for row in held}
    begins = min((day.needed_from(role=role, visit=visit) for role in roles), default=visit.starts_at)
    return {
        "when": when(begins, who, language),
        "is_ride": is_ride,
        "to_confirm": any(row.status == CommitmentStatus.ACCEPTED for row in held),
        "food": _clock(fasting.no_food_after, visit, language),
        "drinks": _clock(fasting.no_drinks_after, visit, language),
    }


def _held(visit: Infusion, who: Addressee) -> list[Commitment]:
    if who.designation is None:
        return []
    rows = Commitment.objects.filter(infusion=visit, designation=who.designation, for_starts_at=visit.starts_at)
    return [row for row in rows if row.status not in {CommitmentStatus.DECLINED, CommitmentStatus.WITHDRAWN}]


def _clock(moment: datetime, visit: Infusion, language: str) -> str:
    """``05:30``; with the weekday where it is another day than the visit's."""
    zone = visit.site.zone
    local = moment.astimezone(zone)
    same_day = local.date() == visit.starts_at.astimezone(zone).date()
    return f"{local:%H:%M}" if same_day else f"{WEEKDAYS[language][local.weekday()]} {local:%H:%M}"


def danger(site: Site, language: str) -> str:
    """The region's first emergency number and first number to talk to: "911 or 988"."""
    numbers = [n for n in directory.numbers(region=site.region, audience="patient", language=language) if not n.by_text]
    first = {kind: next((n.number for n in numbers if n.kind == kind), "") for kind in NumberKind}
    return f" {OR[language]} ".join(number for number in first.values() if number)


def link_for(who: Addressee, now: datetime) -> Link:
    """The page of whoever reads it."""
    if who.designation is not None:
        return links.for_designation(designation=who.designation, now=now)
    return links.for_patient(patient=who.patient, now=now)
