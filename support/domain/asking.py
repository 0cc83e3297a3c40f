"""Asking the people a patient named: for one visit, for every visit ahead, all of them at once.

The first to take the way home has it; where the rules ask one person at a time, the first in the patient's order is
asked and the ladder asks the next. Every function locks the visit's row first, as ``commitments`` does.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _

from clinic.domain.errors import Refused
from clinic.models import Infusion
from support.domain import replan, rules, rungs, whom_to_ask
from support.domain.promise_rows import is_over, locked, ride_is_held, rides, write
from support.enums import CommitmentStatus, LadderRung, SupportRole
from support.models import Commitment, Designation, LadderStep
from support.models.person import FOR_ONE_VISIT

S = CommitmentStatus


def ask(*, infusion: Infusion, designation: Designation, role: str, now: datetime) -> Commitment:
    """Idempotent. Where somebody has the way home already, it is noted as covered instead. Refused once it is over."""
    with transaction.atomic():
        visit = locked(infusion_id=infusion.pk)
        if is_over(visit):
            raise Refused(_("This visit is off or over. Nobody is asked any more."))
        row = _ask(visit, designation, role, now)
        replan.replan(infusion=visit, now=now)
        return row


def ask_everybody(*, infusion: Infusion, now: datetime) -> list[Commitment]:
    """All who are named for this patient, on every role, as the rules ask: at once, or first first.

    Seven queries, however many; the caller replans. The promises that are new.
    """
    with transaction.atomic():
        visit = locked(infusion_id=infusion.pk)
        known = set(
            Commitment.objects.filter(infusion=visit).exclude(status=S.VOID).values_list("designation_id", "role")
        )
        named = active(patient_id=visit.patient_id, now=now)
        is_asked = any(role == SupportRole.RIDE for _designation, role in known)
        rows = _for_each(visit, named, ride_is_held(visit), now, is_asked=is_asked)
        return Commitment.objects.bulk_create(row for row in rows if (row.designation_id, row.role) not in known)


def ask_about_new(*, infusions: Sequence[Infusion], now: datetime) -> list[Commitment]:
    """The same for visits of one patient that this transaction has just booked. Three queries, however many visits."""
    named = active(patient_id=infusions[0].patient_id, now=now)
    rows = [row for visit in infusions for row in _for_each(visit, named, False, now)]
    return Commitment.objects.bulk_create(rows) if rows else []


def _for_each(
    visit: Infusion, named: Sequence[Designation], is_taken: bool, now: datetime, *, is_asked: bool = False
) -> Iterator[Commitment]:
    """``is_asked``: somebody is asked to take the patient home already."""
    alone = not is_taken and asks_one_at_a_time(visit)
    rows = [_new(visit, designation, role, is_taken, now) for designation in named for role in designation.roles]
    for row in whom_to_ask.left(rows=rows, visit=visit):
        is_ride = row.role == SupportRole.RIDE
        if not (is_ride and alone and is_asked):
            is_asked = is_asked or is_ride
            yield row


def ask_these(*, visit: Infusion, designations: Sequence[Designation], now: datetime) -> None:
    """Asks them to take the patient home, who were not asked yet or had been told it was covered. Needs the visit's
    lock; the caller replans."""
    rows = {row.designation_id: row for row in rides(visit).exclude(status=S.VOID)}
    for designation in designations:
        row = rows.get(designation.pk)
        if row is None:
            _new(visit, designation, SupportRole.RIDE, False, now).save()
        elif row.status == S.COVERED:
            write(row, S.ASKED, "system", now, asked_at=now, answered_at=None)


def ask_the_others(*, visit: Infusion, now: datetime) -> None:
    """Somebody stepped back: those who had been told it was covered, or had not answered, are asked again at once;
    where the rules ask one at a time the ladder does. Needs the visit's lock; the caller replans."""
    if asks_one_at_a_time(visit):
        return
    others = rides(visit).filter(status__in=[S.COVERED, S.LAPSED])
    known = others.prefetch_related("designation__person__availability")
    for other in whom_to_ask.left(rows=list(known), visit=visit):
        write(other, S.ASKED, "system", now, asked_at=now, answered_at=None)


def asks_one_at_a_time(visit: Infusion) -> bool:
    return rungs.one_at_a_time(policy=rules.of(infusion=visit), status=visit.state)


def ask_for_all(*, designation: Designation, now: datetime) -> None:
    """Every visit that is ahead or in the house, in every role of this person; none for who was booked for one.
    Inside the caller's transaction."""
    if designation.is_for_one_visit:
        return
    prefetch_related_objects([designation], "person__availability")
    for upcoming in replan.upcoming_of(designation=designation, now=now):
        visit = locked(infusion_id=upcoming.pk)
        if not is_over(visit) and designation.holds_at(visit.starts_at):
            rows = [_new(visit, designation, role, False, now) for role in designation.roles]
            for row in whom_to_ask.left(rows=rows, visit=visit):
                if row.role != SupportRole.RIDE or _is_their_turn(visit):
                    _ask(visit, designation, row.role, now)
            replan.replan(infusion=visit, now=now)


def active(*, patient_id: int, now: datetime) -> list[Designation]:
    """Who stands by this patient now, first in order first; not who was booked for one visit and is asked for no
    other."""
    named = Designation.objects.filter(patient=patient_id, withdrawn_at=None)
    rows = named.exclude(FOR_ONE_VISIT).select_related("person__site", "patient")
    return [row for row in rows.prefetch_related("person__availability") if row.holds_at(now)]


def may_drive(*, visit: Infusion, now: datetime) -> list[Designation]:
    """Those of them who may be asked to take the patient home from this visit. Two queries, another where somebody
    said a number."""
    named = active(patient_id=visit.patient_id, now=now)
    rows = [_new(visit, row, SupportRole.RIDE, False, now) for row in named]
    return [row.designation for row in whom_to_ask.left(rows=rows, visit=visit)]


def _is_their_turn(visit: Infusion) -> bool:
    """One at a time: somebody new is asked where nobody else is, and where no answer is waited for any more."""
    if not asks_one_at_a_time(visit) or not rides(visit).filter(status=S.ASKED).exists():
        return True
    beyond = LadderStep.objects.filter(infusion=visit, for_starts_at=visit.starts_at, ended_at=None)
    return beyond.exclude(rung=LadderRung.ADULTS).exists()


def _ask(visit: Infusion, designation: Designation, role: str, now: datetime) -> Commitment:
    existing = Commitment.objects.filter(infusion=visit, designation=designation, role=role).exclude(status=S.VOID)
    found = existing.select_related("designation__person", "infusion").first()
    taken = role == SupportRole.RIDE and ride_is_held(visit)
    if found is not None:
        # Ended when the patient took the role away, not by the helper: given back, it is asked anew; so is what
        # somebody else had.
        was_ended = found.status == S.WITHDRAWN and not found.answered_via
        if was_ended or (found.status == S.COVERED and not taken):
            write(found, S.COVERED if taken else S.ASKED, "system", now, asked_at=now, answered_at=None)
        return found
    row = _new(visit, designation, role, taken, now)
    row.save()
    return row


def _new(visit: Infusion, designation: Designation, role: str, is_taken: bool, now: datetime) -> Commitment:
    return Commitment(
        infusion=visit,
        designation=designation,
        role=role,
        for_starts_at=visit.starts_at,
        status=S.COVERED if is_taken and role == SupportRole.RIDE else S.ASKED,
        asked_at=now,
    )
