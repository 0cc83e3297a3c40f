"""Nobody leaves alone: given to a verified adult, or another way the rules allow, with its evidence."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from clinic.domain import audit, changes, infusions
from clinic.domain.errors import Refused
from clinic.enums import InfusionStatus, ReleasedHow
from clinic.models import Infusion, StaffMember
from support.domain import (
    against_advice,
    arrangements,
    code_words,
    commitments,
    desk_news,
    homeward,
    leaving,
    promise_rows,
    rules,
    sign_off,
    taken_on,
)
from support.enums import HandoverCheck
from support.models import Commitment, Handover

S = InfusionStatus
PAPER = "on paper"


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
    checked: Collection[str] = (),
    accepted_on_paper: bool = False,
) -> Handover:
    """The patient leaves with this adult, who stands in front of ``actor``. Refused with everything that is missing.

    ``words``: the patient's and the helper's, as each said them; needed where the check is the two words. Words that do
    not match are counted whatever else is missing. ``checked``: what was looked at (``DischargeItem``).
    ``accepted_on_paper``: they accepted what they take on before ``actor``, not on their phone.
    """
    is_wrong = False
    try:
        with transaction.atomic():
            visit = changes.locked(infusion=infusion)
            handover = code_words.draw(infusion=visit, now=now)
            taking = Commitment.objects.select_related("designation__person", "infusion").get(pk=commitment.pk)
            is_wrong = visit.state is S.READY and _is_wrong(handover, check_by, words)
            missing = [
                *_not_now(visit, handover, now),
                *leaving.wrong_person(visit=visit, taking=taking, adult_seen=adult_seen),
                *leaving.not_known(handover=handover, check_by=check_by, words=words),
                *leaving.not_well_enough(visit=visit, score=score, checked=checked),
                *_not_taken_on(handover, instructions_given, accepted_on_paper),
            ]
            if missing:
                raise Refused(*missing)
            who = audit.staff(actor)
            if handover.accepted_at is None:
                with override(taking.designation.person.language):
                    _accepted(handover, visit, who, now, how=PAPER)
            commitments.keep(commitment=taking, actor=who, now=now)
            fields = {"commitment": taking, "check_by": check_by, "adult_seen": True, "instructions_given": True}
            given = {"how": ReleasedHow.HANDOVER, "score": score, "checked": sorted(checked)}
            leaving.finish(handover, actor=actor, now=now, **given, **fields)
            infusions.release(infusion=visit, how=ReleasedHow.HANDOVER, actor=actor, now=now)
            return handover
    except Refused as no:
        if not is_wrong:
            raise
        left = code_words.missed(infusion=infusion, actor=actor, now=now)
        raise Refused(*no.reasons, leaving.more_words(left)) from no


def _not_now(visit: Infusion, handover: Handover, now: datetime) -> list[str]:
    return leaving.never(visit=visit, handover=handover) or leaving.too_early(visit=visit, now=now)


def _not_taken_on(handover: Handover, instructions_given: bool, accepted_on_paper: bool) -> list[str]:
    reasons = []
    if not instructions_given:
        reasons.append(_("Give the instructions to the person who takes the patient home."))
    if handover.accepted_at is None and not accepted_on_paper:
        reasons.append(_("Let them accept what they take on: on their phone, or on paper in front of you."))
    return reasons


def _is_wrong(handover: Handover, check_by: HandoverCheck | str, words: tuple[str, str] | None) -> bool:
    """Words were said, still count for something, and are not the ones."""
    if check_by != HandoverCheck.CODE or words is None or not all(word.strip() for word in words):
        return False
    is_over = handover.done_at is not None or code_words.are_spent(handover)
    return not is_over and not code_words.match(handover=handover, words=words)


def release_otherwise(
    *,
    infusion: Infusion,
    how: ReleasedHow | str,
    evidence: str,
    authorised_by: StaffMember,
    score: int | None,
    actor: StaffMember,
    now: datetime,
    checked: Collection[str] = (),
    witness: StaffMember | None = None,
) -> Handover:
    """Another way the policy allows, or against advice: signed off by a role the policy names, with its evidence. What
    was arranged for just this way is the evidence where none is given, and is signed off already by whoever still may.

    Against advice needs no score, but a ``witness``: somebody else of the staff, who saw it. Somebody calls them after.
    """
    how = ReleasedHow(how)
    with transaction.atomic():
        visit = changes.locked(infusion=infusion)
        handover = code_words.draw(infusion=visit, now=now)
        policy = rules.of(infusion=visit)
        missing = leaving.never(visit=visit, handover=handover)
        if arranged := arrangements.stands_for(infusion=visit, how=how):
            evidence = evidence.strip() or arranged.details
            if sign_off.may_sign(visit=visit, who=arranged.authorised_by):
                authorised_by = arranged.authorised_by
        if how == ReleasedHow.HANDOVER:
            missing.append(_("Choose the person who takes the patient home."))
        missing += sign_off.missing(visit=visit, authorised_by=authorised_by, evidence=evidence)
        if how == ReleasedHow.AGAINST_ADVICE:
            missing += against_advice.no_witness(visit=visit, witness=witness, actor=actor)
        elif handover.done_at is None:
            missing += leaving.too_early(visit=visit, now=now)
            missing += leaving.not_well_enough(visit=visit, score=score, checked=checked)
        if how == ReleasedHow.EXTENDED_STAY and visit.ready_at is not None:
            until = visit.ready_at + timedelta(minutes=policy.extended_stay_minutes)
            if now < until:
                at = f"{until.astimezone(visit.site.zone):%H:%M}"
                missing.append(_("The longer stay lasts until %(time)s.") % {"time": at})
        if missing:
            raise Refused(*missing)
        fields = {"how": how, "evidence": evidence.strip()[:300], "authorised_by": authorised_by, "score": score}
        # Nobody took them: whoever the words were drawn for did not.
        nobody = {"commitment": None, "accepted_at": None, "accepted_words": ""}
        given = {"checked": sorted(checked), "witness": witness}
        leaving.finish(handover, actor=actor, now=now, **fields, **given, **nobody)
        visit = infusions.release(infusion=visit, how=how, actor=actor, now=now)
        if how == ReleasedHow.AGAINST_ADVICE:
            against_advice.call_after(visit=visit, now=now)
        held = promise_rows.holder(visit)
        if held is not None:
            desk_news.not_needed(visit=visit, row=held, now=now)
        return handover


def accept(*, handover: Handover, now: datetime, actor: str, commitment: Commitment | None = None) -> Handover:
    """The helper read the lines and accepted them. Idempotent. ``commitment``: whose tap it was; refused where somebody
    else takes the patient by now."""
    with transaction.atomic():
        told = ("infusion__site", "infusion__patient", "infusion__policy")
        row = Handover.objects.select_for_update(of=("self",)).select_related(*told).get(pk=handover.pk)
        if InfusionStatus(row.infusion.status) not in {S.READY, S.RELEASED}:
            raise Refused(_("This visit is over."))
        if row.done_at is not None and row.how != ReleasedHow.HANDOVER:
            # Nobody took them: what is on record about it stays as it was signed.
            raise Refused(_("This visit is over."))
        if commitment is not None and row.commitment_id not in {None, commitment.pk}:
            raise Refused(_("Somebody else has this date. There is nothing for you to do."))
        if row.accepted_at is None:
            _accepted(row, row.infusion, actor, now)
        return row


def _accepted(row: Handover, visit: Infusion, actor: str, now: datetime, *, how: str = "") -> None:
    """In the words that stood on their page or paper: the patient may leave later than they tell."""
    row.accepted_at, row.accepted_words = now, "\n".join(taken_on.as_they_stand(visit))
    row.save(update_fields=["accepted_at", "accepted_words"])
    leaving.note(row, actor, "handover.accepted", now, how=how)


def say_home(*, infusion: Infusion, now: datetime, actor: str) -> Infusion:
    """They are home. Said twice it is still once. Who waits to hear it is told."""
    with transaction.atomic():
        visit = changes.locked(infusion=infusion)
        if visit.state is S.HOME:
            return visit
        visit = infusions.home(infusion=visit, actor=actor, now=now)
        Handover.objects.filter(infusion=visit, home_said_at=None).update(home_said_at=now)
        homeward.is_home(visit=visit, now=now)
        return visit
