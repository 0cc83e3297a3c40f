"""Any order of answers, presses, moves and hours: one open step at most, it fits the visit, and it always ends."""

import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from clinic.domain import infusions
from clinic.domain.errors import Refused
from clinic.enums import Rung
from clinic.models import Infusion
from messaging.models import Message
from support.domain import commitments, ladder, rungs, watch
from support.enums import HOLDING, AlertKind, LadderRung
from support.models import Alert, Commitment, LadderStep
from tests import factories
from tests.support.conftest import Clinic

STARTS = datetime(2026, 3, 11, 17, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
SOAK = os.environ.get("HOMEWARD_SOAK") == "1"
NAMES = ("Sam", "Joanna", "Lee")


class Ladders(RuleBasedStateMachine):
    clinic: Clinic
    rungs: list[Rung]

    @initialize(at_once=st.booleans())
    def book(self, at_once) -> None:
        Message.objects.all().delete()
        for visit in Infusion.objects.exclude(status="cancelled"):
            Infusion.objects.filter(pk=visit.pk).update(
                status="cancelled", cancelled_at=self.clinic.now, off_reason="next example", started_at=None
            )
        LadderStep.objects.filter(ended_at=None).update(ended_at=self.clinic.now, end="over")
        policy = self.clinic.policy
        self.clinic.policy = factories.PolicyFactory(
            site=self.clinic.site,
            version=policy.version + 1,
            signed_by=policy.signed_by,
            rungs=self.rungs,
            ladder_first_to_take=at_once,
        )
        self.clinic.now = STARTS - timedelta(days=9)
        self.visit = self.clinic.book(STARTS)

    def attempt(self, act, name):
        rows = Commitment.objects.filter(infusion=self.visit, designation__person__given_name=name, role="ride")
        row = rows.order_by("-pk").first()
        try:
            if row is not None:
                act(commitment=row, via="link", now=self.clinic.now)
        except Refused:
            assert Commitment.objects.get(pk=row.pk).status == row.status

    @rule(name=st.sampled_from(NAMES))
    def says_yes(self, name):
        self.attempt(commitments.accept, name)

    @rule(name=st.sampled_from(NAMES))
    def says_no(self, name):
        self.attempt(commitments.decline, name)

    @rule(name=st.sampled_from(NAMES))
    def steps_back(self, name):
        self.attempt(commitments.withdraw, name)

    @rule(hours=st.sampled_from([1, 8, 30, 70]))
    def time_passes(self, hours):
        self.clinic.now += hours * HOUR
        watch.run(now=self.clinic.now)

    @rule(note=st.sampled_from(["", "They are away"]))
    def the_desk_goes_on(self, note):
        act = ladder.not_possible if note else ladder.ask_next_now
        with suppress(Refused):
            act(infusion=self.visit, actor=self.clinic.desk, now=self.clinic.now, note=note)

    @rule()
    def it_starts(self):
        fresh = self.clinic.fresh(self.visit)
        if fresh.status == "booked" and self.clinic.now < STARTS + 3 * HOUR:
            self.clinic.now = max(self.clinic.now, STARTS)
            doctor = self.clinic.staff["clinician"]
            infusions.arrive(infusion=fresh, actor=doctor, now=self.clinic.now)
            infusions.start(infusion=fresh, actor=doctor, now=self.clinic.now, override_reason="her sister comes")

    @rule()
    def it_is_called_off(self):
        fresh = self.clinic.fresh(self.visit)
        if fresh.status == "booked":
            infusions.cancel(infusion=fresh, actor=self.clinic.desk, now=self.clinic.now, reason="rest")

    def running(self):
        return LadderStep.objects.filter(infusion=self.visit, ended_at=None).first()

    @invariant()
    def the_open_step_fits_the_visit(self):
        step, visit = self.running(), self.clinic.fresh(self.visit)
        if step is not None:
            assert visit.status not in {"cancelled", "no_show", "released", "home"}
            assert rungs.fits(rung=LadderRung(step.rung), status=visit.state)
            assert step.for_starts_at == visit.starts_at

    @invariant()
    def nothing_is_tried_once_somebody_has_it(self):
        held = Commitment.objects.filter(infusion=self.visit, role="ride", status__in=HOLDING)
        assert held.count() <= 1
        assert not held.exists() or self.running() is None

    @invariant()
    def one_at_a_time_is_one(self):
        step = self.running()
        if step is not None and step.designation_id is not None:
            asked = Commitment.objects.filter(infusion=self.visit, role="ride", status="asked")
            assert set(asked.values_list("designation_id", flat=True)) == {step.designation_id}

    @invariant()
    def what_the_clinic_must_arrange_was_told(self):
        step = self.running()
        if step is not None and step.rung != LadderRung.ADULTS:
            told = Alert.objects.filter(infusion=self.visit, kind__in=[AlertKind.LADDER, AlertKind.CANT_COME])
            assert told.exists()

    @invariant()
    def who_lapsed_alone_is_called(self):
        for step in LadderStep.objects.filter(infusion=self.visit, end="silent", designation__isnull=False):
            assert Alert.objects.filter(designation=step.designation_id, infusion=self.visit).exists()

    def teardown(self):
        """Left alone, it ends: with another day to find, the patient staying, or the visit past."""
        ladder.sweep(now=self.clinic.now)
        for _step in range(len(NAMES) + len(LadderRung)):
            step = self.running()
            if step is None or step.until is None:
                break
            self.clinic.now = max(self.clinic.now, step.until)
            ladder.sweep(now=self.clinic.now)
        step, visit = self.running(), self.clinic.fresh(self.visit)
        assert step is None or step.rung in rungs.LASTS
        if visit.state.before_start and Rung.POSTPONE in self.rungs and self.clinic.now < visit.ends_at:
            held = Commitment.objects.filter(infusion=visit, role="ride", status__in=HOLDING).exists()
            assert held or self.clinic.now < rungs.begins_at(policy=visit.policy, starts_at=STARTS) or step is not None


@pytest.mark.soak
@pytest.mark.django_db
@pytest.mark.parametrize("ways", [list(Rung), [Rung.ADULT_DRIVES, Rung.POSTPONE]], ids=["every way", "two ways"])
def test_no_order_of_answers_and_hours_leaves_a_ladder_hanging(clinic: Clinic, ways):
    for name in NAMES:
        clinic.named(name)

    class OfThisClinic(Ladders):
        pass

    OfThisClinic.clinic = clinic
    OfThisClinic.rungs = ways
    run_state_machine_as_test(
        OfThisClinic,
        settings=settings(
            max_examples=60 if SOAK else 6,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
