"""What staff see of one patient: visits, circle, alerts, who looked. Constant queries, changes nothing."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from clinic.domain import last_booking, policies, treatment_consents
from clinic.domain.last_booking import Booked
from clinic.enums import OFF, CourseStatus, InfusionStatus
from clinic.models import AuditEntry, Course, Infusion, Patient, StaffMember
from clinic.models.patient import Contact
from messaging.domain import opt_outs
from messaging.models import Consent
from support.domain import (
    agreeing,
    board,
    comfort,
    coverage,
    helper_lines,
    links,
    pending,
    purposes,
    same_number,
    visit_rows,
)
from support.domain.board import Visit
from support.domain.coverage import Coverage
from support.domain.pending import Kept
from support.enums import AlertStatus
from support.models import Alert, Designation, PendingChange, WaitlistEntry

SEEN_LINES = 20
OF_A_COURSE = ("patient", "sessions", "status", "opened_at", "protocol__name")
DAYS = ("first_day", "last_day")


@dataclass(frozen=True, kw_only=True)
class CourseLine:
    """``booked``: what was booked a moment ago and can be undone."""

    course: Course
    visits: list[Visit]
    to_place: int
    waits: WaitlistEntry | None
    booked: Booked | None


@dataclass(frozen=True, kw_only=True)
class Seen:
    at: datetime
    who: str
    what: str


@dataclass(frozen=True, kw_only=True)
class RecordPage:
    """``agreed``: the patient's yes to texts at the number they have; ``unheard`` the ids of the people around them who
    could be written to and agreed to no messages. The question staff ask is in ``question``, where it has not been
    answered. ``stopped`` are the numbers and addresses, of anybody on the page, that asked for no more. ``kept`` waits
    for the patient to say it again, ``let_go`` was not said again in time."""

    courses: list[CourseLine]
    next_visit: Visit | None
    circle: list[Designation]
    former: list[Designation]
    alerts: list[Alert]
    seen: list[Seen]
    agreed: Consent | None
    unheard: set[int]
    stopped: set[str]
    question: str
    warnings: list[str]
    consent: treatment_consents.Standing | None
    coverage: Coverage
    carries: dict[int, str]
    comfort: list[str]
    kept: list[Kept]
    let_go: list[PendingChange]


def of(*, patient: Patient, now: datetime) -> RecordPage:
    courses = list(patient.courses.select_related("protocol").only(*OF_A_COURSE))
    placed: dict[int, list[Visit]] = defaultdict(list)
    for visit in _visits(patient, now):
        placed[visit.infusion.course_id].append(visit)
    named = _circle(patient)
    people: list[Contact] = [patient, *(row.person for row in named)]
    yeses = _yeses(*people)
    agreed = yeses.get(purposes.name(patient)) if patient.phone else None
    waiting = WaitlistEntry.objects.filter(course__patient=patient, closed_at=None).only("course", *DAYS)
    waits = {row.course_id: row for row in waiting}
    booked = last_booking.undoable(patient=patient, now=now)
    ahead = [visit for rows in placed.values() for visit in rows if _is_ahead(visit, now)]
    return RecordPage(
        courses=[
            CourseLine(
                course=row,
                visits=placed[row.pk],
                to_place=_missing(row, placed[row.pk]),
                waits=waits.get(row.pk),
                booked=booked.get(row.pk),
            )
            for row in courses
        ],
        next_visit=min(ahead, key=lambda visit: visit.infusion.starts_at, default=None),
        circle=[row for row in named if row.holds_at(now)],
        former=[row for row in named if not row.holds_at(now)],
        alerts=list(
            Alert.objects.filter(patient=patient)
            .exclude(status=AlertStatus.CLOSED)
            .select_related("owner")
            .only("kind", "says", "deadline", "owner__full_name")
        ),
        seen=_seen(patient),
        agreed=agreed,
        unheard={row.pk for row in named if _address(row.person) and purposes.name(row.person) not in yeses},
        stopped=opt_outs.among(addresses=[at for person in people for at in (person.phone, person.email) if at]),
        question="" if agreed else _(agreeing.ASKED_OF_PATIENTS),
        consent=treatment_consents.standing(patient=patient, policy=policies.current(site=patient.site), now=now),
        warnings=same_number.warnings(people=[patient, *(row.person for row in named if row.withdrawn_at is None)]),
        coverage=_coverage(
            [visit for row in courses if row.status == CourseStatus.OPEN for visit in placed[row.pk]], now
        ),
        carries=helper_lines.of(designations=[row for row in named if row.holds_at(now)], now=now),
        comfort=comfort.lines(comfort.of(patient_id=patient.pk)),
        kept=pending.kept(patient=patient, now=now),
        let_go=pending.let_go(patient=patient, now=now),
    )


def _yeses(*people: Contact) -> dict[str, Consent]:
    """The first yes of each at the address they have now."""
    addresses = {purposes.name(person): _address(person) for person in people}
    rows = Consent.objects.filter(person__in=addresses, withdrawn_at=None)
    held = [
        row for row in rows.select_related("recorded_by").order_by("-given_at") if addresses[row.person] == row.address
    ]
    return {row.person: row for row in held}


def _address(person: Contact) -> str:
    """The number, or the e-mail address of who has none."""
    return opt_outs.same(person.phone or person.email)


def _visits(patient: Patient, now: datetime) -> list[Visit]:
    values = Infusion.objects.filter(patient=patient).values_list(*visit_rows.COLUMNS)
    return board.visits_of(infusions=visit_rows.of(values=values, site=patient.site), site=patient.site, now=now)


def _coverage(visits: list[Visit], now: datetime) -> Coverage:
    rows = [visit.infusion for visit in visits]
    return coverage.drawn(visits=rows, ways={visit.infusion.pk: visit.way for visit in visits}, now=now)


def _is_ahead(visit: Visit, now: datetime) -> bool:
    return (
        visit.infusion.state not in OFF and visit.infusion.state != InfusionStatus.HOME and visit.infusion.ends_at > now
    )


def _missing(course: Course, visits: list[Visit]) -> int:
    """Visits that were planned and are not in the diary; none for a course that is over."""
    if course.status != CourseStatus.OPEN:
        return 0
    return max(course.sessions - sum(visit.infusion.state not in OFF for visit in visits), 0)


def _circle(patient: Patient) -> list[Designation]:
    rows = Designation.objects.filter(patient=patient).select_related("person", "witnessed_by", "patient__site")
    return list(rows.annotate(opened_at=links.LAST_OPENED))


def _seen(patient: Patient) -> list[Seen]:
    rows = AuditEntry.objects.filter(patient_id=patient.pk).order_by("-pk").values_list("at", "actor", "verb")
    entries = list(rows[:SEEN_LINES])
    keys = {int(actor[6:]) for _at, actor, _verb in entries if actor.startswith("staff:")}
    names = dict(StaffMember.objects.filter(pk__in=keys).values_list("pk", "full_name"))
    return [Seen(at=at, who=_who(actor, names), what=_what(verb)) for at, actor, verb in entries]


def _who(actor: str, names: dict[int, str]) -> str:
    if actor.startswith("staff:"):
        return names.get(int(actor[6:]), actor)
    return _("By link") if actor.startswith("link:") else _("Homeward itself")


def _what(verb: str) -> str:
    return _("Read") if verb == "read" else verb.replace(".", " ").replace("_", " ")
