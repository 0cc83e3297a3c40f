"""What must hold of a month, each answer a list of sentences about what does not. Nothing here asks a rule of ours."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import connection

from clinic.enums import InfusionStatus
from clinic.models import AuditEntry, Infusion
from support.enums import AlertKind, AlertStatus, LadderRung, StepEnd
from support.models import Alert, LadderStep
from tests.support.month.trail import Story

S = InfusionStatus
# A worker looks every two hours, and may be killed in the middle of it.
TOLERANCE = timedelta(hours=5)

LEFT_WITHOUT = """
    SELECT infusion.id, infusion.released_how FROM clinic_infusion infusion
    JOIN clinic_policy policy ON policy.id = infusion.policy_id
    LEFT JOIN support_handover handover ON handover.infusion_id = infusion.id AND handover.done_at IS NOT NULL
        AND handover.how = infusion.released_how
    LEFT JOIN support_commitment promise ON promise.id = handover.commitment_id
    WHERE infusion.status IN ('released', 'home') AND NOT coalesce(CASE infusion.released_how
        WHEN 'handover' THEN promise.status = 'kept' AND promise.for_starts_at = infusion.starts_at
            AND promise.infusion_id = infusion.id AND handover.adult_seen AND handover.accepted_at IS NOT NULL
        WHEN 'against_advice' THEN handover.witness_id <> handover.done_by_id AND handover.evidence <> ''
        ELSE infusion.released_how = ANY(policy.rungs) AND handover.evidence <> ''
            AND handover.authorised_by_id IS NOT NULL
    END, false)
"""
TWO_DRIVERS = """
    SELECT infusion_id, count(*) FROM support_commitment
    WHERE role = 'ride' AND status IN ('accepted', 'reconfirmed', 'kept') GROUP BY infusion_id HAVING count(*) > 1
"""


def started(told: dict[int, Story]) -> list[str]:
    """Nobody gets the medicine before a way home, but by a written override."""
    allowed = {"with a way home", "override"}
    return [
        f"visit {pk} started {how} at {at}" for pk, one in told.items() for at, how in one.starts if how not in allowed
    ]


def left(told: dict[int, Story]) -> list[str]:
    """Nobody leaves but to a verified adult, or by an allowed rung with its evidence; written down before they went."""
    found = [f"visit {pk} left as {how} without its evidence" for pk, how in rows(LEFT_WITHOUT)]
    found += [f"visit {pk} left at {at} before a record" for pk, one in told.items() for at, had in one.left if not had]
    return found


def drivers(told: dict[int, Story]) -> list[str]:
    """Not now, and at no moment."""
    found = [f"visit {pk} has {count} drivers" for pk, count in rows(TWO_DRIVERS)]
    return found + [f"visit {pk} had {one.most_drivers} drivers" for pk, one in told.items() if one.most_drivers > 1]


def ladders(*, now: datetime, is_over: bool) -> list[str]:
    """Each step ends by its time, and every ladder with the visit."""
    late = LadderStep.objects.filter(ended_at=None, until__lt=now - TOLERANCE)
    found = [f"visit {step.infusion_id}: {step.rung} should have ended at {step.until}" for step in late]
    past = LadderStep.objects.filter(ended_at=None).exclude(infusion__status__in=[S.BOOKED, S.ARRIVED])
    past = past.exclude(infusion__status__in=[S.STARTED, S.RECOVERING, S.READY])
    since = {} if is_over else {"infusion__room_free_at__lt": now - TOLERANCE}
    found += [f"visit {step.infusion_id} is over and its ladder is not" for step in past.filter(**since)]
    if is_over:
        found += [
            f"visit {step.infusion_id}: {step.rung} never ended" for step in LadderStep.objects.filter(ended_at=None)
        ]
    return found


def silences(told: dict[int, Story]) -> list[str]:
    """Wherever nobody said anything, a person was given the matter: an alert about that visit, or the next step."""
    heard: dict[int, list[Alert]] = {}
    for alert in Alert.objects.exclude(infusion=None).order_by("opened_at"):
        heard.setdefault(alert.infusion_id, []).append(alert)
    visits = Infusion.objects.select_related("policy").in_bulk()
    found = []
    for pk, visit in visits.items():
        found += _before(visit, told.get(pk, Story()), heard.get(pk, []))
        found += _after(visit, heard.get(pk, []))
    return [*found, *_steps(heard)]


def human_steps() -> list[str]:
    """At the end each alert had an owner and was closed by somebody with a word; the trail says so."""
    logged: dict[str, set[str]] = {}
    for subject, verb in AuditEntry.objects.filter(subject__startswith="alert:").values_list("subject", "verb"):
        logged.setdefault(subject, set()).add(verb)
    found = []
    for alert in Alert.objects.all():
        verbs = logged.get(f"alert:{alert.pk}", set())
        if alert.status != AlertStatus.CLOSED or not alert.outcome or alert.closed_by_id is None:
            found.append(f"alert {alert.pk} ({alert.kind}, {alert.says}) is {alert.status}")
        elif not {"alert.opened", "alert.closed"} <= verbs:
            found.append(f"alert {alert.pk} is not in the trail: {verbs}")
    return found


def _before(visit: Infusion, told: Story, alerts: Sequence[Alert]) -> Iterable[str]:
    """A day before nobody had the way home, hours before nobody had confirmed: somebody was told."""
    policy, starts = visit.policy, visit.starts_at
    ends = min(at for at in (starts, visit.cancelled_at, visit.arrived_at) if at is not None)
    since = max(visit.booked_at, _came_to_this_time(visit))
    for hours, wanted in ((policy.reconfirm_hours, {"held", "sure"}), (policy.last_call_hours, {"sure"})):
        begin = max(starts - timedelta(hours=hours), since)
        for first, last in _gaps(told.way_home, begin, ends, wanted):
            if last - first > TOLERANCE and not any(alert.opened_at <= first + TOLERANCE for alert in alerts):
                yield f"visit {visit.pk}: from {first} to {last} nobody was told that there is no way home"


def _after(visit: Infusion, alerts: Sequence[Alert]) -> Iterable[str]:
    policy = visit.policy
    if visit.ready_at is not None and visit.started_at is not None:
        due = max(visit.ready_at, visit.ends_at if visit.released_at is None else visit.ready_at)
        due += timedelta(minutes=policy.on_call_minutes) + TOLERANCE
        if (visit.released_at or datetime.max.replace(tzinfo=due.tzinfo)) > due and not _of(alerts, _READY):
            yield f"visit {visit.pk} was ready at {visit.ready_at}, nobody came and nobody was told"
    if visit.released_at is not None:
        due = visit.released_at + timedelta(minutes=policy.travel_minutes + policy.home_call_minutes) + TOLERANCE
        if (visit.home_at or datetime.max.replace(tzinfo=due.tzinfo)) > due and not _of(alerts, _HOME):
            yield f"visit {visit.pk} left at {visit.released_at}, did not say home and nobody was told"


_READY = frozenset({AlertKind.NOBODY_CAME, AlertKind.ON_CALL, AlertKind.LADDER})
# A way to arrange is said on the alert of whoever stepped back, where there is one.
_TO_ARRANGE = frozenset({AlertKind.LADDER, AlertKind.CANT_COME})
_HOME = frozenset({AlertKind.HOME_UNKNOWN, AlertKind.LEFT_ADVICE})


def _of(alerts: Sequence[Alert], kinds: frozenset[str]) -> bool:
    return any(alert.kind in kinds for alert in alerts)


def _steps(heard: dict[int, list[Alert]]) -> Iterable[str]:
    """A rung that ended in silence was followed by another or by a person."""
    by_visit: dict[int, list[LadderStep]] = {}
    for step in LadderStep.objects.order_by("began_at", "pk"):
        by_visit.setdefault(step.infusion_id, []).append(step)
    for pk, steps in by_visit.items():
        for step in steps:
            is_last = step is steps[-1]
            told = any(alert.opened_at >= step.began_at for alert in heard.get(pk, []))
            if step.end == StepEnd.SILENT and is_last and not told:
                yield f"visit {pk}: {step.rung} ended in silence and nobody was told"
            if step.rung != LadderRung.ADULTS and not _of(heard.get(pk, []), _TO_ARRANGE):
                yield f"visit {pk}: nobody was told to arrange {step.rung}"


def _came_to_this_time(visit: Infusion) -> datetime:
    moves = visit.moves.filter(undone_at=None).values_list("at", flat=True)
    return max(moves, default=visit.booked_at)


def _gaps(
    told: Sequence[tuple[datetime, str]], begin: datetime, end: datetime, wanted: set[str]
) -> Iterable[tuple[datetime, datetime]]:
    """The spans between in which the way home was none of these."""
    if begin >= end:
        return
    at_begin = next((how for at, how in reversed(told) if at <= begin), "")
    changes = [(begin, at_begin), *((at, how) for at, how in told if begin < at < end), (end, "end")]
    opened = None
    for at, how in changes:
        if how not in wanted and how != "end" and opened is None:
            opened = at
        elif (how in wanted or how == "end") and opened is not None:
            yield opened, at
            opened = None


def rows(sql: str) -> list[tuple[int, object]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()
