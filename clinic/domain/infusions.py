"""One door per change of an infusion's state.

Every function re-reads the row under its lock, refuses what is out of order with a sentence, raises the version,
tells the followers and leaves an audit entry, all in one transaction. It returns the fresh row.
"""

from datetime import datetime, timedelta
from typing import Protocol

from django.db import transaction
from django.utils.translation import gettext as _

from clinic.domain import audit, changes, conflicts, gates, policies
from clinic.domain.errors import Refused
from clinic.domain.slots import Slot
from clinic.domain.spoken import say_day
from clinic.domain.times import local_day
from clinic.enums import InfusionStatus, ReleasedHow, Rung
from clinic.models import Infusion, SecondSignature, StaffMember
from clinic.models.infusion import LIVE

S = InfusionStatus
NEEDS_RUNG = {ReleasedHow.WATCHED_RIDE: Rung.WATCHED_RIDE, ReleasedHow.EXTENDED_STAY: Rung.EXTENDED_STAY}
MAX_LATE_MINUTES = 240
UNDO_FOR = timedelta(minutes=2)
# For each step that can be taken back: the state before it, and what the step wrote.
BACK: dict[InfusionStatus, tuple[InfusionStatus, dict[str, object]]] = {
    S.ARRIVED: (S.BOOKED, {"arrived_at": None}),
    S.STARTED: (
        S.ARRIVED,
        {"started_at": None, "override_by": None, "override_reason": "", "override_at": None, "override_says": ""},
    ),
    S.RECOVERING: (S.STARTED, {"recovering_at": None, "stopped_early_at": None, "stopped_early_reason": ""}),
    S.READY: (S.RECOVERING, {"ready_at": None}),
    S.HOME: (S.RELEASED, {"home_at": None}),
    S.NO_SHOW: (S.BOOKED, {"no_show_at": None}),
}


def not_allowed(*, infusion: Infusion, to: InfusionStatus) -> str | None:
    """Why this move is out of order, in a sentence; None if it may be made."""
    state = infusion.state
    if to in state.allowed_next:
        return None
    if state is to:
        return _("This is done already.")
    over = {
        S.CANCELLED: _("This visit is cancelled."),
        S.NO_SHOW: _("The patient did not come to this visit."),
        S.RELEASED: _("The patient has left already."),
        S.HOME: _("The patient is home already."),
    }
    if state in over:
        return over[state]
    if to in {S.CANCELLED, S.NO_SHOW}:
        return _("The patient is here already.") if state is S.ARRIVED else _("The treatment has begun already.")
    first = {
        S.STARTED: _("Record the arrival first."),
        S.RECOVERING: _("The treatment has not started yet."),
        S.READY: _("The recovery has not begun yet."),
        S.RELEASED: _("The treatment has not started yet."),
        S.HOME: _("The patient has not left yet."),
    }
    if to in first and not _is_past(state=state, to=to):
        return first[to]
    return _("This step is over already.")


def arrive(*, infusion: Infusion, actor: StaffMember, now: datetime) -> Infusion:
    """Refused on any other than the visit's calendar day: its room and its way home belong to that day."""
    with transaction.atomic():
        row = _in_order(infusion, S.ARRIVED)
        day = local_day(moment=row.starts_at, zone=row.site.zone)
        if local_day(moment=now, zone=row.site.zone) != day:
            raise Refused(_("This visit is on %(day)s. Move it to today first.") % {"day": say_day(day)})
        return changes.write(row, actor, now, "arrived", {"status": S.ARRIVED, "arrived_at": now})


def start(
    *,
    infusion: Infusion,
    actor: StaffMember,
    now: datetime,
    override_reason: str = "",
    second: StaffMember | None = None,
) -> Infusion:
    """Refused with the gates' sentences. A role the signed rules name may override them with a reason; it is kept.

    ``second``: somebody else who may, and showed that it is them, where the rules want two.
    """
    with transaction.atomic():
        row = _in_order(infusion, S.STARTED)
        against = gates.reasons(infusion=row, now=now)
        policy = policies.under(infusion=row)
        fields: dict[str, object] = {"status": S.STARTED, "started_at": now, "policy": policy}
        if not against:
            return changes.write(row, actor, now, "started", fields)
        reason = override_reason.strip()
        if not reason or policy is None:
            raise Refused(*against)
        if not gates.may_override(actor=actor, infusion=row):
            raise Refused(*against, _("Your role may not start against the rules."))
        if len(reason) < 5:
            raise Refused(*against, _("Say in a few words why it starts anyway."))
        if policy.override_needs_second:
            _second_signs(row, actor, second, now, against)
        fields |= {"override_by": actor, "override_reason": reason[:300], "override_at": now}
        fields["override_says"] = "\n".join(against)
        return changes.write(row, actor, now, "started.override", fields, note=f"against: {len(against)}")


def recover(*, infusion: Infusion, actor: StaffMember, now: datetime) -> Infusion:
    with transaction.atomic():
        row = _in_order(infusion, S.RECOVERING)
        return changes.write(row, actor, now, "recovering", {"status": S.RECOVERING, "recovering_at": now})


def stop_early(*, infusion: Infusion, actor: StaffMember, now: datetime, reason: str) -> Infusion:
    """The treatment ends before its time: a fact on the visit. Recovery begins now."""
    with transaction.atomic():
        row = _in_order(infusion, S.RECOVERING)
        fact = {"stopped_early_at": now, "stopped_early_reason": _said(reason)}
        return changes.write(row, actor, now, "stopped_early", {"status": S.RECOVERING, "recovering_at": now, **fact})


def ready(*, infusion: Infusion, actor: StaffMember, now: datetime) -> Infusion:
    with transaction.atomic():
        row = _in_order(infusion, S.READY)
        return changes.write(row, actor, now, "ready", {"status": S.READY, "ready_at": now})


def release(*, infusion: Infusion, actor: StaffMember, now: datetime, how: ReleasedHow) -> Infusion:
    """The patient leaves. The room is free again after its turnaround, never later than it was booked for.

    PostgreSQL demands, when the transaction ends, a finished handover that says the same ``how``.
    """
    with transaction.atomic():
        row = _in_order(infusion, S.RELEASED)
        if how != ReleasedHow.AGAINST_ADVICE and row.state is not S.READY:
            raise Refused(_("The patient is not ready to leave yet."))
        policy = policies.under(infusion=row)
        rung = NEEDS_RUNG.get(how)
        if rung is not None and (policy is None or rung not in policy.rungs):
            raise Refused(_("The clinic's rules do not allow this way home."))
        turnaround = timedelta(minutes=row.course.protocol.turnaround_minutes)
        ends_at = max(min(row.ends_at, now), row.starts_at + timedelta(minutes=1))
        fields: dict[str, object] = {
            "status": S.RELEASED,
            "released_at": now,
            "released_how": ReleasedHow(how),
            "ends_at": ends_at,
            "pickup_from": min(row.pickup_from, ends_at),
            "room_free_at": max(ends_at, min(row.room_free_at, ends_at + turnaround)),
        }
        return changes.write(row, actor, now, "released", fields)


def home(*, infusion: Infusion, actor: StaffMember | str, now: datetime) -> Infusion:
    with transaction.atomic():
        row = _in_order(infusion, S.HOME)
        return changes.write(row, actor, now, "home", {"status": S.HOME, "home_at": now})


def cancel(*, infusion: Infusion, actor: StaffMember | str, now: datetime, reason: str) -> Infusion:
    """Frees room, clinician and patient at once. The place in the course is open again, "to place"."""
    with transaction.atomic():
        row = _in_order(infusion, S.CANCELLED)
        fields = {"status": S.CANCELLED, "cancelled_at": now, "off_reason": _said(reason)}
        return changes.write(row, actor, now, "cancelled", fields, what="cancelled")


def no_show(*, infusion: Infusion, actor: StaffMember, now: datetime) -> Infusion:
    with transaction.atomic():
        row = _in_order(infusion, S.NO_SHOW)
        if now < row.starts_at:
            raise Refused(_("It is not time for this visit yet."))
        return changes.write(row, actor, now, "no_show", {"status": S.NO_SHOW, "no_show_at": now}, what="no_show")


def say_late(*, infusion: Infusion, actor: StaffMember | str, now: datetime, minutes: int) -> Infusion:
    """The patient comes ``minutes`` after the booked time. The booked time itself stays."""
    with transaction.atomic():
        row = _in_order(infusion, S.ARRIVED)
        if not 1 <= minutes <= MAX_LATE_MINUTES:
            raise Refused(_("Say how many minutes, up to %(most)s.") % {"most": MAX_LATE_MINUTES})
        fields = {"late_minutes": minutes, "late_said_at": now}
        return changes.write(row, actor, now, "late", fields, what="late")


def undo(*, infusion: Infusion, actor: StaffMember, now: datetime, version: int | None = None) -> Infusion:
    """Takes back the last step, for two minutes: the state before it, without what it wrote.

    ``StaleVersion`` when the visit changed since ``version`` was shown, so that two who press take back one step.
    Leaving is not undone: its handover is evidence, said and signed by people. A cancelled visit is not either: its
    room is free for others at once.
    """

    def work() -> Infusion:
        row = changes.locked(infusion=infusion)
        if version not in (None, row.version):
            raise changes.stale(row)
        if row.state not in BACK:
            raise Refused(_no_way_back(row.state))
        until = undoable_until(infusion=row)
        if until is None or now >= until:
            raise Refused(_("A step can be undone for two minutes."))
        if row.state is S.NO_SHOW:
            _refuse_if_replaced(row)
        if row.state is S.STARTED:
            SecondSignature.objects.filter(infusion=row).delete()
        to, fields = BACK[row.state]
        return changes.write(row, actor, now, f"{row.status}.undone", {"status": to, **fields})

    return conflicts.booking(
        work,
        patient=infusion.patient,
        protocol=infusion.course.protocol,
        slots=[Slot(starts_at=infusion.starts_at, room=infusion.room, clinician=infusion.clinician)],
        now=now,
        course=infusion.course,
        ignoring=infusion,
    )


class Stepped(Protocol):
    """A visit, or the plain row of one."""

    @property
    def state(self) -> InfusionStatus: ...


def undoable_until(*, infusion: Stepped) -> datetime | None:
    """Until when the last step can be taken back, be it over; None for a step that cannot."""
    if infusion.state not in BACK:
        return None
    at: datetime | None = getattr(infusion, f"{infusion.state}_at")
    return at + UNDO_FOR if at else None


def _no_way_back(state: InfusionStatus) -> str:
    if state is S.RELEASED:
        return _("The patient has left. That is on record and stays.")
    if state is S.CANCELLED:
        return _("This visit is cancelled and its time is free for others. Book it again.")
    return _("There is no step to undo.")


def _refuse_if_replaced(row: Infusion) -> None:
    """Needs the diary locks of its patient: nothing else of the course is booked meanwhile."""
    if Infusion.objects.filter(LIVE, course=row.course_id, number=row.number).exclude(pk=row.pk).exists():
        raise Refused(_("Another visit has its place in the course by now."))


def _in_order(infusion: Infusion, to: InfusionStatus) -> Infusion:
    row = changes.locked(infusion=infusion)
    sentence = not_allowed(infusion=row, to=to)
    if sentence is not None:
        raise Refused(sentence)
    return row


def _second_signs(
    row: Infusion, actor: StaffMember, second: StaffMember | None, now: datetime, against: list[str]
) -> None:
    """Needs the row's lock. A start that was undone and made again has the signature of the last time."""
    if second is None:
        raise Refused(*against, _("A second person who may do this signs too."))
    if second.pk == actor.pk:
        raise Refused(*against, _("The second person must be somebody else than you."))
    if not gates.may_override(actor=second, infusion=row) or not second.sites.filter(pk=row.site_id).exists():
        sentence = _("The role of %(name)s may not start against the rules.")
        raise Refused(*against, sentence % {"name": second.full_name})
    SecondSignature.objects.update_or_create(infusion=row, defaults={"by": second, "at": now})
    audit.record(
        actor=audit.staff(second),
        verb="infusion.second_signed",
        now=now,
        patient_id=row.patient_id,
        subject=f"infusion:{row.pk}",
    )


def _is_past(*, state: InfusionStatus, to: InfusionStatus) -> bool:
    order = [S.BOOKED, S.ARRIVED, S.STARTED, S.RECOVERING, S.READY, S.RELEASED, S.HOME]
    return order.index(state) > order.index(to)


def _said(reason: str) -> str:
    if not reason.strip():
        raise Refused(_("Give a reason in a few words."))
    return reason.strip()[:200]
