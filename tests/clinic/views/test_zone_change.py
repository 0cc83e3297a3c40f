"""A site that changes its zone: nothing moves, and somebody has seen which clock times read otherwise."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from clinic.domain import zones
from tests.factories import InfusionFactory, PatientFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def visit(site):
    # 10:30 in New York, before its clocks go forward.
    return InfusionFactory(
        course__patient=PatientFactory(site=site), starts_at=datetime(2099, 1, 7, 15, 30, tzinfo=UTC)
    )


def form(site, **changes) -> dict:
    fields = ("name", "public_name", "timezone", "phone", "street", "city", "region", "arrival_note", "parking_note")
    return {name: getattr(site, name) for name in fields} | changes


def test_the_change_is_not_saved_before_somebody_has_seen_it(director, site, visit):
    page = director.post(reverse("setup_site"), form(site, timezone="America/Chicago"))
    assert page.status_code == 422
    html = page.content.decode()
    assert "<s>Wed 7 Jan 10:30</s> <b>Wed 7 Jan 09:30</b>" in html
    site.refresh_from_db()
    assert site.timezone == "America/New_York"


def test_seen_it_is_saved_and_the_visits_keep_their_moments(director, site, visit):
    said = form(site, timezone="America/Chicago", clock="America/Chicago")
    assert director.post(reverse("setup_site"), said).status_code == 302
    site.refresh_from_db()
    before = visit.starts_at
    visit.refresh_from_db()
    assert (site.timezone, visit.starts_at) == ("America/Chicago", before)


def test_what_was_seen_was_another_zone(director, site, visit):
    said = form(site, timezone="America/Denver", clock="America/Chicago")
    assert director.post(reverse("setup_site"), said).status_code == 422


def test_a_zone_with_the_same_clock_needs_no_warning(director, site, visit):
    assert director.post(reverse("setup_site"), form(site, timezone="America/Toronto")).status_code == 302


def test_only_visits_whose_clock_differs_are_named(site, visit):
    """Phoenix never changes its clocks: like Denver's in winter, an hour behind in summer."""
    now = datetime(2098, 12, 1, tzinfo=UTC)
    assert zones.shifted(site=site, before="America/Denver", after="America/Phoenix", now=now) == []
    summer = datetime(2099, 7, 7, 15, 30, tzinfo=UTC)
    InfusionFactory(course__patient=PatientFactory(site=site), starts_at=summer)
    (one,) = zones.shifted(site=site, before="America/Denver", after="America/Phoenix", now=now)
    assert (one.before.hour, one.after.hour) == (9, 8)


def test_visits_that_are_over_are_not_counted(site, visit):
    now = datetime(2099, 1, 8, tzinfo=UTC)
    assert zones.shifted(site=site, before="America/New_York", after="Europe/Berlin", now=now) == []
