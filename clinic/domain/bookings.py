"""Booking visits. PostgreSQL keeps two from overlapping; here its "no" becomes a sentence and a choice."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from clinic.domain import against, changes, conflicts, infusions, locks, premises, protocols, rows, spoken, standing
from clinic.domain.calendar import Timing, timing
from clinic.domain.errors import Refused
from clinic.domain.slots import Slot
from clinic.domain.times import day_bounds, local_day
from clinic.enums import CourseStatus, InfusionStatus
from clinic.models import Course, Infusion, Patient, Policy, Protocol, Room, StaffMember


def book_series(
    *,
    patient: Patient,
    protocol: Protocol,
    slots: Sequence[Slot],
    actor: StaffMember,
    now: datetime,
    form_key: UUID | None = None,
    override_reason: str = "",
    left_out: Collection[int] = (),
) -> Course:
    """Opens a course and books all ``slots`` or nothing; fewer slots than visits leave the rest "to place", and
    ``left_out`` names visits that stay so though later ones get their dates.

    The same ``form_key`` again gives the course it made the first time. Raises ``Taken`` naming every visit that is no
    longer free, ``AgainstRules`` with all that speaks against any of them.
    """
    ordered = sorted(slots, key=lambda slot: slot.starts_at)

    def work() -> Course:
        _lock(patient, ordered)
        known = None if form_key is None else Course.objects.filter(form_key=form_key).first()
        if known is not None and known.patient_id == patient.pk:
            if known.status == CourseStatus.STOPPED:
                raise Refused(_("This booking was undone. Here are fresh dates."))
            return known
        if known is not None:
            raise Refused(_("This form was used for another patient. Open it again."))
        here = premises.of(site=patient.site)
        if why_not := protocols.why_not_offered(protocol=protocol):
            raise Refused(why_not)
        numbers = [number for number in range(1, protocol.sessions + 1) if number not in left_out]
        if not 1 <= len(ordered) <= len(numbers):
            raise Refused(_("Choose between one and %(most)s dates.") % {"most": len(numbers)})
        timed = dict(zip(numbers, _timed(ordered, protocol, here.policy), strict=False))
        found = against.findings(
            site=patient.site,
            protocol=protocol,
            # As it is now, under the patient's lock; a record that was left for another is PostgreSQL's to refuse.
            is_archived=Patient.objects.filter(pk=patient.pk, is_archived=True, merged_into=None).exists(),
            slots=timed,
            placed={},
            here=here,
            now=now,
        )
        against.decide(found=found, actor=actor, policy=here.policy, reason=override_reason)
        course = Course.objects.create(
            patient=patient,
            protocol=protocol,
            sessions=protocol.sessions,
            opened_at=now,
            opened_by=actor,
            form_key=form_key,
        )
        booked = [
            _insert(course, number, slot, when, here.policy, actor, now) for number, (slot, when) in timed.items()
        ]
        for infusion in booked if found else []:
            against.record(infusion=infusion, found=found, reason=override_reason, actor=actor, now=now, verb="booked")
        changes.tell(booked, actor, now, "booked", what="booked")
        return course

    return conflicts.booking(work, patient=patient, protocol=protocol, slots=ordered, now=now)


def place(
    *,
    course: Course,
    slot: Slot,
    actor: StaffMember,
    now: datetime,
    override_reason: str = "",
    left_out: Collection[int] = (),
) -> Infusion:
    """The next visit of a course that has no date and is not one of ``left_out``. Raises ``Taken`` with the next free
    starts, ``AgainstRules`` with all that speaks against the slot, or ``Refused``."""
    return _place(course, slot, actor, now, override_reason, left_out=left_out)


def walk_in(
    *,
    patient: Patient,
    protocol: Protocol,
    room: Room,
    clinician: StaffMember,
    actor: StaffMember,
    now: datetime,
    override_reason: str = "",
) -> Infusion:
    """The patient stands at the desk without a booking: booked from this minute and arrived.

    Takes the next visit "to place" of an open course under the protocol, or opens a course of one visit.
    """
    slot = Slot(starts_at=now.replace(second=0, microsecond=0), room=room, clinician=clinician)

    def work() -> Infusion:
        _lock(patient, [slot])
        begin, end = day_bounds(day=local_day(moment=now, zone=patient.site.zone), zone=patient.site.zone)
        today = Infusion.objects.filter(
            patient=patient, status=InfusionStatus.BOOKED, starts_at__gte=begin, starts_at__lt=end
        ).first()
        if today is not None:
            moment = spoken.say_moment(today.starts_at, patient.site)
            raise Refused(_("The patient is booked on %(moment)s. Move that visit instead.") % {"moment": moment})
        # Whichever version it began under, and goes on with.
        of_family = Course.objects.filter(patient=patient, protocol__family=protocol.family, status=CourseStatus.OPEN)
        course = next((one for one in of_family.order_by("opened_at") if standing.of(course=one).to_place), None)
        if course is None and (why_not := protocols.why_not_offered(protocol=protocol)):
            raise Refused(why_not)
        if course is None:
            course = Course.objects.create(
                patient=patient, protocol=protocol, sessions=1, opened_at=now, opened_by=actor
            )
        infusion = _place(course, slot, actor, now, override_reason, walk_in=True)
        return infusions.arrive(infusion=infusion, actor=actor, now=now)

    return conflicts.booking(work, patient=patient, protocol=protocol, slots=[slot], now=now)


def _place(
    course: Course,
    slot: Slot,
    actor: StaffMember,
    now: datetime,
    override_reason: str,
    *,
    walk_in: bool = False,
    left_out: Collection[int] = (),
) -> Infusion:
    def work() -> Infusion:
        known = standing.hold(course=course, slot=slot)
        number = known.next_number(but=left_out)
        here = premises.under(site=course.patient.site, stamp=known.stamp)
        timed = _timed([slot], course.protocol, here.policy)[0]
        found = against.findings(
            site=course.patient.site,
            protocol=course.protocol,
            is_archived=known.is_archived,
            slots={number: timed},
            placed=known.placed,
            here=here,
            now=now,
        )
        against.decide(found=found, actor=actor, policy=here.policy, reason=override_reason)
        infusion = _insert(course, number, *timed, here.policy, actor, now, walk_in=walk_in)
        against.record(infusion=infusion, found=found, reason=override_reason, actor=actor, now=now, verb="booked")
        changes.tell([infusion], actor, now, "booked", what="booked")
        return infusion

    return conflicts.booking(
        work, patient=course.patient, protocol=course.protocol, slots=[slot], now=now, course=course
    )


def _lock(patient: Patient, slots: Sequence[Slot]) -> None:
    locks.diary(
        rooms=[slot.room.pk for slot in slots],
        clinicians=[slot.clinician.pk for slot in slots],
        patients=[patient.pk],
    )


def _timed(slots: Sequence[Slot], protocol: Protocol, policy: Policy | None) -> list[tuple[Slot, Timing]]:
    return [(slot, timing(protocol=protocol, policy=policy, starts_at=slot.starts_at)) for slot in slots]


def _insert(
    course: Course,
    number: int,
    slot: Slot,
    when: Timing,
    policy: Policy | None,
    actor: StaffMember,
    now: datetime,
    *,
    walk_in: bool = False,
) -> Infusion:
    return rows.insert(
        Infusion(
            site=course.patient.site,
            course=course,
            patient=course.patient,
            room=slot.room,
            clinician=slot.clinician,
            policy=policy,
            number=number,
            is_walk_in=walk_in,
            starts_at=slot.starts_at,
            pickup_from=when.pickup_from,
            ends_at=when.ends_at,
            room_free_at=when.room_free_at,
            booked_at=now,
            booked_by=actor,
        )
    )
