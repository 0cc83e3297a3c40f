"""Moving a visit to another time, room or clinician."""

from datetime import datetime

from django.utils.translation import gettext as _

from clinic.domain import changes, conflicts, infusions, policies, rules
from clinic.domain.calendar import timing
from clinic.domain.errors import Refused, StaleVersion
from clinic.domain.slots import Slot
from clinic.enums import InfusionStatus
from clinic.models import Infusion, StaffMember


def move(*, infusion: Infusion, slot: Slot, actor: StaffMember, now: datetime, version: int) -> Infusion:
    """To another time, room or clinician, through the same guard as a booking.

    Raises ``StaleVersion`` when the visit changed since ``version`` was shown. A patient who has arrived can change
    room and clinician, not the time.
    """

    def work() -> Infusion:
        row = changes.locked(infusion=infusion, also=slot)
        if row.version != version:
            raise StaleVersion(_("Somebody changed this visit meanwhile."), changed=_now_is(row))
        same_time = row.starts_at == slot.starts_at
        if not (row.state is InfusionStatus.BOOKED or (row.state is InfusionStatus.ARRIVED and same_time)):
            sentence = infusions.not_allowed(infusion=row, to=InfusionStatus.ARRIVED)
            raise Refused(sentence or _("This visit cannot be moved any more."))
        if same_time and (row.room, row.clinician) == (slot.room, slot.clinician):
            return row
        policy = policies.current(site=row.site)
        when = timing(protocol=row.course.protocol, policy=policy, starts_at=slot.starts_at)
        against = rules.against(site=row.site, slots=[(slot, when)], now=now, past_is_fine=same_time)
        if against:
            raise Refused(*against)
        fields: dict[str, object] = {
            "starts_at": slot.starts_at,
            "pickup_from": when.pickup_from,
            "ends_at": when.ends_at,
            "room_free_at": when.room_free_at,
            "room": slot.room,
            "clinician": slot.clinician,
            "policy": policy,
        }
        if not same_time:
            fields |= {"late_minutes": None, "late_said_at": None}
        return changes.write(row, actor, now, "moved", fields, what="moved")

    return conflicts.booking(
        work,
        patient=infusion.patient,
        protocol=infusion.course.protocol,
        slots=[slot],
        now=now,
        ignoring=infusion,
    )


def _now_is(row: Infusion) -> str:
    named = {"moment": rules.say_moment(row.starts_at, row.site), "room": row.room, "status": row.get_status_display()}
    return _("It is now on %(moment)s, %(room)s: %(status)s.") % named
