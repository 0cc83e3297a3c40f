"""A clinic in the middle of its day, whenever the tests run, told through the demo's own parts."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count

from django.db.models import F
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from clinic.domain import planning
from clinic.domain.slots import Slot
from clinic.domain.study import whole_course
from clinic.domain.times import local_day
from clinic.models import Infusion
from config.demo.clinic import Clinic, open_clinic
from config.demo.part import Part
from config.demo.people import PASSWORD, Person
from config.demo.zone import where_it_is_day
from support.domain import links
from support.models import Commitment, Designation

PATIENCE = 10_000  # ten seconds, in milliseconds
QUARTER = timedelta(minutes=15)

expect.set_options(timeout=PATIENCE)


@dataclass
class Story:
    """``now`` is the real time, to the minute below; acts of before take their own."""

    now: datetime
    clinic: Clinic
    numbers: count = field(default_factory=count)

    def patient(self, given: str = "Maya", family: str = "Tran", *, helpers: tuple[str, ...] = ()) -> Part:
        """Somebody who came a week ago, with these helpers in their order."""
        part = Part(self.clinic, person=Person(given, family, date(1987, 2, 3)))
        before = self.now - timedelta(days=7)
        part.register(next(self.numbers), before)
        for rank, name in enumerate(helpers, start=1):
            part.name((name, family, "friend"), rank=rank, phone=next(self.numbers), now=before)
        return part

    def visit(self, part: Part, starts: datetime, *, room: int = 0) -> Infusion:
        """One visit, booked two days before."""
        slot = Slot(starts, self.clinic.rooms[room], self.clinic.clinicians[room])
        part.book_one(slot, min(starts, self.now) - timedelta(days=2))
        return part.visit(starts)

    def soon(self, minutes: int = 60) -> datetime:
        """A time of today's calendar that can be booked."""
        at = self.now + timedelta(minutes=minutes)
        return datetime.fromtimestamp(at.timestamp() // QUARTER.seconds * QUARTER.seconds, tz=at.tzinfo)

    def series(self, part: Part) -> list[Infusion]:
        """Six visits from the day after tomorrow on."""
        site, protocol = self.clinic.site, self.clinic.protocol
        first = local_day(moment=self.now, zone=site.zone) + timedelta(days=2)
        seen = planning.outlook(
            site=site,
            protocol=protocol,
            patient=part.patient,
            stretch=whole_course(protocol=protocol, first_day=first),
            now=self.now,
        )
        part.book_series(seen.offers[0].slots, self.now - timedelta(hours=1))
        return list(Infusion.objects.filter(patient=part.patient).order_by("starts_at"))

    def let_pass(self, visit: Infusion, minutes: int) -> None:
        """What happened in this visit happened so many minutes earlier."""
        earlier = timedelta(minutes=minutes)
        stamps = ("arrived_at", "started_at", "recovering_at")
        Infusion.objects.filter(pk=visit.pk).update(**{stamp: F(stamp) - earlier for stamp in stamps})

    def named(self, part: Part, given: str) -> Designation:
        return Designation.objects.get(patient=part.patient, person__given_name=given)

    def helper_address(self, part: Part, given: str) -> str:
        return links.address(links.for_designation(designation=self.named(part, given), now=self.now))

    def as_helper(self, page: Page, part: Part, given: str) -> None:
        """Opens the helper's page on a phone that has not seen it, and says whose it is."""
        page.goto(self.helper_address(part, given))
        page.get_by_role("button", name=f"Yes, I am {given}").click()

    def patient_address(self, part: Part) -> str:
        return links.address(links.for_patient(patient=part.patient, now=self.now))

    def confirmed(self, part: Part, given: str, visit: Infusion) -> Commitment:
        """The named helper said yes, and said it again the day before."""
        named = self.named(part, given)
        part.say_yes([visit.starts_at], self.now - timedelta(hours=40))
        part.reconfirm(visit.starts_at, self.now - timedelta(hours=20))
        return Commitment.objects.get(infusion=visit, designation=named, role="ride")


def begin() -> Story:
    now = timezone.now().replace(second=0, microsecond=0)
    return Story(now=now, clinic=open_clinic(zone=where_it_is_day(now=now), now=now - timedelta(days=30)))


def sign_in_on_the_page(page: Page, server: str, email: str) -> None:
    page.goto(f"{server}/account/login/")
    fill_in_and_sign_in(page, email)
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Sign in")


def fill_in_and_sign_in(page: Page, email: str) -> None:
    page.locator("[name=login]").fill(email)
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def without_scripts(new_context: Callable[..., BrowserContext], size: dict[str, int]) -> Page:
    """A page in a browser that runs no script."""
    plain = new_context(java_script_enabled=False, viewport=size)
    plain.set_default_timeout(PATIENCE)
    return plain.new_page()


def too_wide(page: Page) -> list[str]:
    """What sticks out to the right of a phone's page, once its style is there."""
    page.wait_for_load_state()
    return page.evaluate(
        """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")]
             .filter(element => element.getBoundingClientRect().right > innerWidth + 0.5)
             .map(element => `${element.tagName} ${element.className} ${element.textContent.trim().slice(0, 40)}`)"""
    )
