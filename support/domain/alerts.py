"""What a human must answer. Always an owner, always a deadline; unread, it moves on until somebody answers."""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import CharField, Expression, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat, Replace
from django.utils import formats
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import override

from clinic.domain import audit, locks
from clinic.domain.errors import Refused
from clinic.enums import Role
from clinic.models import Infusion, Patient, Site, StaffMember
from messaging.models import InboundText
from support.domain import rules
from support.enums import AlertKind, AlertStatus
from support.models import Alert, Designation, QuietWord

log = structlog.get_logger(__name__)

LADDER = (Role.FRONT_DESK, Role.NURSE, Role.CLINICIAN, Role.DIRECTOR)
FIRST = {
    AlertKind.CALL_ME: Role.NURSE,
    AlertKind.WORRIED: Role.NURSE,
    AlertKind.NOBODY_CAME: Role.NURSE,
    AlertKind.HOME_UNKNOWN: Role.NURSE,
    AlertKind.URGENT: Role.CLINICIAN,
    AlertKind.QUIET_WORD: Role.NURSE,
    AlertKind.LEFT_ADVICE: Role.NURSE,
    AlertKind.ON_CALL: Role.CLINICIAN,
}
AT_ONCE = frozenset({AlertKind.URGENT, AlertKind.QUIET_WORD, AlertKind.ON_CALL})
BATCH = 200
# What the key of a call begins with.
CALL = "call"


def for_the_desk() -> override:
    """What is written down for staff is in the clinic's language, in whatever language the tap was that caused it."""
    return override(settings.LANGUAGE_CODE)


def when(infusion: Infusion) -> str:
    """The visit's day and time as an alert says it, on the clinic's clock: "Wed 11 Mar 13:30"."""
    return formats.date_format(infusion.starts_at.astimezone(infusion.site.zone), "D j M H:i")


def open_alert(
    *,
    kind: AlertKind,
    key: str,
    says: str,
    now: datetime,
    patient: Patient | None = None,
    site: Site | None = None,
    infusion: Infusion | None = None,
    designation: Designation | None = None,
    script: str = "",
    once: bool = False,
    said_again: bool = False,
    first: Role | None = None,
    deadline: datetime | None = None,
) -> Alert:
    """Idempotent while one with this ``key`` is not closed; with ``once`` even after: the sweep asks every minute.

    ``said_again``: a person asks for help. One that somebody had taken on and not closed is unread again.
    ``site`` where it is about no patient. ``script``: what to read out to whom the desk calls. ``first``: whose it is
    first, where the kind alone does not say. ``deadline``: the matter's own, where it has one.
    """
    existing = Alert.objects.filter(key=key).order_by("-pk")
    if not once:
        existing = existing.exclude(status=AlertStatus.CLOSED)
    found = existing.first()
    if found is not None:
        return _unread_again(found, now) if said_again else found
    at = patient.site if patient is not None else site
    if at is None:
        raise ValueError("An alert is about a patient or a site.")
    try:
        with transaction.atomic():
            alert = Alert.objects.create(
                site=at,
                patient=patient,
                infusion=infusion,
                designation=designation,
                kind=kind,
                key=key,
                says=says[:300],
                script=script,
                opened_at=now,
                owner=_first_owner(site=at, first=first or FIRST.get(kind, Role.FRONT_DESK)),
                deadline=deadline or now + _time_for(site=at, kind=kind),
            )
            _note(alert, "system", "alert.opened", now)
            return alert
    except IntegrityError:
        # Opened by somebody else in the same moment.
        return Alert.objects.exclude(status=AlertStatus.CLOSED).get(key=key)


def call_task(
    *,
    key: str,
    says: str,
    visit: Infusion,
    now: datetime,
    designation: Designation | None = None,
    deadline: datetime | None = None,
    first: Role | None = None,
) -> Alert:
    """Somebody calls about a visit: of the desk, where ``first`` does not say otherwise. Once for each ``key``, and be
    it closed."""
    return open_alert(
        kind=AlertKind.CALL_TASK,
        key=key,
        says=says,
        patient=visit.patient,
        infusion=visit,
        designation=designation,
        now=now,
        once=True,
        deadline=deadline,
        first=first,
    )


def time_key(about: str, visit: Infusion) -> str:
    """Of what is said once for each time of a visit: moved, it is said again."""
    return f"{about}:{visit.pk}:{int(visit.starts_at.timestamp()) // 60}"


def is_known(*, key: str) -> bool:
    """Whether one was ever opened for it, and be it closed."""
    return Alert.objects.filter(key=key).exists()


def is_waiting(*, key: str) -> bool:
    """Whether nobody has written down yet what was done about it."""
    return Alert.objects.filter(key=key).exclude(status=AlertStatus.CLOSED).exists()


def call_key(*, kind: str, recipient: str, subject: str, visit: Infusion) -> str:
    """Of the call that takes the place of a message. What is about a visit as a whole is told once for each of its
    times."""
    if subject == f"infusion:{visit.pk}":
        return time_key(f"{CALL}:{kind}:{recipient}", visit)[:64]
    return ":".join([CALL, recipient, subject, kind])[:64]


def patients_call_key(*, kind: str, subject: Expression) -> Concat:
    """The same for the patient of each visit of a query, about something else than the visit as a whole."""
    patient = Cast(OuterRef("patient_id"), CharField())
    return Concat(Value(f"{CALL}:patient:"), patient, Value(":"), subject, Value(f":{kind}"), output_field=CharField())


def rename_calls(*, was: str, to: str) -> None:
    """Whom the desk was to call under one name it is to call under the other."""
    calls = Alert.objects.filter(key__startswith=f"{CALL}:", key__contains=f":{was}:")
    calls.update(key=Replace("key", Value(f":{was}:"), Value(f":{to}:")))


def acknowledge(*, alert: Alert, actor: StaffMember, now: datetime) -> Alert:
    """``actor`` takes it over. Idempotent for the same person."""
    with transaction.atomic():
        row = _locked(alert)
        if row.status == AlertStatus.CLOSED:
            raise Refused(_("This is done already."))
        if row.status == AlertStatus.ACKNOWLEDGED and row.owner_id == actor.pk:
            return row
        row.status, row.acknowledged_at, row.owner = AlertStatus.ACKNOWLEDGED, now, actor
        row.save(update_fields=["status", "acknowledged_at", "owner"])
        _note(row, audit.staff(actor), "alert.acknowledged", now)
        return row


def close(*, alert: Alert, outcome: str, actor: StaffMember, now: datetime) -> Alert:
    """Refused without a word on what was done."""
    said = outcome.strip()
    if len(said) < 3:
        raise Refused(_("Say in a few words what was done."))
    with transaction.atomic():
        row = _locked(alert)
        if row.status == AlertStatus.CLOSED:
            raise Refused(_("This is done already."))
        if row.kind == AlertKind.QUIET_WORD:
            _refuse_unheard(row)
        row.status, row.closed_at, row.closed_by, row.outcome = AlertStatus.CLOSED, now, actor, said[:300]
        row.acknowledged_at = row.acknowledged_at or now
        row.save(update_fields=["status", "acknowledged_at", "closed_at", "closed_by", "outcome"])
        if row.kind == AlertKind.TEXT_CAME:
            number = row.key.split(":", 2)[2]
            texts = InboundText.objects.filter(site=row.site_id, from_number=number, done_at=None)
            texts.update(done_at=now, done_by=actor)
        _note(row, audit.staff(actor), "alert.closed", now)
        return row


def _refuse_unheard(row: Alert) -> None:
    """A quiet word ends with what was agreed, written down by whoever spoke with the patient."""
    if QuietWord.objects.filter(infusion=row.infusion_id, heard_at=None).exists():
        raise Refused(_("The patient asked for a nurse. Speak with them alone first, and write down what was agreed."))


def add(*, key_begins: str, says: str) -> None:
    """What happened since, after the words of the alerts that still wait and whose key is this, or begins so where it
    ends in a colon: "home:1" is not about "home:12". Idempotent."""
    these = Q(key__startswith=key_begins) if key_begins.endswith(":") else Q(key=key_begins)
    waiting = Alert.objects.filter(these).exclude(status=AlertStatus.CLOSED)
    for alert in waiting.exclude(says__endswith=says).select_for_update():
        # Older words give way: cut at the end, the newest would be said again and again.
        alert.says = f"{Truncator(alert.says).chars(299 - len(says))} {says}"
        alert.save(update_fields=["says"])


def go_on(*, alert: Alert, says: str, deadline: datetime | None, now: datetime) -> Alert:
    """The same matter one step further: the newest words behind the older, unread again, with a new deadline."""
    add(key_begins=alert.key, says=says)
    with transaction.atomic():
        row = _locked(alert)
        row.status, row.acknowledged_at = AlertStatus.OPEN, None
        row.deadline = deadline or now + _time_for(site=row.site, kind=AlertKind(row.kind))
        row.save(update_fields=["status", "acknowledged_at", "deadline"])
        _note(row, "system", "alert.went_on", now)
        return row


def hand_on(*, now: datetime) -> int:
    """Moves each alert that nobody answered in time to the next person, with a new deadline. How many moved."""
    overdue = Alert.objects.filter(status=AlertStatus.OPEN, deadline__lte=now).order_by("deadline", "pk")
    moved = 0
    for pk in list(overdue.values_list("pk", flat=True)[:BATCH]):
        try:
            moved += _hand_on_one(pk, now)
        except Exception as error:
            log.error("alert_not_handed_on", alert_id=pk, error=type(error).__name__)
    return moved


def _hand_on_one(pk: int, now: datetime) -> bool:
    with transaction.atomic():
        waiting = Alert.objects.select_for_update(of=("self",), skip_locked=True).select_related("site", "owner")
        row = waiting.filter(pk=pk, status=AlertStatus.OPEN, deadline__lte=now).first()
        if row is None:
            return False
        row.owner = _next_owner(row)
        row.deadline = now + _time_for(site=row.site, kind=AlertKind(row.kind))
        row.save(update_fields=["owner", "deadline"])
        _note(row, "system", "alert.handed_on", now, note=audit.staff(row.owner))
        return True


def _unread_again(alert: Alert, now: datetime) -> Alert:
    with transaction.atomic():
        row = _locked(alert)
        if row.status == AlertStatus.ACKNOWLEDGED:
            row.status, row.acknowledged_at = AlertStatus.OPEN, None
            row.deadline = now + _time_for(site=row.site, kind=AlertKind(row.kind))
            row.save(update_fields=["status", "acknowledged_at", "deadline"])
            _note(row, "system", "alert.said_again", now)
        return row


def _locked(alert: Alert) -> Alert:
    return locks.held(Alert.objects.select_related("site", "owner", "patient"), alert.pk)


def _note(alert: Alert, actor: str, verb: str, now: datetime, note: str = "") -> None:
    audit.record(actor=actor, verb=verb, now=now, patient_id=alert.patient_id, subject=f"alert:{alert.pk}", note=note)


def _time_for(*, site: Site, kind: AlertKind) -> timedelta:
    policy = rules.at(site=site)
    if kind == AlertKind.LEFT_ADVICE:
        return timedelta(minutes=policy.against_advice_minutes)
    return timedelta(minutes=policy.urgent_minutes if kind in AT_ONCE else policy.call_back_minutes)


def _people(site: Site) -> list[StaffMember]:
    """Who may own an alert here; where a site has nobody, whoever can still sign in anywhere."""
    here = list(StaffMember.objects.filter(sites=site, is_active=True).order_by("pk"))
    return here or list(StaffMember.objects.filter(is_active=True).order_by("pk"))


def _first_owner(*, site: Site, first: Role) -> StaffMember:
    people = _people(site)
    start = LADDER.index(first)
    for role in [*LADDER[start:], *reversed(LADDER[:start]), Role.ADMIN]:
        for person in people:
            if person.role == role:
                return person
    raise Refused(_("Nobody at this clinic can sign in. An alert needs an owner."))


def _next_owner(alert: Alert) -> StaffMember:
    """The first person of the next role up; from the top round again. The owner keeps it where nobody is."""
    people = _people(alert.site)
    role = alert.owner.role
    start = LADDER.index(Role(role)) + 1 if role in LADDER else 0
    for step in [*LADDER[start:], *LADDER[:start]]:
        for person in people:
            if person.role == step and person.pk != alert.owner_id:
                return person
    return alert.owner
