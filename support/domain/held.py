"""Places that are spoken for where a diary takes them for free: several visits leave theirs at once."""

from datetime import datetime

from clinic.domain.calendar import Timing
from clinic.domain.diary import Opening
from clinic.domain.slots import Slot
from clinic.domain.spans import overlap

Span = tuple[datetime, datetime]


class Held:
    """Where visits that may leave still are, and where first offers would take them."""

    def __init__(self) -> None:
        self._rooms: list[tuple[int, int, Span]] = []
        self._clinicians: list[tuple[int, int, Span]] = []

    def hold(self, visit: int, slot: Slot, *, ends_at: datetime, room_free_at: datetime) -> None:
        self._rooms.append((visit, slot.room.pk, (slot.starts_at, room_free_at)))
        self._clinicians.append((visit, slot.clinician.pk, (slot.starts_at, ends_at)))

    def without(self, visit: int, opening: Opening, when: Timing) -> Opening:
        """What is left of an opening for this visit, whose own place is in nobody's way."""
        start = opening.starts_at
        rooms = _taken(self._rooms, visit, (start, when.room_free_at))
        people = _taken(self._clinicians, visit, (start, when.ends_at))
        return Opening(
            start,
            [room for room in opening.rooms if room.pk not in rooms],
            [one for one in opening.clinicians if one.pk not in people],
        )


def _taken(held: list[tuple[int, int, Span]], visit: int, span: Span) -> set[int]:
    return {pk for whose, pk, other in held if whose != visit and overlap(other, span)}
