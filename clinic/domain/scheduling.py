"""Free times."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice

from clinic.domain.diary import Diary
from clinic.domain.slots import Slot
from clinic.domain.times import local_day
from clinic.models import Infusion, Patient, Protocol, Site


def free_slots(
    *,
    site: Site,
    protocol: Protocol,
    first_day: date,
    last_day: date,
    now: datetime,
    patient: Patient | None = None,
    per_day: int | None = None,
    ignoring: Infusion | None = None,
) -> list[Slot]:
    """Every start that can be booked, one room and clinician for each, earliest first.

    Two queries, ten after a change of the premises.

    ``ignoring`` is a visit about to be moved: its own time counts as free.
    """
    diary = Diary(
        site=site,
        protocol=protocol,
        first_day=first_day,
        last_day=last_day,
        now=now,
        patient=patient,
        ignoring=ignoring,
    )
    found: list[Slot] = []
    for offset in range((last_day - first_day).days + 1):
        openings = diary.openings(first_day + timedelta(days=offset))
        found += [Slot(one.starts_at, one.rooms[0], one.clinicians[0]) for one in islice(openings, per_day)]
    return found


@dataclass(frozen=True)
class Soonest:
    """``rooms`` and ``clinicians``: from when today each is free for a whole visit, by id; whoever is not in it is not
    today. A room without what the protocol needs is in neither. ``slot`` is the first room and clinician that are
    free together, at once or later today."""

    rooms: dict[int, datetime]
    clinicians: dict[int, datetime]
    slot: Slot | None


def soonest(*, site: Site, protocol: Protocol, now: datetime) -> Soonest:
    """For a visit that begins on the spot, to the minute. Later today only inside the opening hours; whether the
    clinic is open now is not asked. Two queries, ten after a change of the premises."""
    start = now.replace(second=0, microsecond=0)
    day = local_day(moment=start, zone=site.zone)
    diary = Diary(site=site, protocol=protocol, first_day=day, last_day=day, now=now)
    later = [at for at in diary.changes(start) if diary.calendar.is_open((at, at + diary.visit))]
    rooms: dict[int, datetime] = {}
    clinicians: dict[int, datetime] = {}
    slot = None
    for opening in map(diary.opening, [start, *later]):
        for room in opening.rooms:
            rooms.setdefault(room.pk, opening.starts_at)
        for one in opening.clinicians:
            clinicians.setdefault(one.pk, opening.starts_at)
        if slot is None and opening.rooms and opening.clinicians:
            slot = Slot(opening.starts_at, opening.rooms[0], opening.clinicians[0])
    return Soonest(rooms, clinicians, slot)
