"""The earliest time to drive under the clinic's rule, and the night's sleep it waits for."""

from datetime import datetime, time, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from clinic.domain import times
from clinic.domain.errors import Refused
from clinic.enums import Role
from clinic.models import Infusion
from support.domain import alerts, leaving, rules
from support.models import Handover

# After a night's sleep: this time of the next day, on the clinic's clock.
MORNING = time(8)


def drive_from(*, infusion: Infusion) -> datetime | None:
    """No verdict on anybody's fitness. None before the patient has left."""
    return earliest(infusion=infusion, left_at=infusion.released_at) if infusion.released_at is not None else None


def earliest(*, infusion: Infusion, left_at: datetime) -> datetime:
    """The same of a patient who leaves at that time."""
    policy = rules.of(infusion=infusion)
    by_the_clock = left_at + timedelta(hours=policy.drive_block_hours)
    if not policy.sleep_required:
        return by_the_clock
    given = getattr(infusion, "handover", None) if infusion.released_at is not None else None
    return max(by_the_clock, _morning_after(infusion, _evening(left_at, given)))


def is_sleep_asked(*, infusion: Infusion, given: Handover | None, now: datetime) -> bool:
    """From the morning after leaving, and again after a bad night, until they slept well."""
    if infusion.released_at is None or given is None or given.slept_well_at is not None:
        return False
    return now >= _morning_after(infusion, _evening(infusion.released_at, given))


def say_slept(*, infusion: Infusion, is_well: bool, now: datetime, actor: str) -> Handover:
    """How the patient slept. Refused before the morning. After a night that was not so well the time moves to the
    morning after the next, where the rules want sleep, and somebody calls."""
    with transaction.atomic():
        held = Handover.objects.select_for_update(of=("self",)).select_related("infusion__site", "infusion__patient")
        row = held.get(infusion=infusion)
        if row.slept_well_at is not None:
            return row
        if not is_sleep_asked(infusion=row.infusion, given=row, now=now):
            raise Refused(_("Tell us tomorrow morning."))
        field, verb = ("slept_well_at", "slept_well") if is_well else ("slept_badly_at", "slept_badly")
        setattr(row, field, now)
        row.save(update_fields=[field])
        leaving.note(row, actor, f"handover.{verb}", now)
        if not is_well:
            _somebody_calls(row, now)
        return row


def _somebody_calls(row: Handover, now: datetime) -> None:
    visit = row.infusion
    with alerts.for_the_desk():
        sentence = _("%(name)s did not sleep so well after the visit. Please call, and ask how they are.")
        says = sentence % {"name": visit.patient.first_name}
    day = times.local_day(moment=now, zone=visit.site.zone)
    alerts.call_task(key=f"slept:{visit.pk}:{day:%Y%m%d}", says=says, visit=visit, now=now, first=Role.NURSE)


def _evening(left: datetime, given: Handover | None) -> datetime:
    """Before the night that counts."""
    return (given.slept_badly_at if given is not None else None) or left


def _morning_after(infusion: Infusion, evening: datetime) -> datetime:
    zone = infusion.site.zone
    day = times.local_day(moment=evening, zone=zone) + timedelta(days=1)
    return times.first_valid(day=day, at=MORNING, zone=zone)
