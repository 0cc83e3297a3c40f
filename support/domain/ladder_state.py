"""Where the ladder of one visit stands, read while the visit is locked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from clinic.models import Infusion
from messaging.domain import quiet
from support.domain import asking, busy, promise_rows, rules, rungs, texting_hours
from support.domain.promise_rows import is_past, rides
from support.enums import HOLDING, CommitmentStatus, LadderRung, StepEnd
from support.models import Commitment, Designation, LadderStep

C = CommitmentStatus
FAILED = frozenset({StepEnd.SAID_NO, StepEnd.SILENT, StepEnd.STEPPED_OVER, StepEnd.NOT_POSSIBLE})


@dataclass(frozen=True, kw_only=True)
class Look:
    """``rows``: the promises to take the patient home at the visit's present time, by designation; ``left``: who can
    still be asked, first first; ``taken_by``: who or what takes the patient home, empty where nobody does."""

    visit: Infusion
    rows: dict[int, Commitment]
    left: list[Designation]
    state: rungs.State
    taken_by: str

    def end_of(self, step: LadderStep, now: datetime) -> StepEnd | None:
        """How an open step has ended by now; None while it runs."""
        rung = LadderRung(step.rung)
        if step.for_starts_at != self.visit.starts_at or is_past(self.visit, now):
            return StepEnd.OVER
        if self.taken_by:
            return StepEnd.TAKEN
        if not rungs.fits(rung=rung, status=self.visit.state):
            return StepEnd.OVER
        if rung == LadderRung.ADULTS and not self._waits(step):
            return StepEnd.SILENT if self._is_silent(step) else StepEnd.SAID_NO
        if step.until is not None and step.until <= now:
            return StepEnd.SILENT
        return None

    def to_ask(self, step: rungs.Next) -> list[Designation]:
        return [row for row in self.left if step.designation_id in (None, row.pk)]

    @property
    def waiting(self) -> list[str]:
        """First names of those who have not answered."""
        return [row.designation.person.first_name for row in self.rows.values() if row.status == C.ASKED]

    def _waits(self, step: LadderStep) -> bool:
        return any(row.status == C.ASKED for row in self._asked(step))

    def _is_silent(self, step: LadderStep) -> bool:
        return any(row.status == C.LAPSED for row in self._asked(step))

    def _asked(self, step: LadderStep) -> list[Commitment]:
        return [row for pk, row in self.rows.items() if step.designation_id in (None, pk)]


def steps_of(*, visit: Infusion) -> list[LadderStep]:
    """The oldest first. One query."""
    return list(LadderStep.objects.filter(infusion=visit).select_related("infusion").order_by("began_at", "pk"))


def look(*, visit: Infusion, steps: Sequence[LadderStep], now: datetime) -> Look:
    """Four queries; two more for each person where they are asked one at a time: nobody waits for who cannot come."""
    policy = rules.of(infusion=visit)
    rows = {row.designation_id: row for row in rides(visit).exclude(status=C.VOID).order_by("designation__rank", "pk")}
    failed = _failed(visit, steps)
    left = [row for row in asking.may_drive(visit=visit, now=now) if _can_be_asked(rows.get(row.pk))]
    if rungs.one_at_a_time(policy=policy, status=visit.state):
        gone = {step.designation_id for step in failed if step.rung == LadderRung.ADULTS}
        # Let go, not asked in vain: may they be asked by now, it is their turn again.
        gone -= {pk for pk, row in rows.items() if row.status == C.COVERED}
        left = [row for row in left if row.pk not in gone and not busy.is_busy(person=row.person, visit=visit)]
    return Look(
        visit=visit,
        rows=rows,
        left=left,
        state=rungs.State(
            policy=policy,
            status=visit.state,
            starts_at=visit.starts_at,
            people=tuple(designation.pk for designation in left),
            tried=frozenset(LadderRung(step.rung) for step in failed),
            heard_from=quiet.later(moment=now, zone=visit.site.zone, window=texting_hours.window(policy)),
        ),
        taken_by=_taken_by(visit, rows),
    )


def _failed(visit: Infusion, steps: Sequence[LadderStep]) -> list[LadderStep]:
    """What ended without a way home since there last was one, for the visit's present time."""
    failed: list[LadderStep] = []
    for step in steps:
        if step.for_starts_at == visit.starts_at:
            failed = [] if step.end == StepEnd.TAKEN else [*failed, step]
    return [step for step in failed if step.end in FAILED]


def _can_be_asked(row: Commitment | None) -> bool:
    return row is None or row.status in {C.ASKED, C.COVERED}


def _taken_by(visit: Infusion, rows: dict[int, Commitment]) -> str:
    held = next((row for row in rows.values() if row.status in HOLDING), None)
    if held is not None:
        return held.designation.person.first_name
    arranged = promise_rows.arranged(visit)
    return str(arranged.get_rung_display()) if arranged is not None else ""
