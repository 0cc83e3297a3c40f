"""Nobody leaves alone: given to a verified adult, or another way the rules allow, with its evidence."""

import secrets
from datetime import datetime, time, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from clinic.domain import audit, changes, infusions, times
from clinic.domain.calendar import watched_until
from clinic.domain.errors import Refused
from clinic.enums import InfusionStatus, ReleasedHow
from clinic.models import Infusion, StaffMember
from support.domain import commitments, rules
from support.enums import CommitmentStatus, HandoverCheck, SupportRole
from support.models import Commitment, Handover

S = InfusionStatus
# After a night's sleep: this time of the next day, on the clinic's clock.
MORNING = time(8)
SHORTEST_EVIDENCE = 5
# Easy to say, hard to mistake for one another, the same in a hurry and in a whisper.
SPOKEN = """
maple river candle window garden pepper silver meadow button harbor lantern velvet orange pillow castle ginger marble
planet rabbit saddle tulip walnut anchor basket cotton dragon feather guitar honey island jacket kettle lemon mango
napkin olive paddle quilt rocket sandal
"""
WORDS = tuple(SPOKEN.split())


def prepare(*, infusion: Infusion, now: datetime) -> Handover:
    """Draws the two words when the patient is ready. Idempotent: words that were read out stay."""
    patient_word, helper_word = secrets.SystemRandom().sample(WORDS, 2)
    drawn = {"patient_word": patient_word, "helper_word": helper_word, "created_at": now}
    return Handover.objects.get_or_create(infusion=infusion, defaults=drawn)[0]


def complete(
    *,
    infusion: Infusion,
    commitment: Commitment,
    check_by: HandoverCheck | str,
    score: int | None,
    instructions_given: bool,
    actor: StaffMember,
    now: datetime,
    words: tuple[str, str] | None = None,
    adult_seen: bool = True,
) -> Handover:
    """The patient leaves with this adult, who stands in front of ``actor``. Refused with everything that is missing.

    ``words``: the patient's and the helper's, as each said them; asked for where the check is the two words.
    """
    with transaction.atomic():
        visit = changes.locked(infusion=infusion)
        handover = prepare(infusion=visit, now=now)
        taking = Commitment.objects.select_related("designation__person", "infusion").get(pk=commitment.pk)
        missing = [
            *_not_ready(visit, handover, now),
            *_wrong_person(visit, taking, adult_seen),
            *_check_failed(handover, check_by, words),
            *_not_well_enough(visit, score),
        ]
        if not instructions_given:
            missing.append(_("Give the instructions to the person who takes the patient home."))
        if missing:
            raise Refused(*missing)
        who = audit.staff(actor)
        commitments.keep(commitment=taking, actor=who, now=now)
        fields = {"how": ReleasedHow.HANDOVER, "commitment": taking, "check_by": check_by, "adult_seen": True}
        _finish(handover, actor, now, score=score, instructions_given=True, **fields)
        infusions.release(infusion=visit, how=ReleasedHow.HANDOVER, actor=actor, now=now)
        return handover


def release_otherwise(
    *,
    infusion: Infusion,
    how: ReleasedHow | str,
    evidence: str,
    authorised_by: StaffMember,
    score: int | None,
    actor: StaffMember,
    now: datetime,
) -> Handover:
    """Another way the policy allows, or against advice: signed off by a role the policy names, with its evidence."""
    how = ReleasedHow(how)
    with transaction.atomic():
        visit = changes.locked(infusion=infusion)
        handover = prepare(infusion=visit, now=now)
        policy = rules.of(infusion=visit)
        missing = []
        if how == ReleasedHow.HANDOVER:
            missing.append(_("Choose the person who takes the patient home."))
        if len(evidence.strip()) < SHORTEST_EVIDENCE:
            missing.append(_("Write down how the patient goes home and who made sure of it."))
        if authorised_by.role not in policy.override_roles or not authorised_by.is_active:
            missing.append(_("This way home must be signed off by a role the clinic's rules name."))
        if how != ReleasedHow.AGAINST_ADVICE:
            missing += [*_not_ready(visit, handover, now), *_not_well_enough(visit, score)]
        if how == ReleasedHow.EXTENDED_STAY and visit.ready_at is not None:
            until = visit.ready_at + timedelta(minutes=policy.extended_stay_minutes)
            if now < until:
                at = f"{until.astimezone(visit.site.zone):%H:%M}"
                missing.append(_("The longer stay lasts until %(time)s.") % {"time": at})
        if missing:
            raise Refused(*missing)
        _finish(
            handover, actor, now, how=how, evidence=evidence.strip()[:300], authorised_by=authorised_by, score=score
        )
        infusions.release(infusion=visit, how=how, actor=actor, now=now)
        return handover


def accept(*, handover: Handover, now: datetime, actor: str) -> Handover:
    """The helper read the lines and accepted them. Idempotent."""
    with transaction.atomic():
        row = Handover.objects.select_for_update(of=("self",)).select_related("infusion").get(pk=handover.pk)
        if InfusionStatus(row.infusion.status) not in {S.READY, S.RELEASED}:
            raise Refused(_("This visit is over."))
        if row.accepted_at is None:
            row.accepted_at = now
            row.save(update_fields=["accepted_at"])
            _note(row, actor, "handover.accepted", now)
        return row


def say_home(*, infusion: Infusion, now: datetime, actor: str) -> Infusion:
    """They are home. Said twice it is still once."""
    with transaction.atomic():
        visit = changes.locked(infusion=infusion)
        if visit.state is S.HOME:
            return visit
        visit = infusions.home(infusion=visit, actor=actor, now=now)
        Handover.objects.filter(infusion=visit, home_said_at=None).update(home_said_at=now)
        return visit


def say_slept(*, infusion: Infusion, now: datetime, actor: str = "") -> Handover:
    """The patient slept well. Refused before the next morning."""
    with transaction.atomic():
        row = Handover.objects.select_for_update(of=("self",)).select_related("infusion__site").get(infusion=infusion)
        if row.infusion.released_at is None or now < _morning_after(row.infusion, row.infusion.released_at):
            raise Refused(_("Tell us tomorrow morning."))
        if row.slept_well_at is None:
            row.slept_well_at = now
            row.save(update_fields=["slept_well_at"])
            _note(row, actor or f"patient:{row.infusion.patient_id}", "handover.slept_well", now)
        return row


def drive_from(*, infusion: Infusion) -> datetime | None:
    """The earliest time under the clinic's rule, no verdict on anybody's fitness; None before the patient has left."""
    if infusion.released_at is None:
        return None
    policy = rules.of(infusion=infusion)
    earliest = infusion.released_at + timedelta(hours=policy.drive_block_hours)
    if policy.sleep_required:
        return max(earliest, _morning_after(infusion, infusion.released_at))
    return earliest


def _morning_after(infusion: Infusion, released_at: datetime) -> datetime:
    zone = infusion.site.zone
    day = times.local_day(moment=released_at, zone=zone) + timedelta(days=1)
    return times.first_valid(day=day, at=MORNING, zone=zone)


def _not_ready(visit: Infusion, handover: Handover, now: datetime) -> list[str]:
    if handover.done_at is not None:
        return [_("The patient has left already.")]
    if visit.state is not S.READY or visit.started_at is None or visit.recovering_at is None:
        return [_("The patient is not ready to leave yet.")]
    protocol, reasons = visit.course.protocol, []
    until = visit.recovering_at + timedelta(minutes=rules.of(infusion=visit).min_recovery_minutes)
    if now < until:
        at = f"{until.astimezone(visit.site.zone):%H:%M}"
        reasons.append(_("The clinic's rules let nobody leave before %(time)s: the shortest recovery.") % {"time": at})
    until = watched_until(protocol=protocol, started_at=visit.started_at)
    if now < until:
        said = {"time": f"{until.astimezone(visit.site.zone):%H:%M}", "minutes": protocol.observation_minutes}
        reasons.append(_("The patient is watched until %(time)s: the protocol asks for %(minutes)s minutes.") % said)
    return reasons


def _wrong_person(visit: Infusion, taking: Commitment, adult_seen: bool) -> list[str]:
    person = taking.designation.person
    name = {"name": person.first_name}
    promised = {CommitmentStatus.ACCEPTED, CommitmentStatus.RECONFIRMED}
    reasons = []
    if (
        taking.infusion_id != visit.pk
        or taking.role != SupportRole.RIDE
        or taking.for_starts_at != visit.starts_at
        or taking.status not in promised
        or taking.designation.withdrawn_at is not None
    ):
        reasons.append(_("%(name)s does not have this way home.") % name)
    if not person.is_adult:
        reasons.append(_("Nobody has recorded yet that %(name)s is 18 or older.") % name)
    if not adult_seen:
        reasons.append(_("Meet %(name)s in person first.") % name)
    return reasons


def _check_failed(handover: Handover, check_by: HandoverCheck | str, words: tuple[str, str] | None) -> list[str]:
    if check_by not in HandoverCheck.values:
        return [_("Say how you know who this is.")]
    if check_by != HandoverCheck.CODE or words is None:
        return []
    said = tuple(word.strip().casefold() for word in words)
    if said != (handover.patient_word, handover.helper_word):
        return [_("The two words do not match. Do not let the patient go with this person yet.")]
    return []


def _not_well_enough(visit: Infusion, score: int | None) -> list[str]:
    least = rules.of(infusion=visit).discharge_score_min
    if score is None:
        return [_("Record the discharge score.")]
    return [_("The discharge score is below %(least)s.") % {"least": least}] if score < least else []


def _finish(handover: Handover, actor: StaffMember, now: datetime, **fields: object) -> None:
    values: dict[str, object] = {"done_at": now, "done_by": actor, **fields}
    for field, value in values.items():
        setattr(handover, field, value)
    handover.save(update_fields=list(values))
    _note(handover, audit.staff(actor), "handover.completed", now)


def _note(row: Handover, actor: str, verb: str, now: datetime) -> None:
    audit.record(
        actor=actor, verb=verb, now=now, patient_id=row.infusion.patient_id, subject=f"infusion:{row.infusion_id}"
    )
