"""Every visit of a patient's courses with who takes them home, in a word and a shape. Changes nothing."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.enums import OFF, CourseStatus
from clinic.models import Infusion, Patient, Policy
from support.domain import rules, visit_rows, way_home
from support.domain.visit_rows import VisitRow
from support.domain.way_home import WayHome
from support.enums import CommitmentStatus, SupportRole
from support.models import Commitment

S = CommitmentStatus
# One person has so many of the rides, and more than half of them: time to think of somebody else.
MANY_RIDES = 4
# The shape each state has in components/phone/coverage.html, and its look among staff.
LEVELS = {"sure": "ok", "full": "ok", "half": "risk", "asked": "calm", "open": "risk", "red": "stop", "past": "calm"}


@dataclass(frozen=True, kw_only=True)
class Date:
    """One visit that is ahead. ``mark``: sure | full | half | asked | open | red; red is a date that nobody took and
    that the clinic sees to by now. ``word`` says it whole."""

    infusion_id: int
    starts_at: datetime
    mark: str
    word: str

    @property
    def level(self) -> str:
        return LEVELS[self.mark]

    @property
    def is_open(self) -> bool:
        """Nobody has it, be somebody asked: the patient may know more than the page."""
        return self.mark not in {"sure", "full"}


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """``marks`` of every visit in order, those behind as "past"; ``cover`` counts the others in words. ``share``: who
    has how many rides; ``hint``: that somebody else might take one."""

    dates: list[Date]
    marks: list[str]
    cover: str
    share: str
    hint: str


def of(*, patient: Patient, now: datetime) -> Coverage:
    """Of the courses under way. Four queries, one more where a visit has no signed rules."""
    rows = Infusion.objects.filter(patient=patient, course__status=CourseStatus.OPEN).exclude(status__in=OFF)
    visits = visit_rows.of(values=rows.order_by("starts_at").values_list(*visit_rows.COLUMNS), site=patient.site)
    return drawn(visits=visits, ways=way_home.of(infusions=visits, now=now), now=now)


def drawn(*, visits: Sequence[VisitRow], ways: dict[int, WayHome], now: datetime) -> Coverage:
    """The same of visits that were read along. One query, one more where a visit has no signed rules."""
    maybes = _maybes(visits)
    policies = rules.of_each(infusions=visits)
    dates, marks = [], []
    for visit in sorted(visits, key=lambda visit: visit.starts_at):
        if visit.state in OFF:
            continue
        if not visit.state.before_start or visit.ends_at <= now:
            marks.append("past")
            continue
        date = _date(visit, ways[visit.pk], maybes.get(visit.pk, []), policies[visit.pk], now)
        dates.append(date)
        marks.append(date.mark)
    rides = _rides(visits, ways)
    return Coverage(dates=dates, marks=marks, cover=_cover(dates), share=_share(rides), hint=_hint(rides))


def _date(visit: VisitRow, way: WayHome, maybes: list[str], policy: Policy, now: datetime) -> Date:
    mark, word = _state(way, maybes)
    if mark in {"half", "asked", "open"} and visit.starts_at - now <= timedelta(days=policy.cover_days):
        mark, word = "red", _("%(who)s. We see to it now.") % {"who": word}
    return Date(infusion_id=visit.pk, starts_at=visit.starts_at, mark=mark, word=word)


def _state(way: WayHome, maybes: list[str]) -> tuple[str, str]:
    held = way.held
    if held is not None and held.status in {S.RECONFIRMED, S.KEPT}:
        return "sure", _("%(name)s, confirmed") % {"name": held.first_name}
    if way.arranged is not None:
        return "sure", _("%(what)s, arranged by the clinic") % {"what": way.arranged.word}
    if held is not None:
        return "full", _("%(name)s said yes") % {"name": held.first_name}
    if maybes:
        return "half", _("Maybe %(names)s") % {"names": ", ".join(maybes)}
    if way.asked:
        return "asked", _("Asked: %(names)s") % {"names": ", ".join(ride.first_name for ride in way.asked)}
    return "open", _("Nobody yet")


def _maybes(visits: Sequence[VisitRow]) -> dict[int, list[str]]:
    """First names of those who said maybe to the way home since they were asked, by visit."""
    rows = Commitment.objects.filter(
        infusion__in=[visit.pk for visit in visits],
        role=SupportRole.RIDE,
        status=S.ASKED,
        for_starts_at=F("infusion__starts_at"),
        maybe_at__gte=F("asked_at"),
        designation__withdrawn_at=None,
    ).select_related("designation__person")
    found: dict[int, list[str]] = {}
    for row in rows.order_by("designation__rank", "pk"):
        found.setdefault(row.infusion_id, []).append(row.designation.person.first_name)
    return found


def _cover(dates: Sequence[Date]) -> str:
    counted = Counter("open" if date.mark in {"red", "asked"} else date.mark for date in dates)
    words = {
        "sure": ngettext("%(count)d confirmed", "%(count)d confirmed", counted["sure"]),
        "full": ngettext("%(count)d covered", "%(count)d covered", counted["full"]),
        "half": ngettext("%(count)d maybe", "%(count)d maybe", counted["half"]),
        "open": ngettext("%(count)d open", "%(count)d open", counted["open"]),
    }
    return ", ".join(word % {"count": counted[mark]} for mark, word in words.items() if counted[mark])


def _rides(visits: Sequence[VisitRow], ways: dict[int, WayHome]) -> list[tuple[str, int]]:
    """How many of the visits each person has, the most first; those who were asked and have none at the end."""
    counted: Counter[int] = Counter()
    called: dict[int, str] = {}
    for way in (ways[visit.pk] for visit in visits):
        for ride in [*([way.held] if way.held is not None else []), *way.asked]:
            called[ride.designation_id] = ride.first_name
            counted[ride.designation_id] += ride is way.held
    return [(called[key], count) for key, count in counted.most_common()]


def _share(rides: Sequence[tuple[str, int]]) -> str:
    shares = [
        ngettext("%(name)s %(count)d ride", "%(name)s %(count)d rides", count) % {"name": name, "count": count}
        for name, count in rides
        if count
    ]
    return ", ".join(shares)


def _hint(rides: Sequence[tuple[str, int]]) -> str:
    if len(rides) < 2:
        return ""
    (name, most), (other, _least) = rides[0], rides[-1]
    if most < MANY_RIDES or 2 * most <= sum(count for _name, count in rides):
        return ""
    return _("%(name)s has most of them. Perhaps %(other)s can take one.") % {"name": name, "other": other}
