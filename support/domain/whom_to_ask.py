"""Who is passed over: whom the patient does not name for it then, who said that they cannot then, and for a ride who is
under 18 or would have more of them than they said. Changes nothing."""

from collections.abc import Sequence

from clinic.models import Infusion
from support.domain import availability, load
from support.domain.helper_dates import own_window
from support.enums import SupportRole
from support.models import Commitment


def left(*, rows: Sequence[Commitment], visit: Infusion) -> list[Commitment]:
    """Of these promises to one visit, written or only thought of, those that may be asked for. One query where somebody
    said a number; one for each person whose times were not read along."""
    named = [row for row in rows if row.designation.names_for(row.role, visit.starts_at)]
    rides = [row.designation for row in named if row.role == SupportRole.RIDE]
    too_much = load.over_caps(designations=rides, visit=visit)
    return [
        row
        for row in named
        if not _cannot_then(row, visit) and (row.role != SupportRole.RIDE or row.designation_id not in too_much)
    ]


def _cannot_then(row: Commitment, visit: Infusion) -> bool:
    begins, ends = own_window(row)
    said = row.designation.person.availability.all()
    return availability.fits(rows=said, pickup_from=begins, ends_at=ends, zone=visit.site.zone) is False
