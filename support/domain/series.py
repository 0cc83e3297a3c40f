"""Planning a series with both sides in view: what the clinic has free, and who could drive the patient home."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from clinic.domain import planning
from clinic.domain.planning import Outlook
from clinic.domain.study import HORIZON_DAYS, Relaxed, Stretch
from clinic.domain.times import local_day
from clinic.models import Patient, Protocol, Site
from support.domain import rules
from support.domain.drivers import Drivers
from support.enums import SupportRole
from support.models import Designation


@dataclass(frozen=True)
class Look:
    """``has_drivers``: whether the patient named anybody for the way home. Without, plans do not look at rides."""

    outlook: Outlook
    has_drivers: bool


def look(
    *,
    patient: Patient,
    protocol: Protocol,
    stretch: Stretch,
    now: datetime,
    prefer: time | None = None,
    relaxed: Relaxed | None = None,
) -> Look:
    last_day = stretch.first_day + timedelta(days=HORIZON_DAYS)
    drivers = Drivers(patient=patient, first_day=stretch.first_day, last_day=last_day)
    company = Designation.objects.filter(
        patient=patient, withdrawn_at=None, roles__contains=[SupportRole.PRESENCE]
    ).exists()
    outlook = planning.outlook(
        site=patient.site,
        patient=patient,
        protocol=protocol,
        stretch=stretch,
        now=now,
        prefer=prefer,
        could_drive=drivers.at if drivers else None,
        company=company,
        relaxed=relaxed,
    )
    return Look(outlook, bool(drivers))


def first_day(*, site: Site, now: datetime) -> date:
    """The first of the clinic's days on which a helper can still be asked in time, and the patient told how to prepare:
    what a form begins with. An earlier day can be chosen by hand."""
    policy = rules.at(site=site)
    drinks = timedelta(minutes=policy.clear_liquids_minutes)
    hours = max(policy.ask_hours, policy.solids_hours, policy.alcohol_hours)
    return local_day(moment=now + max(timedelta(hours=hours), drinks), zone=site.zone) + timedelta(days=1)
