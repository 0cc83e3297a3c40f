"""One visit, one time of day: every surface shows the clinic's clock, whatever it does and wherever the reader is."""

import html
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
import vobject
from django.test import Client

from clinic.domain import times
from clinic.enums import Role
from clinic.models import Infusion
from messaging.models import Message
from support.domain import links
from support.models import Designation
from tests import world
from tests.messaging import written

pytestmark = pytest.mark.django_db

CHANGES = [
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("Asia/Kathmandu", date(2026, 6, 14)),
]
# Odd minutes, so that no line of a grid or other time of the page can be taken for the visit's.
MORNING, AFTERNOON = time(9, 35), time(14, 35)


@dataclass
class Case:
    zone: ZoneInfo
    day: date
    at: time

    @property
    def starts_at(self) -> datetime:
        return datetime.combine(self.day, self.at, tzinfo=self.zone)

    def local(self, at: time, *, days: int = 0) -> datetime:
        return datetime.combine(self.day + timedelta(days=days), at, tzinfo=self.zone)


@pytest.fixture(params=[(zone, day, at) for zone, day in CHANGES for at in (MORNING, AFTERNOON)], ids=str)
def case(request) -> Case:
    zone, day, at = request.param
    return Case(zone=ZoneInfo(zone), day=day, at=at)


@pytest.fixture
def now(case) -> datetime:
    """Two days before, in the afternoon."""
    return case.local(time(15, 2), days=-2).astimezone(times.UTC)


@pytest.fixture
def visit(clinic, case) -> Infusion:
    clinic.site.timezone = case.zone.key
    clinic.site.save()
    clinic.site.opening_hours.update(opens=time(0), closes=time(18))
    return clinic.book(case.starts_at.astimezone(times.UTC))


@pytest.fixture
def sam(clinic, visit) -> Designation:
    """A helper on the other side of the world, who said yes."""
    named = clinic.named(timezone="Pacific/Auckland" if "Kathmandu" in clinic.site.timezone else "Asia/Kathmandu")
    clinic.yes(named, visit)
    return named


@pytest.fixture
def that_day(case, visit):
    """Shortly after midnight of the day, before anybody's hour."""
    with time_machine.travel(case.local(time(8, 3)), tick=False):
        yield


def seen(response) -> str:
    """What stands on the page, without what only machines read."""
    assert response.status_code == 200
    body = re.sub(r"<(script|style|head|svg).*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " ", body))


def wrong(case: Case) -> str:
    """What a clock half an hour or an hour off would say, as a pattern."""
    right = datetime.combine(case.day, case.at)
    return "|".join(rf"(?<![\d:]){right + timedelta(minutes=off):%H:%M}" for off in (-60, -30, 30, 60))


def clock(moment: datetime, case: Case) -> time:
    return moment.astimezone(case.zone).time().replace(tzinfo=None)


def at_work(clinic, role: str = Role.FRONT_DESK) -> Client:
    browser = Client()
    browser.force_login(clinic.staff[role])
    return browser


def behind(link) -> Client:
    return world.theirs(Client(), link)


def message(visit: Infusion, kind: str, channel: str) -> str:
    """The words as they would go out."""
    found = Message.objects.filter(kind=kind, scope=f"infusion:{visit.pk}").first()
    assert found is not None, kind
    found.channel = channel
    draft = written.draft(found, visit.booked_at)
    return f"{draft.subject} {draft.body}"


def test_the_schedule_shows_it(clinic, visit, case, that_day):
    """https://github.com/calcom/cal.diy/issues/30021 : afternoons an hour late on the day the clocks change."""
    page = seen(at_work(clinic).get("/schedule/", {"day": case.day.isoformat()}))
    assert f"{case.at:%H:%M}" in page
    assert not re.search(wrong(case), page)


def test_todays_board_shows_it(clinic, visit, case, that_day):
    page = seen(at_work(clinic).get("/"))
    assert f"{case.at:%H:%M}" in page
    assert not re.search(wrong(case), page)


def test_the_visits_page_shows_it(clinic, visit, case, that_day):
    page = seen(at_work(clinic).get(f"/infusions/{visit.pk}/"))
    assert f"{case.at:%H:%M}" in page
    assert not re.search(wrong(case), page)


def test_the_patients_page_shows_it(clinic, visit, case, that_day):
    link = links.for_patient(patient=clinic.patient, now=clinic.now)
    assert re.search(rf"Please come at\s+{case.at:%H:%M}", seen(behind(link).get(f"/l/{link.id}/")))


def test_a_helper_far_away_sees_the_clinics_day_and_time_and_whose_it_is(clinic, visit, case, sam):
    """https://github.com/nextcloud/calendar/issues/6407, https://github.com/calcom/cal.diy/issues/1236,
    https://github.com/alextselegidis/easyappointments/issues/961 : shown a day earlier in another zone."""
    link = links.for_designation(designation=sam, now=clinic.now)
    with time_machine.travel(clinic.now, tick=False):
        page = seen(behind(link).get(f"/l/{link.id}/"))
    assert f"{clock(visit.pickup_from, case):%H:%M} to {clock(visit.ends_at, case):%H:%M}" in page
    assert f"All times are {times.zone_name(case.zone.key)} time." in page
    assert f"{case.day.day} {case.day:%B}" in page or f"{case.day:%A}" in page


@pytest.mark.parametrize("channel", ["sms", "email"])
def test_the_patients_message_says_it(clinic, visit, case, channel):
    """https://github.com/department-of-veterans-affairs/va.gov-team/issues/102262,
    https://github.com/calcom/cal.diy/issues/1092 : a confirmation an hour off the picked time."""
    said = message(visit, "patient_1_day", channel)
    assert f"{case.day:%a} {case.day.day} {case.day:%b} {case.at:%H:%M}" in said


@pytest.mark.parametrize("channel", ["sms", "email"])
def test_a_helpers_message_says_the_clinics_time_and_names_its_zone(clinic, visit, case, sam, channel):
    """https://github.com/calcom/cal.diy/issues/29868 : the clinic's zone not honoured in mails; somebody came at the
    wrong time."""
    local = visit.pickup_from.astimezone(case.zone)
    # A zone without letters stands by its offset, close to the clock: "14:35+1030".
    zone = f" {local:%Z}" if f"{local:%Z}".isalpha() else f"{local:%Z}"
    said = f"{case.day:%a} {case.day.day} {case.day:%b} {local:%H:%M}{zone}"
    assert said in message(visit, "helper_3_hours", channel)


def test_the_calendar_has_the_moment_and_says_the_clinics_time(clinic, visit, case, sam):
    link = links.for_designation(designation=sam, now=clinic.now)
    with time_machine.travel(clinic.now, tick=False):
        file = behind(link).get(f"/l/{link.id}/visit/{visit.pk}.ics").content.decode()
    event = vobject.readOne(file).vevent
    assert (event.dtstart.value, event.dtend.value) == (visit.pickup_from, visit.ends_at)
    said = f"{clock(visit.pickup_from, case):%H:%M} to {clock(visit.ends_at, case):%H:%M}"
    assert event.description.value.startswith(f"Clinic time: {said} in {times.zone_name(case.zone.key)}.")
