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

from django.utils.translation import gettext as _

from clinic.domain import premises
from clinic.domain.diary import Diary
from clinic.domain.rhythm import Rhythm
from clinic.domain.slots import Slot
from clinic.domain.times import local_day
from clinic.enums import CourseStatus, InfusionStatus, Rung
from clinic.models import Infusion, Policy, Site
from clinic.models.infusion import LIVE
from messaging.domain import quiet
from support.domain import plan, rules, visit_state
from support.domain.drivers import Driver, Drivers, Known
from support.domain.plan_state import Reach
from support.enums import HOLDING, CommitmentStatus, SupportRole
from support.models import Commitment, PlaceOffer, WaitlistEntry

# Ways home that need nobody to come.
BY_THE_CLINIC = frozenset({Rung.WATCHED_RIDE, Rung.EXTENDED_STAY})
LOOKS_BACK = timedelta(days=366)


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
    pk: int
    course: int
    number: int
    starts_at: datetime
    ends_at: datetime


def fitting(*, slot: Slot, now: datetime) -> list[Fit]:
    """Longest waiting first. A constant number of queries and two for each protocol among those who wait."""
    site = slot.room.site
    day = local_day(moment=slot.starts_at, zone=site.zone)
    entries = waiting_for(site=site, day=day)
    if not entries or slot.starts_at <= now:
        return []
    return _Search(site, day, entries, slot, now).fits()


def waiting_for(*, site: Site, day: date) -> list[WaitlistEntry]:
    """Who would come on that day."""
    rows = WaitlistEntry.objects.filter(
        closed_at=None,
        first_day__lte=day,
        last_day__gte=day,
        course__status=CourseStatus.OPEN,
        course__patient__site=site,
        course__patient__is_archived=False,
    )
    return list(
        rows.select_related("course__patient__site", "course__protocol", "infusion").order_by("created_at", "pk")
    )


class _Search:
    def __init__(self, site: Site, day: date, entries: Sequence[WaitlistEntry], slot: Slot, now: datetime) -> None:
        self.site, self.day, self.entries, self.slot, self.now = site, day, entries, slot, now
        self.rules = rules.at(site=site)
        patients = list({entry.course.patient_id: entry.course.patient for entry in entries}.values())
        self.known = Known(patients=patients, first_day=day, last_day=day)
        self.said_yes = _said_yes(slot, patients=[patient.pk for patient in patients])
        self.stopped = visit_state.stopped(*patients)
        self.theirs: dict[int, list[Theirs]] = defaultdict(list)
        rows = Infusion.objects.filter(LIVE, patient__in=patients, starts_at__gt=now - LOOKS_BACK)
        for who, pk, course, number, begin, end in rows.values_list(
            "patient_id", "pk", "course_id", "number", "starts_at", "ends_at"
        ):
            self.theirs[who].append(Theirs(pk=pk, course=course, number=number, starts_at=begin, ends_at=end))
        self.offered, self.today = _offered(entries, slot, local_day(moment=now, zone=site.zone))
        self.here = premises.of(site=site)
        self.diaries: dict[int, Diary] = {}

    def fits(self) -> list[Fit]:
        return [fit for entry in self.entries if (fit := self._fit(entry)) is not None]

    def _fit(self, entry: WaitlistEntry) -> Fit | None:
        diary = self._diary(entry)
        slot = self._place(diary)
        if slot is None or not self._is_theirs_to_take(entry, diary):
            return None
        when = diary.timing(slot.starts_at)
        patient = entry.course.patient
        drivers = Drivers(patient=patient, first_day=self.day, last_day=self.day, known=self.known)
        sure = [
            one for one in drivers.at(when.pickup_from, when.ends_at) if one.says or one.designation.pk in self.said_yes
        ]
        if not sure and not BY_THE_CLINIC & set(self.rules.rungs):
            return None
        reach = visit_state.reach_patient(patient=patient, site=self.site, stopped=self.stopped)
        return Fit(
            entry=entry,
            slot=slot,
            driver=sure[0] if sure else None,
            reach=reach,
            not_now=self._not_now(entry, reach),
        )

    def _place(self, diary: Diary) -> Slot | None:
        """The room must still be free for as long as this protocol takes; another clinician may step in."""
        slot = self.slot
        opening = diary.opening(slot.starts_at)
        fits_hours = diary.calendar.is_open((slot.starts_at, slot.starts_at + diary.visit))
        if not fits_hours or slot.room not in opening.rooms or not opening.clinicians:
            return None
        clinician = slot.clinician if slot.clinician in opening.clinicians else opening.clinicians[0]
        return Slot(starts_at=slot.starts_at, room=slot.room, clinician=clinician)

    def _is_theirs_to_take(self, entry: WaitlistEntry, diary: Diary) -> bool:
        """An earlier time for a visit that is booked, or a time for one that has none; on a day that suits the rest."""
        course, visit = entry.course, entry.infusion
        others = [one for one in self.theirs[course.patient_id] if visit is None or one.pk != visit.pk]
        placed = {
            one.number: local_day(moment=one.starts_at, zone=self.site.zone)
            for one in others
            if one.course == course.pk
        }
        if visit is None:
            to_place = [number for number in range(1, course.sessions + 1) if number not in placed]
            number = to_place[0] if to_place else 0
        else:
            is_earlier = visit.state is InfusionStatus.BOOKED and self.slot.starts_at < visit.starts_at
            number = visit.number if is_earlier else 0
        if not number or any(local_day(moment=one.starts_at, zone=self.site.zone) == self.day for one in others):
            return False
        return Rhythm(protocol=diary.protocol, placed=placed).allows(number=number, day=self.day)

    def _not_now(self, entry: WaitlistEntry, reach: Reach) -> str:
        kept = timedelta(minutes=self.rules.waitlist_minutes)
        window = plan.window(self.rules)
        if entry.pk in self.offered:
            return _("Was offered this time already.")
        if self.today[entry.course.patient_id] >= self.rules.waitlist_daily:
            return _("Was offered enough for one day.")
        if self.slot.starts_at < self.now + kept + _fasting(self.rules):
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
                first_day=self.day,
                last_day=self.day,
                now=self.now,
                known=self.here,
            )
        return self.diaries[protocol.pk]


def _fasting(policy: Policy) -> timedelta:
    return max(timedelta(hours=policy.solids_hours), timedelta(minutes=policy.clear_liquids_minutes))


def _said_yes(slot: Slot, *, patients: Sequence[int]) -> set[int]:
    """Whose yes to this very time was given and never taken back, though the visit went elsewhere since."""
    rows = Commitment.objects.filter(
        designation__patient__in=patients,
        role=SupportRole.RIDE,
        for_starts_at=slot.starts_at,
        events__status__in=HOLDING,
    )
    taken_back = [CommitmentStatus.DECLINED, CommitmentStatus.WITHDRAWN]
    return set(rows.exclude(events__status__in=taken_back).values_list("designation_id", flat=True))


def _offered(entries: Sequence[WaitlistEntry], slot: Slot, today: date) -> tuple[set[int], Counter[int]]:
    """Who was offered this place before, and how often each patient was offered one today."""
    before: set[int] = set()
    counted: Counter[int] = Counter()
    zone = slot.room.site.zone
    rows = PlaceOffer.objects.filter(entry__course__patient__in={entry.course.patient_id for entry in entries})
    for entry, patient, room, starts_at, offered_at in rows.values_list(
        "entry_id", "entry__course__patient_id", "room_id", "starts_at", "offered_at"
    ):
        if (room, starts_at) == (slot.room.pk, slot.starts_at):
            before.add(entry)
        counted[patient] += local_day(moment=offered_at, zone=zone) == today
    return before, counted
