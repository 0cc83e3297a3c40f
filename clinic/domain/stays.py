"""A visit that lasts longer than planned: its room, its clinician and its patient are held until then."""

from datetime import datetime, timedelta

from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _

from clinic.domain import against, attempts, changes, policies, premises, spoken, times
from clinic.domain.calendar import Calendar, Timing, timing
from clinic.domain.errors import Refused
from clinic.domain.slots import Slot
from clinic.enums import InfusionStatus
from clinic.models import Infusion, StaffMember
from clinic.models.infusion import LONGEST_VISIT

OVER = frozenset({InfusionStatus.RELEASED, InfusionStatus.HOME, InfusionStatus.CANCELLED, InfusionStatus.NO_SHOW})


def lengthen(*, infusion: Infusion, until: datetime, actor: StaffMember, now: datetime) -> Infusion:
    """To ``until`` and the turnaround after it; never shorter. Refused in sentences that name who stands there."""

    def work() -> Infusion:
        row = changes.locked(infusion=infusion)
        if row.state in OVER:
            raise Refused(_("This visit is over."))
        if until > row.ends_at:
            hold(row=row, until=until)
            changes.write(row, actor, now, "stays_longer", {}, what="stay")
        return row

    return attempts.run_or_refuse(work)


def as_planned(*, infusion: Infusion, actor: StaffMember, now: datetime) -> Infusion:
    """What was held beyond the plan is given back. Of a visit that is over nothing changes."""

    def work() -> Infusion:
        row = changes.locked(infusion=infusion)
        planned = _planned(row)
        if row.state not in OVER and planned.ends_at < row.ends_at:
            fields = {"ends_at": planned.ends_at, "room_free_at": planned.room_free_at}
            changes.write(row, actor, now, "stays_as_planned", fields, what="stay")
        return row

    return attempts.run_or_refuse(work)


def hold(*, row: Infusion, until: datetime) -> None:
    """Writes the later end to a row that is locked, and tells nobody. Refused where PostgreSQL finds somebody there;
    then the row is as it was."""
    before = row.ends_at, row.room_free_at
    when = _until(row, until)
    if when.room_free_at > row.starts_at + LONGEST_VISIT:
        hours = LONGEST_VISIT // timedelta(hours=1)
        raise Refused(_("A visit takes %(hours)s hours at most.") % {"hours": hours})
    row.ends_at, row.room_free_at = when.ends_at, when.room_free_at
    try:
        with transaction.atomic():
            row.save(update_fields=["ends_at", "room_free_at"])
    except DatabaseError as error:
        row.ends_at, row.room_free_at = before
        if attempts.code_of(error) != attempts.EXCLUDED:
            raise
        taken = in_the_way(infusion=row, until=until) or [_("This time was just taken.")]
        raise Refused(*taken) from error


def in_the_way(*, infusion: Infusion, until: datetime) -> list[str]:
    """Who needs the room, the clinician or the patient before then, a sentence for each. One query."""
    here = Slot(starts_at=infusion.starts_at, room=infusion.room, clinician=infusion.clinician)
    rows = against.met(patient=infusion.patient, slot=here, when=_until(infusion, until), ignoring=infusion)
    return [_who_stands_there(infusion, row) for row in rows.select_related("patient", "room")]


def closes_before(*, infusion: Infusion, until: datetime) -> datetime | None:
    """When the clinic closes on the visit's day, by its hours or a closed time, where that is earlier; None where it is
    not, or is not known."""
    calendar = Calendar(premises.of(site=infusion.site))
    day = times.local_day(moment=infusion.starts_at, zone=infusion.site.zone)
    ends = [max(end for _begin, end in spans)] if (spans := calendar.open_spans(day)) else []
    if (closed := calendar.site_closure((infusion.starts_at, until))) is not None:
        ends.append(closed[0])
    return min((end for end in ends if end < until), default=None)


def _planned(row: Infusion) -> Timing:
    return timing(protocol=row.course.protocol, policy=policies.under(infusion=row), starts_at=row.starts_at)


def _until(row: Infusion, until: datetime) -> Timing:
    turnaround = timedelta(minutes=row.course.protocol.turnaround_minutes)
    return Timing(pickup_from=row.pickup_from, ends_at=until, room_free_at=until + turnaround)


def _who_stands_there(infusion: Infusion, row: Infusion) -> str:
    at = {"moment": spoken.say_moment(row.starts_at, infusion.site), "name": row.patient.short_name}
    if row.patient_id == infusion.patient_id:
        return _("The patient has another visit on %(moment)s.") % at
    if row.room_id == infusion.room_id:
        return _("%(room)s is needed for %(name)s on %(moment)s.") % {**at, "room": infusion.room.name}
    return _("%(clinician)s is with %(name)s on %(moment)s.") % {**at, "clinician": infusion.clinician.short_name}
