"""From the door to "we're home": asked by text, then by a person, then whom the patient named to call first.

It ends with "home" or with what a person wrote down, never with silence.
"""

from datetime import datetime, timedelta
from functools import partial

from django.db.models import CharField, Value
from django.db.models.functions import Concat
from django.utils.translation import gettext as _

from clinic.enums import InfusionStatus, Role
from clinic.models import Infusion
from support.domain import alerts, emergency, plan, promise_rows, row_by_row, rules, visit_state
from support.domain.plan_state import VisitState
from support.enums import AlertKind, AlertStatus, CommitmentStatus
from support.models import Alert, Designation

WITH = ("site", "patient__site", "policy")
LOOK_BACK = timedelta(days=2)


def find(*, now: datetime) -> int:
    """Asked by the sweep. Idempotent: each step is made once."""
    gone = Infusion.objects.filter(status=InfusionStatus.RELEASED, released_at__gt=now - LOOK_BACK)
    late = [visit for visit in gone.select_related(*WITH).order_by("released_at", "pk") if now >= _expected(visit)]
    states = visit_state.load(infusions=late) if late else {}
    return row_by_row.each(partial(_look, visit, states[visit.pk], now) for visit in late)


def is_home(*, visit: Infusion, now: datetime) -> None:
    """Said on the alerts that still wait; a person closes them."""
    with alerts.for_the_desk():
        at = f"{now.astimezone(visit.site.zone):%H:%M}"
        sentence = _("Since then: home, said at %(time)s.") % {"time": at}
    for key in (_call_key(visit), _contact_key(visit)):
        alerts.add(key_begins=key, says=sentence)


def not_home_after_all(*, visit: Infusion) -> None:
    """ "Home" was the wrong visit and is taken back: said on what still waits. What was closed by it is asked anew,
    under keys that are free again."""
    keys = [_call_key(visit), _contact_key(visit)]
    with alerts.for_the_desk():
        sentence = _("That was taken back: nobody knows yet that they are home.")
    for key in keys:
        alerts.add(key_begins=key, says=sentence)
    closed = Alert.objects.filter(key__in=keys, status=AlertStatus.CLOSED)
    closed.update(key=Concat("key", Value(":undone"), output_field=CharField()))


def may_be_home(*, alert: Alert) -> bool:
    """Whether what is done about it may be that they are home."""
    asks = alert.kind in {AlertKind.HOME_UNKNOWN, AlertKind.LEFT_ADVICE}
    return asks and alert.infusion is not None and alert.infusion.state is InfusionStatus.RELEASED


def _expected(visit: Infusion) -> datetime:
    left = visit.released_at or visit.ends_at
    return left + timedelta(minutes=rules.of(infusion=visit).travel_minutes)


def _look(visit: Infusion, state: VisitState, now: datetime) -> bool:
    policy = rules.of(infusion=visit)
    # Nobody can be texted at this hour, or at all: a person calls at once.
    is_asked = any(touch.wanted.kind in plan.HOME and not touch.is_call for touch in plan.everything(state=state))
    call_at = _expected(visit) + timedelta(minutes=policy.home_call_minutes if is_asked else 0)
    if now < call_at:
        return False
    call = _call(visit, now)
    if call.status != AlertStatus.CLOSED and now >= call_at + timedelta(minutes=policy.home_contact_minutes):
        _call_first(visit, call, now)
    return True


def _call(visit: Infusion, now: datetime) -> Alert:
    with alerts.for_the_desk():
        says = _("%(name)s left and has not said “home” yet. Please call.") % {"name": visit.patient.first_name}
    return _open(visit, _call_key(visit), says, _who_took_them(visit), now)


def _call_first(visit: Infusion, call: Alert, now: datetime) -> Alert:
    """Whom the patient said to call first, if they may be; else a clinician decides."""
    first = emergency.to_call_first(patient=visit.patient, now=now)
    words = {"name": visit.patient.first_name}
    if first is None or first.pk == call.designation_id:
        with alerts.for_the_desk():
            says = _("%(name)s is not known to be home, and there is nobody else to call. A clinician decides.") % words
        return _open(visit, _contact_key(visit), says, None, now, first=Role.CLINICIAN)
    words["contact"] = first.person.first_name
    with alerts.for_the_desk():
        says = _("%(name)s is not known to be home. Please call %(contact)s, as %(name)s allowed.") % words
    return _open(visit, _contact_key(visit), says, first, now)


def _who_took_them(visit: Infusion) -> Designation | None:
    held = promise_rows.holder(visit)
    return held.designation if held is not None and held.status == CommitmentStatus.KEPT else None


def _open(
    visit: Infusion, key: str, says: str, designation: Designation | None, now: datetime, first: Role | None = None
) -> Alert:
    return alerts.open_alert(
        kind=AlertKind.HOME_UNKNOWN,
        key=key,
        says=says,
        patient=visit.patient,
        infusion=visit,
        designation=designation,
        now=now,
        once=True,
        first=first,
    )


def _call_key(visit: Infusion) -> str:
    return f"home-unknown:{visit.pk}"


def _contact_key(visit: Infusion) -> str:
    return f"home-contact:{visit.pk}"
