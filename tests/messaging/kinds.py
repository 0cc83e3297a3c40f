"""A tiny app above the outbox: three real kinds, and what it knows of its people."""

import hashlib
from datetime import datetime

from django.conf import settings

from messaging.domain import kinds
from messaging.domain.kinds import Draft, Kind, Verdict
from messaging.enums import Audience
from messaging.models import Message

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


def with_own_link(message: Message, now: datetime) -> Draft:
    link = own_link_of(message)
    return Draft(to=address_of(message), body=f"Northgate Care: your dates, {message.subject}. {link}", link=link)


def with_link(message: Message, now: datetime) -> Draft:
    if message.recipient.startswith("poison:"):
        raise LookupError("Dana Poison, +14105550199")
    link = link_of(message)
    about = f" on {message.about_at:%d %b %H:%M}" if message.about_at else ""
    body = f"Northgate Care: we see you{about}. {link} STOP to opt out"
    return Draft(to=address_of(message), body=body, link=link, subject="Your visit", html=f"<p>{body}</p>")


def without_link(message: Message, now: datetime) -> Draft:
    return Draft(to=address_of(message), body="Northgate Care: please come in now.")


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
    compose=with_link,
    still_wanted=still_wanted,
    on_dead=on_dead,
)
COME_IN = Kind(
    name="test-come-in",
    audience=Audience.HELPER,
    compose=without_link,
    still_wanted=still_wanted,
    on_dead=on_dead,
    quiet_exempt=True,
    twice=True,
)

OWN_LINK = Kind(
    name="test-own-link",
    audience=Audience.HELPER,
    compose=with_own_link,
    still_wanted=still_wanted,
    on_dead=on_dead,
)

for kind in (OWN_LINK, REMINDER, COME_IN):
    kinds.register(kind)
