"""Nobody has the way home: one step after the other, each with its end, until somebody takes the patient home.

A visit has one open step at most. Whoever climbs holds the visit's lock, so that an answer, a tap at the desk and the
clock wait for each other. Nothing is written when a visit is booked: the sweep begins with dates near enough.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import DurationField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value
from django.utils.translation import gettext as _

from clinic.domain import audit
from clinic.domain.errors import Refused
from clinic.enums import InfusionStatus
from clinic.models import Infusion, Policy, StaffMember
from support.domain import asking, closing_news, ladder_news, ladder_state, replan, row_by_row, rules, rungs
from support.domain.ladder_state import Look
from support.domain.promise_rows import is_past, locked, ride_is_held, rides, write
from support.enums import HOLDING, CommitmentStatus, LadderRung, StepEnd, SupportRole
from support.models import Arrangement, Commitment, LadderStep

S = InfusionStatus
C = CommitmentStatus
HERE = [status for status in S if status.in_the_house]
LOOK_BACK = timedelta(days=2)


def climb(*, visit: Infusion, now: datetime) -> bool:
    """Ends the open step where it is over and begins the next. Idempotent. Needs the visit's lock; the caller plans
    anew. Whether anything changed."""
    steps = ladder_state.steps_of(visit=visit)
    step = _running(steps)
    past = is_past(visit, now)
    if step is None and (past or _is_early(visit, now) or ride_is_held(visit)):
        return False
    look = ladder_state.look(visit=visit, steps=steps, now=now)
    if step is not None:
        end = look.end_of(step, now)
        if end is None:
            return False
        _end(step, end, "system", now)
        _let_go(step, look, now)
        ladder_news.ended(visit=visit, steps=steps, end=end, by=look.taken_by)
    if past or look.taken_by:
        return step is not None
    return _begin_next(visit, steps, now) or step is not None


def taken(*, visit: Infusion, by: str, now: datetime) -> None:
    """Somebody has the way home. One query where nobody was looked for. Needs the visit's lock."""
    steps = ladder_state.steps_of(visit=visit)
    step = _running(steps)
    if step is not None:
        _end(step, StepEnd.TAKEN, "system", now)
        ladder_news.ended(visit=visit, steps=steps, end=StepEnd.TAKEN, by=by)


def moved(*, visit: Infusion, now: datetime) -> None:
    """What was tried for another time is over; for the new one everybody was just asked, and the sweep begins. One
    query where nothing was tried. Needs the visit's lock."""
    steps = ladder_state.steps_of(visit=visit)
    step = _running(steps)
    if step is not None and step.for_starts_at != visit.starts_at:
        _end(step, StepEnd.OVER, "system", now)
        ladder_news.ended(visit=visit, steps=steps, end=StepEnd.OVER, by="")


def ask_next_now(
    *, infusion: Infusion, actor: StaffMember, now: datetime, note: str = "", seen: int | None = None
) -> LadderRung:
    """The desk does not wait any longer. What is tried now; refused where there is nothing after it.

    ``seen``: the id of the step that the page showed; where another runs by now, nothing is done.
    """
    return _go_on(infusion, StepEnd.STEPPED_OVER, actor, now, note, seen)


def not_possible(
    *, infusion: Infusion, actor: StaffMember, now: datetime, note: str, seen: int | None = None
) -> LadderRung:
    """The desk says that the present way cannot be had, and why. ``seen`` as above."""
    if len(note.strip()) < 3:
        raise Refused(_("Say in a few words why it is not possible."))
    return _go_on(infusion, StepEnd.NOT_POSSIBLE, actor, now, note, seen)


def sweep(*, now: datetime) -> int:
    """Begins steps for dates nobody took, and ends those whose time is over. Each visit by itself. How many changed."""
    due = list(_due(now).order_by("pk").values_list("pk", flat=True))
    return row_by_row.each(partial(_climb_one, pk, now) for pk in due)


def uncovered(now: datetime) -> Q:
    """Visits near enough, or in the house, which nobody takes home."""
    days = Policy._meta.get_field("cover_days").get_default()
    ahead = ExpressionWrapper(F("policy__cover_days") * Value(timedelta(days=1)), output_field=DurationField())
    is_near = Q(starts_at__lte=now + ahead) | Q(policy=None, starts_at__lte=now + timedelta(days=days))
    is_open = Q(status=S.BOOKED, ends_at__gt=now) & is_near | Q(status__in=HERE, starts_at__gt=now - LOOK_BACK)
    return is_open & ~_is_taken()


def _is_taken() -> Q:
    now_standing = {"infusion": OuterRef("pk"), "for_starts_at": OuterRef("starts_at")}
    rides = Commitment.objects.filter(role=SupportRole.RIDE, status__in=HOLDING, **now_standing)
    return Q(Exists(rides)) | Q(Exists(Arrangement.objects.filter(ended_at=None, **now_standing)))


def _due(now: datetime) -> QuerySet[Infusion]:
    """Visits nobody takes home for which nothing runs, and steps that are over."""
    running = LadderStep.objects.filter(infusion=OuterRef("pk"), ended_at=None)
    still = running.filter(Q(until=None) | Q(until__gt=now), for_starts_at=OuterRef("starts_at"))
    late = running.filter(Q(until__lte=now) | ~Q(for_starts_at=OuterRef("starts_at")))
    gone_on = ~Q(status__in=[S.BOOKED, *HERE]) | Q(status=S.BOOKED, ends_at__lte=now) | _is_taken()
    return Infusion.objects.filter((uncovered(now) & ~Exists(still)) | Exists(late) | (Exists(running) & gone_on))


def _climb_one(pk: int, now: datetime) -> bool:
    visit = locked(infusion_id=pk)
    changed = climb(visit=visit, now=now)
    if changed:
        replan.replan(infusion=visit, now=now)
    return changed


def _go_on(
    infusion: Infusion, end: StepEnd, actor: StaffMember, now: datetime, note: str, seen: int | None
) -> LadderRung:
    with transaction.atomic():
        visit = locked(infusion_id=infusion.pk)
        steps = ladder_state.steps_of(visit=visit)
        step = _running(steps)
        look = ladder_state.look(visit=visit, steps=steps, now=now)
        if step is None or look.taken_by or step.for_starts_at != visit.starts_at:
            raise Refused(_("Nothing is being tried now. Please look at the visit again."))
        if seen is not None and seen != step.pk:
            return LadderRung(step.rung)
        _end(step, end, audit.staff(actor), now, ended_by=actor, note=note.strip()[:200])
        _let_go(step, look, now)
        _begin_next(visit, steps, now)
        after = _running(ladder_state.steps_of(visit=visit))
        if after is None or (after.rung, after.designation_id) == (step.rung, step.designation_id):
            raise Refused(_("There is nothing after this. Somebody must come, or the visit must move."))
        replan.replan(infusion=visit, now=now)
        return LadderRung(after.rung)


def _running(steps: Sequence[LadderStep]) -> LadderStep | None:
    return next((step for step in steps if step.ended_at is None), None)


def _is_early(visit: Infusion, now: datetime) -> bool:
    """Further ahead than dates are looked after, nothing runs while somebody is asked, and where all are asked at
    once."""
    policy = rules.of(infusion=visit)
    if now >= rungs.begins_at(policy=policy, starts_at=visit.starts_at):
        return False
    return policy.ladder_first_to_take or rides(visit).filter(status=C.ASKED).exists()


def _begin_next(visit: Infusion, steps: Sequence[LadderStep], now: datetime) -> bool:
    if visit.state is S.BOOKED and closing_news.is_called_off(visit=visit):
        # It needs another time: nobody is asked for this one.
        return False
    look = ladder_state.look(visit=visit, steps=steps, now=now)
    following = rungs.next_step(state=look.state, now=now)
    if following is None:
        return False
    step = LadderStep.objects.create(
        infusion=visit,
        for_starts_at=visit.starts_at,
        rung=following.rung,
        designation_id=following.designation_id,
        began_at=now,
        until=following.until,
    )
    _audit(step, "system", "ladder.began", now)
    if following.rung == LadderRung.ADULTS or following.rung in rungs.LASTS:
        # Whoever can is asked along with the last way.
        asking.ask_these(visit=visit, designations=look.to_ask(following), now=now)
    if following.rung != LadderRung.ADULTS:
        ladder_news.arrange(visit=visit, step=step, look=look, now=now)
    return True


def _end(step: LadderStep, end: StepEnd, actor: str, now: datetime, **fields: object) -> None:
    for name, value in fields.items():
        setattr(step, name, value)
    step.ended_at, step.end = now, end
    step.save(update_fields=["ended_at", "end", *fields])
    _audit(step, actor, "ladder.ended", now)


def _let_go(step: LadderStep, look: Look, now: datetime) -> None:
    """Who was asked alone and did not answer in time: they may still say yes, the desk calls, the next is asked."""
    row = look.rows.get(step.designation_id or 0)
    if row is not None and row.status == C.ASKED:
        write(row, C.LAPSED, "system", now)
        ladder_news.silent(visit=look.visit, row=row, now=now)


def _audit(step: LadderStep, actor: str, verb: str, now: datetime) -> None:
    visit = step.infusion
    audit.record(
        actor=actor, verb=verb, now=now, patient_id=visit.patient_id, subject=f"ladder:{step.pk}", note=step.rung
    )
