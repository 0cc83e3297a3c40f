"""All that is promised, planned and shown about one visit, read so that two such pictures can be compared."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from clinic.domain import moves, times
from clinic.domain.slots import Slot
from clinic.models import Infusion, RuleOverride
from messaging.domain import outbox
from support.domain import availability, coming, feeds, reached, rules
from support.domain.calendars import Entry
from support.domain.coming import Coming
from support.domain.day import Fasting, fasting
from support.domain.helper_dates import own_window
from support.enums import CommitmentStatus, SupportRole
from support.models import Alert, Commitment, Designation, Link

S = CommitmentStatus
# Of several roles of one person, the word that says most about them.
STRONGEST = (S.KEPT, S.RECONFIRMED, S.ACCEPTED, S.ASKED, S.DECLINED, S.WITHDRAWN, S.LAPSED, S.COVERED)


@dataclass(frozen=True, kw_only=True)
class Pledged:
    """Where one person stands; ``suits``: whether the visit's time fits what they stated, None if they stated nothing
    about it. ``only_after``: they are there in the evening after it, so its own time is not theirs to judge by.
    ``is_unreached``: no message asks them."""

    name: str
    status: str
    suits: bool | None
    only_after: bool
    is_unreached: bool


@dataclass(frozen=True, kw_only=True)
class Picture:
    """``pledged`` is by designation, ``coming`` (messages and calls) by what the outbox knows them by, ``alerts`` and
    ``overrides`` by their own ids, ``entries`` by the calendar's link: whose it is, and the visit as it stands in it
    (None where it does not)."""

    visit: Infusion
    place: Slot
    fasting: Fasting
    pledged: dict[int, Pledged]
    coming: dict[outbox.Key, Coming]
    entries: dict[str, tuple[str, Entry | None]]
    alerts: dict[int, str]
    overrides: dict[int, list[str]]


def take(*, infusion: Infusion, calendars_of: Sequence[Slot], now: datetime) -> Picture:
    """The visit as the database holds it. ``calendars_of`` names the rooms and clinicians whose calendars count."""
    visit = Infusion.objects.select_related("site", "patient__site", "room", "clinician", "policy").get(pk=infusion.pk)
    return Picture(
        visit=visit,
        place=moves.place_of(visit),
        fasting=fasting(infusion=visit, policy=rules.of(infusion=visit)),
        pledged=_pledged(visit),
        coming={each.key: each for each in coming.of(visit=visit, now=now)},
        entries={link.pk: (_whose(link), _entry(link, visit, now)) for link in _calendars(visit, calendars_of, now)},
        alerts=dict(Alert.objects.filter(infusion=visit).values_list("pk", "says")),
        overrides=dict(RuleOverride.objects.filter(infusion=visit).values_list("pk", "says")),
    )


def _pledged(visit: Infusion) -> dict[int, Pledged]:
    everything = Commitment.objects.filter(infusion=visit).select_related("designation__person__site", "infusion")
    rows = list(everything.order_by("designation__rank", "designation"))
    reach = reached.reaches(commitments=rows)
    of_each: dict[int, list[Commitment]] = defaultdict(list)
    for row in rows:
        if row.status != S.VOID:
            of_each[row.designation_id].append(row)
    today = times.local_day(moment=visit.starts_at, zone=visit.site.zone)
    people = [mine[0].designation.person_id for mine in of_each.values()]
    stated = availability.rows_of(people=people, today=today)
    found = {}
    for pk, mine in of_each.items():
        person = mine[0].designation.person
        during = [row for row in mine if row.role != SupportRole.FOLLOWUP]
        answers = set()
        for row in during:
            begin, end = own_window(row)
            answers.add(availability.fits(rows=stated[person.pk], pickup_from=begin, ends_at=end, zone=visit.site.zone))
        found[pk] = Pledged(
            name=person.first_name,
            status=min((row.status for row in mine), key=lambda status: STRONGEST.index(S(status))),
            suits=False if False in answers else None if None in answers or not during else True,
            only_after=not during,
            is_unreached=reach[pk].is_unreached,
        )
    return found


def _calendars(visit: Infusion, places: Sequence[Slot], now: datetime) -> list[Link]:
    """Every calendar somebody subscribed to that may show the visit."""
    named = Designation.objects.filter(commitments__infusion=visit)
    links = Link.objects.filter(
        Q(patient=visit.patient_id)
        | Q(designation__in=named)
        | Q(staff__in=[place.clinician for place in places])
        | Q(room__in=[place.room for place in places]),
        purpose__in=feeds.FEEDS,
        withdrawn_at=None,
        expires_at__gt=now,
    )
    return list(
        links.select_related("designation__person", "patient", "staff", "room").order_by("purpose", "created_at")
    )


def _whose(link: Link) -> str:
    if link.designation is not None:
        return link.designation.person.first_name
    if link.patient is not None:
        return link.patient.short_name
    return str(link.staff or link.room)


def _entry(link: Link, visit: Infusion, now: datetime) -> Entry | None:
    return next((entry for entry in feeds.entries(link=link, now=now) if entry.visit_id == visit.pk), None)
