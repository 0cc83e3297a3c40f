"""Places in the diary that became free: what cancelled and moved visits left, and what a change leaves now."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from clinic.domain import premises
from clinic.domain.followers import Change
from clinic.domain.slots import Slot
from clinic.domain.times import local_day
from clinic.models import Infusion, Move, Room, Site, StaffMember
from clinic.models.infusion import LIVE, LONGEST_VISIT
from support.models import WaitlistEntry

# A place that became free longer ago has been seen by everybody.
FREED_WITHIN = timedelta(days=14)
PLACES_AT_ONCE = 200


def ahead(*, site: Site, now: datetime) -> list[Slot]:
    """Places of cancelled and moved visits that lie ahead on a day somebody waits for and are not taken or closed
    since, earliest first. At most seven queries, eight more after the premises changed."""
    days = list(
        WaitlistEntry.objects.filter(closed_at=None, course__patient__site=site).values_list("first_day", "last_day")
    )
    if not days:
        return []
    ahead = Infusion.objects.filter(site=site, starts_at__gt=now)
    off = ahead.filter(cancelled_at__gt=now - FREED_WITHIN).values_list("starts_at", "room_id", "clinician_id")
    moved = Move.objects.filter(
        infusion__site=site, undone_at=None, at__gt=now - FREED_WITHIN, from_starts_at__gt=now
    ).values_list("from_starts_at", "from_room_id", "from_clinician_id")
    wanted = {
        (at, room): clinician
        for at, room, clinician in sorted([*off, *moved])
        if any(first <= local_day(moment=at, zone=site.zone) <= last for first, last in days)
    }
    is_gone = _gone(site, list(wanted)) if wanted else set()
    rooms = {room.pk: room for room in Room.objects.filter(site=site, is_active=True).select_related("site")}
    people = {one.pk: one for one in StaffMember.objects.filter(pk__in=set(wanted.values()))}
    still = [(at, room, who) for (at, room), who in wanted.items() if room in rooms and (at, room) not in is_gone]
    return [Slot(starts_at=at, room=rooms[room], clinician=people[who]) for at, room, who in still[:PLACES_AT_ONCE]]


def left_by(change: Change) -> Slot | None:
    """The place that a change of a visit leaves free."""
    visit = change.infusion
    if change.what in {"cancelled", "no_show"}:
        return Slot(starts_at=visit.starts_at, room=visit.room, clinician=visit.clinician)
    if change.what != "moved":
        return None
    names = ("starts_at", "room", "clinician")
    starts_at, room, clinician = (change.before.get(name, getattr(visit, name)) for name in names)
    if not (isinstance(starts_at, datetime) and isinstance(room, Room) and isinstance(clinician, StaffMember)):
        return None
    return Slot(starts_at=starts_at, room=room, clinician=clinician)


def _gone(site: Site, wanted: Sequence[tuple[datetime, int]]) -> set[tuple[datetime, int]]:
    """Those at whose start the room is taken again, or closed."""
    begin, end = min(wanted)[0] - LONGEST_VISIT, max(wanted)[0]
    here, taken = premises.of(site=site), defaultdict(list)
    visits = Infusion.objects.filter(LIVE, site=site, starts_at__gt=begin, starts_at__lte=end)
    for room, starts_at, until in visits.values_list("room_id", "starts_at", "room_free_at"):
        taken[room].append((starts_at, until))
    return {
        (at, room)
        for at, room in wanted
        if any(begin <= at < end for begin, end in [*here.closed, *here.room_closed.get(room, []), *taken[room]])
    }
