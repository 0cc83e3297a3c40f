"""Who waits for an earlier time or for any, and what happens when a place becomes free."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from clinic.domain import attempts, audit, locks, standing
from clinic.domain.errors import Refused
from clinic.domain.followers import Change
from clinic.domain.slots import Slot
from clinic.domain.times import local_day
from clinic.enums import CourseStatus, InfusionStatus
from clinic.models import Course, Infusion, Site, StaffMember
from support.domain import freed, place_offers, rules, vacancies
from support.domain.freed import Fit, Misfit
from support.enums import OfferStatus
from support.models import PlaceOffer, WaitlistEntry

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class FreePlace:
    """A place that became free and still is, whom it fits, whom not and why, and who is asked now."""

    slot: Slot
    fits: list[Fit]
    misfits: list[Misfit]
    offers: list[PlaceOffer]

    @property
    def others(self) -> list[Fit]:
        """Whom it fits and who is not asked at this moment."""
        asked = {offer.entry_id for offer in self.offers}
        return [fit for fit in self.fits if fit.entry.pk not in asked]

    @property
    def is_for_somebody(self) -> bool:
        return bool(self.fits or self.offers)


def join(
    *,
    course: Course,
    first_day: date,
    last_day: date,
    actor: StaffMember,
    now: datetime,
    infusion: Infusion | None = None,
) -> WaitlistEntry:
    """Waits for an earlier time for ``infusion``, or for a time for the next visit without one. Days are the clinic's.

    Said again while waiting, the days change and the place in the line stays.
    """
    today = local_day(moment=now, zone=course.patient.site.zone)
    if last_day < first_day:
        raise Refused(_("The last day comes before the first."))
    if last_day < today:
        raise Refused(_("These days are over."))

    def work() -> WaitlistEntry:
        locks.diary(rooms=[], clinicians=[], patients=[course.patient_id])
        known = standing.of(course=course)
        if known.status != CourseStatus.OPEN:
            raise Refused(_("This course is over."))
        if infusion is None and not known.to_place:
            raise Refused(_("All visits of this course have a date. Choose the one that could come earlier."))
        if infusion is not None and (infusion.course_id != course.pk or infusion.state is not InfusionStatus.BOOKED):
            raise Refused(_("This visit cannot be moved any more."))
        entry, is_new = WaitlistEntry.objects.get_or_create(
            course=course,
            closed_at=None,
            defaults={
                "infusion": infusion,
                "first_day": first_day,
                "last_day": last_day,
                "created_at": now,
                "created_by": actor,
            },
        )
        if not is_new:
            entry.infusion, entry.first_day, entry.last_day = infusion, first_day, last_day
            entry.save(update_fields=["infusion", "first_day", "last_day"])
        _note(entry, audit.staff(actor), "waitlist.joined", now)
        return entry

    return attempts.run_or_refuse(work)


def leave(*, entry: WaitlistEntry, actor: StaffMember, now: datetime) -> WaitlistEntry:
    """Waits no more; what was offered ends. Twice is once."""
    return _end(entry, _("Taken off the list."), audit.staff(actor), now)


def decline(*, offer: PlaceOffer, now: datetime, by: str) -> None:
    """No to one place. The next in the line is asked."""
    row = place_offers.decline(offer=offer, now=now, by=by)
    if row.status == OfferStatus.DECLINED:
        # The no stands, whatever comes of asking the next: the sweep looks again.
        _safely(partial(place_freed, slot=place_offers.slot_of(row), now=now))


def give(*, entry: WaitlistEntry, slot: Slot, actor: StaffMember, now: datetime) -> Infusion:
    """The desk gives a free place to somebody it fits, on the phone. Refused where it fits them no more."""
    fit = next((one for one in freed.fitting(slot=slot, now=now) if one.entry.pk == entry.pk), None)
    if fit is None:
        raise Refused(_("This time does not fit any more. Look at the list again."))
    # Where it was offered before and let go, the same offer stands for it again, once it is booked: one row, one place.
    offer, _is_new = PlaceOffer.objects.get_or_create(
        entry=entry,
        room=slot.room,
        starts_at=slot.starts_at,
        defaults={
            "site": slot.room.site,
            "clinician": fit.slot.clinician,
            "offered_at": now,
            "expires_at": now + timedelta(minutes=rules.at(site=slot.room.site).waitlist_minutes),
        },
    )
    return place_offers.take(offer=offer, now=now, by=audit.staff(actor), actor=actor, given=fit.slot)


def place_freed(*, slot: Slot, now: datetime) -> list[PlaceOffer]:
    """Offers the place to the one who waits longest and may be asked now, or to all of them where the rules say so.

    Nothing while somebody is still asked (unless the rules ask all). Idempotent.
    """
    with transaction.atomic():
        # One at a time for each room, or two who look at once would offer it twice.
        locks.diary(rooms=[slot.room.pk], clinicians=[], patients=[])
        asks_all = rules.at(site=slot.room.site).waitlist_first_to_take
        waiting = PlaceOffer.objects.filter(room=slot.room, starts_at=slot.starts_at, status=OfferStatus.OPEN)
        if not asks_all and waiting.exists():
            return []
        fits = [fit for fit in freed.fitting(slot=slot, now=now) if not fit.not_now]
        return [place_offers.make(fit=fit, now=now) for fit in (fits if asks_all else fits[:1])]


def follow(changes: Sequence[Change]) -> None:
    """What visits took, and what they left free. One query where nobody waits for it."""
    if _concerns_nobody(changes):
        return
    for change in changes:
        if change.what in {"booked", "moved"}:
            place_offers.close_taken(visit=change.infusion, now=change.now)
        _close_entries(change)
    for change in changes:
        slot = vacancies.left_by(change)
        if slot is not None and slot.starts_at > change.now:
            # A fault here must not keep anybody from cancelling: the sweep looks again.
            _safely(partial(place_freed, slot=slot, now=change.now))


def sweep(*, now: datetime) -> int:
    """Ends offers nobody answered, takes those off the list who wait no more, offers every free place to the next."""
    place_offers.expire(now=now)
    _close_over(now)
    waiting = WaitlistEntry.objects.filter(closed_at=None)
    sites = Site.objects.filter(pk__in=waiting.values("course__patient__site"))
    places = [place for site in sites for place in free_places(site=site, now=now)]
    next_ones = [place.slot for place in places if any(not fit.not_now for fit in place.fits)]
    return sum(_safely(partial(place_freed, slot=slot, now=now)) for slot in next_ones)


def free_places(*, site: Site, now: datetime) -> list[FreePlace]:
    """What became free lately on a day somebody waits for, or is somebody's to take at this moment; earliest first. A
    constant number of queries."""
    slots = vacancies.ahead(site=site, now=now)
    asked: dict[tuple[int, datetime], list[PlaceOffer]] = defaultdict(list)
    rows = PlaceOffer.objects.filter(site=site, status=OfferStatus.OPEN).select_related("entry__course__patient")
    for offer in rows.order_by("pk"):
        asked[offer.room_id, offer.starts_at].append(offer)
    return [
        FreePlace(slot=slot, fits=whom.fits, misfits=whom.misfits, offers=asked[slot.room.pk, slot.starts_at])
        for slot, whom in zip(slots, freed.whom_each(slots=slots, now=now), strict=True)
    ]


def not_offered(places: Iterable[FreePlace]) -> dict[int, list[tuple[Slot, str]]]:
    """For who waits, by the entry's id: which of the places they are not offered now, and why in a sentence."""
    found: dict[int, list[tuple[Slot, str]]] = defaultdict(list)
    for place in places:
        asked = {offer.entry_id for offer in place.offers}
        for misfit in place.misfits:
            if misfit.entry.pk not in asked:
                found[misfit.entry.pk].append((place.slot, misfit.why))
        for fit in place.others:
            found[fit.entry.pk].append((place.slot, fit.not_now or _("The one who waits longer is asked first.")))
    return found


def open_of(*, patient_id: int, now: datetime) -> list[PlaceOffer]:
    """What one patient is offered now."""
    rows = PlaceOffer.objects.filter(
        entry__course__patient=patient_id, status=OfferStatus.OPEN, expires_at__gt=now
    ).select_related("site", "room", "entry__infusion")
    return list(rows.order_by("starts_at"))


def _concerns_nobody(changes: Sequence[Change]) -> bool:
    """Nobody of these courses waits, nobody is asked about a place, and nobody waits for what becomes free."""
    if all(change.what in {"phase", "late", "stay"} for change in changes):
        return True
    waiting = Q(course__in={change.infusion.course_id for change in changes})
    if any(change.what in {"moved", "cancelled", "no_show"} for change in changes):
        waiting |= Q(course__patient__site=changes[0].infusion.site_id)
    entries = WaitlistEntry.objects.filter(waiting, closed_at=None)
    asked = PlaceOffer.objects.filter(status=OfferStatus.OPEN)
    return not entries.order_by().values("pk").union(asked.order_by().values("pk"), all=True).exists()


def _close_entries(change: Change) -> None:
    """Who has what they waited for, or waits for a visit that is off or under way."""
    visit = change.infusion
    mine = WaitlistEntry.objects.filter(closed_at=None, course=visit.course_id)
    if change.what == "booked" and not standing.of(course=visit.course).to_place:
        _close(mine.filter(infusion=None), _("Every visit has a time now."), change.actor, change.now)
    elif change.what == "moved" and _is_earlier(change):
        _close(mine.filter(infusion=visit), _("Has an earlier time now."), change.actor, change.now)
    elif change.what in {"cancelled", "no_show"}:
        _close(mine.filter(infusion=visit), _("The visit is off."), change.actor, change.now)


def _is_earlier(change: Change) -> bool:
    was = change.before.get("starts_at")
    return isinstance(was, datetime) and change.infusion.starts_at < was


def _close_over(now: datetime) -> None:
    """Nobody waits for days that are over."""
    rows = WaitlistEntry.objects.filter(closed_at=None, last_day__lt=now + timedelta(days=1))
    for entry in rows.select_related("course__patient__site"):
        if entry.last_day < local_day(moment=now, zone=entry.course.patient.site.zone):
            _safely(partial(_end, entry, _("The days are over."), "system", now))


def _end(entry: WaitlistEntry, why: str, by: str, now: datetime) -> WaitlistEntry:
    """Under the patient's lock, as whoever takes a place for them has it: what they wait for changes in one order."""

    def work() -> WaitlistEntry:
        locks.diary(rooms=[], clinicians=[], patients=[entry.course.patient_id])
        row = WaitlistEntry.objects.select_related("course").get(pk=entry.pk)
        if row.closed_at is None:
            _close([row], why, by, now)
        return row

    return attempts.run_or_refuse(work)


def _close(entries: Iterable[WaitlistEntry], why: str, by: str, now: datetime) -> None:
    rows = list(entries)
    for row in rows:
        row.closed_at, row.closed_why = now, why[:120]
        row.save(update_fields=["closed_at", "closed_why"])
        _note(row, by, "waitlist.left", now)
    if rows:
        place_offers.close_of(entry_ids=[row.pk for row in rows], now=now)


def _note(entry: WaitlistEntry, by: str, verb: str, now: datetime) -> None:
    audit.record(actor=by, verb=verb, now=now, patient_id=entry.course.patient_id, subject=f"waiting:{entry.pk}")


def _safely(act: Callable[[], object]) -> int:
    """How many rows ``act`` answered with; a fault is told to the log and to nobody else."""
    try:
        with transaction.atomic():
            rows = act()
    except Exception as error:
        log.error("waitlist_step_failed", error=type(error).__name__)
        return 0
    return len(rows) if isinstance(rows, list) else 1
