"""The day itself: what helpers and patients say from their phones, and the clock times they are shown."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from clinic.domain import audit, infusions
from clinic.domain.errors import Refused
from clinic.enums import InfusionStatus
from clinic.models import Infusion, Policy
from support.domain import alerts, promise_rows, rules
from support.enums import HOLDING, AlertKind, CommitmentStatus, SupportRole
from support.models import Alert, Commitment

LONGEST_ETA_MINUTES = 240


@dataclass(frozen=True, kw_only=True)
class Fasting:
    """UTC moments; show them on the clinic's clock."""

    no_food_after: datetime
    no_drinks_after: datetime


def fasting(*, infusion: Infusion, policy: Policy) -> Fasting:
    """Elapsed time before the start, whatever the clocks do that night."""
    return Fasting(
        no_food_after=infusion.starts_at - timedelta(hours=policy.solids_hours),
        no_drinks_after=infusion.starts_at - timedelta(minutes=policy.clear_liquids_minutes),
    )


def pickup_window(*, infusion: Infusion, now: datetime) -> tuple[datetime, datetime]:
    """From when to when somebody should be near: as booked, moved by what the day has shown so far."""
    leaves = rules.leaves_from(infusion=infusion)
    if infusion.ready_at is not None:
        start = max(infusion.ready_at, leaves or infusion.ready_at)
        return start, max(start, infusion.ends_at)
    length = infusion.ends_at - infusion.pickup_from
    start = max(infusion.pickup_from + behind(infusion=infusion), leaves or now, now)
    return start, start + length


def needed_from(*, role: str, visit: Infusion) -> datetime:
    """From when a visit asks something of somebody in this role: who drives comes for its end, who is there in the
    evening after it."""
    moments = {SupportRole.RIDE: visit.pickup_from, SupportRole.FOLLOWUP: visit.ends_at}
    return moments.get(SupportRole(role), visit.starts_at)


def leaves_at(*, visit: Infusion) -> datetime:
    """When the patient could leave at the earliest: as booked, or once they are ready where that is later."""
    return max(visit.ends_at, visit.ready_at or visit.ends_at)


def behind(*, infusion: Infusion) -> timedelta:
    """How far the day runs behind its booking."""
    if infusion.started_at is not None:
        prep = timedelta(minutes=infusion.course.protocol.prep_minutes)
        return max(infusion.started_at - (infusion.starts_at + prep), timedelta())
    if infusion.arrived_at is not None:
        return max(infusion.arrived_at - infusion.starts_at, timedelta())
    return timedelta(minutes=infusion.late_minutes or 0)


def on_the_way(*, commitment: Commitment, minutes: int, now: datetime) -> Commitment:
    """A tap, not a location. The board shows it."""
    if not 1 <= minutes <= LONGEST_ETA_MINUTES:
        raise Refused(_("Say how many minutes you need."))
    with transaction.atomic():
        row = _coming(commitment)
        row.eta_minutes, row.on_the_way_at = minutes, now
        row.save(update_fields=["eta_minutes", "on_the_way_at"])
        _note(row, "commitment.on_the_way", now)
        return row


def outside(*, commitment: Commitment, car: str, now: datetime) -> Commitment:
    """They are here. Idempotent; a car named later is added."""
    with transaction.atomic():
        row = _coming(commitment)
        row.outside_at = row.outside_at or now
        row.car = car[:60] or row.car
        row.save(update_fields=["outside_at", "car"])
        _note(row, "commitment.outside", now)
        return row


def patient_late(*, infusion: Infusion, minutes: int, now: datetime, actor: str = "") -> Infusion:
    who = actor or f"patient:{infusion.patient_id}"
    return infusions.say_late(infusion=infusion, minutes=minutes, actor=who, now=now)


def patient_cannot_come(*, infusion: Infusion, now: datetime, actor: str = "") -> Alert:
    """The desk calls. Nothing is cancelled: a person does that, with another day in hand."""
    with transaction.atomic():
        visit = promise_rows.locked(infusion_id=infusion.pk)
        if InfusionStatus(visit.status) is not InfusionStatus.BOOKED:
            raise Refused(_("This visit has begun or is over. Please call us."))
        with alerts.for_the_desk():
            when = alerts.when(visit)
            sentence = _("%(name)s can't come %(when)s. Please call and find another day.")
        alert = alerts.open_alert(
            kind=AlertKind.CANT_COME,
            key=alerts.time_key("patient-cant", visit),
            says=sentence % {"name": visit.patient.first_name, "when": when},
            patient=visit.patient,
            infusion=visit,
            now=now,
        )
        audit.record(
            actor=actor or f"patient:{visit.patient_id}",
            verb="infusion.cannot_come",
            now=now,
            patient_id=visit.patient_id,
            subject=f"infusion:{visit.pk}",
        )
        return alert


def _coming(commitment: Commitment) -> Commitment:
    visit = promise_rows.locked(infusion_id=commitment.infusion_id)
    row = Commitment.objects.select_related("infusion").get(pk=commitment.pk)
    if row.status == CommitmentStatus.VOID or row.for_starts_at != visit.starts_at:
        raise Refused(_("The time of this visit has changed. Please look at the new time."))
    if row.status not in HOLDING:
        raise Refused(_("You do not have this date."))
    if InfusionStatus(visit.status) in promise_rows.LEFT or not visit.state.is_live:
        raise Refused(_("This visit is over."))
    return row


def _note(row: Commitment, verb: str, now: datetime) -> None:
    audit.record(
        actor=f"designation:{row.designation_id}",
        verb=verb,
        now=now,
        patient_id=row.infusion.patient_id,
        subject=f"commitment:{row.pk}",
    )
