"""What does not go as planned at the demo clinic: a room that is closed next week, somebody who would come earlier."""

from datetime import datetime, time, timedelta

from clinic.domain import hours
from clinic.domain.times import first_valid, local_day
from clinic.enums import InfusionStatus
from clinic.models import Closure, Infusion
from config.demo.clinic import Clinic
from support.domain import waitlist
from support.models import WaitlistEntry

DAYS_AHEAD = range(5, 12)


def close_a_room(clinic: Clinic, now: datetime) -> None:
    """The first day from five days on that has a visit in the second room; nothing while a closure is ahead."""
    zone, room = clinic.site.zone, clinic.rooms[1]
    if Closure.objects.filter(site=clinic.site, ends_at__gt=now).exists():
        return
    booked = Infusion.objects.filter(room=room, status=InfusionStatus.BOOKED)
    days = {local_day(moment=at, zone=zone) for at in booked.values_list("starts_at", flat=True)}
    today = local_day(moment=now, zone=zone)
    for day in (today + timedelta(days=offset) for offset in DAYS_AHEAD):
        if day in days:
            hours.close(
                site=clinic.site,
                room=room,
                starts_at=first_valid(day=day, at=time(7), zone=zone),
                ends_at=first_valid(day=day, at=time(19), zone=zone),
                reason="The painters come",
                actor=clinic.desk,
                now=now,
            )
            return


def wait_for_a_place(clinic: Clinic, now: datetime) -> None:
    """Whose next visit is farthest away would come earlier; nothing while somebody waits."""
    if WaitlistEntry.objects.filter(closed_at=None, course__patient__site=clinic.site).exists():
        return
    ahead = Infusion.objects.filter(site=clinic.site, status=InfusionStatus.BOOKED, starts_at__gt=now)
    last = ahead.select_related("course__patient__site").order_by("-starts_at").first()
    if last is not None:
        waitlist.join(
            course=last.course,
            infusion=last,
            first_day=local_day(moment=now, zone=clinic.site.zone),
            last_day=local_day(moment=last.starts_at, zone=clinic.site.zone),
            actor=clinic.desk,
            now=now,
        )
