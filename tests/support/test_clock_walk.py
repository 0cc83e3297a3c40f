"""Three days around each change of clocks, a quarter of an hour at a time: what is planned goes once, at its hour."""

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from clinic.domain import infusions
from clinic.models import Infusion
from messaging.domain import dispatch, settle
from messaging.models import Message
from support.domain import commitments, watch
from support.models import Designation
from tests.support.conftest import Clinic, Phones, new_clinic

pytestmark = [pytest.mark.soak, pytest.mark.django_db(transaction=True)]
STEP, HOUR, DAY = timedelta(minutes=15), timedelta(hours=1), timedelta(days=1)
# By night, and after every change of it.
NIGHT = time(4, 15)
NEW_YORK, BERLIN, SANTIAGO = "America/New_York", "Europe/Berlin", "America/Santiago"
ADELAIDE, LORD_HOWE, AUCKLAND = "Australia/Adelaide", "Australia/Lord_Howe", "Pacific/Auckland"
# Who lives elsewhere lives in the next of these.
ELSEWHERE = {
    NEW_YORK: BERLIN,
    BERLIN: SANTIAGO,
    SANTIAGO: AUCKLAND,
    AUCKLAND: LORD_HOWE,
    LORD_HOWE: ADELAIDE,
    ADELAIDE: NEW_YORK,
}
# All six zones, both changes, in a soak; those that change in one night are walked together. In an ordinary run one
# that skips an hour, one that repeats half an hour and one that repeats the hour before midnight.
WALKS = [{NEW_YORK: date(2026, 3, 8)}, {SANTIAGO: date(2026, 4, 5), LORD_HOWE: date(2026, 4, 5)}]
if os.environ.get("HOMEWARD_SOAK") == "1":
    WALKS += [
        {ADELAIDE: date(2026, 4, 5), AUCKLAND: date(2026, 4, 5)},
        {NEW_YORK: date(2026, 11, 1)},
        {BERLIN: date(2026, 3, 29)},
        {BERLIN: date(2026, 10, 25)},
        {ADELAIDE: date(2026, 10, 4), LORD_HOWE: date(2026, 10, 4)},
        {SANTIAGO: date(2026, 9, 6)},
        {AUCKLAND: date(2026, 9, 27)},
    ]


@dataclass
class Days:
    """The days around one change in one zone: `at(1, "10:00")` is ten o'clock on the day after it, on the wall."""

    zone: ZoneInfo
    change: date

    def at(self, day: int, wall: str | time) -> datetime:
        wall = time.fromisoformat(wall) if isinstance(wall, str) else wall
        return datetime.combine(self.change + day * DAY, wall, tzinfo=self.zone).astimezone(UTC)


@dataclass
class Story:
    """Some people, what they do and when, and what each of them must hear and when."""

    clinic: Clinic
    acts: list[tuple[datetime, Callable[[], object]]]
    heard: list[tuple[str, datetime]]


def evening_before(moment: datetime, zone: str) -> datetime:
    """Where texts may not go then: half past seven on the evening before it, on the reader's wall."""
    local = moment.astimezone(ZoneInfo(zone))
    if time(8) <= local.time() < time(20):
        return moment
    day = local.date() if local.time() >= time(20) else local.date() - DAY
    return datetime.combine(day, time(19, 30), tzinfo=local.tzinfo).astimezone(UTC)


class Stories:
    def __init__(self, zone: str, change: date, first_number: int) -> None:
        self.days = Days(zone=ZoneInfo(zone), change=change)
        self.name = zone
        self.number = first_number
        self.all = [
            self.whole_visit(day=0, confirmed=False),
            self.whole_visit(day=-1, confirmed=True),
            self.three_days_before(),
            self.early(day=0),
            self.early(day=1),
            self.never_answered(),
            self.called_off_by_night(),
            self.moved_by_night(),
            self.taken_by_night(),
            self.lives_elsewhere(),
        ]

    def phone(self) -> str:
        self.number += 1
        return f"+1410555{self.number:04d}"

    def visit(self, day: int, wall: str, **patient: str) -> tuple[Clinic, Infusion]:
        clinic = new_clinic(now=self.days.at(-6, "12:00"), phone=self.phone(), zone=self.name)
        for name, value in patient.items():
            setattr(clinic.patient, name, value)
        clinic.patient.save()
        return clinic, clinic.book(self.days.at(day, wall))

    def helper(self, clinic: Clinic, name: str = "Sam", **more: str) -> Designation:
        return clinic.named(name, phone=self.phone(), email="", **more)

    def whole_visit(self, *, day: int, confirmed: bool) -> Story:
        clinic, visit = self.visit(day, "13:30")
        sam = self.helper(clinic)
        at = self.days.at
        left = at(day, "15:30")

        def leave() -> None:
            fresh = clinic.fresh(visit)
            clinic.hand_over(fresh, clinic.promise(sam, fresh), now=left)
            infusions.home(infusion=clinic.fresh(visit), actor="link:abc", now=left)

        acts = [(at(day, "15:10"), lambda: clinic.until(clinic.fresh(visit), "ready")), (left, leave)]
        heard = [
            ("patient_3_hours", at(day, "10:30")),
            ("helper_3_hours", at(day, "10:30")),
            ("helper_come_in", at(day, "15:15")),
            ("checkin_evening", at(day, "19:00")),
            ("helper_checkin_evening", at(day, "19:00")),
            # Hours after leaving, however many the wall shows.
            ("checkin_next_day", left + DAY),
            ("helper_checkin_next_day", left + DAY),
        ]
        if confirmed:
            clinic.confirmed(sam, visit)
        else:
            clinic.yes(sam, visit)
            said = at(day - 1, "17:30")
            acts.insert(0, (said, lambda: self.reconfirm(clinic, sam, visit, said)))
            heard += [("patient_1_day", at(day - 1, "10:00")), ("helper_reconfirm", at(day - 1, "10:00"))]
        return Story(clinic=clinic, acts=acts, heard=heard)

    @staticmethod
    def reconfirm(clinic: Clinic, who: Designation, visit: Infusion, now: datetime) -> None:
        commitments.reconfirm(commitment=clinic.promise(who, visit), via="link", now=now)

    def three_days_before(self) -> Story:
        clinic, _visit = self.visit(2, "13:30")
        at = self.days.at
        heard = [("patient_3_days", at(-1, "10:00")), ("patient_1_day", at(1, "10:00"))]
        return Story(clinic=clinic, acts=[], heard=heard)

    def early(self, *, day: int) -> Story:
        """Three hours before nine texts may not go: they go the evening before."""
        clinic, visit = self.visit(day, "09:00")
        clinic.confirmed(self.helper(clinic), visit)
        at = self.days.at
        evening = at(day - 1, "19:30")
        heard = [("patient_1_day", at(day - 1, "10:00")), ("patient_3_hours", evening), ("helper_3_hours", evening)]
        return Story(clinic=clinic, acts=[], heard=heard)

    def never_answered(self) -> Story:
        clinic, _visit = self.visit(3, "13:30")
        self.helper(clinic)
        ten = self.days.at(0, "10:00")
        return Story(clinic=clinic, acts=[], heard=[("patient_3_days", ten), ("helper_ask_again", ten)])

    def called_off_by_night(self) -> Story:
        clinic, visit = self.visit(1, "13:30")
        clinic.confirmed(self.helper(clinic), visit)
        night, eight = self.days.at(0, NIGHT), self.days.at(0, "08:00")

        def cancel() -> None:
            infusions.cancel(infusion=clinic.fresh(visit), actor=clinic.desk, now=night, reason="rest")

        heard = [("patient_cancelled", eight), ("helper_cancelled", eight)]
        return Story(clinic=clinic, acts=[(night, cancel)], heard=heard)

    def moved_by_night(self) -> Story:
        clinic, visit = self.visit(2, "13:30")
        clinic.yes(self.helper(clinic), visit)
        at = self.days.at
        night = at(0, NIGHT)

        def move() -> None:
            clinic.now = night
            clinic.move(visit, at(4, "13:30"))

        heard = [
            ("patient_3_days", at(-1, "10:00")),
            ("patient_moved", at(0, "08:00")),
            ("helper_ask_new_time", at(0, "08:00")),
            ("patient_3_days", at(1, "10:00")),
            ("helper_ask_again", at(1, "10:00")),
        ]
        return Story(clinic=clinic, acts=[(night, move)], heard=heard)

    def taken_by_night(self) -> Story:
        """One of two who were asked says yes: the other is thanked in the morning."""
        clinic, visit = self.visit(2, "13:30")
        sam = self.helper(clinic)
        self.helper(clinic, "Lee")
        at = self.days.at
        night = at(0, NIGHT)
        heard = [
            ("patient_3_days", at(-1, "10:00")),
            *[("helper_ask_again", at(-1, "10:00"))] * 2,
            ("helper_covered", at(0, "08:00")),
            ("patient_1_day", at(1, "10:00")),
            ("helper_reconfirm", at(1, "10:00")),
        ]
        return Story(clinic=clinic, acts=[(night, lambda: clinic.yes(sam, visit, now=night))], heard=heard)

    def lives_elsewhere(self) -> Story:
        away = ELSEWHERE[self.name]
        clinic, visit = self.visit(1, "13:30", timezone=away)
        clinic.yes(self.helper(clinic, timezone=away), visit)
        at = self.days.at
        day_before, hours_before = evening_before(at(0, "10:00"), away), evening_before(at(1, "10:30"), away)
        heard = [
            ("patient_1_day", day_before),
            ("helper_reconfirm", day_before),
            ("patient_3_hours", hours_before),
            ("helper_3_hours", hours_before),
        ]
        return Story(clinic=clinic, acts=[], heard=heard)


def tick(now: datetime) -> None:
    watch.run(now=now)
    settle.run(clock=lambda: now)
    dispatch.run(clock=lambda: now)


@pytest.mark.parametrize("changes", WALKS, ids=lambda changes: f"{min(changes.values())} {' '.join(changes)}")
def test_around_a_change_of_clocks_each_planned_message_goes_once_at_its_hour(phones: Phones, changes):
    """https://github.com/celery/celery/issues/1604, https://github.com/openemr/openemr/issues/11477"""
    stories = [Stories(zone, change, 100 * number) for number, (zone, change) in enumerate(changes.items())]
    acts = sorted((act for one in stories for story in one.all for act in story.acts), key=lambda act: act[0])
    begin = min(one.days.at(-1, "00:00") for one in stories)
    end = max(one.days.at(2, "00:00") for one in stories)
    moment = begin - 5 * DAY
    while moment < begin:
        tick(moment)
        moment += 6 * HOUR
    while moment <= end:
        while acts and acts[0][0] <= moment:
            acts.pop(0)[1]()
        tick(moment)
        moment += STEP

    for one in stories:
        first, last = one.days.at(-1, "00:00"), one.days.at(2, "00:00")
        for story in one.all:
            rows = Message.objects.filter(site=story.clinic.site, sent_at__gte=first, sent_at__lt=last)
            went = Counter(rows.values_list("kind", "sent_at"))
            wanted = Counter((kind, at) for kind, at in story.heard if first <= at < last)
            assert went == wanted, (one.name, went - wanted, wanted - went)
    sent = Message.objects.exclude(sent_at=None)
    assert len(phones.provider.phones.all) == sent.count()
    assert len({(text["to"], text["body"]) for text in phones.provider.phones.all}) == sent.count()
