"""Makes the outbox equal to the plan: in the transaction of each change, and in a sweep that heals a forgotten call."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from clinic.enums import AHEAD_OR_HERE
from clinic.models import Infusion
from messaging.domain import outbox, quiet
from messaging.domain.outbox import Changes, Wanted
from messaging.domain.standing import Standing
from messaging.enums import MessageStatus
from messaging.models import Message
from support.domain import alerts, plan, rules, scripts, texting_hours, visit_state
from support.domain.plan_state import CALL, Reach, Touch
from support.enums import AlertKind
from support.models import Commitment, Designation

log = structlog.get_logger(__name__)

WITH = ("site", "patient__site", "policy")
# No touch is due earlier before a visit, or later after it.
AHEAD = timedelta(days=8)
BEHIND = timedelta(days=4)
BATCH = 200
# In these sentences the reason before them names the patient.
NAMELESS = frozenset({"patient_1_day", "checkin_evening", "checkin_next_day"})


def replan(*, infusion: Infusion, now: datetime) -> Changes:
    """Inside the caller's transaction. Idempotent."""
    row = Infusion.objects.select_related(*WITH).get(pk=infusion.pk)
    state = visit_state.load(infusions=[row])[row.pk]
    return _reconcile(row, plan.everything(state=state), now)


def plan_new(*, infusions: Sequence[Infusion], asked: Sequence[Commitment], known: Standing, now: datetime) -> None:
    """The same for visits of one patient that this transaction has just booked and asked for: what is not known of
    them is not looked up. One query."""
    states = visit_state.of_new(infusions=infusions, asked=asked, known=known)
    planned = {visit.pk: list(plan.everything(state=states[visit.pk])) for visit in infusions}
    outbox.begin(
        site_id=infusions[0].site_id,
        wanted={f"infusion:{pk}": [t.wanted for t in touches if not t.is_call] for pk, touches in planned.items()},
        now=now,
    )
    for visit in infusions:
        _open_calls(visit, [touch.wanted for touch in planned[visit.pk] if touch.is_call], now)


def replan_all(*, infusions: Sequence[Infusion], now: datetime) -> None:
    for infusion in infusions:
        replan(infusion=infusion, now=now)


def wanted_now(*, infusion_id: int, now: datetime) -> list[Wanted]:
    """The plan of one visit as it stands: what is asked again at the moment of sending."""
    row = Infusion.objects.select_related(*WITH).filter(pk=infusion_id).first()
    if row is None:
        return []
    state = visit_state.load(infusions=[row])[row.pk]
    return [touch.wanted for touch in plan.touches(state=state, now=now) if not touch.is_call]


def sweep(*, now: datetime) -> int:
    """Compares every visit near in time with the outbox and mends those that differ; opens the calls that are due.

    Cheap where all is well: a constant number of queries for a batch. Answers how many visits were mended.
    """
    near = Infusion.objects.filter(starts_at__gt=now - BEHIND, starts_at__lt=now + AHEAD)
    mended = 0
    last = 0
    while visits := list(near.filter(pk__gt=last).select_related(*WITH).order_by("pk")[:BATCH]):
        mended += _sweep_batch(visits, now)
        last = visits[-1].pk
    return mended


def mend(*, visits: Sequence[int], now: datetime) -> int:
    """The same for these, however far ahead."""
    return _sweep_batch(list(Infusion.objects.filter(pk__in=visits).select_related(*WITH).order_by("pk")), now)


def _sweep_batch(visits: Sequence[Infusion], now: datetime) -> int:
    try:
        states = visit_state.load(infusions=visits)
    except Exception as error:
        if len(visits) > 1:
            return sum(_sweep_batch([visit], now) for visit in visits)
        log.error("visit_not_read", infusion_id=visits[0].pk, error=type(error).__name__)
        return 0
    waiting, known = _in_outbox(visits)
    mended = 0
    for visit in visits:
        try:
            touches = plan.everything(state=states[visit.pk])
            planned = {t.wanted.key: t.wanted.due_at for t in touches if not t.is_call}
            useful = {t.wanted.key for t in touches if not t.is_call and now < t.wanted.not_after}
            pending = waiting[visit.pk]
            in_step = pending.items() <= planned.items() and useful <= pending.keys() | known[visit.pk]
            if not in_step:
                mended += _mend(visit, now)
            _open_calls(visit, [t.wanted for t in touches if t.is_call], now)
        except Exception as error:
            log.error("visit_not_swept", infusion_id=visit.pk, error=type(error).__name__)
    return mended


def _mend(visit: Infusion, now: datetime) -> bool:
    with transaction.atomic():
        locked = Infusion.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
        row = locked.filter(pk=visit.pk).first()
        if row is None:
            return False
        changes = replan(infusion=row, now=now)
    return bool(changes.inserted or changes.revived or changes.rescheduled or changes.voided)


def _in_outbox(
    visits: Sequence[Infusion],
) -> tuple[dict[int, dict[outbox.Key, datetime]], dict[int, set[outbox.Key]]]:
    """What waits in the plan's name, with its time, and the keys of everything that needs nothing more."""
    waiting: dict[int, dict[outbox.Key, datetime]] = defaultdict(dict)
    known: dict[int, set[outbox.Key]] = defaultdict(set)
    rows = Message.objects.filter(scope__in=[f"infusion:{visit.pk}" for visit in visits])
    for scope, status, version, due_at, *key in rows.values_list(
        "scope", "status", "plan_version", "due_at", *outbox.KEY
    ):
        pk = int(scope.partition(":")[2])
        kind, subject, about_at, recipient, channel = key
        if status == MessageStatus.PENDING and version > 0:
            waiting[pk][kind, subject, about_at, recipient, channel] = due_at
        elif status != MessageStatus.VOID:
            known[pk].add((kind, subject, about_at, recipient, channel))
    return waiting, known


def _reconcile(visit: Infusion, touches: Sequence[Touch], now: datetime) -> Changes:
    wanted = [touch.wanted for touch in touches if not touch.is_call]
    changes = outbox.reconcile(site_id=visit.site_id, scope=f"infusion:{visit.pk}", wanted=wanted, now=now)
    _open_calls(visit, [touch.wanted for touch in touches if touch.is_call], now)
    return changes


def _open_calls(visit: Infusion, calls: Sequence[Wanted], now: datetime) -> None:
    for call in calls:
        if call.due_at <= now < call.not_after:
            open_call(visit=visit, call=call, now=now)


def open_call(*, visit: Infusion, call: Wanted, now: datetime, why: str = "") -> None:
    """A person is told by phone what no message can tell them. ``why``: a sentence, where there was one that failed."""
    designation = None
    if call.recipient.startswith("designation:"):
        designation = Designation.objects.select_related("person").get(pk=int(call.recipient.partition(":")[2]))
    key = alerts.call_key(kind=call.kind, recipient=call.recipient, subject=call.subject, visit=visit)
    if call.subject.startswith("checkin:"):
        key = f"{call.subject}:silent"
    if alerts.is_known(key=key):
        # The sweep asks every minute.
        return
    name = designation.person.first_name if designation else visit.patient.first_name
    alerts.open_alert(
        kind=AlertKind.CALL_TASK,
        key=key,
        says=says(kind=call.kind, name=name, visit=visit, why=why),
        patient=visit.patient,
        infusion=visit,
        designation=designation,
        script=scripts.of(call=call, visit=visit),
        now=now,
        once=True,
    )


def tell_now(*, visit: Infusion, kind: str, subject: str, reach: Reach, now: datetime) -> bool:
    """News about a visit to one person, in the hours of the signed rules. True where no message comes in time and it
    becomes a call."""
    signed = rules.of(infusion=visit)
    due = quiet.later(moment=now, zone=reach.zone, window=texting_hours.window(signed, reach))
    channel = plan.channel(who=reach, kind=kind, rules=signed)
    wanted = Wanted(
        kind=kind,
        subject=subject,
        about_at=visit.starts_at,
        recipient=reach.recipient,
        channel=channel,
        due_at=due,
        not_after=visit.starts_at,
        language=reach.language,
        rule="at once",
        zone=visit.site.timezone,
    )
    if channel == CALL or due >= visit.starts_at:
        open_call(visit=visit, call=wanted, now=now)
        return True
    outbox.post(site_id=visit.site_id, scope=f"infusion:{visit.pk}", wanted=wanted, now=now)
    return False


def says(*, kind: str, name: str, visit: Infusion, why: str = "") -> str:
    """What the call is about, for staff; first ``why`` there is no message."""
    with alerts.for_the_desk():
        when = alerts.when(visit)
        sentences = {
            "patient_1_day": _("Please call about the visit %(when)s and its times."),
            "patient_moved": _("Please call %(name)s: the visit is now %(when)s."),
            "patient_closed": _("Please call %(name)s: we cannot see them %(when)s. They need another time."),
            "helper_closed": _("Please call %(name)s: they are not needed %(when)s, we find another time."),
            "patient_open": _("Please call %(name)s: their visit takes place as planned, %(when)s."),
            "helper_open": _("Please call %(name)s: it takes place as planned, %(when)s."),
            "patient_cancelled": _("Please call %(name)s: the visit %(when)s is off."),
            "checkin_evening": _("Please call and ask how the evening is."),
            "checkin_next_day": _("Please call and ask how the day after is."),
            "helper_reconfirm": _("Please call %(name)s: are they still coming %(when)s?"),
            "helper_ask_new_time": _("Please call %(name)s: can they help at the new time, %(when)s?"),
            "helper_cancelled": _("Please call %(name)s: they are not needed %(when)s."),
            "helper_unreached": _(
                "No message goes to %(name)s until they answer. Please call: can they help %(when)s?"
            ),
            "helper_come_in": _("Please call %(name)s: time to come to the front desk."),
        }
        sentence = sentences.get(kind, _("Please call %(name)s about %(when)s."))
        if not why and kind in NAMELESS:
            why = _("No mobile or e-mail for %(name)s.") % {"name": name}
    return f"{why} {sentence % {'name': name, 'when': when}}".strip()


def upcoming_of(*, designation: Designation, now: datetime) -> list[Infusion]:
    """The visits a change of this person can touch."""
    return upcoming_for(patient_id=designation.patient_id, now=now)


def upcoming_for(*, patient_id: int, now: datetime) -> list[Infusion]:
    """A patient's visits that are ahead or in the house, in the order in which they are locked."""
    rows = Infusion.objects.filter(patient=patient_id, status__in=AHEAD_OR_HERE, ends_at__gt=now - timedelta(days=1))
    return list(rows.select_related(*WITH).order_by("pk"))
