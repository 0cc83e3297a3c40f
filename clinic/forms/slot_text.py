"""A free time as a form field carries it, and as it comes back: ``2026-03-03T14:15:00+00:00~7~12``."""

from datetime import datetime

from clinic.domain.slots import Slot


def written(slot: Slot) -> str:
    return f"{slot.starts_at.isoformat()}~{slot.room.pk}~{slot.clinician.pk}"


def parts(text: str) -> tuple[datetime, int, int]:
    """Start, room's and clinician's id. Raises ValueError for what nobody wrote: visits begin on the minute, in our
    days. Whose room and clinician are is not looked up."""
    start, room, clinician = text.split("~")
    starts_at = datetime.fromisoformat(start)
    is_sane = 2000 < starts_at.year < 2200 and not starts_at.second and not starts_at.microsecond
    if starts_at.tzinfo is None or not is_sane or not (0 < int(room) < 2**62 and 0 < int(clinician) < 2**62):
        raise ValueError(text)
    return starts_at, int(room), int(clinician)
