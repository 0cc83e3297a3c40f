"""A helper's word about one visit holds for every role they have on it: one "I can't come" is a whole one."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from support.domain import commitments, day
from support.enums import HOLDING, AnsweredVia, CommitmentStatus, SupportRole
from support.models import Commitment, Designation


def leading(rows: Iterable[Commitment]) -> list[Commitment]:
    """One commitment for each visit, in the order of ``rows``: what is held before what is not, the ride first."""
    found: dict[int, Commitment] = {}
    for row in rows:
        known = found.get(row.infusion_id)
        if known is None or _weight(row) < _weight(known):
            found[row.infusion_id] = row
    return list(found.values())


def _weight(row: Commitment) -> tuple[bool, bool]:
    return row.status not in HOLDING, row.role != SupportRole.RIDE


def held(*, designation: Designation, infusion_id: int) -> list[Commitment]:
    """What this person has promised for this visit, the ride first; empty if nothing."""
    mine = Commitment.objects.select_related("infusion__site", "infusion__patient", "designation__person")
    rows = mine.filter(infusion_id=infusion_id, designation=designation, status__in=HOLDING).order_by("pk")
    return sorted(rows, key=_weight)


def given_back(*, designation: Designation, infusion_id: int) -> list[Commitment]:
    """What they gave back by link with their newest word about this visit, the ride first; empty if they hold any
    part of it. Only what the patient still names them for."""
    mine = Commitment.objects.select_related("infusion", "designation__person")
    rows = list(mine.filter(infusion_id=infusion_id, designation=designation, role__in=designation.roles))
    if any(row.status in HOLDING for row in rows):
        return []
    back = [row for row in rows if row.status == CommitmentStatus.WITHDRAWN and row.answered_via == AnsweredVia.LINK]
    newest = max((row.answered_at for row in back if row.answered_at), default=None)
    return sorted((row for row in back if row.answered_at == newest), key=_weight)


def confirm(*, rows: Iterable[Commitment], now: datetime, actor: str) -> None:
    """Still coming, by link. Idempotent."""
    with transaction.atomic():
        for row in rows:
            if row.status == CommitmentStatus.ACCEPTED:
                commitments.reconfirm(commitment=row, via=AnsweredVia.LINK, now=now, actor=actor)


def on_the_way(*, rows: Sequence[Commitment], minutes: int, now: datetime, actor: str) -> None:
    """So many minutes away, by link, which is also a yes for today."""
    with transaction.atomic():
        confirm(rows=rows, now=now, actor=actor)
        day.on_the_way(commitment=rows[0], minutes=minutes, now=now)


def outside(*, rows: Sequence[Commitment], car: str, now: datetime, actor: str) -> None:
    """They are here, by link, which is also a yes for today. Idempotent."""
    with transaction.atomic():
        confirm(rows=rows, now=now, actor=actor)
        day.outside(commitment=rows[0], car=car, now=now)


def step_back(*, rows: Iterable[Commitment], now: datetime, actor: str) -> None:
    """Not coming, by link. Idempotent."""
    with transaction.atomic():
        for row in rows:
            commitments.withdraw(commitment=row, via=AnsweredVia.LINK, now=now, actor=actor)


def take_back(*, rows: Iterable[Commitment], now: datetime, actor: str) -> None:
    """Coming after all, by link. Refused where somebody else has the way home by now."""
    with transaction.atomic():
        for row in rows:
            commitments.accept(commitment=row, via=AnsweredVia.LINK, now=now, actor=actor)
