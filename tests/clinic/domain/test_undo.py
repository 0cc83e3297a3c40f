"""A step taken back within two minutes: the state before it, and nothing of what it wrote.

Who has left needs a handover, so that is tested where handovers are.
"""

from datetime import timedelta

import pytest

from clinic.domain import bookings, followers, gates, infusions
from clinic.domain.errors import Refused, StaleVersion, Taken
from clinic.domain.slots import Slot
from clinic.enums import InfusionStatus, Role
from clinic.models import AuditEntry, Infusion, SecondSignature, StaffMember
from clinic.models.infusion import STAMPS
from tests.clinic.domain.test_infusions import START, VERBS, in_state
from tests.factories import InfusionFactory, StaffFactory

pytestmark = pytest.mark.django_db

S = InfusionStatus
MINUTE = timedelta(minutes=1)
PLAIN = ["version"]


@pytest.fixture
def nurse() -> StaffMember:
    return StaffFactory(role=Role.NURSE)


@pytest.fixture(autouse=True)
def _only_the_clinics_own_gates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "_gates", [])
    monkeypatch.setattr(followers, "_followers", [])


def as_it_is(infusion: Infusion) -> dict[str, object]:
    values = Infusion.objects.filter(pk=infusion.pk).values().get()
    return {name: value for name, value in values.items() if name not in PLAIN}


@pytest.mark.parametrize("step", sorted(set(infusions.BACK) - {S.HOME}))
def test_a_step_and_its_undoing_leave_the_visit_as_it_was(nurse, step) -> None:
    before, _wrote = infusions.BACK[S(step)]
    infusion = in_state(before)
    policy = infusion.policy
    was = as_it_is(infusion)
    VERBS[S(step)](infusion=infusion, actor=nurse, now=START)
    row = infusions.undo(infusion=infusion, actor=nurse, now=START + MINUTE)
    assert as_it_is(infusion) == was
    assert (row.state, row.version, row.policy) == (before, 3, policy)
    assert AuditEntry.objects.order_by("pk").last().verb == f"infusion.{step}.undone"


def test_every_stamp_of_the_state_before_is_kept() -> None:
    """The database's own check holds it; this says it of the table of steps."""
    for step, (before, wrote) in infusions.BACK.items():
        assert not set(wrote) & set(STAMPS[before])
        assert f"{step}_at" in wrote


def test_a_stop_before_its_time_is_taken_back_as_a_whole(nurse) -> None:
    infusion = in_state(S.STARTED)
    infusions.stop_early(infusion=infusion, actor=nurse, now=START, reason="felt sick")
    row = infusions.undo(infusion=infusion, actor=nurse, now=START)
    assert (row.state, row.stopped_early_at, row.stopped_early_reason, row.recovering_at) == (S.STARTED, None, "", None)


def test_a_start_against_the_rules_is_taken_back_with_both_names(nurse, monkeypatch) -> None:
    monkeypatch.setattr(gates, "_gates", [lambda infusion, now: ["There is no confirmed way home."]])
    clinician, director = StaffFactory(role=Role.CLINICIAN), StaffFactory(role=Role.DIRECTOR)
    infusion = in_state(S.ARRIVED)
    infusions.start(infusion=infusion, actor=clinician, now=START, override_reason="her sister is on the way")
    SecondSignature.objects.create(infusion=infusion, by=director, at=START)
    row = infusions.undo(infusion=infusion, actor=clinician, now=START)
    assert (row.state, row.override_by, row.override_reason, row.override_at) == (S.ARRIVED, None, "", None)
    assert row.override_says == ""
    assert not SecondSignature.objects.exists()


@pytest.mark.parametrize(("seconds", "is_possible"), [(0, True), (119, True), (120, False), (3600, False)])
def test_it_can_be_undone_for_two_minutes(nurse, seconds, is_possible) -> None:
    infusion = infusions.arrive(infusion=in_state(S.BOOKED), actor=nurse, now=START)
    assert infusions.undoable_until(infusion=infusion) == START + 2 * MINUTE
    now = START + timedelta(seconds=seconds)
    if is_possible:
        assert infusions.undo(infusion=infusion, actor=nurse, now=now).state is S.BOOKED
    else:
        with pytest.raises(Refused, match="for two minutes"):
            infusions.undo(infusion=infusion, actor=nurse, now=now)


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (S.BOOKED, "There is no step to undo"),
        (S.CANCELLED, "its time is free for others"),
    ],
)
def test_what_cannot_be_undone_says_why(nurse, state, sentence) -> None:
    infusion = in_state(state)
    assert infusions.undoable_until(infusion=infusion) is None
    with pytest.raises(Refused, match=sentence):
        infusions.undo(infusion=infusion, actor=nurse, now=START)


def test_not_after_the_next_step(nurse) -> None:
    """The button of a page that was drawn before it takes back nothing."""
    infusion = infusions.arrive(infusion=in_state(S.BOOKED), actor=nurse, now=START)
    infusions.start(infusion=infusion, actor=nurse, now=START + MINUTE)
    with pytest.raises(StaleVersion) as refused:
        infusions.undo(infusion=infusion, actor=nurse, now=START + MINUTE, version=infusion.version)
    assert refused.value.changed.endswith("Under way.")
    assert Infusion.objects.get(pk=infusion.pk).state is S.STARTED


def test_who_did_not_come_after_all_is_expected_again(nurse) -> None:
    infusion = infusions.no_show(infusion=in_state(S.BOOKED), actor=nurse, now=START)
    assert infusions.undo(infusion=infusion, actor=nurse, now=START).state is S.BOOKED


def test_a_time_that_was_given_to_somebody_else_is_not_taken_from_them(nurse) -> None:
    missed = infusions.no_show(infusion=in_state(S.BOOKED), actor=nurse, now=START)
    InfusionFactory(room=missed.room)
    with pytest.raises(Taken, match=missed.room.name):
        infusions.undo(infusion=missed, actor=nurse, now=START)
    assert Infusion.objects.get(pk=missed.pk).state is S.NO_SHOW


def test_a_visit_that_was_booked_anew_meanwhile_stays_as_it_is(house) -> None:
    course = bookings.book_series(
        patient=house.patient(),
        protocol=house.protocol,
        slots=[Slot(START, house.rooms[0], house.clinicians[0])],
        actor=house.desk,
        now=START - timedelta(days=1),
    )
    missed = infusions.no_show(infusion=course.infusions.get(), actor=house.desk, now=START)
    later = Slot(START + timedelta(hours=3), house.rooms[0], house.clinicians[0])
    bookings.place(course=course, slot=later, actor=house.desk, now=START)
    with pytest.raises(Refused, match="Another visit has its place in the course"):
        infusions.undo(infusion=missed, actor=house.desk, now=START + MINUTE)
