"""Whom the desk calls about an alert, the one who can help most first."""

from dataclasses import dataclass
from datetime import datetime

from clinic.models import Patient
from support.domain import desk_news, way_home
from support.domain.way_home import WayHome
from support.enums import AlertKind
from support.models import Alert, Designation, SupportPerson

# Keys of the calls about a way home.
ABOUT_A_RIDE = (desk_news.LOST, "ride-", "cover:", "ladder:")

# Of somebody who left: they are called, and whoever is with them or was named to be called.
ABOUT_THEM_AND_WHOM = frozenset({AlertKind.HOME_UNKNOWN, AlertKind.LEFT_ADVICE})


@dataclass(frozen=True, kw_only=True)
class Calls:
    """``people`` each once, first first; ``way`` is how the ride home stands now, where the alert is about one."""

    people: list[Patient | SupportPerson]
    way: WayHome | None = None


def of(*, alert: Alert, now: datetime) -> Calls:
    """Where a way home is missing: who has it after all, then who is asked and has not answered, in the patient's
    order, then the patient unless they are here, last who cannot come. Else the one the alert is about. Three queries
    at most."""
    helper: list[Patient | SupportPerson] = [alert.designation.person] if alert.designation else []
    if alert.kind in ABOUT_THEM_AND_WHOM:
        patient = [alert.patient] if alert.patient is not None else []
        # Whoever took them home first; who left alone answers for themselves.
        first, then = (patient, helper) if alert.kind == AlertKind.LEFT_ADVICE else (helper, patient)
        return Calls(people=list(dict.fromkeys([*first, *then])))
    if alert.infusion is None or not is_about_a_ride(alert):
        return Calls(people=helper or ([alert.patient] if alert.patient is not None else []))
    way = way_home.of(infusions=[alert.infusion], now=now)[alert.infusion.pk]
    rides = [*([way.held] if way.held else []), *way.asked]
    named = Designation.objects.select_related("person").in_bulk([ride.designation_id for ride in rides])
    people: list[Patient | SupportPerson] = [named[ride.designation_id].person for ride in rides]
    patient = [] if alert.infusion.state.in_the_house else [alert.infusion.patient]
    return Calls(people=list(dict.fromkeys([*people, *patient, *helper])), way=way)


def is_about_a_ride(alert: Alert) -> bool:
    """A patient who cannot come needs another day, not another driver."""
    return alert.kind in {AlertKind.NOBODY_CAME, AlertKind.ON_CALL} or alert.key.startswith(ABOUT_A_RIDE)
