"""Free times."""

from datetime import date, datetime, timedelta
from itertools import islice

from clinic.domain.diary import Diary
from clinic.domain.slots import Slot
from clinic.models import Infusion, Patient, Protocol, Site


def free_slots(
    *,
    site: Site,
    protocol: Protocol,
    first_day: date,
    last_day: date,
    now: datetime,
    patient: Patient | None = None,
    per_day: int | None = None,
    ignoring: Infusion | None = None,
) -> list[Slot]:
    """Every start that can be booked, one room and clinician for each, earliest first.

    Two queries, ten after a change of the premises.

    ``ignoring`` is a visit about to be moved: its own time counts as free.
    """
    diary = Diary(
        site=site,
        protocol=protocol,
        first_day=first_day,
        last_day=last_day,
        now=now,
        patient=patient,
        ignoring=ignoring,
    )
    found: list[Slot] = []
    for offset in range((last_day - first_day).days + 1):
        openings = diary.openings(first_day + timedelta(days=offset))
        found += [Slot(one.starts_at, one.rooms[0], one.clinicians[0]) for one in islice(openings, per_day)]
    return found
