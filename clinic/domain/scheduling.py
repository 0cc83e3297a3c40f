"""Offers: free times, and whole series that fit."""

from datetime import date, datetime, time, timedelta
from itertools import islice

from django.utils.translation import gettext as _

from clinic.domain import spacing as spacings
from clinic.domain.diary import Diary, Opening
from clinic.domain.errors import DoesNotFit
from clinic.domain.rules import say_day
from clinic.domain.slots import Slot
from clinic.domain.spacing import Spacing
from clinic.domain.times import minute_of_day
from clinic.models import Infusion, Patient, Protocol, Room, Site, StaffMember

LOOK_AHEAD_DAYS = 60
REASONS_NAMED = 4


def free_slots(
    *,
    site: Site,
    protocol: Protocol,
    first_day: date,
    last_day: date,
    now: datetime,
    patient: Patient | None = None,
    per_day: int | None = None,
    ignoring: Infusion | None = None,
) -> list[Slot]:
    """Every start that can be booked, one room and clinician for each, earliest first.

    Two queries, nine after a change of the premises.

    ``ignoring`` is a visit about to be moved: its own time counts as free.
    """
    diary = Diary(
        site=site,
        protocol=protocol,
        first_day=first_day,
        last_day=last_day,
        now=now,
        patient=patient,
        ignoring=ignoring,
    )
    found: list[Slot] = []
    for offset in range((last_day - first_day).days + 1):
        openings = diary.openings(first_day + timedelta(days=offset))
        found += [_slot(opening, None) for opening in islice(openings, per_day)]
    return found


def offer_series(
    *,
    site: Site,
    protocol: Protocol,
    patient: Patient,
    first_day: date,
    now: datetime,
    prefer: time | None = None,
) -> list[Slot]:
    """As many starts as the protocol has visits, the first on ``first_day``, all bookable together.

    Spacing comes first (as near to the best as it can), then the same time of day (``prefer`` if given), then
    earliness; room and clinician stay the same where they can. The patient never has two visits on one day.
    Raises ``DoesNotFit`` with the constraint that binds and the next first day that works, looking 60 days ahead.
    """
    wanted = Spacing(protocol.sessions, *protocol.steps[0].gap)
    last_day = first_day + timedelta(days=LOOK_AHEAD_DAYS + wanted.horizon)
    diary = Diary(site=site, protocol=protocol, first_day=first_day, last_day=last_day, now=now, patient=patient)
    usable = 0
    for offset in range((last_day - first_day).days + 1):
        day = first_day + timedelta(days=offset)
        if day not in diary.patient_days and next(diary.openings(day), None) is not None:
            usable |= 1 << offset
    by_day: dict[int, dict[int, Opening]] = {}

    def minutes(offset: int) -> list[int]:
        openings = diary.openings(first_day + timedelta(days=offset))
        by_day[offset] = {minute_of_day(opening.starts_at.astimezone(site.zone)): opening for opening in openings}
        return list(by_day[offset])

    chosen = spacings.choose(
        usable=usable, spacing=wanted, first=0, times=minutes, prefer=None if prefer is None else minute_of_day(prefer)
    )
    if chosen is None:
        raise _refusal(diary=diary, wanted=wanted, first_day=first_day, usable=usable)
    series: list[Slot] = []
    for offset, minute in chosen:
        series.append(_slot(by_day[offset][minute], series[-1] if series else None))
    return series


def _slot(opening: Opening, before: Slot | None) -> Slot:
    """Keeps the room and clinician of the visit before where they are free."""
    room: Room = opening.rooms[0]
    clinician: StaffMember = opening.clinicians[0]
    if before is not None and before.room in opening.rooms:
        room = before.room
    if before is not None and before.clinician in opening.clinicians:
        clinician = before.clinician
    return Slot(starts_at=opening.starts_at, room=room, clinician=clinician)


def _refusal(*, diary: Diary, wanted: Spacing, first_day: date, usable: int) -> DoesNotFit:
    missing = _missing(diary)
    if missing:
        return DoesNotFit(*missing)
    fits = spacings.completable(usable=usable, spacing=wanted)[-1]
    later = next((offset for offset in range(1, LOOK_AHEAD_DAYS + 1) if fits >> offset & 1), None)
    next_start = None if later is None else first_day + timedelta(days=later)
    if not usable & 1:
        return DoesNotFit(why_not(diary=diary, day=first_day), next_start=next_start)
    visit, days = spacings.dead_end(usable=usable, spacing=wanted, first=0)
    offsets = [offset for offset in range(days.bit_length()) if days >> offset & 1]
    reasons = [why_not(diary=diary, day=first_day + timedelta(days=offset)) for offset in offsets[:REASONS_NAMED]]
    window = {
        "visit": visit + 1,
        "first": say_day(first_day + timedelta(days=offsets[0])),
        "last": say_day(first_day + timedelta(days=offsets[-1])),
        "least": wanted.gaps[0],
        "most": wanted.gaps[-1],
    }
    sentence = _(
        "Visit %(visit)s finds no day between %(first)s and %(last)s: visits are %(least)s to %(most)s days apart."
    )
    return DoesNotFit(sentence % window, *reasons, next_start=next_start)


def _missing(diary: Diary) -> list[str]:
    """What no later day can help."""
    found = []
    if not diary.rooms:
        found.append(_("No room is in use."))
    if not diary.clinicians:
        found.append(_("No clinician works here yet."))
    if not diary.calendar.has_hours:
        found.append(_("The clinic has no opening hours yet."))
    elif diary.visit > diary.calendar.longest_span:
        minutes = int(diary.visit.total_seconds() // 60)
        found.append(_("A visit takes %(minutes)s minutes. The clinic is never open that long.") % {"minutes": minutes})
    return found


def why_not(*, diary: Diary, day: date) -> str:
    """The sentence for a day without a free start."""
    named = {"day": say_day(day)}
    if day in diary.patient_days:
        return _("The patient has another visit on %(day)s.") % named
    if not diary.calendar.open_spans(day):
        return _("The clinic is closed on %(day)s.") % named
    starts = list(diary.calendar.starts(day, diary.visit))
    if not starts:
        return _("The clinic is not open long enough on %(day)s.") % named
    starts = [start for start in starts if start >= diary.now]
    if not starts:
        return _("There is no time left on %(day)s.") % named
    closures = [diary.calendar.site_closure((start, start + diary.visit)) for start in starts]
    if all(closures):
        return _("The clinic is closed on %(day)s.") % named
    openings = [diary.opening(start) for start, closure in zip(starts, closures, strict=True) if closure is None]
    if not any(opening.clinicians for opening in openings):
        return _("No clinician is free on %(day)s.") % named
    if not any(opening.rooms for opening in openings):
        return _("No room is free on %(day)s.") % named
    return _("No room and clinician are free at the same time on %(day)s.") % named
