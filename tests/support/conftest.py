"""A small clinic where everything goes through the domain's own doors."""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from clinic.domain import bookings, infusions, moves
from clinic.domain.slots import Slot
from clinic.enums import Role
from clinic.models import Infusion, Patient, Policy, Protocol, Room, Site, StaffMember
from messaging.fake_behaviour import Behaviour
from messaging.fake_provider import Provider
from messaging.models import Message
from support.domain import agreeing, commitments, designations, handovers
from support.enums import ConsentHow, HandoverCheck, MayKnow, SupportRole
from support.models import Commitment, Designation
from tests import factories


@dataclass
class Phones:
    provider: Provider

    def texts(self, number: str = "") -> list[str]:
        """What one phone, or all of them, received; the oldest first, links masked."""
        bodies = [text["body"] for text in self.provider.phones.all if number in ("", text["to"])]
        return [re.sub(r"https?://\S+", "[link]", body) for body in bodies]


@dataclass
class Clinic:
    """``now`` is the clock; each act takes it, or the moment it is given."""

    now: datetime
    site: Site
    room: Room
    protocol: Protocol
    policy: Policy
    patient: Patient
    staff: dict[str, StaffMember] = field(default_factory=dict)

    @property
    def desk(self) -> StaffMember:
        return self.staff[Role.FRONT_DESK]

    @property
    def nurse(self) -> StaffMember:
        return self.staff[Role.NURSE]

    def slot(self, starts_at: datetime) -> Slot:
        return Slot(starts_at=starts_at, room=self.room, clinician=self.staff[Role.CLINICIAN])

    def book(self, *starts: datetime) -> Infusion:
        """One course with these visits; the first of them."""
        course = bookings.book_series(
            patient=self.patient,
            protocol=self.protocol,
            slots=[self.slot(at) for at in starts],
            actor=self.desk,
            now=self.now,
        )
        return course.infusions.order_by("starts_at").first()

    def move(self, visit: Infusion, to: datetime) -> Infusion:
        fresh = self.fresh(visit)
        return moves.move(infusion=fresh, slot=self.slot(to), actor=self.desk, now=self.now, version=fresh.version)

    def named(self, name: str = "Sam", *, roles=(SupportRole.RIDE,), agreed: bool = True, **fields) -> Designation:
        values = {"phone": f"+14105550{len(name) + 120:03d}", "email": f"{name.lower()}@example.org", "is_adult": True}
        person = values | {"given_name": name} | fields
        named = designations.name(
            patient=self.patient,
            person_fields=person,
            roles=list(roles),
            rank=1,
            may_know=list(MayKnow.values),
            consent_how=ConsentHow.IN_PERSON,
            witness=self.desk,
            wording="I would like this person to help me.",
            now=self.now,
        )
        if agreed:
            agreeing.helper_said_yes(person=named.person, witness=self.desk, now=self.now)
            named.person.refresh_from_db()
        return named

    def promise(self, designation: Designation, visit: Infusion, role: str = SupportRole.RIDE) -> Commitment:
        rows = Commitment.objects.filter(designation=designation, infusion=visit, role=role)
        return rows.exclude(status="void").get()

    def yes(self, designation: Designation, visit: Infusion, *, now: datetime | None = None) -> Commitment:
        row = self.promise(designation, visit)
        return commitments.accept(commitment=row, via="link", now=now or self.now)

    def confirmed(self, designation: Designation, visit: Infusion) -> Commitment:
        self.yes(designation, visit)
        return commitments.reconfirm(commitment=self.promise(designation, visit), via="link", now=self.now)

    def until(self, visit: Infusion, status: str) -> Infusion:
        """Through the phases, each at its hour."""
        at = visit.starts_at
        for name, minutes in [("arrived", 0), ("started", 15), ("recovering", 55), ("ready", 100)]:
            verb = {"arrived": "arrive", "started": "start", "recovering": "recover", "ready": "ready"}[name]
            visit = getattr(infusions, verb)(infusion=visit, actor=self.nurse, now=at + timedelta(minutes=minutes))
            if name == status:
                return visit
        raise ValueError(status)

    def hand_over(self, visit: Infusion, commitment: Commitment, *, now: datetime, **changes):
        values = {"check_by": HandoverCheck.PHOTO_ID, "score": 10, "instructions_given": True}
        values |= {"accepted_on_paper": True} | changes
        return handovers.complete(infusion=visit, commitment=commitment, actor=self.nurse, now=now, **values)

    def fresh(self, visit: Infusion) -> Infusion:
        return Infusion.objects.select_related("site", "patient__site", "policy", "course__protocol").get(pk=visit.pk)

    def waiting(self, visit: Infusion | None = None) -> list[tuple[str, str, datetime]]:
        """What waits in the outbox: kind, to whom, about which time."""
        rows = Message.objects.filter(status="pending")
        if visit is not None:
            rows = rows.filter(scope=f"infusion:{visit.pk}")
        return sorted(rows.values_list("kind", "recipient", "about_at"))


@pytest.fixture(scope="session")
def one_provider() -> Iterator[Provider]:
    with Provider(0, token="test-token") as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def phones(one_provider: Provider, settings, transactional_db) -> Phones:
    """The phones texts really arrive at, over HTTP. Messages are sent outside any transaction, as in life."""
    one_provider.phones.clear()
    one_provider.mood.behave(Behaviour())
    settings.SMS_API_URL = one_provider.api_url
    settings.SMS_ACCOUNT = "AC1"
    settings.SMS_TOKEN = "test-token"
    return Phones(provider=one_provider)


def new_clinic(*, now: datetime, phone: str, zone: str = "America/New_York") -> Clinic:
    """Maya is the patient; nobody is named, nothing is booked."""
    site = factories.SiteFactory(timezone=zone)
    staff = {
        role: factories.StaffFactory(sites=[site], role=role)
        for role in (Role.FRONT_DESK, Role.NURSE, Role.CLINICIAN, Role.DIRECTOR)
    }
    return Clinic(
        now=now,
        site=site,
        room=factories.RoomFactory(site=site),
        protocol=factories.ProtocolFactory(site=site, stages=[(6, 1, 2, 14)]),
        policy=factories.PolicyFactory(site=site, signed_by=staff[Role.DIRECTOR]),
        patient=factories.PatientFactory(site=site, given_name="Maya", phone=phone),
        staff=staff,
    )


@pytest.fixture
def clinic(db, now) -> Clinic:
    """Tuesday 3 March 2026, 09:41 in New York."""
    return new_clinic(now=now, phone="+14105550199")


@pytest.fixture
def next_week(now) -> datetime:
    """Wednesday 11 March, 13:30 in New York: after the clocks went forward."""
    return datetime(2026, 3, 11, 17, 30, tzinfo=now.tzinfo)
