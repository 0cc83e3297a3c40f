"""The words of each message, from templates: ``messages/<kind>.<language>.txt`` and its subject, English and Spanish.

A text fits one segment with the longest names (the invitation two): names are cut, letters outside the basic set of
phones lose their accents. Nothing says what the visit is about; a helper reads times only where the patient allows it.
"""

import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from django.template import Context, Engine
from django.template.loader import get_template

from clinic.models import Infusion, Patient, Site
from education import directory
from education.enums import NumberKind
from messaging.domain import quiet
from messaging.domain.kinds import Draft
from messaging.domain.segments import BASIC, ESCAPED
from messaging.enums import Channel
from messaging.models import Message
from support.domain import day, links, plan, rules, subjects
from support.enums import CommitmentStatus, MayKnow, SupportRole
from support.models import Commitment, Designation, Link

NAME_LENGTH = 20
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
# Written as they are; they tell no time, or it is the reader's own to know.
WITHOUT_TIMES = frozenset({"helper_invitation", "helper_new_dates", "helper_come_in"})
# It asks for the yes that all others need.
BEFORE_A_YES = frozenset({"helper_invitation"})


@dataclass(frozen=True, kw_only=True)
class Addressee:
    """Who reads it. ``designation`` None: the patient. ``agreed_to_texts``: on the number they have now."""

    site: Site
    patient: Patient
    designation: Designation | None
    phone: str
    email: str
    zone: ZoneInfo
    agreed_to_texts: bool


def compose(message: Message, now: datetime) -> Draft:
    """The same row gives the same words and the same link each time. Changes nothing but a link's life.

    The hours are those the clinic has signed for texts, the yes is the reader's as it stands.
    """
    who = addressee(message)
    written = draft(message, who=who, visit=visit_of(message), link=links.address(_link(who, now)))
    return replace(written, window=plan.window(rules.at(site=who.site)))


def draft(message: Message, *, who: Addressee, visit: Infusion | None, link: str) -> Draft:
    """The same with everything known already; ``link`` is what stands in the words."""
    language = message.language if message.language in STOP else "en"
    values = _values(message, who, visit, language)
    template = _template(message, who)
    agreed = may_be_written_to(who, kind=message.kind, channel=message.channel)
    if message.channel == Channel.EMAIL:
        return replace(_email(template, language, {**values, "link": link, "stop": ""}, who), agreed=agreed)
    text = readable(_render(f"{template}.{language}.txt", {**values, "link": link}))
    return Draft(to=who.phone, body=text, link=link if link in text else "", zone=who.zone.key, agreed=agreed)


def may_be_written_to(who: Addressee, *, kind: str, channel: str) -> bool:
    """Texts need a yes to texts, which ends with the number it was given for. A helper's e-mails need any yes."""
    if who.agreed_to_texts or kind in BEFORE_A_YES:
        return True
    if channel == Channel.SMS or who.designation is None:
        return channel != Channel.SMS
    said = Commitment.objects.filter(designation=who.designation, answered_at__isnull=False)
    return said.exclude(status=CommitmentStatus.DECLINED).exists()


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
            agreed_to_texts=patient.texts_agreed_at is not None,
        )
    named = Designation.objects.select_related("patient__site", "person__site").get(pk=int(number))
    return Addressee(
        site=named.patient.site,
        patient=named.patient,
        designation=named,
        phone=named.person.phone,
        email=named.person.email,
        zone=quiet.zone_or(name=named.person.timezone, fallback=named.patient.site.timezone),
        agreed_to_texts=named.person.texts_agreed_at is not None,
    )


def visit_of(message: Message) -> Infusion | None:
    """The visit a message is about; None for an invitation."""
    what, _colon, number = message.scope.partition(":")
    if what != "infusion":
        return None
    return Infusion.objects.select_related("site", "patient", "policy").filter(pk=int(number)).first()


def readable(text: str) -> str:
    """In the letters every phone has: accents go where they must, what cannot be written is left out."""
    return "".join(_plain(character) for character in text).strip()


def short(name: str, *, language: str) -> str:
    """A first name for a text: 20 characters at most; a friend where none of its letters can be written."""
    return readable(name)[:NAME_LENGTH].strip(" -") or SOMEBODY[language]


def spoken(moment: datetime, *, zone: ZoneInfo, language: str, with_time: bool = True) -> str:
    """``Tue 3 Mar 11:30``, whatever language Python or the server speaks."""
    local = moment.astimezone(zone)
    words = f"{WEEKDAYS[language][local.weekday()]} {local.day} {MONTHS[language][local.month - 1]}"
    return f"{words} {local:%H:%M}" if with_time else words


def _values(message: Message, who: Addressee, visit: Infusion | None, language: str) -> dict[str, object]:
    values: dict[str, object] = {
        "site": readable(who.site.public_name),
        "name": short(who.patient.first_name, language=language),
        "phone": who.site.phone,
        "stop": STOP[language],
        "is_ride": who.designation is not None and SupportRole.RIDE in who.designation.roles,
        "danger": _danger(who.site, language) if who.designation is None else "",
    }
    if visit is not None:
        return values | _of_visit(visit, who, language) | _of_closure(message, visit, language)
    return values | _of_offer(message, who, language)


def _of_closure(message: Message, visit: Infusion, language: str) -> dict[str, object]:
    """Whether the whole clinic is closed on the visit's day, for the kinds that tell so."""
    closure = subjects.closure(message)
    if closure is None:
        return {}
    day = spoken(visit.starts_at, zone=visit.site.zone, language=language, with_time=False)
    return {"is_whole": closure.room_id is None and closure.clinician_id is None, "day": day}


def _of_offer(message: Message, who: Addressee, language: str) -> dict[str, object]:
    """The free place and how long it is kept, for the kind that offers one."""
    offer = subjects.offer(message)
    if offer is None:
        return {}
    until = offer.expires_at.astimezone(who.site.zone)
    return {"when": _when(offer.starts_at, who, language), "until": f"{until:%H:%M}"}


def _when(moment: datetime, who: Addressee, language: str) -> str:
    """The clinic's time everywhere; named where the reader's clock shows another."""
    local = moment.astimezone(who.site.zone)
    when = spoken(moment, zone=who.site.zone, language=language)
    return when if local.utcoffset() == moment.astimezone(who.zone).utcoffset() else f"{when} {local:%Z}"


def _of_visit(visit: Infusion, who: Addressee, language: str) -> dict[str, object]:
    fasting = day.fasting(infusion=visit, policy=rules.of(infusion=visit))
    held = _held(visit, who)
    is_ride = any(row.role == SupportRole.RIDE for row in held)
    return {
        "when": _when(visit.pickup_from if is_ride else visit.starts_at, who, language),
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


def _danger(site: Site, language: str) -> str:
    """The region's first emergency number and first number to talk to: "911 or 988"."""
    numbers = [n for n in directory.numbers(region=site.region, audience="patient", language=language) if not n.by_text]
    first = {kind: next((n.number for n in numbers if n.kind == kind), "") for kind in NumberKind}
    return f" {OR[language]} ".join(number for number in first.values() if number)


def _link(who: Addressee, now: datetime) -> Link:
    if who.designation is not None:
        return links.for_designation(designation=who.designation, now=now)
    return links.for_patient(patient=who.patient, now=now)


def _template(message: Message, who: Addressee) -> str:
    """Who may not know dates is told that there is news, and sees on the page what the patient allows."""
    named = who.designation
    tells_times = message.kind not in WITHOUT_TIMES and not message.kind.startswith("helper_checkin")
    if named is not None and tells_times and not named.allows(MayKnow.DATES):
        return "helper_news"
    return message.kind


def _email(template: str, language: str, values: dict[str, object], who: Addressee) -> Draft:
    words = _render(f"{template}.{language}.txt", values)
    subject = _render(f"{template}.subject.{language}.txt", values)
    link = str(values["link"])
    has_link = link in words
    html = get_template(f"messages/email.{language}.html").render(
        {**values, "words": words.replace(link, "").strip(), "subject": subject, "link": link if has_link else ""}
    )
    body = _render(f"email.{language}.txt", {**values, "text": words})
    return Draft(to=who.email, body=body, link=link if has_link else "", subject=subject, html=html, zone=who.zone.key)


def _render(name: str, values: dict[str, object]) -> str:
    return Engine.get_default().get_template(f"messages/{name}").render(Context(values, autoescape=False)).strip()


def _plain(character: str) -> str:
    if character in BASIC or character in ESCAPED:
        return character
    decomposed = unicodedata.normalize("NFKD", character)
    return "".join(part for part in decomposed if part in BASIC)
