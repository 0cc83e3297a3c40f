"""How a booked infusion is changed: locked, written, told, audited. Used by every door of its state and its time."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from clinic.domain import audit, followers, locks, spoken
from clinic.domain.errors import StaleVersion
from clinic.domain.slots import Slot
from clinic.models import Infusion, StaffMember

WITH = ("site", "patient", "room", "clinician", "policy", "course__protocol")


def locked(*, infusion: Infusion, also: Slot | None = None) -> Infusion:
    """The row as it is now, held until the transaction ends, after the diary locks of its resources (and of ``also``,
    where it is about to go)."""
    now_at = Infusion.objects.only("room_id", "clinician_id", "patient_id").get(pk=infusion.pk)
    locks.diary(
        rooms=[now_at.room_id, *([also.room.pk] if also else [])],
        clinicians=[now_at.clinician_id, *([also.clinician.pk] if also else [])],
        patients=[now_at.patient_id],
    )
    # Its key stays: whoever writes about the visit meanwhile, an alert or a message, does not wait for this.
    rows = Infusion.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related(*WITH).get(pk=infusion.pk)


def write(
    row: Infusion,
    actor: StaffMember | str,
    now: datetime,
    verb: str,
    fields: Mapping[str, object],
    *,
    what: followers.What = "phase",
    note: str = "",
) -> Infusion:
    """Sets ``fields``, raises the version, tells the followers, leaves an audit entry. Needs an open transaction."""
    before = {name: getattr(row, name) for name in fields}
    for name, value in fields.items():
        setattr(row, name, value)
    row.version += 1
    row.save(update_fields=[*fields, "version"])
    tell([row], actor, now, verb, what=what, before=before, note=note)
    return row


def stale(row: Infusion) -> StaleVersion:
    """Says what it is now to somebody who was shown something older."""
    named = {"moment": spoken.say_moment(row.starts_at, row.site), "room": row.room, "status": row.get_status_display()}
    changed = _("It is now on %(moment)s, %(room)s: %(status)s.") % named
    return StaleVersion(_("Somebody changed this visit meanwhile."), changed=changed)


def tell(
    rows: Sequence[Infusion],
    actor: StaffMember | str,
    now: datetime,
    verb: str,
    *,
    what: followers.What,
    before: Mapping[str, object] | None = None,
    note: str = "",
) -> None:
    """Tells the followers about all rows, then leaves the audit entries: last, since writers queue on the chain."""
    who = actor if isinstance(actor, str) else audit.staff(actor)
    followers.tell(
        [followers.Change(infusion=row, what=what, before=dict(before or {}), now=now, actor=who) for row in rows]
    )
    for row in rows:
        audit.record(
            actor=who,
            verb=f"infusion.{verb}",
            now=now,
            patient_id=row.patient_id,
            subject=f"infusion:{row.pk}",
            note=note,
        )
