"""How words would read if they were sent: with ordinary values, and with the longest there are. Nothing is sent.

The same steps as at sending, ``words`` and ``firewall``; only who reads it is made up.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from itertools import product
from typing import TypedDict

from django.utils.translation import gettext as _

from clinic.models import Site
from messaging.domain import compile, firewall, kinds, quiet, segments, words
from messaging.domain.kinds import Draft, Facts, Kind
from messaging.domain.standing import Standing
from messaging.enums import Audience, Channel
from messaging.models import Message, Wording
from support.domain import links, lockscreen, wording, wording_about
from support.domain.lockscreen import Screen
from support.domain.wording_slots import NEWS, SLOTS
from support.enums import MayKnow

CONDITION = re.compile(r"\{%\s*if\s+(\w+)")
# A visit somebody could have, on the clinic's clock.
DAY, TIME = date(2026, 3, 3), time(11, 30)
FASTING = {"food": "05:30", "drinks": "09:30"}
NAME = "Maya"
SOMEBODY = Standing()


class Key(TypedDict):
    """What ``messaging.domain.wordings`` knows words by."""

    site_id: int
    kind: str
    channel: str
    language: str


@dataclass(frozen=True, kw_only=True)
class Which:
    """Words by what they are for: a kind's name or ``NEWS``, a channel, a language."""

    site: Site
    name: str
    channel: str
    language: str

    @property
    def kind(self) -> Kind:
        """The neutral words belong to no kind of their own: any helper's, with what these may name."""
        if self.name == NEWS:
            return replace(kinds.get("helper_new_dates"), name=NEWS, slots=SLOTS[NEWS])
        return kinds.get(self.name)

    @property
    def is_text(self) -> bool:
        return self.channel == Channel.SMS

    @property
    def message(self) -> Message:
        return Message(site=self.site, kind=self.name, channel=self.channel, language=self.language)

    @property
    def is_withheld(self) -> bool:
        """Helpers who may not know all it can name get the neutral words instead."""
        kind = self.kind
        return kind.audience == Audience.HELPER and any(slot.data_class for slot in kind.slots.values())

    @property
    def when(self) -> datetime:
        return datetime.combine(DAY, TIME, tzinfo=self.site.zone)

    @property
    def key(self) -> Key:
        return Key(site_id=self.site.pk, kind=self.name, channel=self.channel, language=self.language)


@dataclass(frozen=True, kw_only=True)
class Look:
    """``fault``: why the words cannot be sent, in one sentence; "" if they can. ``readings``: each way they can read.

    ``segments`` and ``units`` count the longest of them, of a text.
    """

    fault: str
    readings: tuple[str, ...] = ()
    screen: Screen | None = None
    segments: int = 0
    units: int = 0
    limit: int = 0


def look(*, which: Which, subject: str, text: str) -> Look:
    """Asks the database nothing."""
    kind = which.kind
    if not text.strip() or (not which.is_text and not subject.strip()):
        return Look(fault=_empty(which), limit=kind.max_segments)
    own = Wording(subject=subject, text=text)
    try:
        usual = list(_drafts(which, kind, own, ordinary(which), links.stand_in()))
        long_link = links.stand_in().ljust(segments.LINK_ROOM, "0")
        longest = list(_drafts(which, kind, own, _longest(which, kind), long_link))
    except compile.Faulty as faulty:
        return Look(fault=str(faulty), limit=kind.max_segments)
    verdicts = (
        firewall.check(draft=draft, facts=facts, kind=kind, message=which.message, now=which.when, known=SOMEBODY)
        for facts, draft in usual + longest
    )
    sizes = [segments.measure(draft.body) for _facts, draft in longest] if which.is_text else []
    first = usual[0][1]
    return Look(
        fault=next((verdict.reason for verdict in verdicts if not verdict.wanted), ""),
        readings=tuple(dict.fromkeys(lockscreen.masked(draft.body) for _facts, draft in usual)),
        screen=lockscreen.of(
            channel=which.channel,
            language=which.language,
            subject=first.subject,
            body=first.body,
            page_title=_page_title(which, kind, first),
        ),
        segments=max((size.segments for size in sizes), default=0),
        units=max((size.units for size in sizes), default=0),
        limit=kind.max_segments,
    )


def conditions(text: str) -> list[str]:
    """The names an ``if`` asks for, each once."""
    return sorted(set(CONDITION.findall(text)))


def _drafts(
    which: Which, kind: Kind, own: Wording, values: Mapping[str, str | bool], link: str
) -> Iterator[tuple[Facts, Draft]]:
    """One for every way its ifs can go, the fullest first."""
    asked = [name for name in conditions(f"{own.subject}{own.text}") if name in {*values, words.LINK}]
    for answers in product((True, False), repeat=len(asked)):
        said = dict(zip(asked, answers, strict=True))
        chosen = {name: (values[name] or True) if yes else "" for name, yes in said.items() if name != words.LINK}
        facts = Facts(
            to="somebody",
            wording=which.name,
            values={**values, **chosen},
            link=link if said.get(words.LINK, True) else "",
            permits=frozenset(MayKnow.values),
            never=tuple(which.site.never_say),
            window=quiet.DAYTIME,
            preferences=links.preferences_of(link),
        )
        yield facts, words.written(message=which.message, kind=kind, facts=facts, own=own)


def ordinary(which: Which) -> dict[str, str | bool]:
    """What a message of this clinic could say; a name nobody thought of here says its longest."""
    site, language = which.site, which.language
    known: dict[str, str | bool] = {
        "site": wording.readable(site.public_name),
        "name": NAME,
        "phone": site.phone,
        "stop": wording.STOP[language] if which.is_text else "",
        "when": wording.spoken(which.when, zone=site.zone, language=language),
        "day": wording.spoken(which.when, zone=site.zone, language=language, with_time=False),
        **FASTING,
    }
    return {name: known.get(name, value) for name, value in _longest(which, which.kind).items()}


def _longest(which: Which, kind: Kind) -> dict[str, str | bool]:
    """The longest each can be at this clinic: its own name and number are known, as is what its clock is called."""
    site, (winter, summer) = which.site, (datetime(2026, month, 23, 23, 30, tzinfo=which.site.zone) for month in (1, 7))
    clock = max(f"{winter:%Z}", f"{summer:%Z}", key=len)
    known = {"site": wording.readable(site.public_name), "phone": site.phone, "when": f"Wed 23 Sep 23:30 {clock}"}
    return {name: known.get(name, slot.longest) for name, slot in kind.slots.items()}


def _empty(which: Which) -> str:
    if which.is_text:
        return _("There are no words yet.")
    return _("An e-mail needs a subject and words.")


def _page_title(which: Which, kind: Kind, draft: Draft) -> str:
    """Of what a text's link leads to, which a phone fetches; an e-mail's it shows only once it is opened."""
    if not draft.link or not which.is_text:
        return ""
    is_helper = kind.audience == Audience.HELPER
    return wording_about.page_title(name=which.name, is_helper=is_helper, language=which.language)
