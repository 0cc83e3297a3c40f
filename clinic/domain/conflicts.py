"""When PostgreSQL says no to a booking: which visit, in words, and what is free instead."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import DatabaseError
from django.utils.translation import gettext as _

from clinic.domain import against, attempts
from clinic.domain.calendar import timing
from clinic.domain.diary import Diary
from clinic.domain.errors import Refused, Taken
from clinic.domain.scheduling import free_slots
from clinic.domain.slots import Slot
from clinic.domain.spoken import say_day, say_moment
from clinic.domain.times import local_day
from clinic.models import Course, Infusion, Patient, Protocol, Site

T = TypeVar("T")
ALTERNATIVES = 5
LOOK_AHEAD = timedelta(days=13)
# How long a page of free times may have stood open.
JUST_NOW = timedelta(minutes=10)


def booking(
    work: Callable[[], T],
    *,
    patient: Patient,
    protocol: Protocol,
    slots: Sequence[Slot],
    now: datetime,
    course: Course | None = None,
    ignoring: Infusion | None = None,
) -> T:
    """Runs ``work`` in one transaction. What an exclusion constraint refuses, or a lock that does not come in time,
    is raised as ``Taken`` with the next free starts, those first that keep the days between the visits of ``course``;
    nothing was written. ``Refused`` where the record is gone."""
    try:
        return attempts.run(work)
    except DatabaseError as error:
        code = attempts.code_of(error)
        if attempts.constraint_of(error) == "patient_is_left":
            raise Refused(_("This record was joined with another meanwhile. Open it again.")) from error
        if code not in {attempts.EXCLUDED, attempts.LOCK_TIMEOUT}:
            raise
        refused = error
    if code == attempts.LOCK_TIMEOUT:
        sentences, first = [_("Many people are booking at this moment. Please try again.")], slots[0]
    else:
        sentences, first = _named(refused, patient=patient, protocol=protocol, slots=slots, now=now, ignoring=ignoring)
    offered = _next_free(
        patient=patient, protocol=protocol, after=first.starts_at, now=now, course=course, ignoring=ignoring
    )
    raise Taken(*sentences, alternatives=offered) from refused


def _named(
    error: DatabaseError,
    *,
    patient: Patient,
    protocol: Protocol,
    slots: Sequence[Slot],
    now: datetime,
    ignoring: Infusion | None,
) -> tuple[list[str], Slot]:
    """A sentence for every slot that is gone, and the first of them."""
    site = patient.site
    days = [local_day(moment=slot.starts_at, zone=site.zone) for slot in slots]
    diary = Diary(
        site=site,
        protocol=protocol,
        first_day=min(days),
        last_day=max(days),
        now=now,
        patient=patient,
        ignoring=ignoring,
    )
    gone = []
    for number, slot in enumerate(slots, start=1):
        opening = diary.opening(slot.starts_at)
        if slot.room not in opening.rooms or slot.clinician not in opening.clinicians:
            gone.append((number, slot))
    if len(slots) > 1 and gone:
        sentence = _("Visit %(number)s on %(moment)s was just taken.")
        said = [sentence % {"number": number, "moment": say_moment(slot.starts_at, site)} for number, slot in gone]
        return said, gone[0][1]
    slot = gone[0][1] if gone else slots[0]
    when = timing(protocol=protocol, policy=diary.policy, starts_at=slot.starts_at)
    met = against.met(patient=patient, slot=slot, when=when, ignoring=ignoring)
    busy = [row for row in met if row.starts_at < when.ends_at and slot.starts_at < row.ends_at]
    constraint = attempts.constraint_of(error)
    if constraint == "infusion_patient_never_twice":
        sentence = _("The patient has another visit on %(day)s, from %(from)s to %(until)s.")
        met = [row for row in busy if row.patient_id == patient.pk]
    elif constraint == "infusion_clinician_never_twice":
        sentence = _("%(name)s is with another patient on %(day)s, from %(from)s to %(until)s.")
        met = [row for row in busy if row.clinician_id == slot.clinician.pk]
    else:
        sentence = _("%(room)s is taken on %(day)s, from %(from)s to %(free)s.")
        met = [row for row in met if row.room_id == slot.room.pk]
        if any(_is_new(row, now) for row in met):
            sentence = _("%(room)s was just taken on %(day)s, from %(from)s to %(free)s.")
    return [sentence % _words(slot, row, site) for row in met] or [_("This time was just taken.")], slot


def _is_new(row: Infusion, now: datetime) -> bool:
    """Whether it came there a moment ago, so that somebody may still have seen the place free."""
    return any(at > now - JUST_NOW for at in (row.booked_at, *row.moves.values_list("at", flat=True)))


def _words(slot: Slot, row: Infusion, site: Site) -> dict[str, object]:
    begin, end, free = (at.astimezone(site.zone) for at in (row.starts_at, row.ends_at, row.room_free_at))
    return {
        "day": say_day(begin.date()),
        "from": f"{begin:%H:%M}",
        "until": f"{end:%H:%M}",
        "free": f"{free:%H:%M}",
        "room": slot.room,
        "name": slot.clinician,
    }


def _next_free(
    *,
    patient: Patient,
    protocol: Protocol,
    after: datetime,
    now: datetime,
    course: Course | None,
    ignoring: Infusion | None,
) -> list[Slot]:
    zone = patient.site.zone
    first_day = local_day(moment=max(after, now), zone=zone)
    found = free_slots(
        site=patient.site,
        protocol=protocol,
        first_day=first_day,
        last_day=first_day + LOOK_AHEAD,
        now=now,
        patient=patient,
        ignoring=ignoring,
    )
    later = [slot for slot in found if slot.starts_at >= after] or found
    if course is None:
        return later[:ALTERNATIVES]
    # The days between visits are a matter of the day alone.
    days = {local_day(moment=slot.starts_at, zone=zone): slot.starts_at for slot in later}
    against_it = against.days_between(course=course, moments=list(days.values()), infusion=ignoring)
    keeping = [slot for slot in later if not against_it[days[local_day(moment=slot.starts_at, zone=zone)]]]
    return (keeping or later)[:ALTERNATIVES]
