"""A visit read as a row is judged just as the visit itself: by its rules, its protocol, its times and its names."""

from datetime import timedelta

import pytest

from clinic.domain import infusions
from clinic.models import Infusion
from support.domain import rules, steps, visit_rows, way_home
from tests.factories import InfusionFactory, PolicyFactory, ProtocolFactory
from tests.support.conftest import Clinic


@pytest.fixture
def rows(clinic: Clinic):
    def read() -> list[visit_rows.VisitRow]:
        values = Infusion.objects.filter(site=clinic.site).values_list(*visit_rows.COLUMNS, "is_walk_in")
        return visit_rows.of(values=values, site=clinic.site)

    return read


@pytest.mark.parametrize("until", ["booked", "arrived", "started", "recovering", "ready", "released", "cancelled"])
def test_it_is_judged_as_the_visit_itself(clinic: Clinic, rows, next_week, until):
    clinic.policy = PolicyFactory(site=clinic.site, version=2, ask_hours=3, reconfirm_hours=5, min_recovery_minutes=77)
    clinic.protocol = ProtocolFactory(
        site=clinic.site, prep_minutes=11, infusion_minutes=33, recovery_minutes=44, observation_minutes=99
    )
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    if until == "cancelled":
        infusions.cancel(infusion=visit, actor=clinic.desk, now=next_week, reason="A cold")
    elif until == "released":
        ready = clinic.until(visit, "ready")
        clinic.hand_over(ready, clinic.promise(sam, ready), now=next_week + timedelta(minutes=140))
    elif until != "booked":
        clinic.until(visit, until)
    whole, [row] = clinic.fresh(visit), rows()
    for now in (next_week - timedelta(hours=4), next_week + timedelta(minutes=65)):
        assert steps.expected(infusion=row, now=now) == steps.expected(infusion=whole, now=now)
        ways = [way_home.of(infusions=[one], now=now)[visit.pk] for one in (row, whole)]
        assert ways[0] == ways[1]
        if until != "released":  # then the page of one visit asks its handover, and the others who held the ride
            words = [steps.phase(infusion=one, zone=clinic.site.zone, now=now) for one in (row, whole)]
            assert words[0] == words[1]
    assert rules.leaves_from(infusion=row) == rules.leaves_from(infusion=whole)
    for name in visit_rows.RULES:
        assert getattr(row.policy, name) == getattr(whole.policy, name)
    for name in visit_rows.LENGTHS:
        assert getattr(row.course.protocol, name) == getattr(whole.course.protocol, name)
    names = row.state, row.short_name, row.room_name, row.course.sessions
    assert names == (whole.state, whole.patient.short_name, whole.room.name, whole.course.sessions)


def test_visits_of_one_course_share_their_rules_and_their_protocol(clinic: Clinic, rows, next_week):
    clinic.book(next_week, next_week + timedelta(days=7))
    one, other = rows()
    assert one.policy is other.policy
    assert one.course.protocol is other.course.protocol
    assert (one.policy.pk, one.course.protocol.pk) == (clinic.policy.pk, clinic.protocol.pk)


@pytest.mark.django_db
def test_before_the_rules_are_signed_the_presets_judge(next_week, now, django_assert_num_queries):
    visit = InfusionFactory(starts_at=next_week, policy=None)
    found = visit_rows.of(values=Infusion.objects.values_list(*visit_rows.COLUMNS), site=visit.site)
    with django_assert_num_queries(3):
        ways = way_home.of(infusions=found, now=now)
    assert [(row.policy, ways[row.pk].level) for row in found] == [(None, "stop")]
