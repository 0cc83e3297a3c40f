"""Plans for a series: three that are best at something, or why there is none and what would help."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, time

from clinic.domain import obstacles, plan_words
from clinic.domain.diary import Opening
from clinic.domain.obstacles import WayOut
from clinic.domain.plan_ask import Plan
from clinic.domain.plans import choices
from clinic.domain.slots import Slot
from clinic.domain.study import HORIZON_DAYS, CouldDrive, Person, Relaxed, Start, Stretch, Study
from clinic.models import Patient, Protocol, Room, Site, StaffMember


@dataclass(frozen=True)
class Visit:
    """``drivers`` could take the patient home then."""

    slot: Slot
    drivers: tuple[Person, ...]


@dataclass(frozen=True)
class Proposed:
    """``good_at`` are sentences; ``to_place`` is how many visits lie beyond the horizon."""

    good_at: tuple[str, ...]
    visits: tuple[Visit, ...]
    to_place: int

    @property
    def slots(self) -> list[Slot]:
        return [visit.slot for visit in self.visits]

    @property
    def last(self) -> Slot:
        return self.visits[-1].slot


@dataclass(frozen=True)
class Wanted:
    """The room or the clinician that somebody pointed at."""

    room: Room | None = None
    clinician: StaffMember | None = None


@dataclass(frozen=True)
class Outlook:
    """Either offers, or reasons and ways out."""

    offers: list[Proposed] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    ways_out: list[WayOut] = field(default_factory=list)


def outlook(
    *,
    site: Site,
    patient: Patient,
    protocol: Protocol,
    stretch: Stretch,
    now: datetime,
    prefer: time | None = None,
    could_drive: CouldDrive | None = None,
    company: bool = False,
    relaxed: Relaxed | None = None,
    wanted: Wanted | None = None,
) -> Outlook:
    """The best plans for as many visits of the stretch as sixty days hold; all their times can be booked.

    What each is best at is defined in ``plans``. A bad time of the patient is never offered, a good one preferred.
    Visits keep their room and clinician where they can, those that are ``wanted`` before others; with ``company`` a
    room with a guest place comes first.
    """
    giving_way = relaxed or Relaxed()
    days = stretch.days(giving_way)

    def study(days: int) -> Study:
        return Study(
            site=site,
            patient=patient,
            protocol=protocol,
            stretch=stretch,
            days=days,
            now=now,
            could_drive=could_drive,
            prefer=prefer,
        )

    read = study(days)
    fewest = 1
    for fewest in stretch.counts(giving_way):
        ask = read.ask(visits=fewest, relaxed=giving_way)
        if found := choices(ask):
            return Outlook([_offer(read, plan, company, wanted or Wanted()) for plan in found])
    if nothing := obstacles.missing(read):
        return Outlook(reasons=nothing)
    whole = read if days == HORIZON_DAYS else study(HORIZON_DAYS)
    ask = whole.ask(visits=fewest, relaxed=giving_way)
    return Outlook(
        reasons=obstacles.reasons(whole, ask, giving_way),
        ways_out=obstacles.ways_out(whole, visits=fewest, relaxed=giving_way),
    )


def _offer(study: Study, plan: Plan, company: bool, wanted: Wanted) -> Proposed:
    starts = [study.find(offset, minute) for offset, minute in plan.visits]
    return Proposed(
        good_at=tuple(plan_words.good_at(study, plan, starts)),
        visits=tuple(
            Visit(slot, start.drivers)
            for slot, start in zip(_placed(study, starts, company, wanted), starts, strict=True)
        ),
        to_place=study.stretch.visits - len(starts),
    )


def _placed(study: Study, starts: list[Start], company: bool, wanted: Wanted) -> list[Slot]:
    """Rooms and clinicians: whoever is free for most of these visits comes first in all of them."""
    openings: list[Opening] = [study.diary.opening(start.starts_at) for start in starts]
    rooms = Counter(room.pk for opening in openings for room in opening.rooms)
    people = Counter(one.pk for opening in openings for one in opening.clinicians)

    def fits(room: Room) -> tuple[bool, bool, int]:
        return not company or room.guest_places > 0, room == wanted.room, rooms[room.pk]

    return [
        Slot(
            starts_at=opening.starts_at,
            room=max(opening.rooms, key=fits),
            clinician=max(opening.clinicians, key=lambda one: (one == wanted.clinician, people[one.pk])),
        )
        for opening in openings
    ]
