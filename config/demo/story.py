"""What happened at the demo clinic up to now, and what today's board shows: told through the domain's own functions."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from functools import partial
from itertools import count

from clinic.domain import infusions
from clinic.domain.slots import Slot
from clinic.domain.times import day_bounds, local_day, wall
from clinic.enums import InfusionStatus
from clinic.models import Infusion, Patient
from config.demo import circle, desk, texts, upsets
from config.demo.clinic import Clinic
from config.demo.clockwork import Clockwork
from config.demo.part import Part
from config.demo.people import HELPERS, PATIENTS, Person
from support.enums import CheckInKind

GRID = timedelta(minutes=15)


class Scene(IntEnum):
    """How far one of today's visits has come."""

    NO_WAY_HOME = 0
    STAYS_LONGER = 1
    AT_RISK = 2
    SURE = 3
    ARRIVED = 4
    STARTED = 5
    RECOVERING = 6
    READY = 7
    ON_THE_WAY = 8
    HOME = 9


@dataclass(frozen=True)
class Place:
    """One block of the board: when (days and minutes from now), in which room, which visit of the course it is."""

    scene: Scene
    days: int
    minutes: int
    room: int
    visit: int


TODAY = [
    Place(Scene.READY, 0, -105, 0, 2),
    Place(Scene.STARTED, 0, -45, 1, 3),
    Place(Scene.NO_WAY_HOME, 0, 75, 1, 1),
    Place(Scene.AT_RISK, 0, 135, 0, 1),
    Place(Scene.HOME, 0, -225, 0, 4),
    Place(Scene.ARRIVED, 0, 15, 0, 3),
    Place(Scene.SURE, 0, 75, 2, 2),
    Place(Scene.ON_THE_WAY, 0, -165, 1, 2),
    Place(Scene.HOME, 0, -225, 2, 5),
    Place(Scene.RECOVERING, 0, -75, 2, 2),
    Place(Scene.SURE, 0, 195, 1, 2),
    Place(Scene.STAYS_LONGER, 0, 195, 2, 1),
]
# The others come on the days between.
OTHERS = [
    Place(Scene.SURE, 1, -60, 0, 2),
    Place(Scene.SURE, 1, 0, 1, 1),
    Place(Scene.SURE, 1, 60, 2, 1),
    Place(Scene.SURE, 1, 120, 0, 3),
    Place(Scene.AT_RISK, 1, 135, 1, 1),
    Place(Scene.SURE, 2, -60, 0, 1),
    Place(Scene.SURE, 2, 30, 1, 2),
    Place(Scene.SURE, 2, 90, 2, 1),
    Place(Scene.SURE, 2, 150, 0, 1),
    Place(Scene.SURE, 4, -180, 0, 1),
    Place(Scene.SURE, 4, -120, 1, 1),
    Place(Scene.SURE, 4, -60, 2, 1),
]
# Of those who have no visits yet: whose helper is asked by text as soon as somebody books. The others are called.
WELCOME_TEXTS = {"Colin", "Naomi", "Ivan"}
# The steps of a visit, each with its minute after the start.
STEPS = [
    (Scene.ARRIVED, -18, Part.arrive),
    (Scene.STARTED, 14, Part.start),
    (Scene.RECOVERING, 55, Part.recover),
    (Scene.READY, 92, Part.ready),
    (Scene.READY, 94, Part.helper_outside),
    (Scene.ON_THE_WAY, 99, Part.hand_over),
    (Scene.HOME, 131, Part.say_home),
]
# What comes in by text, each so many minutes ago.
TEXTS = [
    (70, texts.helper_says_thanks),
    (40, texts.patient_asks),
    (20, texts.stranger_writes),
    (6, texts.helper_says_more_than_yes),
]


class Story:
    """One telling. ``now`` is when the demo is started; everything else is planned around it."""

    LOOKS_BACK = timedelta(days=40)

    def __init__(self, clinic: Clinic, *, now: datetime) -> None:
        self.clinic = clinic
        self.zone = clinic.site.zone
        self.now = now
        self.base = datetime.fromtimestamp(now.timestamp() // GRID.seconds * GRID.seconds, tz=now.tzinfo)
        self.clock = Clockwork()
        self.numbers = count()

    def tell(self) -> None:
        """The first time: people arrive over the weeks, and today happens as far as it has got."""
        circle.list_escorts(self.clinic, self.now - self.LOOKS_BACK)
        for place, (person, helper) in zip([*TODAY, *OTHERS], cast(), strict=False):
            self.enrol(Part(self.clinic, person=person), helper, place)
        for person, helper in list(cast())[len(TODAY) + len(OTHERS) :]:
            part, yesterday = Part(self.clinic, person=person), self.now - timedelta(days=1)
            self.introduce(part, helper, yesterday)
            if person.given in WELCOME_TEXTS:
                self.clock.at(yesterday + timedelta(minutes=15), part.welcome_texts)
        self.clock.at(self.now - timedelta(days=1), partial(desk.type_in_twice, self.clinic))
        self.plan_what_is_always_there()
        self.clock.sweep_between(self.now - timedelta(days=4), self.now)
        self.clock.at(self.now - timedelta(hours=2), partial(desk.answer_calls, self.clinic))
        self.clock.play(until=self.now)

    def renew(self) -> None:
        """A new day: what was left open is closed, and today's board is filled again with people known here."""
        begin, end = day_bounds(day=local_day(moment=self.now, zone=self.zone), zone=self.zone)
        upsets.wait_no_more(self.clinic, self.now)
        texts.read_what_waits(self.clinic, self.now)
        visits = Infusion.objects.filter(site=self.clinic.site).select_related("patient", "site")
        for visit in visits.filter(starts_at__lt=begin):
            Part(self.clinic, patient=visit.patient).close(visit)
        for visit in visits.filter(starts_at__gte=begin, starts_at__lt=end, status=InfusionStatus.BOOKED):
            before = visit.starts_at - timedelta(days=3)
            infusions.cancel(infusion=visit, actor=self.clinic.desk, now=before, reason="Another day suits better.")
        known = Patient.objects.filter(site=self.clinic.site, courses__isnull=False).distinct().order_by("pk")
        for place, patient in zip(TODAY, known, strict=False):
            self.return_for_today(Part(self.clinic, patient=patient), place)
        self.plan_what_is_always_there()
        self.clock.play(until=self.now)

    def plan_what_is_always_there(self) -> None:
        self.clock.at(self.now - timedelta(hours=2), partial(desk.leave_notes, self.clinic))
        for upset in (upsets.close_a_room, upsets.wait_for_a_place, upsets.wait_for_any_place):
            self.clock.at(self.now - timedelta(hours=1), partial(upset, self.clinic))
        for minutes, wrote in TEXTS:
            self.clock.at(self.now - timedelta(minutes=minutes), partial(wrote, self.clinic))

    def booked_today(self) -> int:
        """How many visits the board of this calendar day shows."""
        begin, end = day_bounds(day=local_day(moment=self.now, zone=self.zone), zone=self.zone)
        today = Infusion.objects.filter(site=self.clinic.site, starts_at__gte=begin, starts_at__lt=end)
        return today.exclude(status__in=[InfusionStatus.CANCELLED]).count()

    def enrol(self, part: Part, helper: tuple[str, str, str], place: Place) -> None:
        """A course whose ``place.visit``-th visit is the one on the board, and the visits before it."""
        starts = self.starts(place)
        dates = [self.same_clock(starts, days=3 * (k - place.visit)) for k in range(1, 7)]
        joined = min(dates[0], self.now) - timedelta(days=6, hours=3)
        self.introduce(part, helper, joined)
        self.clock.at(joined + timedelta(minutes=15), part.welcome_texts)
        slots = [self.slot(place, date) for date in dates]
        self.clock.at(joined + timedelta(minutes=20), lambda now: part.book_series(slots, now))
        self.clock.at(joined + timedelta(hours=3), lambda now: part.say_yes(dates[: place.visit - 1], now))
        for earlier in dates[: place.visit - 1]:
            self.plan_evening(part, earlier)
            self.plan_visit(part, Scene.HOME, earlier)
        self.plan_today(part, place.scene, starts)

    def introduce(self, part: Part, helper: tuple[str, str, str], joined: datetime) -> None:
        mine, first, second = next(self.numbers), next(self.numbers), next(self.numbers)
        self.clock.at(joined, lambda now: part.register(mine, now))
        self.clock.at(joined + timedelta(minutes=5), lambda now: part.name(helper, rank=1, phone=first, now=now))
        aunt = ("Jo", helper[1], "aunt")
        self.clock.at(joined + timedelta(minutes=9), lambda now: part.name(aunt, rank=2, phone=second, now=now))
        self.clock.at(joined + timedelta(minutes=12), part.say_when)

    def return_for_today(self, part: Part, place: Place) -> None:
        """A known patient comes for one more visit, booked two days ago."""
        slot = self.slot(place, self.starts(place))
        self.clock.at(self.now - timedelta(days=2), lambda now: part.book_one(slot, now))
        self.plan_today(part, place.scene, slot.starts_at)

    def plan_today(self, part: Part, scene: Scene, starts: datetime) -> None:
        asked = min(starts, self.now) - timedelta(hours=40)
        self.plan_evening(part, starts)
        if scene == Scene.STAYS_LONGER:
            self.clock.at(asked, lambda now: part.nobody_can(starts, now))
            return
        self.clock.at(asked, lambda now: part.say_yes([starts], now))
        if scene == Scene.NO_WAY_HOME:
            self.clock.at(self.now - timedelta(hours=13), lambda now: part.step_back(starts, now))
        elif scene > Scene.AT_RISK:
            self.plan_visit(part, scene, starts)

    def plan_evening(self, part: Part, starts: datetime) -> None:
        self.clock.at(circle.evening_before(starts, self.zone), partial(part.say_beforehand, starts))

    def plan_visit(self, part: Part, scene: Scene, starts: datetime) -> None:
        self.clock.at(starts - timedelta(hours=20), lambda now: part.reconfirm(starts, now))
        for step, minutes, act in STEPS:
            if step <= scene:
                self.clock.at(starts + timedelta(minutes=minutes), partial(act, part, starts))
        if scene == Scene.HOME:
            # The second of each for those who were not asked yet at the first.
            evening, next_day = CheckInKind.EVENING, CheckInKind.NEXT_DAY
            for hours, kind in ((11, evening), (14, evening), (28, next_day), (36, next_day)):
                self.clock.at(starts + timedelta(hours=hours), partial(part.say_fine, starts, kind))

    def starts(self, place: Place) -> datetime:
        return self.same_clock(self.base + timedelta(minutes=place.minutes), days=place.days)

    def slot(self, place: Place, starts: datetime) -> Slot:
        return Slot(starts, self.clinic.rooms[place.room], self.clinic.clinicians[place.room])

    def same_clock(self, moment: datetime, *, days: int) -> datetime:
        """The same wall time so many days on, also across a clock change."""
        local = moment.astimezone(self.zone)
        return wall(day=local.date() + timedelta(days=days), at=local.time(), zone=self.zone) or moment


def cast() -> Iterator[tuple[Person, tuple[str, str, str]]]:
    """Each patient with their first helper; families share a name where the lists say so."""
    by_name = {family: (given, family, relation) for given, family, relation in reversed(HELPERS)}
    for place, person in enumerate(PATIENTS):
        given, _family, relation = HELPERS[place % len(HELPERS)]
        yield person, by_name.get(person.family, (given, person.family, relation))
