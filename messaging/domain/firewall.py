"""The last rule before a message leaves. What it stops cannot be sent by anybody; it says why in one sentence."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from messaging.domain import opt_outs, quiet, segments
from messaging.domain.kinds import Draft, Facts, Kind, Verdict
from messaging.enums import Channel
from messaging.models import Message

# Beginnings of words that tell a neighbour who sees the screen, or a carrier, what the visit is about:
# drugs, diagnoses, scales. English and Spanish, without accents.
BANNED = (
    "ketamin",
    "esketamin",
    "ketalar",
    "spravato",
    "infusion",
    "psychedelic",
    "psicodelic",
    "depress",
    "depresi",
    "suicid",
    "anxiety",
    "ansiedad",
    "bipolar",
    "ptsd",
    "tept",
    "ocd",
    "psychiatr",
    "psiquiatr",
    "addict",
    "adicci",
    "phq",
    "madrs",
    "qids",
    "gad-7",
    "score",
)

LONG_WORD = 6

ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>\"']+", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What the address and the person have said so far, to them and to us."""

    opted_out: bool
    agreed: bool


def standing(*, facts: Facts) -> Standing:
    """As it is now. For many messages at once ask ``opt_outs.among`` and ``consents.among``."""
    return Standing(opted_out=bool(facts.to) and opt_outs.holds(address=facts.to), agreed=facts.agreed)


def check(
    *, draft: Draft, facts: Facts, kind: Kind, message: Message, now: datetime, standing: Standing | None = None
) -> Verdict:
    """Wanted, not wanted with the sentence that says why, or not yet with the time to look again.

    ``standing`` where it is known already.
    """
    reason = (
        _address_fault(facts, kind, message, standing)
        or _audience_fault(draft, facts, kind)
        or _word_fault(draft, facts, message)
        or _link_fault(draft)
    )
    if not reason and message.channel == Channel.SMS:
        reason = _size_fault(draft, kind)
    if reason:
        return Verdict(wanted=False, reason=reason)
    if message.channel == Channel.SMS and not kind.quiet_exempt:
        zone = quiet.zone_or(name=facts.zone or message.zone, fallback=message.site.timezone)
        opening = quiet.later(moment=now, zone=zone, window=facts.window)
        if opening > now:
            return Verdict(wanted=False, reason=_("It is too early or too late in the day."), retry_at=opening)
    return Verdict(wanted=True)


def _address_fault(facts: Facts, kind: Kind, message: Message, known: Standing | None) -> str:
    if not facts.to:
        return _("There is no number or address to send it to.")
    stands = known or standing(facts=facts)
    if stands.opted_out and not kind.despite_stop and message.channel == Channel.SMS:
        return _("This number has asked for no more texts.")
    if stands.opted_out and not kind.despite_stop:
        return _("This address has asked for no more e-mails.")
    if not stands.agreed and message.channel == Channel.SMS:
        return _("They have not agreed to texts on this number.")
    if not stands.agreed:
        return _("They have not said yes to e-mails.")
    return ""


def _audience_fault(draft: Draft, facts: Facts, kind: Kind) -> str:
    """Whoever wrote the words: what the reader may not know is not said."""
    for name in sorted(draft.uses):
        slot = kind.slots[name]
        if slot.data_class and slot.data_class not in facts.permits:
            return _("It tells what this person may not know: %(what)s.") % {"what": slot.says or name}
    return ""


def _word_fault(draft: Draft, facts: Facts, message: Message) -> str:
    """An e-mail's body is read after opening; its subject and its link, like a text, are seen by others."""
    seen = draft.body.replace(draft.link or "\0", " ") if message.channel == Channel.SMS else draft.subject
    banned = BANNED + facts.never
    # A short word may stand in a random token by chance, once in some thousand links.
    long = tuple(word for word in banned if len(word) >= LONG_WORD)
    found = _beginning_with(banned).search(_plain(seen)) or _beginning_with(long).search(_plain(draft.link))
    if found is None:
        return ""
    return _("It holds a word that must not be seen on a screen: “%(word)s”.") % {"word": found[0]}


def telling_word(*, text: str) -> str:
    """The first word that must not be seen on a screen, as it stands in the list; empty if there is none."""
    found = _beginning_with(BANNED).search(_plain(text))
    return found[0] if found else ""


@cache
def _beginning_with(words: tuple[str, ...]) -> re.Pattern[str]:
    nothing = "(?!)"
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(re.escape(_plain(word)) for word in words) or nothing})")


def _link_fault(draft: Draft) -> str:
    if draft.link and draft.link not in draft.body:
        return _("Its link is missing from its words.")
    for address in [draft.link, *ADDRESS.findall(draft.body)]:
        if address and not _ours(address):
            return _("It holds a link that is not the clinic's own.")
    return ""


def _size_fault(draft: Draft, kind: Kind) -> str:
    size = segments.measure(draft.body)
    if size.segments <= kind.max_segments:
        return ""
    if size.odd:
        return _("It is %(count)s texts long, because of the characters “%(odd)s”.") % {
            "count": size.segments,
            "odd": size.odd[:20],
        }
    return _("It is %(count)s texts long; %(limit)s is the limit.") % {
        "count": size.segments,
        "limit": kind.max_segments,
    }


def _ours(address: str) -> bool:
    mine, theirs = urlsplit(settings.PUBLIC_URL), urlsplit(address)
    return (mine.scheme, mine.netloc) == (theirs.scheme, theirs.netloc)


def _plain(text: str) -> str:
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))
