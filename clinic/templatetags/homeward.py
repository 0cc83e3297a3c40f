"""What templates need to draw Homeward: icons, status shapes, clinic times and phone numbers."""

from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers
from django import template
from django.conf import settings
from django.utils import formats
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from clinic.domain import times

NATIONAL = phonenumbers.PhoneNumberFormat.NATIONAL
INTERNATIONAL = phonenumbers.PhoneNumberFormat.INTERNATIONAL

register = template.Library()

# Line icons on a 24 by 24 grid; the stroke comes from the stylesheet.
ICONS = {
    "home": '<path d="M4 20V10.5L12 4l8 6.5V20"/><path d="M9.5 20v-5a2.5 2.5 0 0 1 5 0v5"/>',
    "phone": (
        '<path d="M6.5 3.5h3l1.5 4-2 1.5a11 11 0 0 0 6 6l1.5-2 4 1.5v3a2 2 0 0 1-2.2 2A16.5 16.5 0 0 1 4.5 5.7'
        'a2 2 0 0 1 2-2.2z"/>'
    ),
    "pin": (
        '<path d="M12 21s-6.5-5.7-6.5-11a6.5 6.5 0 0 1 13 0c0 5.3-6.5 11-6.5 11z"/><circle cx="12" cy="10" r="2.25"/>'
    ),
    "parking": '<rect x="4" y="4" width="16" height="16" rx="3"/><path d="M10 16.5v-9h2.75a2.75 2.75 0 0 1 0 5.5H10"/>',
    "moon": '<path d="M19.5 14.5A8 8 0 1 1 9.5 4.5a6.5 6.5 0 0 0 10 10z"/>',
    "clock": '<circle cx="12" cy="12" r="8.5"/><path d="M12 7.5V12l3 2"/>',
    "door": '<path d="M6.5 20.5v-16h11v16M4 20.5h16"/><path d="M14 12.25v.5"/>',
    "calendar": '<rect x="4" y="5.5" width="16" height="14.5" rx="2.5"/><path d="M4 10h16M8.5 3.5v4M15.5 3.5v4"/>',
    "message": '<path d="M4.5 5h15v11h-8l-4.5 4v-4H4.5z"/>',
    "share": '<path d="M12 14.5V4M8.5 7 12 3.5 15.5 7M6.5 11.5h-1v9h13v-9h-1"/>',
    "copy": '<rect x="8.5" y="8.5" width="11" height="11" rx="2"/><path d="M15.5 5.5v-1h-11v11h1"/>',
    "print": '<path d="M7 9V4h10v5M7 17H4.5V9.5h15V17H17"/><path d="M7 14h10v6H7z"/>',
    "search": '<circle cx="10.5" cy="10.5" r="6"/><path d="m15 15 5 5"/>',
    "person": '<circle cx="12" cy="8" r="4"/><path d="M4.5 20.5a7.5 7.5 0 0 1 15 0"/>',
    "car": '<path d="M4 16.5v-4l2-5.5h12l2 5.5v4z"/><path d="M4 12.5h16M6.5 16.5v2M17.5 16.5v2"/>',
    "file": '<path d="M6.5 3.5h7l4 4v13h-11z"/><path d="M13.5 3.5v4h4"/>',
    "key": '<circle cx="8.5" cy="15.5" r="4"/><path d="m11.5 12.5 8-8M16 8l2.5 2.5"/>',
    "ok": '<circle cx="12" cy="12" r="8.5"/><path d="m8.25 12.25 2.6 2.6 5-5.4"/>',
    "risk": '<path d="M12 4 21 19.5H3z"/><path d="M12 10v4.25M12 16.9v.1"/>',
    "stop": '<path d="M8.5 3.5h7l5 5v7l-5 5h-7l-5-5v-7z"/><path d="M12 7.75v5M12 16v.1"/>',
    "calm": '<circle cx="12" cy="12" r="8.5"/><path d="M12 11v5M12 7.9v.1"/>',
}

# A status is told apart by its shape first: tick, triangle, octagon, ring.
SHAPES = {
    "ok": '<path d="M1 5l3 3 5-7" fill="none" stroke="currentColor" stroke-width="2"/>',
    "risk": '<path fill="currentColor" d="M5 0l5 10H0z"/>',
    "stop": '<path fill="currentColor" d="M3 0h4l3 3v4l-3 3H3L0 7V3z"/>',
    "calm": '<circle cx="5" cy="5" r="4" fill="none" stroke="currentColor" stroke-width="2"/>',
}


MARKS = {
    level: mark_safe(f'<svg viewBox="0 0 10 10" aria-hidden="true" focusable="false">{drawn}</svg>')  # noqa: S308
    for level, drawn in SHAPES.items()
}


@register.simple_tag
def icon(name: str) -> SafeString:
    """A decorative line icon; the word beside it carries the meaning."""
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{}</svg>',
        mark_safe(ICONS[name]),  # noqa: S308 - our own constants
    )


@register.simple_tag
def shape(level: str) -> SafeString:
    """The small mark of a status: ``ok``, ``risk``, ``stop`` or ``calm``."""
    return MARKS[level]


@register.filter
def shape_of(level: str) -> SafeString:
    """The same, for what is drawn many times on a page."""
    return MARKS[level]


def _local(moment: datetime, place: Any) -> datetime:
    zone = getattr(place, "timezone", place)
    return moment.astimezone(zone if isinstance(zone, ZoneInfo) else ZoneInfo(str(zone)))


@register.filter
def at(moment: datetime | None, place: Any) -> str:
    """``09:41`` on the clinic's clock. ``place`` is a site or the name of a time zone."""
    return f"{_local(moment, place):%H:%M}" if moment else ""


@register.filter
def second_at(moment: datetime | None, place: Any) -> str:
    """``09:41:20`` on the clinic's clock, for what refreshes by itself."""
    return f"{_local(moment, place):%H:%M:%S}" if moment else ""


@register.filter
def day_at(moment: datetime | date | None, place: Any) -> str:
    """``Tuesday 3 March`` on the clinic's calendar."""
    return _day(moment, place, _("l j F"))


@register.filter
def short_day_at(moment: datetime | date | None, place: Any) -> str:
    """``Tue 3 Mar`` on the clinic's calendar."""
    return _day(moment, place, _("D j M"))


@register.filter
def when_at(moment: datetime | None, place: Any) -> str:
    """``Tue 3 Mar, 14:15`` on the clinic's clock."""
    return f"{short_day_at(moment, place)}, {at(moment, place)}" if moment else ""


@register.filter
def day_time_at(moment: datetime | None, place: Any) -> str:
    """``Wed 14:40`` on the clinic's clock."""
    return f"{_day(moment, place, 'D')} {at(moment, place)}" if moment else ""


@register.filter
def zone_name(zone: str) -> str:
    """``America/New_York`` as people say it: ``New York``."""
    return times.zone_name(str(zone))


@register.filter
def iso_at(moment: datetime | None, place: Any) -> str:
    """``2026-03-03T14:15-05:00``, for ``<time datetime>``."""
    return _local(moment, place).isoformat(timespec="minutes") if moment else ""


def _day(moment: datetime | date | None, place: Any, pattern: str) -> str:
    if not moment:
        return ""
    return formats.date_format(_local(moment, place) if isinstance(moment, datetime) else moment, pattern)


@register.filter
def tel(number: Any) -> str:
    """What a ``tel:`` address needs: digits, with the plus kept."""
    text = str(number or "")
    return "".join(character for character in text if character.isdigit() or character == "+")


@register.filter
def spoken_number(number: Any) -> str:
    """A number as people here write it, never broken across two lines. ``number`` is E.164 or a short number."""
    return _spoken(str(number or ""), settings.PHONENUMBER_DEFAULT_REGION)


@lru_cache(maxsize=2048)
def _spoken(text: str, region: str) -> str:
    if text.startswith("+"):
        parsed = phonenumbers.parse(text)
        home = parsed.country_code == phonenumbers.country_code_for_region(region)
        text = phonenumbers.format_number(parsed, NATIONAL if home else INTERNATIONAL)
    return text.replace(" ", "\N{NO-BREAK SPACE}")


@register.filter
def initial(name: Any) -> str:
    """The first letter of a name, for a face."""
    return str(name).strip()[:1].upper()
