"""What the plan looks at, read for any number of visits with the same few queries."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q

from clinic.enums import TAKEN_BACK
from clinic.models import Infusion, Patient, Policy, Site
from clinic.models.patient import Contact
from messaging.domain import opt_outs, quiet, standing
from messaging.domain.standing import Standing
from messaging.enums import WITH_PROVIDER, Channel, MessageStatus
from messaging.models import Message
from support.domain import purposes, rules
from support.domain.plan_state import Helper, Pledge, Question, Reach, VisitState
from support.enums import CheckInStatus, CommitmentStatus
from support.models import CheckIn, Commitment, Designation

# The provider has it, or may have it.
GONE = frozenset({*WITH_PROVIDER, MessageStatus.SENDING, MessageStatus.UNKNOWN})
MOVED = "patient_moved"
ASKS = frozenset({"helper_ask_again", "helper_ask_new_time"})
LANGUAGES = frozenset({"en", "es"})


class Ledger(NamedTuple):
    """``moved`` is when the patient was told of the newest time."""

    said: dict[tuple[str, str, datetime | None, str], str]
    asked: set[str]
    moved: dict[datetime | None, datetime]


def load(*, infusions: Iterable[Infusion]) -> dict[int, VisitState]:
    """Six queries at most, however many visits; ``infusions`` come with site, patient and policy selected along."""
    visits = list(infusions)
    pledged: dict[int, list[Commitment]] = defaultdict(list)
    for commitment in (
        Commitment.objects.filter(infusion__in=visits, designation__withdrawn_at=None)
        .select_related("designation__person__site")
        .order_by("pk")
    ):
        pledged[commitment.infusion_id].append(commitment)
    questions: dict[int, list[CheckIn]] = defaultdict(list)
    for checkin in CheckIn.objects.filter(
        infusion__in=visits, status__in=[CheckInStatus.PLANNED, CheckInStatus.OPEN]
    ).select_related("designation__person__site"):
        questions[checkin.infusion_id].append(checkin)
    ledgers = _ledgers(visits)
    known = standing_of(*_everybody(visits, pledged, questions))
    policies = rules.of_each(infusions=visits)
    return {
        visit.pk: _state(
            visit,
            rules=policies[visit.pk],
            commitments=pledged[visit.pk],
            checkins=questions[visit.pk],
            ledger=ledgers[visit.pk],
            known=known,
        )
        for visit in visits
    }


def of_new(*, infusions: Sequence[Infusion], asked: Sequence[Commitment], known: Standing) -> dict[int, VisitState]:
    """The same for visits nobody can have said or been told anything about yet. No query."""
    of_each: dict[int, list[Commitment]] = defaultdict(list)
    for commitment in asked:
        of_each[commitment.infusion_id].append(commitment)
    return {
        visit.pk: _state(
            visit,
            rules=rules.of(infusion=visit),
            commitments=of_each[visit.pk],
            checkins=[],
            ledger=Ledger(said={}, asked=set(), moved={}),
            known=known,
        )
        for visit in infusions
    }


def reach_patient(*, patient: Patient, site: Site, known: Standing) -> Reach:
    """A patient's e-mail needs no yes."""
    reach = _reach(patient, f"patient:{patient.pk}", site, known)
    return replace(reach, emails=frozenset(purposes.OF_PATIENTS if known.is_open(patient.email) else ()))


def reach_helper(*, designation: Designation, has_answered: bool, known: Standing) -> Reach:
    """Each way for what they agreed to; who answered without any goes by phone; who said nothing yet is left in
    peace."""
    person = designation.person
    name = purposes.name(person)
    addresses = {opt_outs.same(person.phone), opt_outs.same(person.email)}
    has_agreed = any(yes.person == name and yes.address in addresses for yes in known.agreed)
    can_be_invited = bool(person.email or (person.phone and not person.is_landline))
    reach = _reach(person, f"designation:{designation.pk}", person.site, known)
    return replace(reach, is_silent=can_be_invited and not has_agreed and not has_answered)


def _reach(contact: Contact, recipient: str, site: Site, known: Standing) -> Reach:
    can_text = known.is_open(contact.phone) and not contact.is_landline
    return Reach(
        recipient=recipient,
        texts=_agreed(contact, Channel.SMS, contact.phone, known) if can_text else frozenset(),
        emails=_agreed(contact, Channel.EMAIL, contact.email, known) if known.is_open(contact.email) else frozenset(),
        zone=quiet.zone_or(name=contact.timezone, fallback=site.timezone),
        language=_language(contact.language),
        prefers=contact.prefers,
        quiet_from=contact.quiet_from,
        quiet_until=contact.quiet_until,
        less=contact.texts_less,
    )


def _agreed(contact: Contact, channel: str, address: str, known: Standing) -> frozenset[str]:
    name = purposes.name(contact)
    return frozenset(
        purpose
        for purpose in purposes.for_whom(contact)
        if known.has_agreed(person=name, purpose=purpose, channel=channel, address=address)
    )


def said_yes(rows: Iterable[Commitment]) -> bool:
    """Whether somebody ever said yes to this visit, at any of its times."""
    return any(row.answered_at and row.status != CommitmentStatus.DECLINED for row in rows)


def standing_of(*people: Contact) -> Standing:
    """What they agreed to, and which of their numbers and addresses asked for no more. One query."""
    addresses = {person.phone for person in people} | {person.email for person in people}
    return standing.of(people={purposes.name(person) for person in people}, addresses=addresses)


def _language(name: str) -> str:
    short = name.partition("-")[0].lower()
    return short if short in LANGUAGES else "en"


def _ledgers(visits: Sequence[Infusion]) -> dict[int, Ledger]:
    found = {visit.pk: Ledger(said={}, asked=set(), moved={}) for visit in visits}
    rows = Message.objects.filter(scope__in=[f"infusion:{pk}" for pk in found])
    for row in rows.filter(Q(status__in=sorted(GONE)) | Q(kind=MOVED)).order_by("pk"):
        ledger = found[int(row.scope.partition(":")[2])]
        if row.kind == MOVED:
            ledger.moved[row.about_at] = row.created_at
        if row.status in GONE:
            ledger.said[row.kind, row.subject, row.about_at, row.recipient] = row.channel
            if row.kind in ASKS:
                ledger.asked.add(row.recipient)
    return found


def _everybody(
    visits: Sequence[Infusion],
    pledged: dict[int, list[Commitment]],
    questions: dict[int, list[CheckIn]],
) -> list[Contact]:
    people: list[Contact] = [commitment.designation.person for rows in pledged.values() for commitment in rows]
    people += [checkin.designation.person for rows in questions.values() for checkin in rows if checkin.designation]
    return [*people, *(visit.patient for visit in visits)]


def _state(
    visit: Infusion,
    *,
    rules: Policy,
    commitments: Sequence[Commitment],
    checkins: Sequence[CheckIn],
    ledger: Ledger,
    known: Standing,
) -> VisitState:
    mine: dict[int, list[Commitment]] = defaultdict(list)
    named: dict[int, Designation] = {}
    for commitment in commitments:
        mine[commitment.designation_id].append(commitment)
        named[commitment.designation_id] = commitment.designation
    for checkin in checkins:
        if checkin.designation is not None and checkin.designation.withdrawn_at is None:
            named.setdefault(checkin.designation.pk, checkin.designation)
    helpers = [_helper(visit, named[pk], mine[pk], ledger, known) for pk in sorted(named)]
    return VisitState(
        infusion_id=visit.pk,
        zone=visit.site.zone,
        rules=rules,
        status=visit.status,
        starts_at=visit.starts_at,
        pickup_from=visit.pickup_from,
        ends_at=visit.ends_at,
        timed_at=max(visit.booked_at, ledger.moved.get(visit.starts_at, visit.booked_at)),
        ready_at=visit.ready_at,
        off_at=visit.cancelled_at or visit.no_show_at,
        patient=reach_patient(patient=visit.patient, site=visit.site, known=known),
        helpers=tuple(helpers),
        questions=tuple(_question(visit, checkin) for checkin in checkins),
        said=ledger.said,
        is_taken_back=visit.off_reason == TAKEN_BACK,
        released_at=visit.released_at,
    )


def _helper(
    visit: Infusion, designation: Designation, rows: Sequence[Commitment], ledger: Ledger, known: Standing
) -> Helper:
    newest = {row.role: row for row in rows if row.for_starts_at == visit.starts_at}
    older = [row for row in rows if row.status == CommitmentStatus.VOID and row not in newest.values()]
    return Helper(
        reach=reach_helper(designation=designation, has_answered=said_yes(rows), known=known),
        pledges=tuple(
            Pledge(
                role=row.role,
                status=row.status,
                asked_at=row.asked_at,
                answered_at=row.answered_at,
                reconfirmed_at=row.reconfirmed_at,
            )
            for row in newest.values()
        ),
        was_moved=bool(older),
        was_asked_by_message=f"designation:{designation.pk}" in ledger.asked,
        rank=designation.rank,
        invited_at=designation.invited_at,
    )


def _question(visit: Infusion, checkin: CheckIn) -> Question:
    to = f"designation:{checkin.designation_id}" if checkin.designation_id else f"patient:{visit.patient_id}"
    return Question(pk=checkin.pk, kind=checkin.kind, recipient=to, due_at=checkin.due_at, closes_at=checkin.closes_at)
