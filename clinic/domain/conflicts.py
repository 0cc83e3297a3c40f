"""When PostgreSQL says no to a booking: which visit, in words, and what is free instead."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import TypeVar

from django.db import DatabaseError
from django.utils.translation import gettext as _

from clinic.domain import against, attempts
from clinic.domain.diary import Diary
from clinic.domain.errors import Refused, Taken
from clinic.domain.slots import Slot
from clinic.domain.spoken import say_day, say_moment
from clinic.domain.times import local_day
from clinic.models import Course, Infusion, Patient, Protocol, Site

T = TypeVar("T")
ALTERNATIVES = 5
LOOK_AHEAD = timedelta(days=13)
NOON = time(12)
OF_WHO_IS_THERE = ("starts_at", "ends_at", "room_free_at", "booked_at", "room", "clinician", "patient")
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
    look = _Look(patient=patient, protocol=protocol, slots=slots, now=now, course=course, ignoring=ignoring)
    if code == attempts.LOCK_TIMEOUT:
        sentences, first = [_("Many people are booking at this moment. Please try again.")], slots[0]
    else:
        sentences, first = look.named(refused)
    raise Taken(*sentences, alternatives=look.next_free(first.starts_at)) from refused


class _Look:
    """The diary as it is after the refusal, from the first of the slots on."""

    def __init__(
        self,
        *,
        patient: Patient,
        protocol: Protocol,
        slots: Sequence[Slot],
        now: datetime,
        course: Course | None,
        ignoring: Infusion | None,
    ) -> None:
        self.patient, self.protocol, self.slots, self.now = patient, protocol, slots, now
        self.course, self.ignoring, self.site = course, ignoring, patient.site
        days = [self._day(slot.starts_at) for slot in slots]
        self.diary = Diary(
            site=self.site,
            protocol=protocol,
            first_day=min(days),
            last_day=max(max(days), self._day(now)) + LOOK_AHEAD,
            now=now,
            patient=patient,
            ignoring=ignoring,
        )

    def _day(self, moment: datetime) -> date:
        return local_day(moment=moment, zone=self.site.zone)

    def named(self, error: DatabaseError) -> tuple[list[str], Slot]:
        """A sentence for every slot that is gone, and the first of them."""
        if len(self.slots) == 1:
            return self._one(error, self.slots[0]), self.slots[0]
        gone = []
        for number, slot in enumerate(self.slots, start=1):
            opening = self.diary.opening(slot.starts_at)
            if slot.room not in opening.rooms or slot.clinician not in opening.clinicians:
                gone.append((number, slot))
        if not gone:
            return self._one(error, self.slots[0]), self.slots[0]
        sentence = _("Visit %(number)s on %(moment)s was just taken.")
        said = [sentence % {"number": number, "moment": say_moment(slot.starts_at, self.site)} for number, slot in gone]
        return said, gone[0][1]

    def _one(self, error: DatabaseError, slot: Slot) -> list[str]:
        when = self.diary.timing(slot.starts_at)
        met = list(
            against.met(patient=self.patient, slot=slot, when=when, ignoring=self.ignoring).only(*OF_WHO_IS_THERE)
        )
        busy = [row for row in met if row.starts_at < when.ends_at and slot.starts_at < row.ends_at]
        constraint = attempts.constraint_of(error)
        if constraint == "infusion_patient_never_twice":
            sentence = _("The patient has another visit on %(day)s, from %(from)s to %(until)s.")
            met = [row for row in busy if row.patient_id == self.patient.pk]
        elif constraint == "infusion_clinician_never_twice":
            sentence = _("%(name)s is with another patient on %(day)s, from %(from)s to %(until)s.")
            met = [row for row in busy if row.clinician_id == slot.clinician.pk]
        else:
            sentence = _("%(room)s is taken on %(day)s, from %(from)s to %(free)s.")
            met = [row for row in met if row.room_id == slot.room.pk]
            if any(_is_new(row, self.now) for row in met):
                sentence = _("%(room)s was just taken on %(day)s, from %(from)s to %(free)s.")
        return [sentence % _words(slot, row, self.site) for row in met] or [_("This time was just taken.")]

    def next_free(self, after: datetime) -> list[Slot]:
        """From there on: on days that keep the days between the course's visits, else on any, else any at all."""
        first = self._day(max(after, self.now))
        days = [first + timedelta(days=offset) for offset in range(LOOK_AHEAD.days + 1)]
        return self._on(self._keeping(days), after) or self._on(days, after) or self._on(days, self.now)

    def _on(self, days: Sequence[date], after: datetime) -> list[Slot]:
        openings = (one for day in days for one in self.diary.openings(day) if one.starts_at >= after)
        return [Slot(one.starts_at, one.rooms[0], one.clinicians[0]) for one in islice(openings, ALTERNATIVES)]

    def _keeping(self, days: Sequence[date]) -> list[date]:
        if self.course is None:
            return list(days)
        noons = {day: datetime.combine(day, NOON, tzinfo=self.site.zone) for day in days}
        speaks = against.days_between(course=self.course, moments=list(noons.values()), infusion=self.ignoring)
        return [day for day in days if not speaks[noons[day]]]


def _is_new(row: Infusion, now: datetime) -> bool:
    """Whether it came there a moment ago, so that somebody may still have seen the place free."""
    since = now - JUST_NOW
    return row.booked_at > since or row.moves.filter(at__gt=since).exists()


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
