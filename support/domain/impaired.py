"""From the start of a treatment until the clinic's clear time a patient agrees to nothing new. Taking back works at any
time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from clinic.enums import OFF
from clinic.models import Infusion, Patient
from support.domain import driving


@dataclass(frozen=True, kw_only=True)
class Window:
    """``until`` (UTC) is what the clinic's rule makes of the time the patient left; while they are still in the house,
    of the time they should, so it may come later yet."""

    visit: Infusion
    until: datetime


def window(*, patient: Patient, now: datetime) -> Window | None:
    """The window this moment lies in. One query, two where the visit keeps no rules."""
    return next((_of(visit, now) for visit in _newest([patient], now)), None)


def among(*, patients: Sequence[Patient], now: datetime) -> set[int]:
    """Who of these, by id, is within one. One query, one more for each visit that keeps no rules."""
    return {visit.patient_id for visit in _newest(patients, now) if _of(visit, now) is not None}


def _newest(patients: Sequence[Patient], now: datetime) -> QuerySet[Infusion]:
    """Of each the treatment that began last."""
    begun = Infusion.objects.filter(patient__in=patients, started_at__lte=now).exclude(status__in=OFF)
    newest = begun.order_by("patient_id", "-started_at").distinct("patient_id")
    return newest.select_related("site", "policy", "handover")


def _of(visit: Infusion, now: datetime) -> Window | None:
    until = driving.earliest(infusion=visit, left_at=visit.released_at or max(visit.ends_at, now))
    return Window(visit=visit, until=until) if until > now else None


def until(*, patient: Patient, now: datetime) -> datetime | None:
    """Until when the patient's own word on something new waits; None where it counts."""
    found = window(patient=patient, now=now)
    return found.until if found is not None else None
