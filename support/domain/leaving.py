"""What stands against a patient leaving, in sentences; and the last stroke under a record of how they left."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.domain import audit
from clinic.domain.calendar import watched_until
from clinic.enums import DischargeItem, InfusionStatus
from clinic.models import Infusion, StaffMember
from support.domain import code_words, quiet_words, rules
from support.enums import CommitmentStatus, HandoverCheck, SupportRole
from support.models import Commitment, Handover, NotHandedOverTo

S = InfusionStatus


def never(*, visit: Infusion, handover: Handover) -> list[str]:
    """What nobody's signature outweighs."""
    if handover.done_at is not None:
        return [_("The patient has left already.")]
    if quiet_words.waiting(infusion=visit) is not None:
        return [_("The patient asked for a nurse. Speak with them alone first, and write down what was agreed.")]
    return []


def too_early(*, visit: Infusion, now: datetime) -> list[str]:
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


def wrong_person(*, visit: Infusion, taking: Commitment, adult_seen: bool) -> list[str]:
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
        or NotHandedOverTo.objects.filter(infusion=visit, commitment__designation=taking.designation).exists()
    ):
        reasons.append(_("%(name)s does not have this way home.") % name)
    if not person.is_adult:
        reasons.append(_("Nobody has recorded yet that %(name)s is 18 or older.") % name)
    if not adult_seen:
        reasons.append(_("Meet %(name)s in person first.") % name)
    return reasons


def not_known(*, handover: Handover, check_by: HandoverCheck | str, words: tuple[str, str] | None) -> list[str]:
    """Why the nurse does not know yet who this is."""
    if check_by not in HandoverCheck.values:
        return [_("Say how you know who this is.")]
    if check_by != HandoverCheck.CODE:
        return []
    if code_words.are_spent(handover):
        return [no_more_words()]
    if words is None or not all(word.strip() for word in words):
        return [_("Write down both words as they were said.")]
    if not code_words.match(handover=handover, words=words):
        return [_("The two words do not match. Do not let the patient go with this person yet.")]
    return []


def no_more_words() -> str:
    return _("The words were wrong five times. For this visit only a photo ID counts, or a face you know.")


def more_words(left: int) -> str:
    if left == 0:
        return no_more_words()
    more = ngettext("%(count)d more try with the words.", "%(count)d more tries with the words.", left)
    return more % {"count": left}


def not_well_enough(*, visit: Infusion, score: int | None, checked: Collection[str]) -> list[str]:
    policy = rules.of(infusion=visit)
    reasons = [
        _("Not ticked yet: %(item)s.") % {"item": DischargeItem(item).label}
        for item in policy.discharge_items
        if item not in checked
    ]
    if score is None:
        reasons.append(_("Record the discharge score."))
    elif score < policy.discharge_score_min:
        reasons.append(_("The discharge score is below %(least)s.") % {"least": policy.discharge_score_min})
    return reasons


def finish(handover: Handover, *, actor: StaffMember, now: datetime, **fields: object) -> None:
    """The record is whole. Needs the visit's lock."""
    values: dict[str, object] = {"done_at": now, "done_by": actor, **fields}
    for field, value in values.items():
        setattr(handover, field, value)
    handover.save(update_fields=list(values))
    note(handover, audit.staff(actor), "handover.completed", now)


def note(row: Handover, actor: str, verb: str, now: datetime, *, how: str = "") -> None:
    audit.record(
        actor=actor,
        verb=verb,
        now=now,
        patient_id=row.infusion.patient_id,
        subject=f"infusion:{row.infusion_id}",
        note=how,
    )
