"""A closure and the visits it hits: which still are, what came of the others, moving them, telling people.

The list is asked of the diary each time, never kept: whoever stops halfway finds the rest by opening the page again.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import (
    Case,
    Count,
    DateTimeField,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext as _
from psycopg2.extras import DateTimeTZRange

from clinic.domain import changes, infusions, moves
from clinic.domain.errors import Refused, StaleVersion, Taken
from clinic.domain.slots import Slot
from clinic.enums import InfusionStatus
from clinic.models import Closure, Infusion, Move, Site, StaffMember
from clinic.models.infusion import LONGEST_VISIT

S = InfusionStatus
WITH = ("site", "patient__site", "room", "clinician", "policy", "course__protocol")


@dataclass(frozen=True, kw_only=True)
class Progress:
    """``elsewhere``: how many are left at other sites of an absent clinician, by the site's name."""

    left: int
    moved: int
    off: int
    elsewhere: dict[str, int]

    @property
    def total(self) -> int:
        return self.left + self.moved + self.off

    @property
    def done(self) -> int:
        return self.moved + self.off


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One visit of "move all": where to, and the version that was shown."""

    infusion: Infusion
    slot: Slot
    version: int


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one visit. ``is_done``: it is out of the closed time; where not, ``says`` is a sentence for
    staff."""

    infusion: Infusion
    is_done: bool
    says: str = ""


def hit(*, closure: Closure, now: datetime) -> QuerySet[Infusion]:
    """Booked and arrived visits that are not over and lie in the closed time, at every site. Earliest first."""
    rows = Infusion.objects.filter(
        _whose(closure),
        status__in=[S.BOOKED, S.ARRIVED],
        during__overlap=DateTimeTZRange(closure.starts_at, closure.ends_at),
        starts_at__gt=closure.starts_at - LONGEST_VISIT,
        starts_at__lt=closure.ends_at,
        ends_at__gt=now,
    )
    return rows.order_by("starts_at", "pk")


def with_left(*, closures: QuerySet[Closure], site: Site, now: datetime) -> QuerySet[Closure]:
    """Each with ``left``: how many visits of this site it still hits. No further query."""
    inside = Infusion.objects.filter(
        site=site,
        status__in=[S.BOOKED, S.ARRIVED],
        ends_at__gt=Greatest(OuterRef("starts_at"), Value(now)),
        starts_at__lt=OuterRef("ends_at"),
        starts_at__gt=ExpressionWrapper(OuterRef("starts_at") - LONGEST_VISIT, output_field=DateTimeField()),
    )

    def count(rows: QuerySet[Infusion]) -> Subquery:
        counted = rows.order_by().values("site").annotate(count=Count("pk")).values("count")
        return Subquery(counted, output_field=IntegerField())

    of_whom = Case(
        When(clinician__isnull=False, then=count(inside.filter(clinician=OuterRef("clinician")))),
        When(room__isnull=False, then=count(inside.filter(room=OuterRef("room")))),
        default=count(inside),
    )
    return closures.annotate(left=Coalesce(of_whom, 0))


def progress(*, closure: Closure, site: Site, now: datetime) -> Progress:
    """Three queries."""
    counted = Counter(hit(closure=closure, now=now).values_list("site__name", "site_id"))
    left = sum(count for (_name, pk), count in counted.items() if pk == site.pk)
    since = closure.created_at or closure.starts_at
    moved = set(_moves(closure, site, since, now).values_list("infusion_id", flat=True))
    off = Infusion.objects.filter(
        _whose(closure),
        site=site,
        status=S.CANCELLED,
        cancelled_at__gte=since,
        during__overlap=DateTimeTZRange(closure.starts_at, closure.ends_at),
        starts_at__gt=closure.starts_at - LONGEST_VISIT,
        starts_at__lt=closure.ends_at,
    ).exclude(pk__in=moved)
    return Progress(
        left=left,
        moved=len(moved),
        off=off.count(),
        elsewhere={name: count for (name, pk), count in sorted(counted.items()) if pk != site.pk},
    )


def just_moved(*, closure: Closure, site: Site, now: datetime) -> QuerySet[Move]:
    """What can still be undone, latest first. One query."""
    rows = _moves(closure, site, now - moves.UNDO_FOR, now).filter(version=F("infusion__version"))
    return rows.select_related("infusion__patient", "to_room", "to_clinician").order_by("-at", "from_starts_at", "pk")


def move(*, closure: Closure, choice: Choice, actor: StaffMember, now: datetime) -> Infusion:
    """One visit to its offer. Pressed twice it is moved once. Raises what ``moves.move`` raises."""
    if not hit(closure=closure, now=now).filter(pk=choice.infusion.pk).exists():
        return choice.infusion
    return moves.move(infusion=choice.infusion, slot=choice.slot, actor=actor, now=now, version=choice.version)


def move_all(*, closure: Closure, choices: Sequence[Choice], actor: StaffMember, now: datetime) -> list[Outcome]:
    """Each visit in its own transaction: one that is refused does not keep the others. Idempotent.

    A course that is pushed back may keep its days between visits in one order only, so what was refused is tried again
    as long as others find their place.
    """
    outcomes: dict[int, Outcome] = {}
    waiting = list(choices)
    while waiting:
        tried = {choice.infusion.pk: _moved(closure, choice, actor, now) for choice in waiting}
        outcomes |= tried
        left = [choice for choice in waiting if not tried[choice.infusion.pk].is_done]
        if len(left) == len(waiting):
            break
        waiting = left
    return [outcomes[choice.infusion.pk] for choice in choices]


def take_off(*, closure: Closure, infusion: Infusion, version: int, actor: StaffMember, now: datetime) -> Infusion:
    """Cancels a visit that finds no place: it waits "to place". Refused for one outside the closed time; raises
    ``StaleVersion`` for one shown differently."""
    with transaction.atomic():
        row = changes.locked(infusion=infusion)
        if row.state is S.CANCELLED:
            return row
        if row.version != version:
            raise changes.stale(row)
        if not hit(closure=closure, now=now).filter(pk=row.pk).exists():
            raise Refused(_("This visit does not lie in the closed time."))
        return infusions.cancel(infusion=row, actor=actor, now=now, reason=closure.reason or _("Closed"))


def _moved(closure: Closure, choice: Choice, actor: StaffMember, now: datetime) -> Outcome:
    try:
        row = move(closure=closure, choice=choice, actor=actor, now=now)
    except Taken as taken:
        says = f"{_('That time has just been taken. Pick another.')} {taken}"
        return Outcome(infusion=choice.infusion, is_done=False, says=says)
    except StaleVersion as stale:
        if not hit(closure=closure, now=now).filter(pk=choice.infusion.pk).exists():
            # Somebody else moved it out of the closed time a moment ago.
            return Outcome(infusion=choice.infusion, is_done=True)
        return Outcome(infusion=choice.infusion, is_done=False, says=f"{stale} {stale.changed}")
    except Refused as refused:
        return Outcome(infusion=choice.infusion, is_done=False, says=str(refused))
    return Outcome(infusion=row, is_done=True)


def _moves(closure: Closure, site: Site, since: datetime, now: datetime) -> QuerySet[Move]:
    """Out of the closed time, not undone."""
    rows = Move.objects.filter(_from(closure), infusion__site=site, at__gte=since, undone_at=None)
    took = F("infusion__ends_at") - F("infusion__starts_at")
    until = ExpressionWrapper(F("from_starts_at") + took, output_field=DateTimeField())
    still = hit(closure=closure, now=now).values("pk")
    return rows.annotate(until=until).filter(until__gt=closure.starts_at).exclude(infusion__in=still)


def _whose(closure: Closure) -> Q:
    if closure.clinician_id is not None:
        return Q(clinician=closure.clinician_id)
    if closure.room_id is not None:
        return Q(room=closure.room_id)
    return Q(site=closure.site_id)


def _from(closure: Closure) -> Q:
    """Moves that began in the closed time, or shortly before it."""
    within = Q(from_starts_at__gt=closure.starts_at - LONGEST_VISIT, from_starts_at__lt=closure.ends_at)
    if closure.clinician_id is not None:
        return within & Q(from_clinician=closure.clinician_id)
    if closure.room_id is not None:
        return within & Q(from_room=closure.room_id)
    return within & Q(from_room__site=closure.site_id)
