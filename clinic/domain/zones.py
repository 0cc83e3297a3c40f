"""A site that changes its time zone: the moments of its visits stay, the clocks show other times."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from clinic.enums import OFF
from clinic.models import Infusion, Room, Site


@dataclass(frozen=True, kw_only=True)
class Shifted:
    """One booked visit as the old clock shows it and as the new one would: wall times, without a zone."""

    room: Room
    before: datetime
    after: datetime


def shifted(*, site: Site, before: str, after: str, now: datetime) -> list[Shifted]:
    """Every visit ahead whose time of day would read otherwise; empty where both clocks agree. One query."""
    if before == after or not before:
        return []
    old, new = ZoneInfo(before), ZoneInfo(after)
    ahead = Infusion.objects.filter(site=site, starts_at__gt=now).exclude(status__in=OFF).select_related("room")
    walls = [(v.room, v.starts_at.astimezone(old), v.starts_at.astimezone(new)) for v in ahead]
    return [
        Shifted(room=room, before=was.replace(tzinfo=None), after=will_be.replace(tzinfo=None))
        for room, was, will_be in walls
        if was.utcoffset() != will_be.utcoffset()
    ]
