"""Everything that speaks against a place in the diary, said at once.

Hard findings can never be booked. Soft ones can, by a role the signed rules name, with a reason that is kept together
with every sentence that was shown. Who is there already is PostgreSQL's question when a visit is written; here it is
asked only to be shown.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from psycopg2.extras import DateTimeTZRange

from clinic.domain import audit, guests, premises, rhythm, standing
from clinic.domain.calendar import Calendar, Timing, timing
from clinic.domain.errors import AgainstRules, Finding
from clinic.domain.premises import Premises, Span
from clinic.domain.slots import Slot
from clinic.domain.spoken import say_day, say_moment
from clinic.domain.standing import Standing
from clinic.domain.times import local_day
from clinic.enums import Attendant, Equipment, SoftRule
from clinic.models import Course, Infusion, Patient, Policy, Protocol, RuleOverride, Site, StaffMember
from clinic.models.infusion import LIVE

# Nobody plans further ahead; a date beyond it is a slip of the finger.
HORIZON = timedelta(days=3 * 366)
SHORTEST_REASON = 5
Timed = tuple[Slot, Timing]


def findings(
    *,
    site: Site,
    protocol: Protocol,
    is_archived: bool,
    slots: Mapping[int, Timed],
    placed: Mapping[int, datetime],
    here: Premises,
    now: datetime,
    people: int = 0,
    past_is_fine: bool = False,
) -> list[Finding]:
    """What speaks against giving the visits (by their number in the course) these places; empty: only a free room is
    needed. ``placed`` are the starts of the course's other visits, ``people`` those who will sit with the patient.

    No query, or one for the protocol's stages where there are visits to be apart from.
    """
    calendar, found = Calendar(here), list(_of_patient(site, protocol, is_archived))
    for number, (slot, when) in slots.items():
        its_own = [
            *_of_slot(slot, here, site, now, past_is_fine),
            *_of_times(calendar, slot, (slot.starts_at, when.ends_at)),
            *_of_room(slot, here, protocol, people),
        ]
        found += [replace(finding, visit=number) for finding in its_own]
    starts = {number: slot.starts_at for number, (slot, _when) in slots.items()}
    return found + list(_spacing(protocol, starts, placed, here.zone))


def of_move(
    *, row: Infusion, slot: Slot, when: Timing, known: Standing, here: Premises, now: datetime
) -> list[Finding]:
    """The same for a visit that has a place already. Where its time stays, soft rules it goes against as it is are not
    held against another room or clinician. One query more."""
    same_time, people = row.starts_at == slot.starts_at, guests.expected(infusion=row)

    def of(place: Slot, timed: Timing) -> list[Finding]:
        return findings(
            site=row.site,
            protocol=row.course.protocol,
            is_archived=known.is_archived,
            slots={row.number: (place, timed)},
            placed=known.placed,
            here=here,
            now=now,
            people=people,
            past_is_fine=same_time,
        )

    found = of(slot, when)
    if not found or not same_time:
        return found
    stays = of(Slot(row.starts_at, row.room, row.clinician), Timing(row.pickup_from, row.ends_at, row.room_free_at))
    return [finding for finding in found if finding.is_hard or finding not in stays]


def meeting(*, patient: Patient, slot: Slot, when: Timing, ignoring: Infusion | None = None) -> list[Finding]:
    """What the place would meet: in the room, of the clinician, of the patient. One query."""
    rows = met(patient=patient, slot=slot, when=when, ignoring=ignoring).select_related("patient", "room")
    return [found for row in rows for found in _met(row, patient, slot, when)]


def met(*, patient: Patient, slot: Slot, when: Timing, ignoring: Infusion | None = None) -> QuerySet[Infusion]:
    """The visits themselves, in order."""
    during = DateTimeTZRange(slot.starts_at, when.ends_at)
    occupies = DateTimeTZRange(slot.starts_at, when.room_free_at)
    rows = Infusion.objects.filter(
        LIVE,
        Q(room=slot.room, occupies__overlap=occupies)
        | Q(clinician=slot.clinician, during__overlap=during)
        | Q(patient=patient, during__overlap=during),
    )
    return rows.exclude(pk=ignoring.pk if ignoring else 0).order_by("starts_at", "pk")


def everything(*, course: Course, slot: Slot, now: datetime, infusion: Infusion | None = None) -> list[Finding]:
    """All of it for one visit of a course, placed anew or (``infusion``) moved. For pages.

    At most five queries, eight more after the premises changed.
    """
    site, known = course.patient.site, standing.of(course=course)
    here = premises.under(site=site, stamp=known.stamp)
    when = timing(protocol=course.protocol, policy=here.policy, starts_at=slot.starts_at)
    met = meeting(patient=course.patient, slot=slot, when=when, ignoring=infusion)
    if infusion is not None:
        return met + of_move(row=infusion, slot=slot, when=when, known=known, here=here, now=now)
    return met + findings(
        site=site,
        protocol=course.protocol,
        is_archived=known.is_archived,
        slots={known.next_number(): (slot, when)},
        placed=known.placed,
        here=here,
        now=now,
    )


def days_between(
    *, course: Course, moments: Sequence[datetime], infusion: Infusion | None = None
) -> dict[datetime, list[str]]:
    """What the days between visits say against each of these starts; for a page of times. Two queries."""
    site, known = course.patient.site, standing.of(course=course)
    number = infusion.number if infusion else next(iter(known.to_place), 0)
    return {
        moment: [found.says for found in _spacing(course.protocol, {number: moment}, known.placed, site.zone)]
        for moment in moments
    }


def may_override(*, actor: StaffMember, policy: Policy | None) -> bool:
    """Whether the signed rules let this person book against a soft rule. Unsigned rules let nobody."""
    return policy is not None and actor.is_active and actor.role in policy.override_roles


def decide(*, found: Sequence[Finding], actor: StaffMember, policy: Policy | None, reason: str) -> None:
    """Returns where nothing is found, or only soft rules by somebody who may, with a reason. Else ``AgainstRules``."""
    if not found:
        return
    more = []
    if all(not finding.is_hard for finding in found):
        if may_override(actor=actor, policy=policy) and len(reason.strip()) >= SHORTEST_REASON:
            return
        if reason.strip() and may_override(actor=actor, policy=policy):
            more = [_("Say in a few words why it is booked anyway.")]
        elif reason.strip():
            more = [_("Your role may not book against the rules.")]
    raise AgainstRules(*found, more=more)


def record(
    *, infusion: Infusion, found: Sequence[Finding], reason: str, actor: StaffMember, now: datetime, verb: str
) -> None:
    """Keeps which rules the visit was booked against, in the transaction of the booking or the move."""
    own = [finding for finding in found if finding.visit == infusion.number]
    if not own:
        return
    says = [finding.says[:300] for finding in own]
    RuleOverride.objects.create(
        infusion=infusion,
        rules=sorted({finding.rule for finding in own}),
        says=says,
        reason=reason.strip()[:300],
        by=actor,
        at=now,
    )
    audit.record(
        actor=audit.staff(actor),
        verb=f"infusion.{verb}.override",
        now=now,
        patient_id=infusion.patient_id,
        subject=f"infusion:{infusion.pk}",
        note=" / ".join(says),
    )


def _of_patient(site: Site, protocol: Protocol, is_archived: bool) -> Iterator[Finding]:
    if is_archived:
        yield _hard("patient", _("This record is archived. Nothing can be booked for it."))
    if protocol.site_id != site.pk:
        yield _hard("protocol", _("This plan belongs to another clinic."))


def _of_slot(slot: Slot, here: Premises, site: Site, now: datetime, past_is_fine: bool) -> Iterator[Finding]:
    if slot.room not in here.rooms:
        yield _hard("room", _("%(room)s is not a room of this clinic that can be booked.") % {"room": slot.room})
    if slot.clinician not in here.clinicians:
        yield _hard("clinician", _("%(name)s does not treat patients at this clinic.") % {"name": slot.clinician})
    if slot.starts_at < now.replace(second=0, microsecond=0) and not past_is_fine:
        yield _hard("past", _("%(moment)s is in the past.") % {"moment": say_moment(slot.starts_at, site)})
    if slot.starts_at > now + HORIZON:
        moment = {"moment": say_moment(slot.starts_at, site), "year": slot.starts_at.year}
        yield _hard("far", _("%(moment)s %(year)s is too far ahead.") % moment)


def _of_times(calendar: Calendar, slot: Slot, span: Span) -> Iterator[Finding]:
    if calendar.allows(room=slot.room.pk, clinician=slot.clinician.pk, span=span):
        return
    day = local_day(moment=span[0], zone=calendar.zone)
    hours = calendar.open_spans(day)
    minutes = int((span[1] - span[0]).total_seconds() // 60)
    named = {"day": say_day(day), "room": slot.room, "name": slot.clinician, "minutes": minutes}
    if calendar.site_closure(span):
        yield _hard("closed", _("The clinic is closed on %(day)s.") % named)
    elif span[1] - span[0] > calendar.longest_span:
        yield _hard("never", _("A visit takes %(minutes)s minutes. The clinic is never open that long.") % named)
    elif not hours:
        yield _soft(SoftRule.HOURS, _("The clinic is closed on %(day)s.") % named)
    elif span[1] - span[0] > max(end - begin for begin, end in hours):
        sentence = _("A visit takes %(minutes)s minutes. The clinic is not open that long on %(day)s.")
        yield _soft(SoftRule.HOURS, sentence % named)
    elif not calendar.is_open(span):
        named["hours"] = ", ".join(
            f"{begin.astimezone(calendar.zone):%H:%M}–{end.astimezone(calendar.zone):%H:%M}" for begin, end in hours
        )
        named["end"] = f"{span[1].astimezone(calendar.zone):%H:%M}"
        sentence = _("This is outside the opening hours on %(day)s: %(hours)s.")
        if any(begin <= span[0] < end for begin, end in hours):
            sentence = _("It would end at %(end)s, after closing. The clinic is open on %(day)s: %(hours)s.")
        yield _soft(SoftRule.HOURS, sentence % named)
    if calendar.room_closure(slot.room.pk, span):
        yield _hard("closed", _("%(room)s is closed at that time on %(day)s.") % named)
    if calendar.absence(slot.clinician.pk, span):
        yield _hard("closed", _("%(name)s does not work at that time on %(day)s.") % named)
    elif not calendar.works(slot.clinician.pk, span):
        yield _soft(SoftRule.HOURS, _("%(name)s does not work at that time on %(day)s.") % named)


def _of_room(slot: Slot, here: Premises, protocol: Protocol, people: int) -> Iterator[Finding]:
    # As it is now: the room at hand may have been read before it was changed.
    room = next((room for room in here.rooms if room == slot.room), slot.room)
    missing = [Equipment(need).label for need in protocol.needs if need not in room.equipment]
    named = {"room": room, "places": room.guest_places, "people": people}
    if missing:
        things = ", ".join(str(label) for label in missing)
        yield _soft(SoftRule.EQUIPMENT, _("%(room)s lacks: %(things)s.") % {**named, "things": things})
    if people > room.guest_places:
        sentence = _("Said yes to being in the room: %(people)s. Guest places in %(room)s: %(places)s.")
        yield _soft(SoftRule.GUESTS, sentence % named)
    elif Attendant.COMPANION in protocol.present and not room.guest_places:
        yield _soft(SoftRule.GUESTS, _("The patient must bring somebody; %(room)s has no place for a guest.") % named)


def _spacing(
    protocol: Protocol, starts: Mapping[int, datetime], placed: Mapping[int, datetime], zone: ZoneInfo
) -> Iterator[Finding]:
    """Each visit against the one before and the one after it in time."""
    rows = sorted((at, number) for number, at in {**placed, **starts}.items())
    for (one_at, one), (other_at, other) in pairwise(rows):
        if one not in starts and other not in starts:
            continue
        first, second = (local_day(moment=at, zone=zone) for at in (one_at, other_at))
        least, most = rhythm.limits(protocol=protocol, one=one, other=other)
        days = (second - first).days
        named = {"one": say_day(first), "other": say_day(second), "least": least, "most": most}
        if not days:
            sentence = _("The course has another visit on %(one)s.")
        elif days < least:
            sentence = _("%(one)s and %(other)s are too close: visits are at least %(least)s days apart.")
        elif most is not None and days > most:
            sentence = _("%(one)s and %(other)s are too far apart: at most %(most)s days.")
        else:
            continue
        yield replace(_soft(SoftRule.SPACING, sentence % named), visit=other if other in starts else one)


def _met(row: Infusion, patient: Patient, slot: Slot, when: Timing) -> Iterator[Finding]:
    zone = patient.site.zone
    named = {
        "from": f"{row.starts_at.astimezone(zone):%H:%M}",
        "until": f"{row.ends_at.astimezone(zone):%H:%M}",
        "free": f"{row.room_free_at.astimezone(zone):%H:%M}",
        "room": row.room,
        "name": slot.clinician,
        # Whose visit it is at another clinic is that clinic's to know.
        "who": row.patient.short_name if row.site_id == patient.site_id else _("a patient of another clinic"),
    }
    meets = row.starts_at < when.ends_at and slot.starts_at < row.ends_at
    if row.room_id == slot.room.pk:
        yield _hard("room", _("%(room)s is taken by %(who)s from %(from)s to %(free)s.") % named)
    if row.clinician_id == slot.clinician.pk and meets:
        yield _hard("clinician", _("%(name)s is with %(who)s from %(from)s to %(until)s.") % named)
    if row.patient_id == patient.pk and meets:
        yield _hard("patient", _("The patient has another visit from %(from)s to %(until)s.") % named)


def _hard(rule: str, says: str) -> Finding:
    return Finding(rule=rule, says=says, is_hard=True)


def _soft(rule: SoftRule, says: str) -> Finding:
    return Finding(rule=rule, says=says, is_hard=False)
