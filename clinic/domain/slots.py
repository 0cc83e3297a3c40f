"""One place in the diary."""

from dataclasses import dataclass
from datetime import datetime

from clinic.models import Room, StaffMember


@dataclass(frozen=True)
class Slot:
    """A start that can be booked: when (aware), where and with whom."""

    starts_at: datetime
    room: Room
    clinician: StaffMember
