"""Offers of a free place: made, taken, declined, run out, gone to somebody else. An offer holds nothing; the booking
decides who has the place."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import formats
from django.utils.translation import gettext as _

from clinic.domain import attempts, audit, bookings, locks, moves
from clinic.domain.calendar import timing
from clinic.domain.errors import AgainstRules, Refused, Taken
from clinic.domain.slots import Slot
from clinic.models import Infusion, StaffMember
from clinic.models.infusion import LONGEST_VISIT
from messaging.domain import outbox
from messaging.domain.outbox import Wanted
from support.domain import alerts, impaired, plan, rules, scripts, subjects
from support.domain.freed import Fit
from support.domain.plan_state import CALL
from support.enums import AlertKind, OfferStatus
from support.models import PlaceOffer

S = OfferStatus
WITH = (
    "site",
    "room__site",
    "clinician",
    "entry__course__patient__site",
    "entry__course__protocol",
    "entry__infusion",
    "entry__created_by",
)


def make(*, fit: Fit, now: datetime) -> PlaceOffer:
    """Open for as long as the signed rules keep a place; the patient hears of it at once, by a call where nothing can
    be written. Inside the caller's transaction."""
    site, patient = fit.slot.room.site, fit.entry.course.patient
    signed = rules.at(site=site)
    offer = PlaceOffer.objects.create(
        entry=fit.entry,
        site=site,
        room=fit.slot.room,
        clinician=fit.slot.clinician,
        starts_at=fit.slot.starts_at,
        offered_at=now,
        expires_at=now + timedelta(minutes=signed.waitlist_minutes),
    )
    channel = plan.channel(who=fit.reach, kind="waitlist_offer", rules=signed)
    if channel == CALL:
        call(offer=offer, now=now)
    else:
        wanted = _wanted(offer, channel=channel, language=fit.reach.language)
        outbox.post(site_id=site.pk, scope=f"offer:{offer.pk}", wanted=wanted, now=now)
    _note(offer, patient.pk, "place.offered", "system", now)
    return offer


def take(
    *, offer: PlaceOffer, now: datetime, by: str, actor: StaffMember | None = None, given: Slot | None = None
) -> Infusion:
    """The place becomes the visit's. Through the guard of every booking: of many, one has it.

    Without an ``actor`` (the patient's own link) the visit is booked in the name of whoever put them on the list;
    ``by`` says who tapped. Twice is once. Refused, with the offer closed, where somebody was faster or the rules have
    come to speak against it; which ones is told to staff alone. By link also while the medicine may be at work.
    ``given``: the desk gives the place whatever became of the offer before, and with this clinician.
    """
    if actor is None and impaired.until(patient=offer.entry.course.patient, now=now) is not None:
        raise Refused(_("On the day of a visit nothing new is agreed to. Please call us about this time."))
    reason: Taken | AgainstRules
    try:
        return attempts.run_or_refuse(lambda: _take(offer, now, by, actor, given))
    except (Taken, AgainstRules) as refused:
        reason = refused
    _close(PlaceOffer.objects.filter(pk=offer.pk), S.GONE, now)
    if isinstance(reason, AgainstRules):
        raise (reason if actor is not None else Refused(no_more())) from reason
    raise Refused(too_late()) from reason


def decline(*, offer: PlaceOffer, now: datetime, by: str) -> PlaceOffer:
    """No, thank you: they stay on the list. Twice is once; after the end of the offer nothing happens."""
    with transaction.atomic():
        row = PlaceOffer.objects.select_for_update(of=("self",)).select_related(*WITH).get(pk=offer.pk)
        if row.status == S.OPEN:
            row.status, row.answered_at = S.DECLINED, now
            row.save(update_fields=["status", "answered_at"])
            _note(row, row.entry.course.patient_id, "place.declined", by, now)
    return row


def close_taken(*, visit: Infusion, now: datetime) -> int:
    """The offers of a place that this visit now holds are gone. Under the visit's diary locks."""
    beside = PlaceOffer.objects.filter(status=S.OPEN, answered_at=None, starts_at__lt=visit.room_free_at)
    near = beside.filter(site=visit.site_id, starts_at__gt=visit.starts_at - LONGEST_VISIT)
    policy = rules.at(site=visit.site)
    gone = []
    for offer in near.select_related("entry__course__protocol").order_by("pk"):
        when = timing(protocol=offer.entry.course.protocol, policy=policy, starts_at=offer.starts_at)
        in_room = offer.room_id == visit.room_id and visit.starts_at < when.room_free_at
        with_them = offer.clinician_id == visit.clinician_id and visit.starts_at < when.ends_at
        if in_room or (with_them and offer.starts_at < visit.ends_at):
            gone.append(offer.pk)
    return _close(PlaceOffer.objects.filter(pk__in=gone), S.GONE, now)


def close_of(*, entry_ids: Iterable[int], now: datetime) -> int:
    """Who waits no more is offered nothing."""
    return _close(PlaceOffer.objects.filter(entry__in=list(entry_ids), answered_at=None), S.GONE, now)


def expire(*, now: datetime) -> int:
    """What nobody answered in time. One that somebody is just taking is looked at again the next time."""
    with transaction.atomic():
        over = PlaceOffer.objects.filter(status=S.OPEN, expires_at__lte=now)
        pks = [row.pk for row in over.select_for_update(of=("self",), skip_locked=True)]
        return PlaceOffer.objects.filter(pk__in=pks).update(status=S.EXPIRED, answered_at=now) if pks else 0


def too_late() -> str:
    return _("This time has just been given to somebody else. You stay on the list.")


def no_more() -> str:
    return _("This time is not offered to you any more.")


def slot_of(offer: PlaceOffer) -> Slot:
    return Slot(starts_at=offer.starts_at, room=offer.room, clinician=offer.clinician)


def _take(offer: PlaceOffer, now: datetime, by: str, actor: StaffMember | None, given: Slot | None) -> Infusion:
    seen = PlaceOffer.objects.select_related(*WITH).get(pk=offer.pk)
    course, waits = seen.entry.course, seen.entry.infusion
    slot = given or slot_of(seen)
    # The diary's locks first, as every booking has them; the offer's row after.
    locks.diary(
        rooms={seen.room_id, *([waits.room_id] if waits else [])},
        clinicians={slot.clinician.pk, *([waits.clinician_id] if waits else [])},
        patients=[course.patient_id],
    )
    row = PlaceOffer.objects.select_for_update(of=("self",)).select_related(*WITH).get(pk=offer.pk)
    if row.status == S.TAKEN and row.infusion is not None:
        return row.infusion
    if given is None:
        _refuse_what_is_over(row, now)
    if row.entry.closed_at is not None:
        raise Refused(no_more())
    who = actor or row.entry.created_by
    if who is None:
        raise Refused(_("Please call us to take this time."))
    # Told apart from the offers of others, which the booking ends.
    row.status, row.clinician, row.answered_at = S.OPEN, slot.clinician, now
    row.save(update_fields=["status", "clinician", "answered_at"])
    if row.entry.infusion is None:
        visit = bookings.place(course=row.entry.course, slot=slot, actor=who, now=now)
    else:
        waiting = row.entry.infusion
        visit = moves.move(infusion=waiting, slot=slot, actor=who, now=now, version=waiting.version)
    row.status, row.infusion = S.TAKEN, visit
    row.save(update_fields=["status", "infusion"])
    _note(row, course.patient_id, "place.taken", by, now)
    return visit


def _refuse_what_is_over(row: PlaceOffer, now: datetime) -> None:
    if row.status == S.GONE:
        raise Refused(too_late())
    if row.status != S.OPEN:
        raise Refused(no_more())
    if row.expires_at <= now:
        raise Refused(_("The time to answer is over. You stay on the list."))


def _close(rows: QuerySet[PlaceOffer], status: OfferStatus, now: datetime) -> int:
    """Those still open, one by one in one order."""
    with transaction.atomic():
        still = rows.filter(status=S.OPEN).select_for_update(of=("self",)).order_by("pk")
        pks = [row.pk for row in still]
        return PlaceOffer.objects.filter(pk__in=pks).update(status=status, answered_at=now) if pks else 0


def call(*, offer: PlaceOffer, now: datetime, why: str = "") -> None:
    """Somebody tells them by phone; first ``why`` no message could. Once for an offer."""
    patient = offer.entry.course.patient
    zone = offer.site.zone
    with alerts.for_the_desk():
        sentence = _("Please call %(name)s before %(until)s: %(when)s is free and could be theirs.")
        named = {
            "name": patient.first_name,
            "until": f"{offer.expires_at.astimezone(zone):%H:%M}",
            "when": formats.date_format(offer.starts_at.astimezone(zone), "D j M H:i"),
        }
    alerts.open_alert(
        kind=AlertKind.CALL_TASK,
        key=f"offer:{offer.pk}",
        says=f"{why} {sentence % named}".strip(),
        script=scripts.of(call=_wanted(offer, channel=CALL, language=patient.language), visit=None),
        patient=patient,
        now=now,
        once=True,
    )


def _wanted(offer: PlaceOffer, *, channel: str, language: str) -> Wanted:
    return Wanted(
        kind="waitlist_offer",
        subject=subjects.of_offer(offer_id=offer.pk),
        about_at=offer.starts_at,
        recipient=f"patient:{offer.entry.course.patient_id}",
        channel=channel,
        due_at=offer.offered_at,
        not_after=offer.expires_at,
        language=language,
        rule="at once",
        zone=offer.site.timezone,
    )


def _note(offer: PlaceOffer, patient_id: int, verb: str, by: str, now: datetime) -> None:
    audit.record(actor=by, verb=verb, now=now, patient_id=patient_id, subject=f"offer:{offer.pk}")
