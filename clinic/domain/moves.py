"""Moving a visit to another time, room or clinician, and taking that back."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _

from clinic.domain import against, changes, conflicts, infusions, premises, standing
from clinic.domain.calendar import timing
from clinic.domain.errors import Finding, Refused
from clinic.domain.slots import Slot
from clinic.enums import InfusionStatus
from clinic.models import Closure, Infusion, Move, StaffMember

UNDO_FOR = timedelta(minutes=10)


def move(
    *,
    infusion: Infusion,
    slot: Slot,
    actor: StaffMember,
    now: datetime,
    version: int,
    override_reason: str = "",
) -> Infusion:
    """To another time, room or clinician, through the same guard as a booking. To where it is already: nothing.

    Raises ``StaleVersion`` when the visit changed since ``version`` was shown, ``AgainstRules`` with all that speaks
    against it. A patient who has arrived can change room and clinician, not the time.
    """

    def work() -> Infusion:
        row = changes.locked(infusion=infusion, also=slot)
        if row.version != version:
            raise changes.stale(row)
        before = place_of(row)
        _refuse_if_over(row, slot)
        if slot == before:
            return row
        found = _go(row, slot, actor, now, "moved", override_reason)
        against.record(infusion=row, found=found, reason=override_reason, actor=actor, now=now, verb="moved")
        Move.objects.create(
            infusion=row,
            version=row.version,
            at=now,
            by=actor,
            from_starts_at=before.starts_at,
            from_room=before.room,
            from_clinician=before.clinician,
            to_starts_at=slot.starts_at,
            to_room=slot.room,
            to_clinician=slot.clinician,
        )
        return row

    return _guarded(work, infusion, slot, now)


def undo(*, infusion: Infusion, actor: StaffMember, now: datetime, version: int | None = None) -> Infusion:
    """Back to the time, room and clinician before the last move, through the same guard; soft rules are not asked
    again. What people had said to the old time stays void: they are asked once more.

    Back into a time that was closed when the visit left it, as it was booked in it before; not into one that closed
    since. Refused after ten minutes, and when it was undone already; ``StaleVersion`` when the visit changed since the
    move, or since ``version`` was shown.
    """
    last = _last(infusion)
    if last is None:
        raise Refused(_("This visit was not moved."))
    slot = Slot(starts_at=last.from_starts_at, room=last.from_room, clinician=last.from_clinician)

    def work() -> Infusion:
        row = changes.locked(infusion=infusion, also=slot)
        last.refresh_from_db(fields=["undone_at"])
        if last.undone_at is not None:
            raise Refused(_("This move is undone already."))
        if row.version != last.version or version not in (None, row.version):
            raise changes.stale(row)
        if now >= last.at + UNDO_FOR:
            raise Refused(_("A move can be undone for ten minutes. Move the visit again instead."))
        _refuse_if_over(row, slot)
        _go(row, slot, actor, now, "moved.undone", None, left_at=last.at)
        last.undone_at = now
        last.save(update_fields=["undone_at"])
        return row

    return _guarded(work, infusion, slot, now)


def undoable(*, infusion: Infusion, now: datetime) -> Move | None:
    """The move that ``undo`` would take back now; None if there is none. For pages."""
    last = _last(infusion) if infusion.version > 1 else None
    if last is None or last.undone_at is not None or last.version != infusion.version or now >= last.at + UNDO_FOR:
        return None
    return last


def place_of(row: Infusion) -> Slot:
    return Slot(starts_at=row.starts_at, room=row.room, clinician=row.clinician)


def _refuse_if_over(row: Infusion, slot: Slot) -> None:
    same_time = row.starts_at == slot.starts_at
    if not (row.state is InfusionStatus.BOOKED or (row.state is InfusionStatus.ARRIVED and same_time)):
        sentence = infusions.not_allowed(infusion=row, to=InfusionStatus.ARRIVED)
        raise Refused(sentence or _("This visit cannot be moved any more."))


def _go(
    row: Infusion,
    slot: Slot,
    actor: StaffMember,
    now: datetime,
    verb: str,
    override_reason: str | None,
    left_at: datetime | None = None,
) -> list[Finding]:
    """Needs the row's lock. The soft rules it goes against; with None for a reason they are not asked.

    ``left_at``: when it left this very place."""
    same_time = row.starts_at == slot.starts_at
    known = standing.of(course=row.course)
    here = premises.under(site=row.site, stamp=known.stamp)
    when = timing(protocol=row.course.protocol, policy=here.policy, starts_at=slot.starts_at)
    found = against.of_move(row=row, slot=slot, when=when, known=known, here=here, now=now)
    if override_reason is None:
        found = [finding for finding in found if finding.is_hard]
    if left_at is not None and not _closed_since(left_at, slot, when.ends_at):
        found = [finding for finding in found if finding.rule != "closed"]
    against.decide(found=found, actor=actor, policy=here.policy, reason=override_reason or "")
    fields: dict[str, object] = {
        "starts_at": slot.starts_at,
        "pickup_from": when.pickup_from,
        "ends_at": when.ends_at,
        "room_free_at": when.room_free_at,
        "room": slot.room,
        "clinician": slot.clinician,
        "policy": here.policy,
    }
    if not same_time:
        fields |= {"late_minutes": None, "late_said_at": None}
    changes.write(row, actor, now, verb, fields, what="moved")
    return found


def _closed_since(moment: datetime, slot: Slot, ends_at: datetime) -> bool:
    """Whether the place, or a part of it, was closed later than the moment."""
    whose = Q(clinician=slot.clinician) | Q(room=slot.room) | Q(site=slot.room.site, room=None, clinician=None)
    closures = Closure.objects.filter(whose, starts_at__lt=ends_at, ends_at__gt=slot.starts_at)
    return closures.exclude(created_at__lte=moment).exists()


def _last(infusion: Infusion) -> Move | None:
    return Move.objects.filter(infusion=infusion).select_related("from_room", "from_clinician").first()


def _guarded(work: Callable[[], Infusion], infusion: Infusion, slot: Slot, now: datetime) -> Infusion:
    return conflicts.booking(
        work,
        patient=infusion.patient,
        protocol=infusion.course.protocol,
        slots=[slot],
        now=now,
        course=infusion.course,
        ignoring=infusion,
    )
