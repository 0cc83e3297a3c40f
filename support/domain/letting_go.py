"""Whoever was asked and would be passed over by now is let go: nobody waits for them. They may still say yes."""

from datetime import datetime
from functools import partial

from django.db.models import Count, F, OuterRef, QuerySet, Subquery

from support.domain import ladder, load, replan, row_by_row, whom_to_ask
from support.domain.promise_rows import fresh, locked, not_past, write
from support.enums import HOLDING, CommitmentStatus, SupportRole
from support.models import Commitment


def at_times_they_cannot(*, person_id: int, now: datetime) -> int:
    """After they said when. Each visit in a transaction of its own: visits are locked before people elsewhere. How many
    dates."""
    return _each(_asked(now).filter(designation__person=person_id), now)


def over_their_number(*, now: datetime) -> int:
    """A yes, or a lower number, may make another date one too many; a maybe they said to it since stays. One query
    where nobody has as many as they said; a few for each date between rides that lie more than 28 days apart."""
    held = Commitment.objects.filter(
        designation=OuterRef("designation"),
        role=SupportRole.RIDE,
        status__in=HOLDING,
        for_starts_at__gt=OuterRef("for_starts_at") - load.WINDOW,
        for_starts_at__lt=OuterRef("for_starts_at") + load.WINDOW,
    )
    count = held.order_by().values("designation").annotate(count=Count("pk")).values("count")
    rides = _asked(now).filter(role=SupportRole.RIDE, designation__most_rides__isnull=False)
    rides = rides.exclude(maybe_at__gte=F("asked_at"))
    return _each(rides.annotate(held=Subquery(count)).filter(held__gte=F("designation__most_rides")), now)


def _asked(now: datetime) -> QuerySet[Commitment]:
    return Commitment.objects.filter(not_past(now), status=CommitmentStatus.ASKED)


def _each(rows: QuerySet[Commitment], now: datetime) -> int:
    return row_by_row.each(partial(_let_go, row, now) for row in rows.order_by("infusion_id", "pk"))


def _let_go(seen: Commitment, now: datetime) -> bool:
    visit = locked(infusion_id=seen.infusion_id)
    row = fresh(seen)
    if row.status != CommitmentStatus.ASKED or whom_to_ask.left(rows=[row], visit=visit):
        return False
    write(row, CommitmentStatus.COVERED, "system", now)
    if row.role == SupportRole.RIDE:
        ladder.climb(visit=visit, now=now)
    replan.replan(infusion=visit, now=now)
    return True
