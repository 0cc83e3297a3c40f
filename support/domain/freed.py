"""A place that became free: whom it fits, whom it may be offered to now, and in a sentence why not.

It fits who waits for that day, whose protocol has the time and the room it needs there, whose days between visits it
keeps, and who gets home: a named adult said that they can then (or had said yes to that very time), or the signed
rules let the clinic itself take the patient home or keep them longer. A paid escort is a person who must be named like
any helper, so that rung opens nothing by itself.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from clinic.domain import against, premises
from clinic.domain.calendar import Timing
from clinic.domain.diary import Diary, Opening
from clinic.domain.slots import Slot
from clinic.domain.times import local_day
from clinic.enums import CourseStatus, InfusionStatus, Rung
from clinic.models import Infusion, Patient, Policy
from clinic.models.infusion import LIVE
from messaging.domain import quiet
from support.domain import impaired, promise_rows, rules, texting_hours, visit_state
from support.domain.drivers import Driver, Drivers, Known
from support.domain.held import Held
from support.domain.plan_state import Reach
from support.enums import HOLDING, CommitmentStatus, SupportRole
from support.models import Commitment, PlaceOffer, WaitlistEntry

# Ways home that need nobody to come.
BY_THE_CLINIC = frozenset({Rung.WATCHED_RIDE, Rung.EXTENDED_STAY})
LOOKS_BACK = timedelta(days=366)
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
class Misfit:
    """Somebody who waits for that day and whom a place does not fit; ``why`` is a sentence for staff."""

    entry: WaitlistEntry
    why: str


@dataclass(frozen=True, kw_only=True)
class Whom:
    """Of those who wait for the day of a place, longest first: whom it fits, and whom not."""

    fits: list[Fit]
    misfits: list[Misfit]


@dataclass(frozen=True, kw_only=True)
class Theirs:
    """A live visit of somebody who waits."""

    pk: int
    course: int
    number: int
    starts_at: datetime
    day: date


def fitting(*, slot: Slot, now: datetime) -> list[Fit]:
    """Longest waiting first."""
    return whom_each(slots=[slot], now=now)[0].fits


def whom_each(*, slots: Sequence[Slot], now: datetime) -> list[Whom]:
    """For several places of one site. At most thirteen queries and two for each protocol of those who wait, eight more
    after the premises changed."""
    ahead = [slot for slot in slots if slot.starts_at > now]
    entries = _waiting(ahead)
    nobody = Whom(fits=[], misfits=[])
    if not entries:
        return [nobody for _slot in slots]
    search = _Search(ahead, entries, now)
    return [search.whom(slot) if slot in ahead else nobody for slot in slots]


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
        rows.select_related(
            "course__patient__site", "course__protocol", "infusion__room", "infusion__clinician"
        ).order_by("created_at", "pk")
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
        self.known_ways = visit_state.standing_of(*patients)
        self.impaired = impaired.among(patients=patients, now=now)
        self.theirs: dict[int, list[Theirs]] = defaultdict(list)
        rows = Infusion.objects.filter(LIVE, patient__in=patients, starts_at__gt=now - LOOKS_BACK)
        for who, pk, course, number, starts_at in rows.values_list(
            "patient_id", "pk", "course_id", "number", "starts_at"
        ):
            day = local_day(moment=starts_at, zone=self.site.zone)
            self.theirs[who].append(Theirs(pk=pk, course=course, number=number, starts_at=starts_at, day=day))
        self.offered, self.today = _offered(patients, self.site.zone, local_day(moment=now, zone=self.site.zone))
        self.company = promise_rows.in_the_rooms(entry.infusion_id for entry in entries if entry.infusion_id)
        self.here = premises.of(site=self.site)
        waiting = [entry.infusion for entry in entries if entry.infusion is not None]
        self.leaving, self.held = [visit.pk for visit in waiting], Held()
        for visit in waiting:
            if visit.state.is_live:
                here = Slot(starts_at=visit.starts_at, room=visit.room, clinician=visit.clinician)
                self.held.hold(visit.pk, here, ends_at=visit.ends_at, room_free_at=visit.room_free_at)
        self.diaries: dict[int, Diary] = {}

    def whom(self, slot: Slot) -> Whom:
        day = _day(slot)
        asked = [entry for entry in self.entries if entry.first_day <= day <= entry.last_day]
        answers = [self._answer(entry, slot, day) for entry in asked]
        return Whom(
            fits=[answer for answer in answers if isinstance(answer, Fit)],
            misfits=[answer for answer in answers if isinstance(answer, Misfit)],
        )

    def _answer(self, entry: WaitlistEntry, freed: Slot, day: date) -> Fit | Misfit:
        diary, patient = self._diary(entry), entry.course.patient
        when = diary.timing(freed.starts_at)
        # Their own place is in nobody's way: they would leave it.
        left = self.held.without(entry.infusion_id or 0, diary.opening(freed.starts_at), when)
        clinician = next(iter(left.clinicians), freed.clinician)
        slot = replace(freed, clinician=freed.clinician if freed.clinician in left.clinicians else clinician)
        drivers = Drivers(patient=patient, first_day=self.first, last_day=self.last, known=self.known)
        people = drivers.at(when.pickup_from, when.ends_at)
        sure = [one for one in people if one.says or (one.designation.pk, slot.starts_at) in self.said_yes]
        why = (
            self._not_theirs(entry, slot, day)
            or self._against(entry, diary, slot, when)
            or _not_free(slot, left)
            or self._no_way_home(drivers, people, sure)
        )
        if why:
            return Misfit(entry=entry, why=why)
        reach = visit_state.reach_patient(patient=patient, site=self.site, known=self.known_ways)
        return Fit(
            entry=entry,
            slot=slot,
            driver=sure[0] if sure else None,
            reach=reach,
            not_now=self._not_now(entry, slot, reach),
        )

    def _others(self, entry: WaitlistEntry) -> list[Theirs]:
        return [one for one in self.theirs[entry.course.patient_id] if one.pk != entry.infusion_id]

    def _placed(self, entry: WaitlistEntry) -> dict[int, datetime]:
        """When the other visits of the course are."""
        return {one.number: one.starts_at for one in self._others(entry) if one.course == entry.course_id}

    def _to_place(self, entry: WaitlistEntry) -> int:
        """The number of the visit that waits for a time; 0 where every visit has one."""
        placed = self._placed(entry)
        return next((number for number in range(1, entry.course.sessions + 1) if number not in placed), 0)

    def _not_theirs(self, entry: WaitlistEntry, slot: Slot, day: date) -> str:
        """Why it is no earlier time for a visit that is booked, nor a time for one that has none."""
        visit = entry.infusion
        if visit is None and not self._to_place(entry):
            return _("Every visit has a time by now.")
        if visit is not None and visit.state is not InfusionStatus.BOOKED:
            return _("The visit they wait with is no longer ahead.")
        if visit is not None and slot.starts_at >= visit.starts_at:
            return _("It is not earlier than the visit they have.")
        if any(one.day == day for one in self._others(entry)):
            return _("They have another visit on that day.")
        return ""

    def _against(self, entry: WaitlistEntry, diary: Diary, slot: Slot, when: Timing) -> str:
        """What would speak against it when it is booked: the first that is said."""
        visit = entry.infusion
        found = against.findings(
            site=self.site,
            protocol=diary.protocol,
            is_archived=False,
            slots={visit.number if visit else self._to_place(entry): (slot, when)},
            placed=self._placed(entry),
            here=self.here,
            now=self.now,
            people=self.company[visit.pk] if visit else 0,
        )
        return found[0].says if found else ""

    def _no_way_home(self, drivers: Drivers, people: Sequence[Driver], sure: Sequence[Driver]) -> str:
        if sure or BY_THE_CLINIC & set(self.rules.rungs):
            return ""
        if not drivers:
            return _("Nobody is named for the way home.")
        if not people:
            return _("Nobody who is named can drive then.")
        names = ", ".join(one.name for one in people)
        return _("Nobody has said that they can drive then. To ask: %(names)s.") % {"names": names}

    def _not_now(self, entry: WaitlistEntry, slot: Slot, reach: Reach) -> str:
        kept = timedelta(minutes=self.rules.waitlist_minutes)
        window = texting_hours.window(self.rules, reach)
        if (entry.pk, slot.room.pk, slot.starts_at) in self.offered:
            return _("Was offered this time already.")
        if self.today[entry.course.patient_id] >= self.rules.waitlist_daily:
            return _("Was offered enough for one day.")
        if slot.starts_at < self.now + kept + _fasting(self.rules):
            return _("Too soon to answer and to fast.")
        last = self.now + kept - timedelta(seconds=1)
        if any(quiet.is_quiet(moment=at, zone=reach.zone, window=window) for at in (self.now, last)):
            return _("No texts go at this hour.")
        if entry.course.patient_id in self.impaired:
            return _("Agrees to nothing new yet: the medicine may still be at work.")
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
                leaving=self.leaving,
                known=self.here,
            )
        return self.diaries[protocol.pk]


def _fasting(policy: Policy) -> timedelta:
    return max(timedelta(hours=policy.solids_hours), timedelta(minutes=policy.clear_liquids_minutes))


def _not_free(slot: Slot, left: Opening) -> str:
    """The room must still be free for as long as this protocol takes; another clinician may step in."""
    if slot.room not in left.rooms:
        return _("%(room)s is not free for as long as this visit takes.") % {"room": slot.room}
    if not left.clinicians:
        return _("No clinician is free for as long as this visit takes.")
    return ""


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
