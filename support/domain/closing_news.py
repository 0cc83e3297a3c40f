"""Telling everybody whom a closure hits, once each, and that it was lifted."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat

from clinic.domain import audit, hours
from clinic.models import Closure, Infusion, Site, StaffMember
from messaging.enums import MessageStatus
from messaging.models import Message
from support.domain import alerts, closing, replan, subjects, visit_state
from support.enums import HOLDING
from support.models import Alert, Commitment

# How many visits one press tells about; the next press goes on.
AT_ONCE = 200
CLOSED = {"patient": "patient_closed", "helper": "helper_closed"}
OPEN = {"patient": "patient_open", "helper": "helper_open"}


@dataclass(frozen=True, kw_only=True)
class Told:
    """How many people get a message, how many a call, and about how many visits nobody was told yet."""

    messages: int
    calls: int
    left: int


def told(*, closure: Closure, visits: Iterable[Infusion]) -> set[int]:
    """Of these visits those whose patients were told, or are to be called. Two queries."""
    by_subject = {subjects.of_closure(closure_id=closure.pk, infusion_id=visit.pk): visit for visit in visits}
    said = set(
        Message.objects.filter(kind=CLOSED["patient"], subject__in=by_subject).values_list("subject", "about_at")
    )
    keys = {_call_key(visit, name): visit.pk for name, visit in by_subject.items()}
    called = Alert.objects.filter(key__in=keys).values_list("key", flat=True)
    return {visit.pk for name, visit in by_subject.items() if (name, visit.starts_at) in said} | {
        keys[key] for key in called
    }


def is_called_off(*, visit: Infusion) -> bool:
    """Whether the patient was told that this time is off, and it still is. Two queries at most."""
    said = Message.objects.filter(kind=CLOSED["patient"], scope=f"infusion:{visit.pk}", about_at=visit.starts_at)
    return any(subjects.closure(row) is not None for row in said.exclude(status=MessageStatus.VOID))


def tell(*, closure: Closure, site: Site, actor: StaffMember, now: datetime, at_once: int = AT_ONCE) -> Told:
    """The patients still hit, and the helpers who hold a promise for them; who cannot be written to becomes a call.

    Each is told once for a visit and its time, however often this is pressed; who was moved meanwhile is not told. In
    the hours of the signed rules.
    """
    rows = _untold(closure, closing.hit(closure=closure, now=now).filter(site=site))
    count = rows.count()
    sent = _say(CLOSED, closure, list(rows.select_related(*closing.WITH)[:at_once]), now)
    audit.record(actor=audit.staff(actor), verb="closure.told", now=now, subject=f"closure:{closure.pk}")
    return Told(messages=sent[0], calls=sent[1], left=max(count - at_once, 0))


def lift(*, closure: Closure, actor: StaffMember, now: datetime) -> Told:
    """Open again. What was moved or cancelled stays so; who was told and keeps their time is told that it holds."""
    with transaction.atomic():
        visits = list(closing.hit(closure=closure, now=now).select_related(*closing.WITH))
        known = told(closure=closure, visits=visits)
        sent = _say(OPEN, closure, [visit for visit in visits if visit.pk in known], now)
        hours.reopen(closure=closure, actor=actor, now=now)
    return Told(messages=sent[0], calls=sent[1], left=0)


def _untold(closure: Closure, visits: QuerySet[Infusion]) -> QuerySet[Infusion]:
    """The same as ``told`` says of a few, asked of as many as there are."""
    name = Concat(Value(f"closure:{closure.pk}:"), Cast(OuterRef("pk"), CharField()))
    key = alerts.patients_call_key(kind=CLOSED["patient"], subject=name)
    said = Message.objects.filter(kind=CLOSED["patient"], subject=name, about_at=OuterRef("starts_at"))
    return visits.filter(~Exists(said), ~Exists(Alert.objects.filter(key=key)))


def _say(kinds: dict[str, str], closure: Closure, visits: Sequence[Infusion], now: datetime) -> tuple[int, int]:
    promises: dict[int, list[Commitment]] = defaultdict(list)
    rows = Commitment.objects.filter(infusion__in=visits, status__in=HOLDING, designation__withdrawn_at=None)
    for row in rows.select_related("designation__person__site").order_by("pk"):
        promises[row.infusion_id].append(row)
    people = [row.designation.person for held in promises.values() for row in held]
    known = visit_state.standing_of(*(visit.patient for visit in visits), *people)
    messages = calls = 0
    for visit in visits:
        reaches = [(kinds["patient"], visit_state.reach_patient(patient=visit.patient, site=visit.site, known=known))]
        named = {row.designation_id: row.designation for row in promises[visit.pk]}
        reaches += [
            (kinds["helper"], visit_state.reach_helper(designation=one, has_answered=True, known=known))
            for one in named.values()
        ]
        subject = subjects.of_closure(closure_id=closure.pk, infusion_id=visit.pk)
        with transaction.atomic():
            for kind, reach in reaches:
                is_call = replan.tell_now(visit=visit, kind=kind, subject=subject, reach=reach, now=now)
                calls, messages = calls + is_call, messages + (not is_call)
    return messages, calls


def _call_key(visit: Infusion, name: str) -> str:
    recipient = f"patient:{visit.patient_id}"
    return alerts.call_key(kind=CLOSED["patient"], recipient=recipient, subject=name, visit=visit)
