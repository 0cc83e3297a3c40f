"""A clinic at 09:41 on Tuesday, 3 March 2026, with somebody signed in."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
import time_machine
from django.test import Client

from clinic.enums import Role
from clinic.models import Infusion, Policy, Site, StaffMember
from tests.factories import (
    CourseFactory,
    InfusionFactory,
    PolicyFactory,
    ProtocolFactory,
    RoomFactory,
    SiteFactory,
    StaffFactory,
)


@pytest.fixture
def clock(now: datetime) -> Iterator[None]:
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def site(db: None, clock: None) -> Site:
    return SiteFactory(name="Northgate Care")


@pytest.fixture
def policy(site: Site) -> Policy:
    return PolicyFactory(site=site)


@pytest.fixture
def sign_in(site: Site) -> Callable[..., Client]:
    """A client with somebody of this role at the site signed in."""

    def client(role: Role = Role.FRONT_DESK, staff: StaffMember | None = None) -> Client:
        browser = Client()
        browser.force_login(staff or StaffFactory(role=role, sites=[site]))
        return browser

    return client


@pytest.fixture
def desk(sign_in: Callable[..., Client]) -> Client:
    return sign_in()


@pytest.fixture
def book(site: Site, policy: Policy) -> Callable[..., Infusion]:
    """A visit today in a room of its own, unless told otherwise."""

    def visit(*, at: datetime, **fields: object) -> Infusion:
        room = fields.pop("room", None) or RoomFactory(site=site)
        course = fields.pop("course", None) or CourseFactory(patient__site=site, protocol=ProtocolFactory(site=site))
        clinician = StaffFactory(role=Role.CLINICIAN, sites=[site])
        values = {"number": 1, "policy": policy, "clinician": clinician, **fields}
        return InfusionFactory(course=course, room=room, starts_at=at, **values)

    return visit
