"""One door per change of state: in order, gated, signed, told, on record.

Releases that succeed need a handover, so they are tested where handovers are.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from clinic.domain import bookings, followers, gates, infusions, moves
from clinic.domain.errors import Refused
from clinic.domain.slots import Slot
from clinic.enums import MOVES, InfusionStatus, ReleasedHow, Role
from clinic.models import AuditEntry, Infusion, StaffMember
from clinic.models.infusion import STAMPS
from tests.factories import (
    CourseFactory,
    InfusionFactory,
    PolicyFactory,
    ProtocolFactory,
    RoomFactory,
    SiteFactory,
    StaffFactory,
)

pytestmark = pytest.mark.django_db

S = InfusionStatus
START = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)


def in_state(state: S, **fields) -> Infusion:
    stamps = dict.fromkeys(STAMPS[state], START)
    extra = {"off_reason": "ill"} if state is S.CANCELLED else {}
    return InfusionFactory(status=state, **stamps, **extra, **fields)


@pytest.fixture
def nurse() -> StaffMember:
    return StaffFactory(role=Role.NURSE)


@pytest.fixture(autouse=True)
def _only_the_clinics_own_gates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "_gates", [gates.policy_is_signed, gates.patient_has_arrived, gates.day_is_not_over])
    monkeypatch.setattr(followers, "_followers", [])


@pytest.fixture
def closed_gate() -> str:
    sentence = "Nobody takes the patient home yet."
    gates.register(lambda infusion, now: [sentence])
    return sentence


VERBS: dict[S, Callable[..., Infusion]] = {
    S.ARRIVED: infusions.arrive,
    S.STARTED: infusions.start,
    S.RECOVERING: infusions.recover,
    S.READY: infusions.ready,
    S.RELEASED: lambda **how: infusions.release(how=ReleasedHow.AGAINST_ADVICE, **how),
    S.HOME: infusions.home,
    S.CANCELLED: lambda **how: infusions.cancel(reason="ill", **how),
    S.NO_SHOW: infusions.no_show,
}
BEFORE_LEAVING = [S.BOOKED, S.ARRIVED, S.STARTED, S.RECOVERING, S.READY, S.CANCELLED, S.NO_SHOW]
OUT_OF_ORDER = [(state, to) for state in BEFORE_LEAVING for to in VERBS if to not in MOVES[state]]
IN_ORDER = [(state, to) for state in BEFORE_LEAVING for to in VERBS if to in MOVES[state] and to is not S.RELEASED]


@pytest.mark.parametrize(("state", "to"), OUT_OF_ORDER)
def test_out_of_order_is_refused_with_a_sentence_and_changes_nothing(nurse: StaffMember, state: S, to: S) -> None:
    infusion = in_state(state)
    before = Infusion.objects.filter(pk=infusion.pk).values().get()
    with pytest.raises(Refused) as refused:
        VERBS[to](infusion=infusion, actor=nurse, now=START)
    assert refused.value.reasons == [infusions.not_allowed(infusion=infusion, to=to)]
    assert refused.value.reasons[0].endswith(".")
    assert Infusion.objects.filter(pk=infusion.pk).values().get() == before
    assert AuditEntry.objects.count() == 0


@pytest.mark.parametrize(("state", "to"), IN_ORDER)
def test_in_order_it_is_done_stamped_counted_and_on_record(nurse: StaffMember, state: S, to: S) -> None:
    infusion = in_state(state)
    VERBS[to](infusion=infusion, actor=nurse, now=START)
    infusion.refresh_from_db()
    assert (infusion.state, infusion.version) == (to, 2)
    assert [getattr(infusion, stamp) for stamp in STAMPS[to]] == [START] * len(STAMPS[to])
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.patient_id) == (f"staff:{nurse.pk}", infusion.patient_id)


@pytest.mark.parametrize(
    ("state", "to", "sentence"),
    [
        (S.BOOKED, S.STARTED, "Record the arrival first."),
        (S.BOOKED, S.RELEASED, "The treatment has not started yet."),
        (S.ARRIVED, S.ARRIVED, "This is done already."),
        (S.ARRIVED, S.NO_SHOW, "The patient is here already."),
        (S.STARTED, S.CANCELLED, "The treatment has begun already."),
        (S.READY, S.RECOVERING, "This step is over already."),
        (S.CANCELLED, S.STARTED, "This visit is cancelled."),
        (S.NO_SHOW, S.ARRIVED, "The patient did not come to this visit."),
        (S.RELEASED, S.READY, "The patient has left already."),
        (S.HOME, S.RELEASED, "The patient is home already."),
    ],
)
def test_each_no_says_why(state: S, to: S, sentence: str) -> None:
    assert infusions.not_allowed(infusion=Infusion(status=state), to=to) == sentence


def test_a_row_read_long_ago_is_read_again(nurse: StaffMember) -> None:
    stale = in_state(S.BOOKED)
    infusions.cancel(infusion=stale, actor=nurse, now=START, reason="ill")
    with pytest.raises(Refused, match="This visit is cancelled"):
        infusions.arrive(infusion=stale, actor=nurse, now=START)


def test_nobody_arrives_before_their_day(nurse: StaffMember) -> None:
    with pytest.raises(Refused, match="This visit is on Wednesday 4 March"):
        infusions.arrive(infusion=in_state(S.BOOKED), actor=nurse, now=START - timedelta(hours=11))
    assert infusions.arrive(infusion=in_state(S.BOOKED), actor=nurse, now=START - timedelta(hours=2)).arrived_at


def test_nobody_arrives_or_starts_on_a_later_day(nurse: StaffMember) -> None:
    """Who said yes to the way home said it for that day."""
    booked, arrived = in_state(S.BOOKED), in_state(S.ARRIVED)
    with pytest.raises(Refused, match="Move it to today first"):
        infusions.arrive(infusion=booked, actor=nurse, now=START + timedelta(days=1))
    with pytest.raises(Refused, match="This visit was on Wednesday 4 March"):
        infusions.start(infusion=arrived, actor=nurse, now=START + timedelta(days=1))


def test_nobody_missed_what_has_not_begun(nurse: StaffMember) -> None:
    with pytest.raises(Refused, match="not time for this visit yet"):
        infusions.no_show(infusion=in_state(S.BOOKED), actor=nurse, now=START - timedelta(seconds=1))


def test_a_cancelled_visit_frees_its_time_and_says_why(nurse: StaffMember) -> None:
    """https://github.com/pretix/pretix/issues/1405"""
    infusion = in_state(S.BOOKED)
    infusions.cancel(infusion=infusion, actor="link:Ab3", now=START, reason="  a cold ")
    with pytest.raises(Refused, match="This is done already"):
        infusions.cancel(infusion=infusion, actor="link:Ab3", now=START, reason="again")
    infusion.refresh_from_db()
    assert (infusion.off_reason, infusion.version) == ("a cold", 2)
    assert AuditEntry.objects.get().actor == "link:Ab3"
    assert InfusionFactory(room=infusion.room, clinician=infusion.clinician, course=infusion.course).pk


@pytest.mark.parametrize("verb", [infusions.cancel, infusions.stop_early])
def test_some_steps_need_a_reason(nurse: StaffMember, verb: Callable[..., Infusion]) -> None:
    state = S.BOOKED if verb is infusions.cancel else S.STARTED
    with pytest.raises(Refused, match="Give a reason"):
        verb(infusion=in_state(state), actor=nurse, now=START, reason="  ")


def test_stopped_early_is_a_fact_and_recovery_begins(nurse: StaffMember) -> None:
    infusion = infusions.stop_early(infusion=in_state(S.STARTED), actor=nurse, now=START, reason="unwell")
    assert (infusion.state, infusion.stopped_early_at, infusion.recovering_at) == (S.RECOVERING, START, START)


def test_late_is_noted_and_the_booked_time_stays() -> None:
    infusion = infusions.say_late(infusion=in_state(S.BOOKED), actor="link:x", now=START, minutes=20)
    assert (infusion.late_minutes, infusion.starts_at, infusion.state) == (20, START, S.BOOKED)
    with pytest.raises(Refused, match="up to 240"):
        infusions.say_late(infusion=infusion, actor="link:x", now=START, minutes=241)


# --- the gate --------------------------------------------------------------------------------------


def test_a_closed_gate_says_why_and_nothing_starts(nurse: StaffMember, closed_gate: str) -> None:
    infusion = in_state(S.ARRIVED)
    with pytest.raises(Refused) as refused:
        infusions.start(infusion=infusion, actor=nurse, now=START)
    assert refused.value.reasons == [closed_gate]
    infusion.refresh_from_db()
    assert infusion.state is S.ARRIVED


def test_a_role_the_rules_name_may_start_anyway_and_it_is_kept(closed_gate: str) -> None:
    clinician = StaffFactory(role=Role.CLINICIAN)
    infusion = infusions.start(
        infusion=in_state(S.ARRIVED), actor=clinician, now=START, override_reason=" her sister is in the car park "
    )
    assert (infusion.override_by, infusion.override_at) == (clinician, START)
    assert infusion.override_reason == "her sister is in the car park"
    assert infusion.override_says == closed_gate
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.note) == ("infusion.started.override", "against: 1")


@pytest.mark.parametrize(
    ("role", "reason", "more"),
    [
        (Role.NURSE, "a good reason", "Your role may not start against the rules."),
        (Role.CLINICIAN, "why", "Say in a few words why it starts anyway."),
    ],
)
def test_an_override_needs_a_role_and_a_reason(closed_gate: str, role: Role, reason: str, more: str) -> None:
    with pytest.raises(Refused) as refused:
        infusions.start(infusion=in_state(S.ARRIVED), actor=StaffFactory(role=role), now=START, override_reason=reason)
    assert refused.value.reasons == [closed_gate, more]


def test_an_open_gate_needs_no_override(nurse: StaffMember) -> None:
    infusion = infusions.start(infusion=in_state(S.ARRIVED), actor=nurse, now=START, override_reason="just in case")
    assert infusion.override_at is None


def test_unsigned_rules_cannot_be_overridden() -> None:
    director = StaffFactory(role=Role.DIRECTOR)
    infusion = in_state(S.ARRIVED, policy=None)
    with pytest.raises(Refused) as refused:
        infusions.start(infusion=infusion, actor=director, now=START, override_reason="a good reason")
    assert refused.value.reasons == ["The clinic's rules are not signed yet. The medical director signs them."]


def test_a_visit_booked_before_the_rules_were_signed_runs_under_the_first_signed_ones(nurse: StaffMember) -> None:
    infusion = in_state(S.ARRIVED, policy=None)
    policy = PolicyFactory(site=infusion.site)
    assert infusions.start(infusion=infusion, actor=nurse, now=START).policy == policy


# --- leaving ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [ReleasedHow.HANDOVER, ReleasedHow.EXTENDED_STAY])
@pytest.mark.parametrize("state", [S.STARTED, S.RECOVERING])
def test_only_against_advice_leaves_before_ready(nurse: StaffMember, state: S, how: ReleasedHow) -> None:
    with pytest.raises(Refused, match="not ready to leave yet"):
        infusions.release(infusion=in_state(state), actor=nurse, now=START, how=how)


@pytest.mark.parametrize("how", [ReleasedHow.WATCHED_RIDE, ReleasedHow.EXTENDED_STAY])
def test_a_way_home_the_rules_do_not_name_is_refused(nurse: StaffMember, how: ReleasedHow) -> None:
    with pytest.raises(Refused, match="rules do not allow this way home"):
        infusions.release(infusion=in_state(S.READY), actor=nurse, now=START, how=how)


@pytest.mark.parametrize(
    ("minutes", "ends", "free"), [(60, 60, 75), (99, 99, 114), (100, 100, 115), (130, 100, 115), (-5, 1, 16)]
)
def test_leaving_frees_the_room_after_its_turnaround_and_never_later_than_booked(
    nurse: StaffMember, minutes: int, ends: int, free: int
) -> None:
    infusion = in_state(S.READY)
    with transaction.atomic():
        left = infusions.release(
            infusion=infusion, actor=nurse, now=START + timedelta(minutes=minutes), how=ReleasedHow.HANDOVER
        )
        left.refresh_from_db()
        # No handover stands behind it: PostgreSQL would refuse the commit.
        transaction.set_rollback(True)
    assert (left.ends_at - START, left.room_free_at - START) == (timedelta(minutes=ends), timedelta(minutes=free))
    assert left.pickup_from <= left.ends_at


# --- any order at all ------------------------------------------------------------------------------


class AnyOrder(RuleBasedStateMachine):
    """Whatever is pressed in whatever order: PostgreSQL's checks hold, and what is refused leaves the row as it was."""

    def __init__(self) -> None:
        super().__init__()
        site = SiteFactory()
        PolicyFactory(site=site)
        self.nurse = StaffFactory(role=Role.NURSE, sites=[site])
        clinician = StaffFactory(role=Role.CLINICIAN, sites=[site])
        self.rooms = [RoomFactory(site=site), RoomFactory(site=site)]
        course = CourseFactory(patient__site=site, protocol=ProtocolFactory(site=site))
        self.now = START - timedelta(days=1)
        self.slot = Slot(START, self.rooms[0], clinician)
        self.infusion = bookings.place(course=course, slot=self.slot, actor=self.nurse, now=self.now)

    def attempt(self, work: Callable[[], Infusion], to: S | None) -> None:
        before = Infusion.objects.filter(pk=self.infusion.pk).values().get()
        allowed = to is None or to in S(before["status"]).allowed_next
        reasons: list[str] | None = None
        try:
            with transaction.atomic():
                work()
        except Refused as refused:
            reasons = refused.reasons
        after = Infusion.objects.filter(pk=self.infusion.pk).values().get()
        if reasons is not None:
            assert reasons
            assert all(reasons)
            assert after == before
        else:
            assert allowed
            assert after["version"] == before["version"] + 1
            assert to is None or after["status"] == to

    @rule(minutes=st.integers(1, 24 * 60))
    def time_goes_on(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(to=st.sampled_from([S.ARRIVED, S.STARTED, S.RECOVERING, S.READY, S.HOME, S.CANCELLED, S.NO_SHOW]))
    def press(self, to: S) -> None:
        self.attempt(lambda: VERBS[to](infusion=self.infusion, actor=self.nurse, now=self.now), to)

    @rule(reason=st.sampled_from(["", "unwell"]))
    def stop_early(self, reason: str) -> None:
        self.attempt(
            lambda: infusions.stop_early(infusion=self.infusion, actor=self.nurse, now=self.now, reason=reason),
            S.RECOVERING,
        )

    @rule(behind=st.integers(0, 1))
    def take_back(self, behind: int) -> None:
        row = Infusion.objects.get(pk=self.infusion.pk)
        to = infusions.BACK[row.state][0] if row.state in infusions.BACK else None
        before = Infusion.objects.filter(pk=row.pk).values().get()
        try:
            with transaction.atomic():
                back = infusions.undo(infusion=row, actor=self.nurse, now=self.now, version=row.version - behind)
        except Refused:
            assert Infusion.objects.filter(pk=row.pk).values().get() == before
        else:
            assert not behind
            assert (back.state, back.version) == (to, row.version + 1)
            assert self.now < infusions.undoable_until(infusion=row)

    @rule(minutes=st.integers(-1, 300))
    def say_late(self, minutes: int) -> None:
        self.attempt(
            lambda: infusions.say_late(infusion=self.infusion, actor="link:x", now=self.now, minutes=minutes), None
        )

    @rule(hours=st.integers(1, 72), room=st.integers(0, 1), behind=st.integers(0, 1))
    def move(self, hours: int, room: int, behind: int) -> None:
        fresh = Infusion.objects.get(pk=self.infusion.pk)
        slot = Slot(START + timedelta(hours=hours), self.rooms[room], self.slot.clinician)
        if (fresh.starts_at, fresh.room) == (slot.starts_at, slot.room):
            return
        self.attempt(
            lambda: moves.move(
                infusion=fresh, slot=slot, actor=self.nurse, now=self.now, version=fresh.version - behind
            ),
            None,
        )

    @precondition(lambda self: Infusion.objects.get(pk=self.infusion.pk).state is not S.READY)
    @rule(how=st.sampled_from([ReleasedHow.HANDOVER, ReleasedHow.WATCHED_RIDE, ReleasedHow.EXTENDED_STAY]))
    def leave_before_ready(self, how: ReleasedHow) -> None:
        with pytest.raises(Refused):
            infusions.release(infusion=self.infusion, actor=self.nurse, now=self.now, how=how)

    @invariant()
    def every_stamp_of_its_state_is_there(self) -> None:
        row = Infusion.objects.get(pk=self.infusion.pk)
        assert all(getattr(row, stamp) is not None for stamp in STAMPS[row.state])
        assert row.during.lower < row.during.upper <= row.occupies.upper


class TestAnyOrder(AnyOrder.TestCase, TestCase):
    settings = settings(max_examples=10, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck))
