"""Whom to phone about a day's ways home, most pressing first, and who was phoned already. Constant queries."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import BooleanField, Count, ExpressionWrapper, F, Q, QuerySet
from django.utils.translation import gettext as _

from clinic.domain import audit, times
from clinic.enums import OFF
from clinic.models import AuditEntry, Infusion, Site, StaffMember
from support.domain import attesting, promise_rows, risk, visit_rows, way_home
from support.domain.risk import Facts, Risk
from support.domain.visit_rows import VisitRow
from support.domain.way_home import Ride, WayHome
from support.enums import AnsweredVia, CommitmentStatus, SupportRole
from support.models import Commitment, Designation
from support.models.person import FOR_ONE_VISIT

S = CommitmentStatus
NO_ANSWER = "call.no_answer"
# How somebody says it themselves.
THEIR_WORD = (AnsweredVia.LINK, AnsweredVia.TEXT, AnsweredVia.PHONE)
# So far back a step back still says something.
REMEMBERED = timedelta(days=182)
LOOK_AHEAD = timedelta(days=14)
# The same press twice is one call.
TWICE = timedelta(minutes=2)


class Named(NamedTuple):
    """Somebody a patient named for the way home."""

    pk: int
    patient_id: int
    person_id: int
    travel_minutes: int | None
    valid_until: datetime | None
    for_one_visit: bool


class Past(NamedTuple):
    """What a person did before: rides kept, steps back in half a year, minutes late at the last ride."""

    rides: int = 0
    steps_back: int = 0
    late_minutes: int = 0


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What staff recorded today of a call to somebody; ``answered`` is False where nobody picked up."""

    at: datetime
    by: str
    answered: bool


@dataclass(frozen=True, kw_only=True)
class Callee:
    """``answers``: what the desk can record, as ("confirm", "Sam confirmed by phone"). ``has_read`` what it involves to
    take somebody home, and said so."""

    ride: Ride
    has_read: bool
    answers: list[tuple[str, str]]
    tried: Tried | None


@dataclass(frozen=True, kw_only=True)
class Line:
    """One visit. ``to_call`` is empty where nobody of the patient's people is left to ask."""

    visit: VisitRow
    way: WayHome
    risk: Risk
    to_call: list[Callee]

    @property
    def is_called(self) -> bool:
        return bool(self.to_call) and all(callee.tried is not None for callee in self.to_call)


@dataclass(frozen=True, kw_only=True)
class Calls:
    """``lines`` to phone, those not phoned yet first; ``settled`` by a call today; ``quiet`` need none.
    ``has_visits``: somebody comes that day, or has come."""

    day: date
    lines: list[Line]
    settled: list[Line]
    quiet: list[Line]
    has_visits: bool

    @property
    def called(self) -> int:
        return len(self.settled) + sum(line.is_called for line in self.lines)

    @property
    def total(self) -> int:
        return len(self.lines) + len(self.settled)


def next_day(*, site: Site, now: datetime) -> date:
    """The next day with a visit, from tomorrow on; tomorrow where none is booked."""
    tomorrow = times.local_day(moment=now, zone=site.zone) + timedelta(days=1)
    begins, _end = times.day_bounds(day=tomorrow, zone=site.zone)
    ahead = Infusion.objects.filter(site=site, starts_at__gte=begins, starts_at__lt=begins + LOOK_AHEAD)
    first = ahead.exclude(status__in=OFF).order_by("starts_at").values_list("starts_at", flat=True).first()
    return times.local_day(moment=first, zone=site.zone) if first is not None else tomorrow


def of(*, site: Site, day: date, now: datetime) -> Calls:
    begins, ends = times.day_bounds(day=day, zone=site.zone)
    rows = Infusion.objects.filter(site=site, starts_at__gte=begins, starts_at__lt=ends).exclude(status__in=OFF)
    of_the_day = visit_rows.of(values=rows.values_list(*visit_rows.COLUMNS), site=site)
    visits = [visit for visit in of_the_day if visit.state.before_start]
    ways = way_home.of(infusions=visits, now=now)
    named = _named(visits)
    held = [way.held.designation_id for way in ways.values() if way.held is not None]
    past = _past({named[pk].person_id for pk in held if pk in named}, now)
    been_here = _been_here(visits, begins)
    people = _people(ways, _lapsed(visits))
    tried = _tried(visits, people, site, now)
    read = _read(people, named)
    lines = []
    for visit in visits:
        way = ways[visit.pk]
        facts = _facts(visit, way, named, past, is_first=visit.patient_id not in been_here, now=now)
        to_call = _to_call(people[visit.pk], tried, read)
        lines.append(Line(visit=visit, way=way, risk=risk.of(facts=facts), to_call=to_call))
    lines.sort(key=lambda line: (line.is_called, -line.risk.points, line.visit.starts_at))
    return Calls(
        day=day,
        lines=[line for line in lines if line.risk.needs_a_call],
        settled=[line for line in lines if not line.risk.needs_a_call and _was_settled(line, tried)],
        quiet=[line for line in lines if not line.risk.needs_a_call and not _was_settled(line, tried)],
        has_visits=bool(of_the_day),
    )


def no_answer(*, commitment: Commitment, actor: StaffMember, now: datetime) -> None:
    """Somebody phoned and nobody picked up: it stands in the trail. Pressed twice it is one call."""
    with transaction.atomic():
        visit = promise_rows.locked(infusion_id=commitment.infusion_id)
        row = promise_rows.fresh(commitment)
        promise_rows.refuse_if_over(visit, row, now)
        same = AuditEntry.objects.filter(patient_id=visit.patient_id, at__gt=now - TWICE, verb=NO_ANSWER)
        if not same.filter(subject=_subject(row.pk), actor=audit.staff(actor)).exists():
            audit.record(
                actor=audit.staff(actor),
                verb=NO_ANSWER,
                now=now,
                patient_id=visit.patient_id,
                subject=_subject(row.pk),
            )


def _facts(
    visit: VisitRow, way: WayHome, named: dict[int, Named], past: dict[int, Past], *, is_first: bool, now: datetime
) -> Facts:
    held = way.held
    mine = [row for row in named.values() if row.patient_id == visit.patient_id and _holds(row, visit.starts_at)]
    others = sum(not row.for_one_visit and (held is None or row.pk != held.designation_id) for row in mine)
    if held is None:
        return Facts(others=others, is_arranged=way.arranged is not None, is_first_visit=is_first)
    who = named.get(held.designation_id)
    before = past.get(who.person_id, Past()) if who is not None else Past()
    return Facts(
        helper=held.first_name,
        is_confirmed=held.status in {S.RECONFIRMED, S.KEPT},
        is_overdue=visit.policy is None or visit.starts_at - now <= timedelta(hours=visit.policy.reconfirm_hours),
        is_adult=held.is_adult is True,
        rides=before.rides,
        travel_minutes=who.travel_minutes if who is not None else None,
        late_minutes=before.late_minutes,
        steps_back=before.steps_back,
        others=others,
        is_arranged=way.arranged is not None,
        is_first_visit=is_first,
    )


def _holds(row: Named, moment: datetime) -> bool:
    return row.valid_until is None or row.valid_until > moment


def _named(visits: Sequence[VisitRow]) -> dict[int, Named]:
    rows = Designation.objects.filter(
        patient__in={visit.patient_id for visit in visits}, withdrawn_at=None, roles__contains=[SupportRole.RIDE]
    ).exclude(person__is_adult=False)
    columns = ("pk", "patient_id", "person_id", "person__travel_minutes", "valid_until", "for_one_visit")
    marked = rows.annotate(for_one_visit=ExpressionWrapper(FOR_ONE_VISIT, BooleanField()))
    return {row[0]: Named._make(row) for row in marked.values_list(*columns)}


def _past(people: set[int], now: datetime) -> dict[int, Past]:
    """Two queries."""
    rides = Commitment.objects.filter(designation__person__in=people, role=SupportRole.RIDE)
    # Not what the patient took away or a nurse ended.
    stepped_back = Q(status=S.WITHDRAWN, answered_via__in=THEIR_WORD, answered_at__gt=now - REMEMBERED)
    counted = (
        rides.order_by()
        .values_list("designation__person")
        .annotate(
            kept=Count("pk", filter=Q(status=S.KEPT)),
            back=Count("pk", filter=stepped_back),
        )
    )
    late = _late(rides.filter(status=S.KEPT))
    return {person: Past(rides=kept, steps_back=back, late_minutes=late[person]) for person, kept, back in counted}


def _late(kept: QuerySet[Commitment]) -> Counter[int]:
    """How many minutes the patient waited for each person at their last ride, once ready and once they were due."""
    last = kept.filter(infusion__ready_at__isnull=False).order_by("designation__person", "-for_starts_at")
    found: Counter[int] = Counter()
    for person, ready, due, outside, left in last.distinct("designation__person").values_list(
        "designation__person", "infusion__ready_at", "infusion__pickup_from", "outside_at", "infusion__released_at"
    ):
        came = outside or left
        if came is not None:
            found[person] = max((came - max(ready or due, due)) // timedelta(minutes=1), 0)
    return found


def _been_here(visits: Sequence[VisitRow], before: datetime) -> set[int]:
    """The patients who had a visit before."""
    rows = Infusion.objects.filter(patient__in={visit.patient_id for visit in visits}, starts_at__lt=before)
    return set(rows.exclude(status__in=OFF).order_by().values_list("patient_id", flat=True).distinct())


def _tried(visits: Sequence[VisitRow], people: dict[int, list[Ride]], site: Site, now: datetime) -> dict[int, Tried]:
    """What staff recorded today about each commitment, the latest word of each. Two queries."""
    today, _tomorrow = times.day_bounds(day=times.local_day(moment=now, zone=site.zone), zone=site.zone)
    rides = {_subject(ride.pk): ride.pk for mine in people.values() for ride in mine}
    trail = AuditEntry.objects.filter(
        Q(verb=NO_ANSWER) | Q(verb__startswith="commitment."),
        patient_id__in={visit.patient_id for visit in visits},
        at__gte=today,
        actor__startswith="staff:",
        subject__in=rides,
    )
    entries = list(trail.order_by("pk").values_list("subject", "at", "actor", "verb"))
    by = StaffMember.objects.only("full_name").in_bulk({_staff(actor) for _subject, _at, actor, _verb in entries})
    return {
        rides[subject]: Tried(at=at, by=by[_staff(actor)].short_name, answered=verb != NO_ANSWER)
        for subject, at, actor, verb in entries
    }


def _lapsed(visits: Sequence[VisitRow]) -> list[Ride]:
    """Who did not answer in time, and may still say yes."""
    rows = Commitment.objects.filter(
        infusion__in=[visit.pk for visit in visits],
        role=SupportRole.RIDE,
        status=S.LAPSED,
        for_starts_at=F("infusion__starts_at"),
        designation__withdrawn_at=None,
    )
    return [Ride._make(row) for row in rows.order_by("designation__rank", "pk").values_list(*way_home.COLUMNS)]


def _people(ways: dict[int, WayHome], lapsed: Sequence[Ride]) -> dict[int, list[Ride]]:
    """Whom to call about each visit: who has the way home, else who was asked, those whose time is over last."""
    return {
        pk: [way.held] if way.held is not None else [*way.asked, *(ride for ride in lapsed if ride.infusion_id == pk)]
        for pk, way in ways.items()
    }


def _read(people: dict[int, list[Ride]], named: dict[int, Named]) -> set[int]:
    """The designations of those who have read what it involves."""
    asked = {ride.designation_id for mine in people.values() for ride in mine} & named.keys()
    said = attesting.newest(people={named[pk].person_id for pk in asked})
    return {pk for pk in asked if named[pk].person_id in said}


def _to_call(people: Sequence[Ride], tried: dict[int, Tried], read: set[int]) -> list[Callee]:
    return [
        Callee(
            ride=ride,
            has_read=ride.designation_id in read,
            answers=_answers(ride),
            tried=tried.get(ride.pk),
        )
        for ride in people
    ]


def _answers(ride: Ride) -> list[tuple[str, str]]:
    name = {"name": ride.first_name}
    if ride.status == S.ACCEPTED:
        return [("confirm", _("%(name)s confirmed by phone") % name), ("back", _("%(name)s stepped back") % name)]
    if ride.status == S.ASKED:
        return [("yes", _("%(name)s said yes by phone") % name), ("no", _("%(name)s said no") % name)]
    return [("yes", _("%(name)s said yes by phone") % name)] if ride.status == S.LAPSED else []


def _was_settled(line: Line, tried: dict[int, Tried]) -> bool:
    return line.way.held is not None and line.way.held.pk in tried


def _staff(actor: str) -> int:
    return int(actor.removeprefix("staff:"))


def _subject(pk: int) -> str:
    return f"commitment:{pk}"
