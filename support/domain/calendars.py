"""Events in, an iCalendar file (RFC 5545) out. Pure.

An event keeps its UID for life; each change raises its SEQUENCE, so that calendars replace what they have. Times are
UTC. Every file is METHOD:PUBLISH: nobody is invited and nobody answers by calendar (docs/calendars.md).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from django.utils.translation import gettext as _
from icalendar import Calendar, Event, vCalAddress, vDuration, vText

from messaging.domain import telling

Status = Literal["CONFIRMED", "TENTATIVE", "CANCELLED"]

PRODUCT = "-//Homeward//Visits//EN"
# How often a calendar may look again.
REFRESH = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One visit as one person's calendar shows it."""

    visit_id: int
    uid: str
    sequence: int
    changed_at: datetime
    starts_at: datetime
    ends_at: datetime
    status: Status
    title: str
    place: str
    note: str


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who publishes the calendar: the clinic, with an address that is not a person's. ``never``: its own words that
    must not be seen."""

    name: str
    email: str
    never: tuple[str, ...] = ()


def write(*, entries: Iterable[Entry], sender: Sender, now: datetime) -> bytes:
    """The whole file: folded lines, CRLF, text escaped."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", neutral(sender.name, sender))
    calendar.add("x-published-ttl", "PT1H")
    calendar.add("refresh-interval", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
    for entry in entries:
        calendar.add_component(_event(entry, sender, now))
    return bytes(calendar.to_ical())


def _event(entry: Entry, sender: Sender, now: datetime) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", now.astimezone(UTC).replace(microsecond=0))
    event.add("last-modified", entry.changed_at.astimezone(UTC).replace(microsecond=0))
    event.add("dtstart", entry.starts_at.astimezone(UTC))
    event.add("dtend", entry.ends_at.astimezone(UTC))
    event.add("status", entry.status)
    event.add("transp", "OPAQUE" if entry.status == "CONFIRMED" else "TRANSPARENT")
    event.add("class", "PRIVATE")
    event.add("summary", neutral(entry.title, sender))
    event.add("location", neutral(entry.place, sender))
    event.add("description", entry.note)
    organizer = vCalAddress(f"mailto:{sender.email}")
    organizer.params["CN"] = vText(neutral(sender.name, sender))
    event.add("organizer", organizer)
    return event


def neutral(text: str, sender: Sender) -> str:
    """What others may see on a screen; a text with a word that tells too much becomes one that tells nothing."""
    return _("Visit") if telling.word(text=text, also=sender.never) else text
