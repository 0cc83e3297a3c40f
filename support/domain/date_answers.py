"""What a helper says to several dates at once: yes to those they can, maybe, or none. A maybe counts as nothing; desk
and patient see it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from clinic.domain import attempts, audit
from clinic.domain.errors import Refused
from clinic.enums import AHEAD_OR_HERE
from clinic.models import Infusion
from support.domain import commitments, replan
from support.domain.busy import Busy
from support.domain.promise_rows import is_over, locked, ride_is_held, rides, was_turned_away, write
from support.enums import HOLDING, AnsweredVia, CommitmentStatus, SupportRole
from support.models import Commitment, Designation

S = CommitmentStatus
# A no, silence, or a date they were let go of, that may become a maybe while nobody has it.
ANSWERED = (S.DECLINED, S.WITHDRAWN, S.LAPSED, S.COVERED)


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What became of each ticked date: taken, gone to somebody else, moved to another time meanwhile, (to sit in the
    room) full, or at a time they cannot."""

    taken: list[Commitment]
    too_late: list[Commitment]
    changed: list[Commitment]
    full: list[Commitment]
    busy: list[Commitment]


def answer_dates(
    *, designation: Designation, take: Iterable[int], now: datetime, via: AnsweredVia | str, actor: str = ""
) -> Answered:
    """One answer to several dates, by the ids of this person's commitments; those not ticked stay as they are.

    A commitment belongs to a time: a yes to a time that has changed since the page was drawn is no yes to the new one.
    Whoever has several roles on a date takes them together, or none where somebody else has the way home by now.
    Ids of other people's commitments are ignored. Refused only where a hundred others answer in the same moment.
    """
    ids = list(take)

    def work() -> Answered:
        return _answer(designation, ids, now, via, actor)

    try:
        return attempts.run_or_refuse(work)
    except Refused:
        # Many answer at once: by now one of them has it, and the others need not wait for each other to hear so.
        return attempts.run_or_refuse(work)


def _answer(
    designation: Designation, ids: Sequence[int], now: datetime, via: AnsweredVia | str, actor: str
) -> Answered:
    answered = Answered(taken=[], too_late=[], changed=[], full=[], busy=[])
    with transaction.atomic():
        mine = Commitment.objects.filter(designation=designation)
        ticked = mine.filter(pk__in=ids).select_related("designation__person", "infusion")
        still_open: list[Commitment] = []
        for seen in ticked.order_by("infusion_id", "pk"):
            # Whom the patient took off it reads no more than that.
            is_gone = seen.role not in designation.roles or _is_somebody_elses(seen)
            (answered.too_late if is_gone else still_open).append(seen)
        # In the order of the visits' ids, as everybody who locks several does; and all of them before the first yes,
        # which may plan the messages of every one anew.
        visits = {seen.infusion_id: locked(infusion_id=seen.infusion_id) for seen in still_open}
        for seen in still_open:
            visit = visits[seen.infusion_id]
            if seen.for_starts_at != visit.starts_at:
                answered.changed.append(seen)
                continue
            named = mine.filter(infusion=visit, for_starts_at=visit.starts_at, role__in=designation.roles)
            rows = named.exclude(status=S.VOID).select_related("designation__person", "infusion").order_by("pk")
            for row in sorted(rows, key=lambda row: row.role != SupportRole.RIDE):
                if not _take(visit, row, answered, via, now, actor):
                    break
            if any(row.infusion_id == visit.pk for row in answered.taken):
                replan.replan(infusion=visit, now=now)
    return answered


def _is_somebody_elses(seen: Commitment) -> bool:
    """Said without a lock: whoever steps back asks them again."""
    if seen.role != SupportRole.RIDE or seen.status in {*HOLDING, S.VOID}:
        return False
    if seen.for_starts_at != seen.infusion.starts_at:
        return False
    return rides(seen.infusion).filter(status__in=HOLDING).exclude(designation=seen.designation_id).exists()


def _take(
    visit: Infusion, row: Commitment, answered: Answered, via: AnsweredVia | str, now: datetime, actor: str
) -> bool:
    """False where the way home cannot be theirs."""
    if row in answered.taken:
        return True
    try:
        with transaction.atomic():
            answered.taken.append(commitments.say_yes(visit, row, via, now, None, actor))
    except Busy:
        answered.busy.append(row)
        return False
    except Refused:
        if row.role == SupportRole.RIDE:
            answered.too_late.append(row)
            return False
        if row.role == SupportRole.PRESENCE:
            answered.full.append(row)
    return True


def maybe(*, designation: Designation, dates: Iterable[int], actor: str, now: datetime) -> int:
    """By the ids of this person's commitments, as ``answer_dates``; each stands for every role they have on that visit.
    They are asked on. A date somebody else has by now, that has moved, or at which the patient was not given to them,
    stays as it is. How many visits.
    """
    count = 0
    with transaction.atomic():
        for visit, seen in _visits(designation, dates):
            taken = ride_is_held(visit)
            rows = [
                row
                for row in _open(designation, visit, (S.ASKED, *ANSWERED))
                if not (row.role == SupportRole.RIDE and (taken or was_turned_away(row)))
            ]
            if is_over(visit) or seen.for_starts_at != visit.starts_at or not rows:
                continue
            for row in rows:
                _say_maybe(row, actor, now)
            replan.replan(infusion=visit, now=now)
            count += 1
    return count


def no(*, designation: Designation, dates: Iterable[int], actor: str, now: datetime) -> int:
    """The same with a no, to what is asked only: what they have taken they give back one by one. How many visits."""
    count = 0
    with transaction.atomic():
        for visit, _seen in _visits(designation, dates):
            rows = list(_open(designation, visit, (S.ASKED,)))
            for row in rows:
                commitments.decline(commitment=row, via=AnsweredVia.LINK, now=now, actor=actor)
            count += bool(rows)
    return count


def _visits(designation: Designation, dates: Iterable[int]) -> Iterator[tuple[Infusion, Commitment]]:
    """Each locked, in the order of their ids, as everybody who locks several does."""
    ticked = Commitment.objects.filter(designation=designation, pk__in=list(dates)).order_by("infusion_id", "pk")
    seen = {row.infusion_id: row for row in ticked}
    for infusion_id, row in seen.items():
        yield locked(infusion_id=infusion_id), row


def _open(designation: Designation, visit: Infusion, statuses: Iterable[str]) -> Iterable[Commitment]:
    rows = Commitment.objects.filter(
        designation=designation,
        infusion=visit,
        for_starts_at=visit.starts_at,
        status__in=statuses,
        role__in=designation.roles,
    )
    return rows.select_related("designation__person", "infusion").order_by("pk")


def _say_maybe(row: Commitment, actor: str, now: datetime) -> None:
    if row.status != S.ASKED:
        write(row, S.ASKED, actor, now, asked_at=now, answered_at=None)
    row.maybe_at = now
    row.save(update_fields=["maybe_at"])
    audit.record(
        actor=actor,
        verb="commitment.maybe",
        now=now,
        patient_id=row.infusion.patient_id,
        subject=f"commitment:{row.pk}",
    )


def decline_open(*, designation: Designation, via: AnsweredVia | str, now: datetime, actor: str = "") -> int:
    """None of the dates still open, of visits ahead or in the house. What was taken before stays taken. How many were
    declined."""
    asked = Commitment.objects.filter(designation=designation, status=S.ASKED, infusion__status__in=AHEAD_OR_HERE)
    with transaction.atomic():
        rows = list(asked.order_by("infusion_id", "pk"))
        for row in rows:
            commitments.decline(commitment=row, via=via, now=now, actor=actor)
    return len(rows)
