"""The last rule before a message leaves. What it stops cannot be sent by anybody; it says why in one sentence."""

import re
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from messaging.domain import quiet, segments, standing, telling
from messaging.domain.kinds import Draft, Facts, Kind, Verdict
from messaging.domain.standing import Standing
from messaging.enums import Channel
from messaging.models import Message

# With its scheme, or a name that stands for itself: with a path, or with an ending that phones know.
ADDRESS = re.compile(
    r"https?://[^\s<>\"']+"
    r"|(?<![\w@./-])(?:[\w-]+\.)+(?:[a-z]{2,}/[^\s<>\"']*"
    r"|(?:com|org|net|info|biz|io|app|ly|gl|link|site|online|xyz|co|uk|eu|mx|ai|cc|tv|dev|icu)\b)"
    r"|(?<![\w@./-])www\.[^\s<>\"']+",
    re.IGNORECASE,
)
# What phones show of a message before it is opened. Characters.
FIRST_WORDS = 120


def check(
    *, draft: Draft, facts: Facts, kind: Kind, message: Message, now: datetime, known: Standing | None = None
) -> Verdict:
    """Wanted, not wanted with the sentence that says why, or not yet with the time to look again.

    ``known`` where it was asked for many messages at once (``standing.of``); else one query.
    """
    reason = (
        _address_fault(facts, kind, message, known)
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
    if known is None:
        known = standing.of(people=[facts.person] if facts.purpose else [], addresses=[facts.to])
    is_text = message.channel == Channel.SMS
    if not kind.despite_stop and not known.is_open(facts.to):
        if is_text:
            return _("This number has asked for no more texts.")
        return _("This address has asked for no more e-mails.")
    asks = {"person": facts.person, "purpose": facts.purpose, "channel": message.channel, "address": facts.to}
    if facts.purpose and not known.has_agreed(**asks):
        return (
            _("They have not agreed to texts on this number.") if is_text else _("They have not said yes to e-mails.")
        )
    return ""


def _audience_fault(draft: Draft, facts: Facts, kind: Kind) -> str:
    """Whoever wrote the words: what the reader may not know is not said."""
    for name in sorted(draft.uses):
        slot = kind.slots[name]
        if slot.data_class and slot.data_class not in facts.permits:
            return _("It tells what this person may not know: %(what)s.") % {"what": slot.says or name}
    return ""


def _word_fault(draft: Draft, facts: Facts, message: Message) -> str:
    """Others see a text, an e-mail's subject and its first words beside it; the rest is read after opening."""
    seen = draft.without_addresses(" ")
    if message.channel == Channel.EMAIL:
        seen = f"{draft.subject} {seen[:FIRST_WORDS]}"
    found = telling.word(text=seen, also=facts.never)
    found = found or telling.word_in_address(address=draft.link, also=facts.never)
    if not found:
        return ""
    return _("It holds a word that must not be seen on a screen: “%(word)s”.") % {"word": found}


def _link_fault(draft: Draft) -> str:
    if draft.link and draft.link not in draft.body:
        return _("Its link is missing from its words.")
    found = [draft.link, *(each for text in (draft.body, draft.subject, draft.html) for each in addresses(text))]
    if any(address and not _ours(address) for address in found):
        return _("It holds a link that is not the clinic's own.")
    if any(address not in {draft.link, draft.preferences} for address in found):
        return _("It holds a link that is not its reader's.")
    return ""


def addresses(text: str) -> list[str]:
    """Whatever a phone or a mail program would make a link of."""
    return [found[0].rstrip(".,;:!?)") for found in ADDRESS.finditer(text)]


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


def link_base() -> str:
    """Where links in messages lead: the short address, where there is one."""
    return settings.LINK_URL or settings.PUBLIC_URL


def _ours(address: str) -> bool:
    mine, theirs = urlsplit(link_base()), urlsplit(address)
    return (mine.scheme, mine.netloc) == (theirs.scheme, theirs.netloc)
