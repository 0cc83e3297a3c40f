"""A place for a visit before anybody says yes to it: what speaks against it, and what it would set going."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic.domain import against, changes, policies
from clinic.domain.errors import AgainstRules, Finding, Refused, Taken
from clinic.domain.slots import Slot
from clinic.enums import Role
from clinic.models import Course, Infusion, Site, StaffMember
from support.domain import reached, ripple
from support.domain.ripple import Note, Person, Ripple
from support.enums import HOLDING, CommitmentStatus
from support.models import Commitment

S = CommitmentStatus


@dataclass(frozen=True, kw_only=True)
class Line:
    """One person and the new time: a mark's level and word, and a sentence."""

    level: str
    word: str
    says: str


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """``ripple`` is None where the place cannot be had, or nobody is told of it yet. ``refused`` says why it failed
    just now; ``who_may`` are the roles that may book against soft rules, ``may_override`` whether the reader is one.
    ``at_once`` and ``later`` are the messages that will go."""

    slot: Slot
    hard: list[Finding]
    soft: list[Finding]
    who_may: list[str]
    may_override: bool
    refused: Refused | None
    ripple: Ripple | None = None
    people: list[Line] = field(default_factory=list)
    at_once: list[Note] = field(default_factory=list)
    later: list[Note] = field(default_factory=list)
    alternatives: list[Slot] = field(default_factory=list)

    @property
    def can_be_had(self) -> bool:
        return not self.hard and (not self.soft or self.may_override)


def of_move(
    *, infusion: Infusion, slot: Slot, actor: StaffMember, now: datetime, version: int, refused: Refused | None = None
) -> Proposal:
    """``version`` is what the reader was shown before; ``refused`` how their attempt ended. Changes nothing."""
    found = against.everything(course=infusion.course, slot=slot, now=now, infusion=infusion)
    if refused is None and version != infusion.version:
        refused = changes.stale(infusion)
    rehearsed: Ripple | None = None
    try:
        rehearsed = ripple.rehearse(infusion=infusion, slot=slot, actor=actor, now=now, version=infusion.version)
    except AgainstRules:
        pass  # Its findings are in ``found`` already.
    except Refused as no:
        refused = refused or no
    proposed = _proposal(found, slot, infusion.site, actor, refused)
    if rehearsed is None:
        return proposed
    return replace(
        proposed,
        ripple=rehearsed,
        people=[_line(person, rehearsed, infusion.site) for person in rehearsed.people],
        at_once=[note for note in rehearsed.sent if note.due_at <= now],
        later=[note for note in rehearsed.sent if note.due_at > now],
    )


def said_yes(*, infusion: Infusion) -> bool:
    """Whether somebody has promised to come at the time the visit has now."""
    return Commitment.objects.filter(infusion=infusion, status__in=HOLDING).exists()


def who_is_asked(*, infusion: Infusion, had_said_yes: bool) -> str:
    """After a move: who is asked about the new time, and whom to call. Empty where the patient has named nobody."""
    asked, said = reached.of(infusion=infusion), ""
    if had_said_yes:
        said = _("Everybody who had said yes is asked again for the new time.")
    elif asked.by_message:
        said = _("The helpers are asked about the new time.")
    return " ".join(filter(None, [said, asked.to_call]))


def of_course(
    *, course: Course, slot: Slot, actor: StaffMember, now: datetime, refused: Refused | None = None
) -> Proposal:
    """The same for a visit that has no date yet."""
    found = against.everything(course=course, slot=slot, now=now)
    return _proposal(found, slot, course.patient.site, actor, refused)


def _proposal(found: list[Finding], slot: Slot, site: Site, actor: StaffMember, refused: Refused | None) -> Proposal:
    policy = policies.current(site=site)
    return Proposal(
        slot=slot,
        hard=[finding for finding in found if finding.is_hard],
        soft=[finding for finding in found if not finding.is_hard],
        who_may=[str(Role(role).label) for role in (policy.override_roles if policy else [])],
        may_override=against.may_override(actor=actor, policy=policy),
        refused=refused,
        alternatives=refused.alternatives if isinstance(refused, Taken) else [],
    )


def _line(person: Person, rehearsed: Ripple, site: Site) -> Line:
    named = {
        "name": person.name,
        "old": date_format(rehearsed.before.starts_at.astimezone(site.zone), "D j M H:i"),
        "day": date_format(rehearsed.after.starts_at.astimezone(site.zone), "l H:i"),
    }
    if not person.after:
        says = _("%(name)s is not asked: %(day)s does not suit, or they are not on the list then.")
        return Line(level="risk", word=_("Not asked"), says=says % named)
    if person.before in HOLDING:
        said = _("%(name)s said yes to %(old)s and is asked again.")
    elif person.is_unreached:
        said = _("%(name)s was invited and is not written to again until they answer: please call.")
    elif person.before in {S.DECLINED, S.WITHDRAWN}:
        said = _("%(name)s could not come on %(old)s and is asked about the new time.")
    else:
        said = _("%(name)s is asked about the new time.")
    if person.only_after:
        return Line(level="calm", word=_("Evening after"), says=said % named)
    level, word, fits = {
        True: ("ok", _("Suits"), _("%(day)s suits %(name)s.")),
        False: ("stop", _("Does not suit"), _("%(name)s told us that %(day)s does not suit.")),
        None: ("calm", _("To ask"), _("Nobody knows yet whether %(day)s suits %(name)s.")),
    }[person.suits]
    return Line(level=level, word=word, says=f"{said % named} {fits % named}")
