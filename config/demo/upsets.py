"""What does not go as planned at the demo clinic: a room that is closed next week, people who would come earlier."""

from datetime import datetime, time, timedelta

from clinic.domain import audit, hours, scheduling
from clinic.domain.times import first_valid, local_day
from clinic.enums import InfusionStatus
from clinic.models import Closure, Infusion, Patient
from config.demo.clinic import Clinic
from config.demo.part import Part
from support.domain import own_times, waitlist
from support.models import WaitlistEntry

DAYS_AHEAD = range(5, 12)
# Has one visit more than a week ahead and a helper who can drive on any day before it.
ANY_DAY = "Samuel"
FAR, FARTHEST = timedelta(days=8), timedelta(days=10)


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
        wait_until(last, clinic, now)


def wait_for_any_place(clinic: Clinic, now: datetime) -> None:
    """Whatever is cancelled from tomorrow on suits this patient, so it is offered to them."""
    today = local_day(moment=now, zone=clinic.site.zone)
    part = Part(clinic, patient=Patient.objects.get(site=clinic.site, given_name=ANY_DAY))
    ahead = Infusion.objects.filter(patient=part.patient, status=InfusionStatus.BOOKED, starts_at__gt=now)
    if not ahead.exists():
        free = scheduling.free_slots(
            site=clinic.site,
            protocol=clinic.protocol,
            first_day=today + FAR,
            last_day=today + FARTHEST,
            now=now,
            patient=part.patient,
        )
        part.book_one(free[-1], now)
    own_times.state(
        designation=part.helper(),
        can=True,
        first_day=today,
        last_day=today + FARTHEST,
        actor=audit.staff(clinic.desk),
        now=now,
    )
    wait_until(ahead.select_related("course__patient__site").latest("starts_at"), clinic, now)


def wait_until(visit: Infusion, clinic: Clinic, now: datetime) -> None:
    zone = clinic.site.zone
    first, last = (local_day(moment=moment, zone=zone) for moment in (now, visit.starts_at))
    waitlist.join(course=visit.course, infusion=visit, first_day=first, last_day=last, actor=clinic.desk, now=now)


def wait_no_more(clinic: Clinic, now: datetime) -> None:
    """A day is over: nobody is offered what is put away of it."""
    for entry in WaitlistEntry.objects.filter(closed_at=None, course__patient__site=clinic.site):
        waitlist.leave(entry=entry, actor=clinic.desk, now=now)
