"""Ready to leave, and nobody is here: the patient stays, a nurse is told, then the clinician who decides. Nor does a
visit go on for ever because nobody pressed the next step."""

from datetime import datetime, timedelta
from functools import partial

from django.db.models import Max
from django.utils.translation import gettext as _

from clinic.enums import InfusionStatus, Role
from clinic.models import Infusion
from support.domain import alerts, day, promise_rows, row_by_row, rules
from support.domain.way_home import Ride, WayHome
from support.enums import AlertKind, AlertStatus, CommitmentStatus
from support.models import Alert, Commitment

S = InfusionStatus
WITH = ("site", "patient__site", "policy", "course__protocol")
LOOK_BACK = timedelta(days=2)


def find(*, now: datetime) -> int:
    """Asked by the sweep. Idempotent: each is told once for whoever has the way home."""
    begun = Infusion.objects.filter(status__in=[S.STARTED, S.RECOVERING, S.READY], starts_at__gt=now - LOOK_BACK)
    return row_by_row.each(
        partial(_look if visit.state is S.READY else _still_under_way, visit, now)
        for visit in begun.select_related(*WITH).order_by("starts_at", "pk")
    )


def absent(*, alert: Alert, way: WayHome | None) -> Ride | None:
    """Who has the way home still and did not come: staff may end that, so that the others are asked."""
    held = way.held if way is not None and alert.status != AlertStatus.CLOSED else None
    is_them = held is not None and held.designation_id == alert.designation_id and held.outside_at is None
    return held if is_them and alert.kind in {AlertKind.NOBODY_CAME, AlertKind.ON_CALL} else None


def _still_under_way(visit: Infusion, now: datetime) -> bool:
    """Long past its end, by what the day runs behind: somebody looks where the patient is, once in each state."""
    late = timedelta(minutes=rules.of(infusion=visit).on_call_minutes)
    if now < visit.ends_at + day.behind(infusion=visit) + late:
        return False
    with alerts.for_the_desk():
        words = {"name": visit.patient.first_name, "state": visit.state.label, "when": alerts.when(visit)}
        says = _("%(name)s, %(when)s: still “%(state)s”, long past the planned end. Look where they are, and say so.")
    key = f"still-here:{visit.pk}:{visit.status}"
    alerts.call_task(key=key, says=says % words, visit=visit, now=now, first=Role.NURSE)
    return True


def _look(visit: Infusion, now: datetime) -> bool:
    policy, held = rules.of(infusion=visit), promise_rows.holder(visit)
    since = _waited_since(visit, held)
    is_here = held is not None and held.outside_at is not None
    told = False
    if not is_here and now >= since + timedelta(minutes=policy.nobody_came_minutes):
        told = _tell_nurse(visit, held, now) is not None
    # Also where somebody waits outside: so long after, it is stuck.
    here_since = max(since, held.outside_at) if held is not None and held.outside_at is not None else since
    if now >= here_since + timedelta(minutes=policy.on_call_minutes):
        told = _tell_clinician(visit, held, now) is not None
    return told


def _waited_since(visit: Infusion, held: Commitment | None) -> datetime:
    """Whoever took it only now has the same time to come; so has whoever is asked because somebody stepped back."""
    back = promise_rows.rides(visit).filter(status=CommitmentStatus.WITHDRAWN)
    newest = held.answered_at if held is not None else back.aggregate(newest=Max("answered_at"))["newest"]
    due = day.leaves_at(visit=visit)
    return max(due, newest or due)


def _tell_nurse(visit: Infusion, held: Commitment | None, now: datetime) -> Alert:
    with alerts.for_the_desk():
        sentence = _("%(name)s is ready and nobody came yet. The patient stays. Ask the next person.")
    return _open(visit, held, AlertKind.NOBODY_CAME, "nobody-came", sentence, now)


def _tell_clinician(visit: Infusion, held: Commitment | None, now: datetime) -> Alert:
    with alerts.for_the_desk():
        sentence = _("%(name)s is ready and still here. The patient stays. Decide with the nurse what comes next.")
    return _open(visit, held, AlertKind.ON_CALL, "on-call", sentence, now)


def _open(visit: Infusion, held: Commitment | None, kind: AlertKind, key: str, sentence: str, now: datetime) -> Alert:
    return alerts.open_alert(
        kind=kind,
        key=f"{key}:{visit.pk}:{held.pk if held is not None else 0}",
        says=sentence % {"name": visit.patient.first_name},
        patient=visit.patient,
        infusion=visit,
        designation=held.designation if held is not None else None,
        now=now,
        once=True,
    )
