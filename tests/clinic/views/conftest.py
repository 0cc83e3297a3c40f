from collections.abc import Callable

import pytest
from django.test import Client

from clinic.enums import Role
from clinic.models import Site, StaffMember
from tests.factories import PolicyFactory, SiteFactory, StaffFactory


@pytest.fixture
def site() -> Site:
    """Open every day 08:00 to 18:00 in New York, with a signed policy."""
    site = SiteFactory()
    PolicyFactory(site=site)
    return site


@pytest.fixture
def sign_in(site: Site) -> Callable[..., Client]:
    def as_one_of(role: str = Role.FRONT_DESK, **fields: object) -> Client:
        staff = StaffFactory(role=role, sites=[site], **fields)
        client = Client()
        client.force_login(staff)
        client.staff = staff
        return client

    return as_one_of


@pytest.fixture
def desk(sign_in: Callable[..., Client]) -> Client:
    return sign_in(Role.FRONT_DESK, full_name="Dana Rivera")


@pytest.fixture
def director(sign_in: Callable[..., Client]) -> Client:
    return sign_in(Role.DIRECTOR, full_name="Dr. Ines Koch")


@pytest.fixture
def colleague(site: Site) -> StaffMember:
    return StaffFactory(sites=[site], full_name="Kim Lee", role=Role.NURSE)
