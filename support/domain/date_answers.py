"""What a helper says to some dates beside yes: maybe, or no. A maybe counts as nothing; desk and patient see it."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db import transaction

from clinic.domain import audit
from clinic.models import Infusion
from support.domain import commitments, replan
from support.domain.promise_rows import is_over, locked, ride_is_held, was_turned_away, write
from support.enums import AnsweredVia, CommitmentStatus, SupportRole
from support.models import Commitment, Designation

S = CommitmentStatus
# A no, or silence, that may become a maybe while nobody has the date.
ANSWERED = (S.DECLINED, S.WITHDRAWN, S.LAPSED)


def maybe(*, designation: Designation, dates: Iterable[int], actor: str, now: datetime) -> int:
    """By the ids of this person's commitments, as ``commitments.answer_dates``; each stands for every role they have on
    that visit. They are asked on. A date somebody else has by now, that has moved, or
    at which the patient was not given to them, stays as it is. How many visits.
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
        designation=designation, infusion=visit, for_starts_at=visit.starts_at, status__in=statuses
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
