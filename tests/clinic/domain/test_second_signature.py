"""Where the rules want two, nobody starts against the gates alone."""

from datetime import UTC, datetime

import pytest

from clinic.domain import followers, gates, infusions
from clinic.domain.errors import Refused
from clinic.enums import InfusionStatus, Role
from clinic.models import AuditEntry, Infusion, SecondSignature, StaffMember
from tests.factories import InfusionFactory, PolicyFactory, SiteFactory, StaffFactory

pytestmark = pytest.mark.django_db

START = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)
GATE = "Nobody takes the patient home yet."
REASON = "Her sister is in the car park"


@pytest.fixture(autouse=True)
def _a_closed_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "_gates", [lambda infusion, now: [GATE]])
    monkeypatch.setattr(followers, "_followers", [])


@pytest.fixture
def visit() -> Infusion:
    policy = PolicyFactory(site=SiteFactory(), override_needs_second=True)
    arrived = {"status": InfusionStatus.ARRIVED, "arrived_at": START}
    return InfusionFactory(course__patient__site=policy.site, policy=policy, starts_at=START, **arrived)


def somebody(visit: Infusion, role: Role = Role.CLINICIAN, **fields) -> StaffMember:
    return StaffFactory(sites=[visit.site], role=role, **fields)


def start(visit: Infusion, actor: StaffMember, second: StaffMember | None) -> Infusion:
    return infusions.start(infusion=visit, actor=actor, now=START, override_reason=REASON, second=second)


def test_two_who_may_start_it_together_and_both_are_kept(visit: Infusion) -> None:
    first, second = somebody(visit), somebody(visit, Role.DIRECTOR)
    row = start(visit, first, second)
    assert (row.state, row.override_by, row.second_signature.by, row.second_signature.at) == (
        *(InfusionStatus.STARTED, first),
        *(second, START),
    )
    assert sorted(AuditEntry.objects.values_list("actor", "verb")) == sorted(
        [(f"staff:{first.pk}", "infusion.started.override"), (f"staff:{second.pk}", "infusion.second_signed")]
    )


@pytest.mark.parametrize(
    ("who", "sentence"),
    [
        ("nobody", "A second person who may do this signs too."),
        ("the same", "The second person must be somebody else than you."),
        ("a nurse", "The role of Kim Lee may not start against the rules."),
        ("somebody who left", "The role of Kim Lee may not start against the rules."),
        ("of another clinic", "The role of Kim Lee may not start against the rules."),
    ],
)
def test_without_a_second_person_who_may_it_stays_shut(visit: Infusion, who: str, sentence: str) -> None:
    first, name = somebody(visit), {"full_name": "Kim Lee"}
    second = {
        "nobody": lambda: None,
        "the same": lambda: first,
        "a nurse": lambda: somebody(visit, Role.NURSE, **name),
        "somebody who left": lambda: somebody(visit, is_active=False, **name),
        "of another clinic": lambda: StaffFactory(sites=[SiteFactory()], role=Role.CLINICIAN, **name),
    }[who]()
    with pytest.raises(Refused) as refused:
        start(visit, first, second)
    assert refused.value.reasons == [GATE, sentence]
    visit.refresh_from_db()
    assert (visit.state, SecondSignature.objects.count()) == (InfusionStatus.ARRIVED, 0)


def test_an_open_gate_needs_nobody_else(visit: Infusion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "_gates", [])
    assert start(visit, somebody(visit, Role.NURSE), None).override_by is None


def test_rules_that_want_one_are_content_with_one(visit: Infusion) -> None:
    visit.policy = PolicyFactory(site=visit.site)
    visit.save(update_fields=["policy"])
    assert start(visit, somebody(visit), None).override_reason == REASON
    assert not SecondSignature.objects.exists()
