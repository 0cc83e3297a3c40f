"""A tiny app above the outbox: three kinds of its own, and what it knows of its people."""

import hashlib
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.template import Engine

from messaging.domain import kinds
from messaging.domain.kinds import Facts, Kind, Slot, Verdict
from messaging.enums import Audience
from messaging.models import Message

# What these kinds say lies beside them.
Engine.get_default().dirs.append(Path(__file__).parent / "templates")
SLOTS = {name: Slot() for name in ("site", "phone", "about")}

addresses: dict[str, str] = {}
dropped: set[str] = set()
told: list[tuple[str, str, str]] = []


def forget() -> None:
    addresses.clear()
    dropped.clear()
    told.clear()


def address_of(message: Message) -> str:
    number = int(message.recipient.split(":")[1])
    usual = f"person{number}@example.org" if message.channel == "email" else f"+1410555{number:04d}"
    return addresses.get(message.recipient, usual)


def link_of(message: Message) -> str:
    return f"{settings.PUBLIC_URL}/l/{hashlib.sha256(message.send_key.bytes).hexdigest()[:26]}"


def own_link_of(message: Message) -> str:
    """One link for a person, whatever it is sent with."""
    return f"{settings.PUBLIC_URL}/l/{hashlib.sha256(message.recipient.encode()).hexdigest()[:26]}/"


def facts(message: Message, now: datetime) -> Facts:
    if message.recipient.startswith("poison:"):
        raise LookupError("Dana Poison, +14105550199")
    about = f"{message.about_at:%d %b %H:%M}" if message.about_at else ""
    return _facts(message, link=link_of(message), about=about)


def facts_with_own_link(message: Message, now: datetime) -> Facts:
    return _facts(message, link=own_link_of(message), about=message.subject)


def _facts(message: Message, *, link: str, about: str) -> Facts:
    values = {"site": "Northgate Care", "phone": "+14105550142", "about": about}
    return Facts(to=address_of(message), wording=message.kind, values=values, link=link)


def still_wanted(message: Message, now: datetime) -> Verdict:
    if message.subject in dropped:
        return Verdict(wanted=False, reason="The visit was cancelled.")
    return Verdict(wanted=True)


def on_dead(message: Message, reason: str, now: datetime) -> None:
    if message.recipient == "deaf:1":
        raise LookupError("nobody at the desk")
    told.append((message.recipient, str(message.status), reason))


REMINDER = Kind(
    name="test-reminder",
    audience=Audience.PATIENT,
    facts=facts,
    still_wanted=still_wanted,
    on_dead=on_dead,
    slots=SLOTS,
)
COME_IN = Kind(
    name="test-come-in",
    audience=Audience.HELPER,
    facts=facts,
    still_wanted=still_wanted,
    on_dead=on_dead,
    slots=SLOTS,
    quiet_exempt=True,
    twice=True,
)

OWN_LINK = Kind(
    name="test-own-link",
    audience=Audience.HELPER,
    facts=facts_with_own_link,
    still_wanted=still_wanted,
    on_dead=on_dead,
    slots=SLOTS,
)

for kind in (OWN_LINK, REMINDER, COME_IN):
    kinds.register(kind)
