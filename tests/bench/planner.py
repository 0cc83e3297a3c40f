"""How long a six-visit plan takes: five rooms, four clinicians, three helpers who said when they can, sixty days half
full. The whole call as the page makes it, and the search alone."""

import random
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time

from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.domain import planning, wishes
from clinic.domain.calendar import timing
from clinic.domain.planning import Outlook
from clinic.domain.plans import plans
from clinic.domain.study import HORIZON_DAYS, Relaxed, Study, whole_course
from clinic.domain.times import wall
from clinic.enums import Role
from clinic.models import Infusion, Patient
from support.domain import own_times
from support.domain.drivers import Drivers
from tests.factories import (
    CourseFactory,
    DesignationFactory,
    PatientFactory,
    PolicyFactory,
    ProtocolFactory,
    RoomFactory,
    SiteFactory,
    StaffFactory,
)

NOW = datetime(2026, 3, 3, 14, 41, tzinfo=UTC)
FIRST_DAY = date(2026, 3, 5)
ROOMS, CLINICIANS, A_DAY = 5, 4, 12
TIMES = 40


class House:
    def __init__(self) -> None:
        self.site = SiteFactory()
        self.desk = StaffFactory(sites=[self.site])
        self.policy = PolicyFactory(site=self.site)
        self.protocol = ProtocolFactory(site=self.site)
        self.rooms = [RoomFactory(site=self.site) for _room in range(ROOMS)]
        self.clinicians = [StaffFactory(role=Role.CLINICIAN, sites=[self.site]) for _one in range(CLINICIANS)]
        self._fill()

    def _fill(self) -> None:
        """Twelve of the twenty-four visits a day that four clinicians can have, in no order."""
        chance = random.Random(3)
        courses = [CourseFactory(patient=self._patient(), protocol=self.protocol) for _one in range(A_DAY)]
        places = [(column, begin) for column in range(CLINICIANS) for begin in range(480, 1080, 120)]
        rows = []
        for offset in range(HORIZON_DAYS):
            for course, (column, begin) in zip(courses, chance.sample(places, A_DAY), strict=True):
                at = clock_time(begin // 60, begin % 60)
                start = wall(day=FIRST_DAY + timedelta(days=offset), at=at, zone=self.site.zone)
                when = timing(protocol=self.protocol, policy=self.policy, starts_at=start)
                rows.append(
                    Infusion(
                        site=self.site,
                        course=course,
                        patient=course.patient,
                        room=self.rooms[(column + offset) % ROOMS],
                        clinician=self.clinicians[column],
                        policy=self.policy,
                        number=offset + 1,
                        starts_at=start,
                        pickup_from=when.pickup_from,
                        ends_at=when.ends_at,
                        room_free_at=when.room_free_at,
                        booked_at=NOW,
                        booked_by=self.desk,
                    )
                )
        Infusion.objects.bulk_create(rows)

    def _patient(self) -> Patient:
        return PatientFactory(site=self.site)

    def somebody_new(self) -> Patient:
        """With wishes of their own and three helpers who said when they can."""
        patient = self._patient()
        by = {"actor": self.desk, "now": NOW}
        wishes.add(patient=patient, weekdays=[0, 4], starts=clock_time(8), ends=clock_time(10), suits=False, **by)
        wishes.add(patient=patient, weekdays=[1, 3], starts=clock_time(9), ends=clock_time(13), suits=True, **by)
        said = [
            {"can": False, "weekdays": [3]},
            {"can": True, "weekdays": [0, 1, 2], "starts": clock_time(15)},
            {"can": False, "first_day": FIRST_DAY, "last_day": FIRST_DAY + timedelta(days=9)},
        ]
        for rank, words in enumerate(said, start=1):
            named = DesignationFactory(patient=patient, rank=rank)
            own_times.state(designation=named, actor="staff:1", now=NOW, **words)
        return patient


def look(house: House, patient: Patient) -> Outlook:
    """As the page asks; the first visit may come on any of the sixty days."""
    drivers = Drivers(patient=patient, first_day=FIRST_DAY, last_day=FIRST_DAY + timedelta(days=HORIZON_DAYS))
    return planning.outlook(
        site=house.site,
        patient=patient,
        protocol=house.protocol,
        stretch=whole_course(protocol=house.protocol, first_day=FIRST_DAY),
        now=NOW,
        could_drive=drivers.at,
        relaxed=Relaxed(later=True),
    )


def run() -> dict[str, float | str]:
    """Wants a migrated database; leaves its rows there."""
    house = House()
    patients = [house.somebody_new() for _time in range(TIMES)]
    waiting = iter(patients)

    def whole() -> None:
        assert len(look(house, next(waiting)).offers) == 3

    only_mondays = house.somebody_new()
    wishes.add(
        patient=only_mondays,
        weekdays=range(1, 7),
        starts=clock_time(0),
        ends=clock_time(23, 59),
        suits=False,
        actor=house.desk,
        now=NOW,
    )

    def nothing() -> None:
        assert look(house, only_mondays).ways_out

    study = Study(
        site=house.site,
        patient=patients[0],
        protocol=house.protocol,
        stretch=whole_course(protocol=house.protocol, first_day=FIRST_DAY),
        days=HORIZON_DAYS,
        now=NOW,
        could_drive=Drivers(
            patient=patients[0], first_day=FIRST_DAY, last_day=FIRST_DAY + timedelta(days=HORIZON_DAYS)
        ).at,
        prefer=None,
    )
    ask = study.ask(visits=6, relaxed=Relaxed(later=True))
    with CaptureQueriesContext(connection) as asked:
        whole()
    calls, searches = timed(whole, TIMES - 1), timed(lambda: plans(ask), TIMES)
    return {
        "a six-visit plan over 60 days, milliseconds, median": median(calls),
        "the same, 95 of 100": high(calls),
        "its queries": len(asked),
        "what would help where nothing fits, milliseconds, median": median(timed(nothing, TIMES)),
        "the search alone, milliseconds, median": median(searches),
        "the same search, 95 of 100": high(searches),
    }


def timed(work: Callable[[], object], times: int) -> list[float]:
    found = []
    for _time in range(times):
        began = time.perf_counter()
        work()
        found.append((time.perf_counter() - began) * 1000)
    return sorted(found)


def median(figures: list[float]) -> float:
    return round(figures[len(figures) // 2], 1)


def high(figures: list[float]) -> float:
    return round(figures[int(len(figures) * 0.95)], 1)
