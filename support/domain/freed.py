"""A place that became free: whom it fits, and whom it may be offered to now.

It fits who waits for that day, whose protocol has the time and the room it needs there, whose days between visits it
keeps, and who gets home: a named adult said that they can then (or had said yes to that very time), or the signed
rules let the clinic itself take the patient home or keep them longer. A paid escort is a person who must be named like
any helper, so that rung opens nothing by itself.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from clinic.domain import premises
from clinic.domain.diary import Diary
from clinic.domain.followers import Change
from clinic.domain.rhythm import Rhythm
from clinic.domain.slots import Slot
from clinic.domain.times import local_day
from clinic.enums import CourseStatus, InfusionStatus, Rung
from clinic.models import Infusion, Move, Patient, Policy, Room, Site, StaffMember
from clinic.models.infusion import LIVE, LONGEST_VISIT
from messaging.domain import quiet
from support.domain import plan, promise_rows, rules, visit_state
from support.domain.drivers import Driver, Drivers, Known
from support.domain.plan_state import Reach
from support.enums import HOLDING, CommitmentStatus, SupportRole
from support.models import Commitment, PlaceOffer, WaitlistEntry

# Ways home that need nobody to come.
BY_THE_CLINIC = frozenset({Rung.WATCHED_RIDE, Rung.EXTENDED_STAY})
LOOKS_BACK = timedelta(days=366)
# A place that became free longer ago has been seen by everybody.
FREED_WITHIN = timedelta(days=14)
PLACES_AT_ONCE = 200
# The entry, the room and the start.
Offered = tuple[int, int, datetime]


@dataclass(frozen=True, kw_only=True)
class Fit:
    """Somebody whom a place fits. ``driver`` is None where the clinic sees to the way home. ``not_now`` says why they
    are not offered it by message at this moment; empty if they can be."""

    entry: WaitlistEntry
    slot: Slot
    driver: Driver | None
    reach: Reach
    not_now: str


@dataclass(frozen=True, kw_only=True)
class Theirs:
    """A live visit of somebody who waits."""

    pk: int
    course: int
    number: int
    day: date


def fitting(*, slot: Slot, now: datetime) -> list[Fit]:
    """Longest waiting first."""
    return fitting_each(slots=[slot], now=now)[0]


def fitting_each(*, slots: Sequence[Slot], now: datetime) -> list[list[Fit]]:
    """The same for several places of one site. At most thirteen queries and two for each protocol of those who wait,
    eight more after the premises changed."""
    ahead = [slot for slot in slots if slot.starts_at > now]
    entries = _waiting(ahead)
    if not entries:
        return [[] for _slot in slots]
    search = _Search(ahead, entries, now)
    return [search.fits(slot) if slot in ahead else [] for slot in slots]


def places(*, site: Site, now: datetime) -> list[Slot]:
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


def _waiting(slots: Sequence[Slot]) -> list[WaitlistEntry]:
    """Who would come on one of the days."""
    if not slots:
        return []
    days = [_day(slot) for slot in slots]
    rows = WaitlistEntry.objects.filter(
        closed_at=None,
        first_day__lte=max(days),
        last_day__gte=min(days),
        course__status=CourseStatus.OPEN,
        course__patient__site=slots[0].room.site,
        course__patient__is_archived=False,
    )
    return list(
        rows.select_related("course__patient__site", "course__protocol", "infusion").order_by("created_at", "pk")
    )


def _day(slot: Slot) -> date:
    return local_day(moment=slot.starts_at, zone=slot.room.site.zone)


class _Search:
    def __init__(self, slots: Sequence[Slot], entries: Sequence[WaitlistEntry], now: datetime) -> None:
        self.site, self.entries, self.now = slots[0].room.site, entries, now
        self.first, self.last = min(map(_day, slots)), max(map(_day, slots))
        self.rules = rules.at(site=self.site)
        patients = list({entry.course.patient_id: entry.course.patient for entry in entries}.values())
        self.known = Known(patients=patients, first_day=self.first, last_day=self.last)
        self.said_yes = _said_yes(slots, patients=[patient.pk for patient in patients])
        self.stopped = visit_state.stopped(*patients)
        self.theirs: dict[int, list[Theirs]] = defaultdict(list)
        rows = Infusion.objects.filter(LIVE, patient__in=patients, starts_at__gt=now - LOOKS_BACK)
        for who, pk, course, number, starts_at in rows.values_list(
            "patient_id", "pk", "course_id", "number", "starts_at"
        ):
            day = local_day(moment=starts_at, zone=self.site.zone)
            self.theirs[who].append(Theirs(pk=pk, course=course, number=number, day=day))
        self.offered, self.today = _offered(patients, self.site.zone, local_day(moment=now, zone=self.site.zone))
        self.company = promise_rows.in_the_rooms(entry.infusion_id for entry in entries if entry.infusion_id)
        self.here = premises.of(site=self.site)
        self.diaries: dict[int, Diary] = {}

    def fits(self, slot: Slot) -> list[Fit]:
        day = _day(slot)
        asked = [entry for entry in self.entries if entry.first_day <= day <= entry.last_day]
        return [fit for entry in asked if (fit := self._fit(entry, slot, day)) is not None]

    def _fit(self, entry: WaitlistEntry, freed: Slot, day: date) -> Fit | None:
        diary = self._diary(entry)
        slot = _place(diary, freed)
        if slot is None or not self._is_theirs_to_take(entry, diary, slot, day):
            return None
        when = diary.timing(slot.starts_at)
        patient = entry.course.patient
        drivers = Drivers(patient=patient, first_day=self.first, last_day=self.last, known=self.known)
        sure = [
            one
            for one in drivers.at(when.pickup_from, when.ends_at)
            if one.says or (one.designation.pk, slot.starts_at) in self.said_yes
        ]
        if not sure and not BY_THE_CLINIC & set(self.rules.rungs):
            return None
        reach = visit_state.reach_patient(patient=patient, site=self.site, stopped=self.stopped)
        return Fit(
            entry=entry,
            slot=slot,
            driver=sure[0] if sure else None,
            reach=reach,
            not_now=self._not_now(entry, slot, reach),
        )

    def _is_theirs_to_take(self, entry: WaitlistEntry, diary: Diary, slot: Slot, day: date) -> bool:
        """An earlier time for a visit that is booked, or a time for one that has none; on a day that suits the rest."""
        course, visit = entry.course, entry.infusion
        others = [one for one in self.theirs[course.patient_id] if visit is None or one.pk != visit.pk]
        placed = {one.number: one.day for one in others if one.course == course.pk}
        if visit is None:
            to_place = [number for number in range(1, course.sessions + 1) if number not in placed]
            number = to_place[0] if to_place else 0
        else:
            is_earlier = visit.state is InfusionStatus.BOOKED and slot.starts_at < visit.starts_at
            has_room = self.company[visit.pk] <= slot.room.guest_places
            number = visit.number if is_earlier and has_room else 0
        if not number or any(one.day == day for one in others):
            return False
        return Rhythm(protocol=diary.protocol, placed=placed).allows(number=number, day=day)

    def _not_now(self, entry: WaitlistEntry, slot: Slot, reach: Reach) -> str:
        kept = timedelta(minutes=self.rules.waitlist_minutes)
        window = plan.window(self.rules)
        if (entry.pk, slot.room.pk, slot.starts_at) in self.offered:
            return _("Was offered this time already.")
        if self.today[entry.course.patient_id] >= self.rules.waitlist_daily:
            return _("Was offered enough for one day.")
        if slot.starts_at < self.now + kept + _fasting(self.rules):
            return _("Too soon to answer and to fast.")
        last = self.now + kept - timedelta(seconds=1)
        if any(quiet.is_quiet(moment=at, zone=reach.zone, window=window) for at in (self.now, last)):
            return _("No texts go at this hour.")
        return ""

    def _diary(self, entry: WaitlistEntry) -> Diary:
        protocol = entry.course.protocol
        if protocol.pk not in self.diaries:
            self.diaries[protocol.pk] = Diary(
                site=self.site,
                protocol=protocol,
                first_day=self.first,
                last_day=self.last,
                now=self.now,
                known=self.here,
            )
        return self.diaries[protocol.pk]


def _fasting(policy: Policy) -> timedelta:
    return max(timedelta(hours=policy.solids_hours), timedelta(minutes=policy.clear_liquids_minutes))


def _place(diary: Diary, slot: Slot) -> Slot | None:
    """The room must still be free for as long as this protocol takes; another clinician may step in."""
    opening = diary.opening(slot.starts_at)
    fits_hours = diary.calendar.is_open((slot.starts_at, slot.starts_at + diary.visit))
    if not fits_hours or slot.room not in opening.rooms or not opening.clinicians:
        return None
    clinician = slot.clinician if slot.clinician in opening.clinicians else opening.clinicians[0]
    return Slot(starts_at=slot.starts_at, room=slot.room, clinician=clinician)


def _said_yes(slots: Sequence[Slot], *, patients: Sequence[int]) -> set[tuple[int, datetime]]:
    """Whose yes to one of these very times was given and never taken back, though the visit went elsewhere since."""
    rows = Commitment.objects.filter(
        designation__patient__in=patients,
        role=SupportRole.RIDE,
        for_starts_at__in={slot.starts_at for slot in slots},
        events__status__in=HOLDING,
    )
    taken_back = [CommitmentStatus.DECLINED, CommitmentStatus.WITHDRAWN]
    return set(rows.exclude(events__status__in=taken_back).values_list("designation_id", "for_starts_at"))


def _offered(patients: Sequence[Patient], zone: ZoneInfo, today: date) -> tuple[set[Offered], Counter[int]]:
    """Which places who was offered before, and how often each patient was offered one today."""
    before: set[Offered] = set()
    counted: Counter[int] = Counter()
    rows = PlaceOffer.objects.filter(entry__course__patient__in=patients)
    for entry, patient, room, starts_at, offered_at in rows.values_list(
        "entry_id", "entry__course__patient_id", "room_id", "starts_at", "offered_at"
    ):
        before.add((entry, room, starts_at))
        counted[patient] += local_day(moment=offered_at, zone=zone) == today
    return before, counted
