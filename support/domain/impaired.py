"""From the start of a treatment until the clinic's clear time a patient agrees to nothing new. Taking back works at any
time."""

from dataclasses import dataclass
from datetime import datetime

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
    begun = Infusion.objects.filter(patient=patient, started_at__lte=now).exclude(status__in=OFF)
    visit = begun.select_related("site", "policy", "handover").order_by("started_at").last()
    if visit is None:
        return None
    until = driving.earliest(infusion=visit, left_at=visit.released_at or max(visit.ends_at, now))
    return Window(visit=visit, until=until) if until > now else None


def until(*, patient: Patient, now: datetime) -> datetime | None:
    """Until when the patient's own word on something new waits; None where it counts."""
    found = window(patient=patient, now=now)
    return found.until if found is not None else None
