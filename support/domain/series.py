"""Planning a series with both sides in view: what the clinic has free, and who could drive the patient home."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils.translation import gettext as _

from clinic.domain import planning, policies
from clinic.domain.calendar import timing
from clinic.domain.errors import Refused
from clinic.domain.planning import Outlook, Proposed, Visit, Wanted
from clinic.domain.slots import Slot
from clinic.domain.study import HORIZON_DAYS, Relaxed, Stretch
from clinic.domain.times import local_day
from clinic.models import Patient, Protocol, Site
from support.domain import places, rules
from support.domain.drivers import Drivers
from support.domain.places import Place
from support.enums import SupportRole
from support.models import Designation


@dataclass(frozen=True)
class Look:
    """``has_drivers``: whether the patient named anybody for the way home. Without, plans do not look at rides.
    ``says``: about the place that was pointed at, where it is not booked as it is."""

    outlook: Outlook
    has_drivers: bool
    says: str = ""


def look(
    *,
    patient: Patient,
    protocol: Protocol,
    stretch: Stretch,
    now: datetime,
    prefer: time | None = None,
    relaxed: Relaxed | None = None,
    place: Place | None = None,
) -> Look:
    """``place`` is what somebody pointed at on the schedule: a course of one visit is offered there first, a longer one
    in its room or with its clinician where they are free."""
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
        wanted=Wanted(room=place.room, clinician=place.clinician) if place else None,
    )
    if place is None or stretch.visits > 1 or relaxed:
        return Look(outlook, bool(drivers))
    try:
        slot = places.slot(place=place, patient=patient, protocol=protocol, now=now)
    except Refused as refused:
        return Look(outlook, bool(drivers), str(refused))
    is_earlier = slot.starts_at < place.starts_at
    here = _here(slot, protocol, drivers, is_earlier=is_earlier)
    others = [offer for offer in outlook.offers if offer.last.starts_at != slot.starts_at]
    says = places.earlier(place=place, slot=slot, site=patient.site) if is_earlier else ""
    return Look(Outlook([here, *others]), bool(drivers), says)


def _here(slot: Slot, protocol: Protocol, drivers: Drivers, *, is_earlier: bool) -> Proposed:
    when = timing(protocol=protocol, policy=policies.current(site=protocol.site), starts_at=slot.starts_at)
    could = tuple(drivers.at(when.pickup_from, when.ends_at))
    chosen = _("Nearest to the time you chose") if is_earlier else _("The time you chose on the schedule")
    return Proposed(good_at=(chosen,), visits=(Visit(slot, could),), to_place=0)


def first_day(*, site: Site, now: datetime) -> date:
    """The first of the clinic's days on which a helper can still be asked in time, and the patient told how to prepare:
    what a form begins with. An earlier day can be chosen by hand."""
    policy = rules.at(site=site)
    drinks = timedelta(minutes=policy.clear_liquids_minutes)
    hours = max(policy.ask_hours, policy.solids_hours, policy.alcohol_hours)
    return local_day(moment=now + max(timedelta(hours=hours), drinks), zone=site.zone) + timedelta(days=1)
