"""How much one helper carries for one patient, and how much they said they would at most. Changes nothing."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.models import Infusion
from support.enums import HOLDING, SupportRole
from support.models import Commitment, Designation

WINDOW = timedelta(days=28)


@dataclass(frozen=True, kw_only=True)
class Load:
    """``done``: rides of the last 28 days; ``ahead``: rides they said yes to for the next 28; ``most``: in any 28."""

    done: int
    ahead: int
    most: int | None

    @property
    def words(self) -> str:
        """For staff; empty where there is nothing to say."""
        parts = []
        if self.done or self.ahead:
            count = {"count": self.done}
            parts.append(ngettext("%(count)d ride in 28 days", "%(count)d rides in 28 days", self.done) % count)
        if self.ahead:
            parts.append(ngettext("%(count)d ahead", "%(count)d ahead", self.ahead) % {"count": self.ahead})
        if self.most is not None:
            parts.append(_("at most %(count)d") % {"count": self.most})
        return ", ".join(parts)


def of(*, designations: Iterable[Designation], now: datetime) -> dict[int, Load]:
    """By designation. One query, however many."""
    rows = {row.pk: row for row in designations}
    counted = _rides(rows).filter(for_starts_at__gt=now - WINDOW, for_starts_at__lt=now + WINDOW)
    sums = counted.values("designation").annotate(
        done=Count("pk", filter=Q(for_starts_at__lte=now)), ahead=Count("pk", filter=Q(for_starts_at__gt=now))
    )
    found = {row["designation"]: (row["done"], row["ahead"]) for row in sums.order_by()}
    return {
        pk: Load(done=done, ahead=ahead, most=row.most_rides)
        for pk, row in rows.items()
        for done, ahead in [found.get(pk, (0, 0))]
    }


def over_caps(*, designations: Iterable[Designation], visit: Infusion) -> set[int]:
    """Of these, by id, for whom this visit would be more than they said: they are not asked for it. One query where
    anybody said a number, else none."""
    capped = {row.pk: row.most_rides for row in designations if row.most_rides is not None}
    if not capped:
        return set()
    near = _rides(capped).filter(for_starts_at__gt=visit.starts_at - WINDOW, for_starts_at__lt=visit.starts_at + WINDOW)
    starts: dict[int, list[datetime]] = defaultdict(list)
    for pk, starts_at in near.exclude(infusion=visit.pk).values_list("designation", "for_starts_at"):
        starts[pk].append(starts_at)
    return {pk for pk, most in capped.items() if is_too_many(most=most, held=starts[pk], also=visit.starts_at)}


def held_starts(*, designation: Designation, since: datetime) -> list[datetime]:
    """When the rides they have, or had, began."""
    rows = _rides([designation.pk]).filter(for_starts_at__gt=since)
    return list(rows.values_list("for_starts_at", flat=True))


def is_too_many(*, most: int, held: Sequence[datetime], also: datetime) -> bool:
    """Whether some 28 days that hold ``also`` would hold more than ``most``. Pure."""
    every = sorted([*held, also])
    for begins in every:
        if begins <= also < begins + WINDOW and sum(begins <= at < begins + WINDOW for at in every) > most:
            return True
    return False


def _rides(keys: Iterable[int]) -> QuerySet[Commitment]:
    return Commitment.objects.filter(designation__in=list(keys), role=SupportRole.RIDE, status__in=HOLDING)
