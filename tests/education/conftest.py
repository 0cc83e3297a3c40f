from types import SimpleNamespace

import pytest

from clinic.enums import Role
from education import library
from tests.factories import PolicyFactory, SiteFactory, StaffFactory


@pytest.fixture
def site(db):
    return SiteFactory(name="Northgate Care")


@pytest.fixture
def people(site, policy) -> SimpleNamespace:
    """One member of staff of the site for each role, and the policy their director signed."""
    return SimpleNamespace(**{role.value: StaffFactory(role=role, sites=[site]) for role in Role})


@pytest.fixture
def policy(site):
    return PolicyFactory(site=site)


@pytest.fixture
def pages(site, now):
    """The site's own pages, nothing approved yet."""
    library.sync(site=site, now=now)
    return site.pages.all()


@pytest.fixture
def page(pages):
    return pages.get(slug="patient-after", language="en")
