"""What the schedule reads: visits, whose time it is, when they are there and when not. Lean: drawn many times a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import NamedTuple

from django.db.models import Case, CharField, Count, F, IntegerField, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from clinic.domain.premises import Premises
from clinic.domain.times import minute_of_day
from clinic.models import Closure, Infusion, Room, Site, StaffMember
from clinic.models.infusion import LIVE, LONGEST_VISIT
from support.domain import promise_rows, visit_rows
from support.domain.board_grid import Grid, Minutes
from support.domain.visit_rows import VisitRow

Span = tuple[datetime, datetime]
# How many said yes to sitting with a patient, asked along with the visit.
GUESTS = Coalesce(
    Subquery(
        promise_rows.sitting(starts_at=OuterRef("starts_at"))
        .filter(infusion=OuterRef("pk"))
        .order_by()
        .values("infusion")
        .annotate(many=Count("pk"))
        .values("many"),
        output_field=IntegerField(),
    ),
    0,
)


class Row(NamedTuple):
    """A visit and how many guests have said yes."""

    infusion: VisitRow
    guests: int


@dataclass(frozen=True, kw_only=True)
class Owner:
    """A room or a clinician. ``places`` are a room's guest places; ``is_offered`` whether new visits may go there."""

    pk: int
    name: str
    places: int = 0
    is_offered: bool = True


@dataclass(frozen=True, kw_only=True)
class Hours:
    """Open or working time of the week."""

    week: dict[int, list[tuple[time, time]]]

    def on(self, day: date) -> list[Minutes]:
        """In wall-clock minutes."""
        return [(minute_of_day(start), minute_of_day(end)) for start, end in self.week.get(day.weekday(), [])]


@dataclass(frozen=True, kw_only=True)
class Closed:
    """A time when the site (no owner), a room or a clinician is not available."""

    room: int | None
    clinician: int | None
    starts_at: datetime
    ends_at: datetime
    why: str

    @property
    def is_of_site(self) -> bool:
        return self.room is None and self.clinician is None

    def minutes(self, grid: Grid) -> Minutes:
        return grid.minutes(self.starts_at), grid.minutes(self.ends_at)


def visits(*, site: Site, span: Span) -> list[Row]:
    """The visits that begin in this time or still hold their room in it, in order. One query."""
    rows = list(
        Infusion.objects.filter(
            site=site, starts_at__gt=span[0] - LONGEST_VISIT, room_free_at__gt=span[0], starts_at__lt=span[1]
        ).values_list(*visit_rows.COLUMNS, GUESTS)
    )
    return [
        Row(infusion=visit, guests=values[-1])
        for visit, values in zip(visit_rows.of(values=rows, site=site), rows, strict=True)
    ]


def rooms(*, known: Premises, visits: Sequence[VisitRow]) -> list[Owner]:
    """The rooms in use, and any other that still holds one of these visits: only then a query."""
    found = [Owner(pk=room.pk, name=room.name, places=room.guest_places) for room in known.rooms]
    if others := {visit.room_id for visit in visits} - {one.pk for one in found}:
        values = Room.objects.filter(pk__in=others).values_list("pk", "name", "guest_places")
        found += [Owner(pk=pk, name=name, places=places, is_offered=False) for pk, name, places in values]
    return found


def clinicians(*, known: Premises, visits: Sequence[VisitRow]) -> list[Owner]:
    """Who works here, and whoever else holds one of these visits: only then a query."""
    found = [Owner(pk=one.pk, name=one.short_name) for one in known.clinicians]
    if others := {visit.clinician_id for visit in visits} - {one.pk for one in found}:
        people = StaffMember.objects.filter(pk__in=others).only("full_name")
        found += [Owner(pk=one.pk, name=one.short_name, is_offered=False) for one in people]
    return found


def closed(*, site: Site, span: Span, people: Sequence[Owner] = ()) -> list[Closed]:
    """Closures that touch this time, and where ``people`` are with a patient of another site meanwhile. One query.

    Why somebody is away stays at the site that wrote it down.
    """
    ids = [one.pk for one in people]
    mine = Q(site=site) | Q(clinician__in=ids) if ids else Q(site=site)
    theirs = Case(When(site=site, then=F("reason")), default=Value(""), output_field=CharField())
    rows = (
        Closure.objects.filter(mine, ends_at__gt=span[0], starts_at__lt=span[1])
        .order_by()
        .values_list("room_id", "clinician_id", "starts_at", "ends_at", theirs if ids else "reason")
    )
    if ids:
        # By site and time, as the index has them, not by clinician, who may have years of visits.
        others = StaffMember.sites.through.objects.filter(staffmember__in=ids).exclude(site=site).values("site")
        elsewhere = Infusion.objects.filter(
            LIVE,
            site__in=others,
            clinician__in=ids,
            starts_at__gt=span[0] - LONGEST_VISIT,
            ends_at__gt=span[0],
            starts_at__lt=span[1],
        )
        rows = rows.union(
            elsewhere.order_by().values_list(
                Value(None, IntegerField()), "clinician_id", "starts_at", "ends_at", Value(_("at another clinic"))
            ),
            all=True,
        )
    return [
        Closed(room=room, clinician=clinician, starts_at=start, ends_at=end, why=why)
        for room, clinician, start, end, why in rows
    ]
