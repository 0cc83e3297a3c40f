"""What of the diary an address asks for, and the address of a look at it. Nonsense falls back to today's rooms."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from support.domain.board_grid import day_of
from support.domain.diary_shapes import CLINICIAN, DAYS, ROOM, Look

LONGEST_NAME = 80


def look_of(query: QueryDict, *, today: date) -> Look:
    """A week begins on its Monday, other looks on the day itself."""
    first = day_of(query.get("day"), today=today)
    days = whole(query.get("days"))
    days = days if days in DAYS else DAYS[0]
    return Look(
        first=first - timedelta(days=first.weekday()) if days == 7 else first,
        days=days,
        by=CLINICIAN if query.get("by") == CLINICIAN else ROOM,
        room=whole(query.get("room")),
        clinician=whole(query.get("clinician")),
        name=query.get("q", "").replace("\x00", "").strip()[:LONGEST_NAME],
        only_risk=query.get("only") == "risk",
    )


def address(look: Look, **changes: Any) -> str:
    """``?day=2026-03-03&days=3…`` of this look, or of one that differs in ``changes``."""
    look = replace(look, **changes)
    asked = {
        "day": look.first.isoformat(),
        "days": look.days if look.days > 1 else "",
        "by": look.by if look.by != ROOM else "",
        "room": look.room or "",
        "clinician": look.clinician or "",
        "q": look.name,
        "only": "risk" if look.only_risk else "",
    }
    return f"?{urlencode({name: value for name, value in asked.items() if value})}"


def wall_time(text: str) -> datetime | None:
    """``2026-03-03T10:15`` on the clinic's clock (no zone); None for anything else."""
    try:
        at = datetime.strptime(text, "%Y-%m-%dT%H:%M")  # noqa: DTZ007 - a wall time
    except ValueError:
        return None
    return at if 2000 < at.year < 2200 else None


def whole(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 18 and int(text) else None
