"""Who could take a patient home at a time nobody was asked about yet."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _

from clinic.domain.study import Person
from clinic.domain.times import END_OF_DAY, day_bounds, minute_of_day
from clinic.models import Infusion, Patient, Site
from clinic.models.infusion import LIVE
from support.domain import availability, busy, rules
from support.domain.availability import Stated
from support.enums import HOLDING, SupportRole
from support.models import Commitment, Designation
from support.models.person import FOR_ONE_VISIT

Span = tuple[datetime, datetime]
# Of which patient, and from when until when.
Ride = tuple[int, Span]


@dataclass(frozen=True)
class Driver:
    """``says`` is what they stated about the time: yes, or nothing at all (None)."""

    designation: Designation
    says: bool | None

    @property
    def name(self) -> str:
        return self.designation.person.first_name


@dataclass(frozen=True)
class Mark:
    """What is known about the way home from one time. ``level`` is the shape of a status, ``word`` its words."""

    level: str
    word: str


def marks(people: Sequence[Person]) -> list[Mark]:
    """Who said that they can drive then, and who is still to be asked: never one for the other."""
    can = ", ".join(one.name for one in people if one.says)
    to_ask = ", ".join(one.name for one in people if not one.says)
    found = [Mark("ok", _("can drive: %(names)s") % {"names": can})] if can else []
    if to_ask:
        found.append(Mark("calm", _("to ask: %(names)s") % {"names": to_ask}))
    return found or [Mark("risk", _("nobody can drive"))]


def summed(times: Iterable[Sequence[Person]]) -> str:
    """For how many of some times somebody said that they can drive, and how many are to be asked about.

    ``2 can drive, 4 to ask, 1 with nobody``; what is none is left out.
    """
    counted = Counter(marks(people)[0].level for people in times)
    words = {
        "ok": _("%(count)s can drive"),
        "calm": _("%(count)s to ask"),
        "risk": _("%(count)s with nobody to drive"),
    }
    return ", ".join(word % {"count": counted[level]} for level, word in words.items() if counted[level])


class Drivers:
    """The adults whom the patient named for the way home, in their order; read once, asked often. Five queries.

    Somebody could drive unless they said that they cannot, take another patient home at that time, or are treated here
    themselves too shortly before. Who has not been asked whether they are 18 counts, since they are asked before
    anything starts.
    """

    def __init__(self, *, patient: Patient, first_day: date, last_day: date, known: "Known | None" = None) -> None:
        self._zone = patient.site.zone
        self._known = known or Known(patients=[patient], first_day=first_day, last_day=last_day)
        self.designations = self._known.designations[patient.pk]
        # Whether anybody may be found who said that they can (0), who is to be asked (1), or nobody (2).
        ever = any(self._known.stated[row.person_id].can_ever for row in self.designations)
        self.surest = 0 if ever else 1 if self.designations else 2
        self._people = [
            (Driver(row, True), Driver(row, None), self._known.stated[row.person_id], self._known.not_then(row))
            for row in self.designations
        ]

    def __bool__(self) -> bool:
        return bool(self.designations)

    def at(self, pickup_from: datetime, ends_at: datetime) -> list[Driver]:
        """Who could be there at any time between the two moments, those who said so before those who said nothing."""
        begin, end = pickup_from.astimezone(self._zone), ends_at.astimezone(self._zone)
        day, from_minute = begin.date(), minute_of_day(begin)
        until = minute_of_day(end) if end.date() == day else END_OF_DAY
        can: list[Driver] = []
        to_ask: list[Driver] = []
        for who_can, who_said_nothing, stated, not_then in self._people:
            says = stated.fits(day, from_minute, until)
            if says is False or not who_can.designation.holds_at(ends_at):
                continue
            if any(span[0] < ends_at and pickup_from < span[1] for span in not_then):
                continue
            if says:
                can.append(who_can)
            else:
                to_ask.append(who_said_nothing)
        return can + to_ask


class Known:
    """What ``Drivers`` look at, for any number of patients of one site with the same five queries."""

    def __init__(self, *, patients: Sequence[Patient], first_day: date, last_day: date) -> None:
        rows = Designation.objects.filter(
            patient__in=patients, withdrawn_at=None, roles__contains=[SupportRole.RIDE]
        ).exclude(FOR_ONE_VISIT | Q(person__is_adult=False))
        self.designations: dict[int, list[Designation]] = {patient.pk: [] for patient in patients}
        named = list(rows.select_related("person").order_by("rank", "pk"))
        for row in named:
            self.designations[row.patient_id].append(row)
        stated = availability.rows_of(people=[row.person_id for row in named], today=first_day)
        self.stated = {pk: Stated(said) for pk, said in stated.items()}
        self._unfit = _treated(patients[0].site, named, first_day, last_day) if patients else {}
        self._rides = _rides(patients[0].site, named, first_day, last_day) if patients else {}

    def not_then(self, row: Designation) -> list[Span]:
        """When this person is not fit to drive, or takes another patient home."""
        others = [span for patient, span in self._rides.get(row.person_id, []) if patient != row.patient_id]
        return self._unfit.get(row.person_id, []) + others


def _rides(site: Site, named: Sequence[Designation], first_day: date, last_day: date) -> dict[int, list[Ride]]:
    """Whom they said they take home in this time, by person."""
    begin, _end = day_bounds(day=first_day, zone=site.zone)
    _begin, end = day_bounds(day=last_day, zone=site.zone)
    held = Commitment.objects.filter(
        infusion__in=Infusion.objects.filter(LIVE),
        designation__person__in={row.person_id for row in named},
        role=SupportRole.RIDE,
        status__in=HOLDING,
        infusion__pickup_from__lt=end,
        infusion__ends_at__gt=begin,
    )
    found: dict[int, list[Ride]] = {}
    for person, patient, pickup_from, ends_at in held.order_by().values_list(
        "designation__person", "designation__patient", "infusion__pickup_from", "infusion__ends_at"
    ):
        found.setdefault(person, []).append((patient, (pickup_from, ends_at)))
    return found


def _treated(site: Site, named: Sequence[Designation], first_day: date, last_day: date) -> dict[int, list[Span]]:
    """When those who are patients themselves must not drive, by person."""
    people = {row.person for row in named}
    blocked = timedelta(hours=rules.at(site=site).drive_block_hours)
    begin, _end = day_bounds(day=first_day, zone=site.zone)
    _begin, end = day_bounds(day=last_day, zone=site.zone)
    theirs = Infusion.objects.filter(LIVE, busy.reached(people, "patient__"), patient__site=site)
    found: dict[int, list[Span]] = {}
    for visit in theirs.filter(starts_at__lt=end, ends_at__gt=begin - blocked).select_related("patient"):
        for person in people:
            if busy.is_patient(person, visit.patient):
                found.setdefault(person.pk, []).append((visit.starts_at, visit.ends_at + blocked))
    return found
