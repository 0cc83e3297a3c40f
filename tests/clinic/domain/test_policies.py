"""Drafts, signatures, and which version counts."""

from datetime import datetime

import pytest
from django.db import InternalError, transaction

from clinic.domain import gates, policies
from clinic.domain.errors import Refused
from clinic.enums import InfusionStatus, Role
from clinic.models import AuditEntry, Infusion, Policy, Site, StaffMember
from tests.factories import CourseFactory, InfusionFactory, PolicyFactory, SiteFactory, StaffFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def site() -> Site:
    return SiteFactory()


@pytest.fixture
def director(site: Site) -> StaffMember:
    return StaffFactory(role=Role.DIRECTOR, sites=[site])


def test_a_new_clinic_has_no_rules_and_gets_a_first_draft(site: Site, now: datetime) -> None:
    assert policies.current(site=site) is None
    first = policies.draft(site=site, now=now)
    assert (first.version, first.is_signed) == (1, False)
    assert policies.draft(site=site, now=now) == first


def test_the_newest_signed_version_counts(site: Site, director: StaffMember, now: datetime) -> None:
    policies.sign(policy=policies.draft(site=site, now=now), actor=director, now=now)
    second = policies.draft(site=site, now=now)
    current = policies.current(site=site)
    assert current is not None
    assert (current.version, current.signed_by, current.signed_at) == (1, director, now)
    policies.sign(policy=second, actor=director, now=now)
    assert policies.current(site=site) == second


def test_a_draft_begins_with_the_rules_in_force(site: Site, now: datetime) -> None:
    PolicyFactory(site=site, version=4, solids_hours=8, rungs=["adult_drives"])
    draft = policies.draft(site=site, now=now)
    assert (draft.version, draft.solids_hours, draft.rungs, draft.signed_at) == (5, 8, ["adult_drives"], None)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.DIRECTOR])
def test_only_the_director_signs(site: Site, now: datetime, role: Role) -> None:
    draft = policies.draft(site=site, now=now)
    with pytest.raises(Refused, match="Only this clinic's medical director"):
        policies.sign(policy=draft, actor=StaffFactory(role=role, sites=[site]), now=now)


def test_another_clinics_director_does_not_sign(site: Site, now: datetime) -> None:
    stranger = StaffFactory(role=Role.DIRECTOR, sites=[SiteFactory()])
    with pytest.raises(Refused, match="Only this clinic's medical director"):
        policies.sign(policy=policies.draft(site=site, now=now), actor=stranger, now=now)


def test_rules_without_a_way_home_are_not_signed(site: Site, director: StaffMember, now: datetime) -> None:
    with pytest.raises(Refused, match="at least one way home"):
        policies.sign(
            policy=PolicyFactory(site=site, signed_by=None, signed_at=None, rungs=[]), actor=director, now=now
        )


def test_a_signed_version_is_signed_once_and_never_changes(site: Site, director: StaffMember, now: datetime) -> None:
    policy = policies.sign(policy=policies.draft(site=site, now=now), actor=director, now=now)
    with pytest.raises(Refused, match="Version 1 is signed already"):
        policies.sign(policy=policy, actor=director, now=now)
    with pytest.raises(InternalError, match="Cannot update"), transaction.atomic():
        Policy.objects.update(solids_hours=0)
    assert AuditEntry.objects.get().verb == "policy.signed"


def test_upcoming_visits_follow_the_new_version_and_started_ones_keep_theirs(
    site: Site, director: StaffMember, now: datetime
) -> None:
    old = PolicyFactory(site=site, version=1)
    course = CourseFactory(patient__site=site)
    upcoming = InfusionFactory(course=course, policy=old)
    running = InfusionFactory(
        course__patient__site=site,
        policy=old,
        status=InfusionStatus.STARTED,
        arrived_at=now,
        started_at=now,
    )
    new = policies.sign(policy=policies.draft(site=site, now=now), actor=director, now=now)
    assert dict(Infusion.objects.values_list("pk", "policy")) == {upcoming.pk: new.pk, running.pk: old.pk}


def test_gates_speak_in_the_order_they_were_added(site: Site, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "_gates", [gates.policy_is_signed, gates.patient_has_arrived])
    infusion = InfusionFactory(course__patient__site=site, policy=None)

    def no_way_home(infusion: Infusion, now: datetime) -> list[str]:
        return ["Nobody takes the patient home yet."]

    gates.register(no_way_home)
    gates.register(no_way_home)
    assert gates.reasons(infusion=infusion, now=now) == [
        "The clinic's rules are not signed yet. The medical director signs them.",
        "The patient has not arrived yet.",
        "Nobody takes the patient home yet.",
    ]


@pytest.mark.parametrize(
    ("role", "allowed"), [(Role.CLINICIAN, True), (Role.DIRECTOR, True), (Role.NURSE, False), (Role.ADMIN, False)]
)
def test_who_may_override_stands_in_the_rules(role: Role, allowed: bool) -> None:
    assert gates.may_override(actor=StaffFactory(role=role), infusion=InfusionFactory()) is allowed


def test_nobody_overrides_unsigned_rules_or_after_leaving() -> None:
    assert not gates.may_override(actor=StaffFactory(role=Role.DIRECTOR), infusion=InfusionFactory(policy=None))
    gone = StaffFactory(role=Role.DIRECTOR, is_active=False)
    assert not gates.may_override(actor=gone, infusion=InfusionFactory())
