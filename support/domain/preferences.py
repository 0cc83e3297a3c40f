"""How somebody would like to hear from us, as they say it themselves by their link. Each act is idempotent, and plans
follow in its transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from clinic.domain import audit
from clinic.domain.errors import Refused
from clinic.domain.spoken import say_moment
from clinic.enums import ReachBy
from clinic.models import Patient, Policy
from clinic.models.patient import Contact
from messaging.domain import opt_outs, quiet
from messaging.enums import Channel
from support.domain import agreeing, impaired, links, purposes, reach_changes, texting_hours, visit_state
from support.enums import Purpose
from support.models import Link

# What is left of a day must be worth it, or a message could not come in time.
LEAST_HOURS = 2
OWN_LINK = "own_link"
# The words a yes answers, as the page shows them.
ABOUT = {
    Purpose.VISITS: gettext_noop("We text you the times of your visits and what to bring or do before."),
    Purpose.RIDES: gettext_noop("We text or e-mail you about helping on visit days."),
    Purpose.OFFERS: gettext_noop("We text you when an earlier time becomes free."),
}
HOW_IT_GOES = {
    True: gettext_noop("We text you the evening and the day after a visit, to ask how you are."),
    False: gettext_noop("We text or e-mail you the evening and the day after, to ask how it goes."),
}


@dataclass(frozen=True, kw_only=True)
class Topic:
    """One thing we write about: the words of it, and whether they said yes to them."""

    purpose: str
    words: str
    is_agreed: bool


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """As they stand. ``ways``: those that can be chosen, ``way`` the one in use; ``opens`` and ``closes``: when the
    clinic sends texts; ``stopped``: the channels they asked us to leave; ``is_stopped``: nothing goes to any number or
    address they have; ``emails_instead``: what may not come as a text comes by e-mail, which is the clinic's ordinary
    post to its patients."""

    contact: Contact
    way: str
    ways: Sequence[str]
    topics: list[Topic]
    opens: time
    closes: time
    stopped: list[str]
    is_stopped: bool
    emails_instead: bool


def of(*, link: Link, rules: Policy) -> Preferences:
    contact = contact_of(link)
    known = visit_state.standing_of(contact)
    addresses = _addresses(contact)
    stopped = [channel for channel, address in addresses.items() if not known.is_open(address)]
    ways = [ReachBy.SMS] if known.is_open(contact.phone) and not contact.is_landline else []
    ways += [ReachBy.EMAIL] if known.is_open(contact.email) else []
    ways.append(ReachBy.VOICE)
    agreed = {yes.purpose for yes in known.agreed if yes.address in map(opt_outs.same, addresses.values())}
    return Preferences(
        contact=contact,
        way=contact.prefers if contact.prefers in ways else ways[0],
        ways=ways,
        topics=[
            Topic(purpose=about, words=_(words(contact, about)), is_agreed=about in agreed)
            for about in purposes.for_whom(contact)
        ],
        opens=rules.texts_from,
        closes=rules.texts_until,
        stopped=stopped,
        is_stopped=bool(addresses) and len(stopped) == len(addresses),
        emails_instead=(
            isinstance(contact, Patient) and contact.prefers != ReachBy.VOICE and known.is_open(contact.email)
        ),
    )


def contact_of(link: Link) -> Contact:
    return link.designation.person if link.designation is not None else links.patient_of(link)


def words(contact: Contact, about: str) -> str:
    """What we write about, a string marked for translation."""
    if about == Purpose.CHECKINS:
        return HOW_IT_GOES[purposes.for_whom(contact) == purposes.OF_PATIENTS]
    return ABOUT[Purpose(about)]


def prefer(*, link: Link, way: str, actor: str, now: datetime) -> None:
    if way not in ReachBy.values:
        raise Refused(_("Choose one of the ways."))
    _change(link, actor, now, prefers=way)


def cannot_show_texts(*, link: Link, is_landline: bool, actor: str, now: datetime) -> None:
    _change(link, actor, now, is_landline=is_landline)


def speak(*, link: Link, language: str, actor: str, now: datetime) -> None:
    if language not in dict(settings.LANGUAGES):
        raise Refused(_("Choose one of the languages."))
    _change(link, actor, now, language=language)


def hear_less(*, link: Link, less: bool, actor: str, now: datetime) -> None:
    _change(link, actor, now, texts_less=less)


def be_quiet(*, link: Link, begins: time | None, ends: time | None, rules: Policy, actor: str, now: datetime) -> None:
    """From one hour to another on their own clock; both None: the clinic's hours."""
    if (begins is None) != (ends is None) or (begins is not None and begins == ends):
        raise Refused(_("Give both times."))
    wished = _Hours(quiet_from=begins, quiet_until=ends)
    if not texting_hours.leaves_hours(rules, wished) or _hours(texting_hours.window(rules, wished)) < LEAST_HOURS:
        raise Refused(
            _("We text between %(opens)s and %(closes)s. Please leave us at least two hours of that.")
            % {"opens": f"{rules.texts_from:%H:%M}", "closes": f"{rules.texts_until:%H:%M}"}
        )
    _change(link, actor, now, quiet_from=begins, quiet_until=ends)


def say_yes(*, link: Link, about: str, actor: str, now: datetime) -> None:
    """Refused while a patient cannot agree to anything new; what they take back counts at any time."""
    contact = contact_of(link)
    if about not in purposes.for_whom(contact):
        raise Refused(_("Choose what we may write about."))
    _refuse_on_the_day(link, now)
    by: Sequence[Channel] = [Channel.SMS] if link.designation is None else [Channel.SMS, Channel.EMAIL]
    with transaction.atomic():
        said = agreeing.agree(
            contact=contact, by=by, wording=words(contact, about), how=OWN_LINK, now=now, about=[about]
        )
        if said:
            _note(link, actor, "preferences.agreed", now, about)


def say_no(*, link: Link, about: str, actor: str, now: datetime) -> None:
    with transaction.atomic():
        if agreeing.take_back(contact=contact_of(link), about=[about], how=OWN_LINK, now=now):
            _note(link, actor, "preferences.taken_back", now, about)


def stop(*, link: Link, actor: str, now: datetime, only: str | None = None) -> None:
    """No more messages to any number or address they have, or by one channel ``only``."""
    with transaction.atomic():
        for channel, address in _addresses(contact_of(link)).items():
            if only in (None, channel):
                opt_outs.record(address=address, how=OWN_LINK, now=now)
        _note(link, actor, "preferences.stopped", now)


def start(*, link: Link, actor: str, now: datetime) -> None:
    """Refused when ``say_yes`` is."""
    _refuse_on_the_day(link, now)
    with transaction.atomic():
        for address in _addresses(contact_of(link)).values():
            opt_outs.end(address=address, how=OWN_LINK, now=now)
        _note(link, actor, "preferences.started", now)


@dataclass(frozen=True, kw_only=True)
class _Hours:
    quiet_from: time | None
    quiet_until: time | None


def _refuse_on_the_day(link: Link, now: datetime) -> None:
    contact = contact_of(link)
    until = impaired.until(patient=contact, now=now) if isinstance(contact, Patient) else None
    if until is not None:
        when = {"when": say_moment(until, link.site)}
        raise Refused(_("On the day of a visit nothing new is agreed to. You can say yes from %(when)s.") % when)


def _hours(window: quiet.Window) -> float:
    day = date.min
    return (datetime.combine(day, window.closes) - datetime.combine(day, window.opens)).total_seconds() / 3600


def _addresses(contact: Contact) -> dict[str, str]:
    both = {Channel.SMS.value: contact.phone, Channel.EMAIL.value: contact.email}
    return {channel: address for channel, address in both.items() if address}


def _change(link: Link, actor: str, now: datetime, **fields: object) -> None:
    contact = contact_of(link)
    with transaction.atomic():
        row = type(contact)._default_manager.select_for_update(no_key=True).get(pk=contact.pk)
        if all(getattr(row, name) == value for name, value in fields.items()):
            return
        for name, value in fields.items():
            setattr(row, name, value)
        row.save(update_fields=list(fields))
        _note(link, actor, "preferences.changed", now, ", ".join(fields))
        reach_changes.follow(contact=row, now=now)


def _note(link: Link, actor: str, verb: str, now: datetime, note: str = "") -> None:
    subject = purposes.name(contact_of(link))
    audit.record(actor=actor, verb=verb, now=now, patient_id=links.patient_of(link).pk, subject=subject, note=note)
