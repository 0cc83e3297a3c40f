"""What a visit's page shows beyond the visit itself. Constant queries, changes nothing."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.domain import gates, moves
from clinic.enums import OFF, InfusionStatus
from clinic.models import Infusion, Move, RuleOverride
from messaging.models import Message
from support.domain import (
    answers,
    attesting,
    board,
    comfort,
    coming,
    estimate,
    helper_dates,
    ladder_page,
    ledger_words,
    reached,
    rules,
    steps,
    undone,
    way_home,
)
from support.domain.answers import Answered
from support.domain.coming import Coming
from support.domain.day import Fasting, fasting
from support.domain.estimate import Estimate
from support.domain.ladder_page import Climb
from support.domain.ledger_words import Line
from support.domain.way_home import WayHome
from support.enums import HOLDING, AlertKind, AlertStatus, CommitmentStatus, SupportRole
from support.models import Alert, Attestation, Commitment, Designation

S = InfusionStatus
C = CommitmentStatus
RESTING = frozenset({S.STARTED, S.RECOVERING})
PHASES: list[tuple[InfusionStatus, str | Promise, str]] = [
    (S.BOOKED, gettext_lazy("Booked for"), "starts_at"),
    (S.ARRIVED, gettext_lazy("Arrived"), "arrived_at"),
    (S.STARTED, gettext_lazy("Started"), "started_at"),
    (S.RECOVERING, gettext_lazy("Recovering"), "recovering_at"),
    (S.READY, gettext_lazy("Ready"), "ready_at"),
    (S.RELEASED, gettext_lazy("Left"), "released_at"),
    (S.HOME, gettext_lazy("Home"), "home_at"),
]
COMMITMENT_LEVELS = {
    C.ASKED: "calm",
    C.ACCEPTED: "risk",
    C.RECONFIRMED: "ok",
    C.KEPT: "ok",
    C.DECLINED: "stop",
    C.WITHDRAWN: "stop",
    C.LAPSED: "stop",
    C.VOID: "calm",
    C.COVERED: "calm",
}


@dataclass(frozen=True, kw_only=True)
class Phase:
    word: str
    at: datetime | None
    state: str


@dataclass(frozen=True, kw_only=True)
class Promised:
    """One commitment with what the desk can record about it now: "yes", "confirm", "no", "back".

    ``unreached`` says why no message asks them, where it is so; ``note`` what staff should know about them as a driver.
    """

    commitment: Commitment
    level: str
    word: str
    unreached: str
    note: str
    answers: list[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class VisitPage:
    """``coming``: messages and calls still to be made, ``messages``: those that were, or are no longer needed.

    ``step_undo_until``: until when the step before can be taken back; ``told``: what people heard of one that was.
    """

    phase: str
    phases: list[Phase]
    step: steps.Step | None
    is_its_day: bool
    gates: list[str]
    way: WayHome
    climb: Climb
    promised: list[Promised]
    earlier: list[Promised]
    not_asked: list[Designation]
    coming: list[Coming]
    messages: list[Line]
    comfort: list[str]
    answers: list[Answered]
    alerts: list[Alert]
    fasting: Fasting | None
    undoable: Move | None
    overrides: list[RuleOverride]
    is_off: bool
    may_release: bool
    may_cancel: bool
    may_move: bool
    may_no_show: bool
    may_stop_early: bool
    step_undo_until: datetime | None
    told: list[str]
    window: Estimate | None

    @property
    def undo_until(self) -> datetime | None:
        return self.undoable.at + moves.UNDO_FOR if self.undoable else None


def of(*, infusion: Infusion, now: datetime) -> VisitPage:
    state = infusion.state
    commitments = list(
        Commitment.objects.filter(infusion=infusion).select_related("designation__person__site", "recorded_by")
    )
    current = [row for row in commitments if row.status != C.VOID]
    asked = {row.designation_id for row in current}
    is_held = any(row.role == SupportRole.RIDE and row.status in HOLDING for row in current)
    unreached = reached.why_not(commitments=commitments)
    said = attesting.newest(people={row.designation.person_id for row in current})
    named = Designation.objects.filter(patient_id=infusion.patient_id, withdrawn_at=None).select_related("person")
    spoken = Message.objects.filter(site_id=infusion.site_id, scope=f"infusion:{infusion.pk}").order_by("due_at", "pk")
    went = list(spoken.exclude(status__in=ledger_words.WAITING))
    names = {f"designation:{row.designation_id}": row.designation.person.first_name for row in commitments}
    return VisitPage(
        phase=steps.phase(infusion=infusion, zone=infusion.site.zone, now=now),
        phases=_phases(infusion),
        step=steps.next_step(infusion=infusion, zone=infusion.site.zone, now=now),
        is_its_day=steps.is_its_day(infusion=infusion, zone=infusion.site.zone, now=now),
        gates=gates.reasons(infusion=infusion, now=now) if state.before_start else [],
        way=way_home.of(infusions=[infusion], now=now)[infusion.pk],
        climb=ladder_page.of(infusion=infusion, now=now),
        promised=[
            _promised(row, infusion, unreached.get(row.pk, ""), said.get(row.designation.person_id), is_held)
            for row in current
        ],
        earlier=[_promised(row, infusion, "", None, is_held) for row in commitments if row.status == C.VOID],
        not_asked=[row for row in named if row.pk not in asked],
        coming=coming.of(visit=infusion, now=now),
        messages=ledger_words.lines(messages=went, now=now),
        comfort=comfort.lines(comfort.of(patient_id=infusion.patient_id)),
        answers=answers.of(infusion=infusion),
        alerts=_alerts(infusion),
        fasting=fasting(infusion=infusion, policy=rules.of(infusion=infusion)) if state == S.BOOKED else None,
        undoable=moves.undoable(infusion=infusion, now=now),
        overrides=list(infusion.rule_overrides.select_related("by")),
        is_off=state in OFF,
        may_release=S.RELEASED in state.allowed_next,
        may_cancel=S.CANCELLED in state.allowed_next,
        may_move=state == S.BOOKED,
        may_no_show=state == S.BOOKED and now >= infusion.starts_at,
        may_stop_early=state == S.STARTED,
        step_undo_until=steps.undo_until(infusion=infusion, now=now),
        told=undone.told(infusion=infusion, messages=went, names=names),
        window=estimate.window(infusion=infusion, now=now) if state in RESTING else None,
    )


def _alerts(infusion: Infusion) -> list[Alert]:
    """Those of this visit, and texts of the patient and their helpers: what they wrote may be about it."""
    texts = Q(patient=infusion.patient_id, kind=AlertKind.TEXT_CAME)
    return list(
        Alert.objects.filter(Q(infusion=infusion) | texts).exclude(status=AlertStatus.CLOSED).select_related("owner")
    )


def _phases(infusion: Infusion) -> list[Phase]:
    order = [status for status, _word, _stamp in PHASES]
    reached = order.index(infusion.state) if infusion.state in order else 0
    phases = []
    for place, (_status, word, stamp) in enumerate(PHASES):
        at = getattr(infusion, stamp)
        state = "current" if place == reached and infusion.state not in OFF else "past" if at else ""
        phases.append(Phase(word=str(word), at=at, state="past" if place == 0 and reached else state))
    return phases


def _promised(row: Commitment, infusion: Infusion, unreached: str, said: Attestation | None, is_held: bool) -> Promised:
    status = C(row.status)
    is_up_to_them = row.role == SupportRole.RIDE and (status in HOLDING or status == C.ASKED)
    may_drive = is_up_to_them and not row.designation.person.is_escort
    is_open = infusion.state not in board.OVER and infusion.state not in OFF
    let_go = status == C.COVERED and not (is_held and row.role == SupportRole.RIDE)
    return Promised(
        commitment=row,
        level=COMMITMENT_LEVELS[status],
        word=_("Maybe") if helper_dates.is_maybe(row) else _("Not asked any more") if let_go else str(status.label),
        unreached=unreached if is_open else "",
        note=attesting.flag(said=said, visit=infusion) if is_open and may_drive else "",
        answers=_answers(row, status, let_go) if is_open else [],
    )


def _answers(row: Commitment, status: CommitmentStatus, let_go: bool) -> list[tuple[str, str]]:
    name = {"name": row.designation.person.first_name}
    if row.designation.withdrawn_at is not None or row.role not in row.designation.roles:
        return []
    if status == C.ACCEPTED:
        return [("confirm", _("%(name)s confirmed by phone") % name), ("back", _("%(name)s stepped back") % name)]
    if status == C.RECONFIRMED:
        return [("back", _("%(name)s stepped back") % name)]
    if status == C.ASKED:
        return [("yes", _("%(name)s said yes by phone") % name), ("no", _("%(name)s said no") % name)]
    if let_go or status in (C.DECLINED, C.WITHDRAWN, C.LAPSED):
        return [("yes", _("%(name)s said yes by phone") % name)]
    return []
