"""Paid escorts: the clinic's own list, and one booked for a visit, who then has a promise to keep like anybody."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from clinic.domain import attempts, audit, locks
from clinic.domain.errors import Refused
from clinic.domain.followers import Change
from clinic.domain.spoken import say_moment
from clinic.enums import Rung
from clinic.models import Infusion, Site, StaffMember
from support.domain import (
    agreeing,
    alerts,
    arrangements,
    asking,
    busy,
    commitments,
    designations,
    invitations,
    pending,
    people,
    promise_rows,
    rules,
)
from support.enums import (
    HOLDING,
    AnsweredVia,
    CommitmentStatus,
    ConsentHow,
    LadderRung,
    MayKnow,
    SupportRole,
)
from support.models import Commitment, Designation, SupportPerson
from support.models.person import FOR_ONE_VISIT

MAY_KNOW = (MayKnow.DATES, MayKnow.PROGRESS, MayKnow.AFTERCARE)
# After the visit should be over: the evening's page and "We're home" still work, then the link is closed.
OPEN_AFTER = timedelta(hours=12)


def listed(*, site: Site) -> QuerySet[SupportPerson]:
    """Everybody on the list, who can be booked first."""
    return SupportPerson.objects.filter(site=site, is_escort=True).order_by("-is_active", "given_name", "family_name")


def keep(*, site: Site, fields: Mapping[str, Any], actor: StaffMember, now: datetime, pk: int | None = None) -> int:
    """Puts somebody on the list, or changes what stands there; the id. ``fields``: given_name, family_name, phone,
    email, escort_terms, is_active. Somebody of the list is an adult."""

    def work() -> int:
        values = dict(fields)
        if pk is None:
            row = SupportPerson.objects.create(site=site, is_escort=True, is_adult=True, **values)
            audit.record(actor=audit.staff(actor), verb="escort.added", now=now, subject=f"person:{row.pk}")
            return row.pk
        row = locks.held(listed(site=site), pk)
        reach = {name: values.pop(name) for name in ("phone", "email")}
        people.correct_contact(person=row, actor=audit.staff(actor), now=now, **reach)
        for name, value in values.items():
            setattr(row, name, value)
        row.save(update_fields=list(values))
        audit.record(actor=audit.staff(actor), verb="escort.changed", now=now, subject=f"person:{row.pk}")
        return row.pk

    return attempts.run_or_refuse(work)


def book(
    *,
    infusion: Infusion,
    escort: SupportPerson,
    actor: StaffMember,
    now: datetime,
    consent_how: ConsentHow | str = ConsentHow.IN_PERSON,
    wording: str = "",
    for_starts_at: datetime | None = None,
    guardian_agreed: bool = False,
) -> Commitment:
    """The escort said yes to ``actor``, the patient to the escort: named for this visit only, and it is theirs.

    ``wording``: what the patient agreed to, as it was read out. ``for_starts_at``: the time a page showed. Said twice
    it is once.
    """

    def work() -> Commitment:
        # A visit of this patient that is being booked at this moment asks those who are named.
        locks.diary(rooms=[], clinicians=[], patients=[infusion.patient_id])
        # Before the visit, as whoever takes somebody off the list.
        known = Designation.objects.filter(patient=infusion.patient_id, person=escort, withdrawn_at=None)
        named = known.select_for_update(no_key=True).first()
        visit = promise_rows.locked(infusion_id=infusion.pk)
        # Two visits at one time are refused one after the other.
        who = SupportPerson.objects.select_for_update(no_key=True).get(pk=escort.pk)
        if for_starts_at is not None and for_starts_at != visit.starts_at:
            raise Refused(_("The time of this visit has changed. Please look at the new time."))
        held = _held(visit, named)
        if held is not None:
            return held
        if against := why_not(infusion=visit, escort=who, now=now):
            raise Refused(*against)
        if pending.waits(patient=visit.patient, now=now, by=actor):
            raise Refused(_("Today the patient agrees to nothing new. A clinician can book it with them, or it waits."))
        if visit.patient.guardian and not guardian_agreed:
            raise Refused(_("The guardian agrees first."))
        words = pending.with_guardian(wording, patient=visit.patient) if visit.patient.guardian else wording
        row = _name(visit, who, named, actor, now, consent_how, words)
        agreeing.helper_said_yes(person=who, witness=actor, now=now)
        promise = asking.ask(infusion=visit, designation=row, role=SupportRole.RIDE, now=now)
        yes = commitments.accept(commitment=promise, via=AnsweredVia.PHONE, now=now, recorded_by=actor)
        invitations.invite(designation=row, now=now)
        designations.note(row, audit.staff(actor), "escort.booked", now)
        return yes

    return attempts.run_or_refuse(work)


def why_not(*, infusion: Infusion, escort: SupportPerson, now: datetime) -> list[str]:
    """Why this escort cannot be booked for this visit, in sentences; empty if they can."""
    policy, name = rules.of(infusion=infusion), {"name": escort.first_name}
    if promise_rows.is_over(infusion):
        return [_("This visit is over.")]
    if Rung.PAID_ESCORT not in policy.rungs:
        return [_("The clinic's rules do not allow this way home.")]
    against = arrangements.not_now(infusion=infusion, policy=policy, rung=LadderRung.PAID_ESCORT, now=now)
    if not escort.is_escort or not escort.is_active or escort.site_id != infusion.site_id:
        against.append(_("%(name)s is not on the list of paid escorts.") % name)
    if promise_rows.ride_is_held(infusion):
        against.append(_("Somebody has this way home already."))
    if not escort.is_adult:
        against.append(_("Only somebody who is 18 or older can take a patient home."))
    if _is_own_helper(infusion, escort):
        against.append(_("The patient has named %(name)s already. Ask them like the others.") % name)
    if busy.is_treated(person=escort, visit=infusion):
        against.append(_("%(name)s has a visit of their own that day.") % name)
    against += [
        _("%(name)s takes somebody else home on %(moment)s.")
        % {**name, "moment": say_moment(other.starts_at, infusion.site)}
        for other in busy.elsewhere(person=escort, visit=infusion)
    ]
    return against


def follow(changes: Sequence[Change]) -> None:
    """Registered with clinic's followers, after the circle: who was booked for a time that moved is asked for the new
    one, unless they are elsewhere then; that is a call."""
    for change in changes:
        before = change.before.get("starts_at")
        if change.what == "moved" and before != change.infusion.starts_at and isinstance(before, datetime):
            _moved(change.infusion, before, change.now)


def _moved(visit: Infusion, before: datetime, now: datetime) -> None:
    gone = Commitment.objects.filter(
        infusion=visit,
        for_starts_at=before,
        status=CommitmentStatus.VOID,
        answered_at__isnull=False,
        designation__withdrawn_at=None,
        designation__valid_until__isnull=False,
        designation__person__is_escort=True,
    )
    for row in gone.select_related("designation__person").order_by("designation_id"):
        named = row.designation
        if busy.elsewhere(person=named.person, visit=visit):
            _call_about_the_new_time(visit, named, now)
            continue
        _open_until(named, max(named.valid_until or now, visit.ends_at + OPEN_AFTER))
        asking.ask(infusion=visit, designation=named, role=SupportRole.RIDE, now=now)


def _call_about_the_new_time(visit: Infusion, named: Designation, now: datetime) -> None:
    with alerts.for_the_desk():
        sentence = _(
            "%(name)s was booked as an escort and takes somebody else home at the new time, %(when)s. Call them."
        )
        says = sentence % {"name": named.person.first_name, "when": alerts.when(visit)}
    key = alerts.time_key("escort-moved", visit) + f":{named.pk}"
    alerts.call_task(key=key, says=says, visit=visit, designation=named, now=now)


def _held(visit: Infusion, named: Designation | None) -> Commitment | None:
    """The way home is theirs already."""
    mine = promise_rows.rides(visit).filter(designation=named, status__in=HOLDING)
    return mine.first() if named is not None else None


def _name(
    visit: Infusion,
    who: SupportPerson,
    known: Designation | None,
    actor: StaffMember,
    now: datetime,
    consent_how: ConsentHow | str,
    wording: str,
) -> Designation:
    """For this visit; somebody booked for another of the patient's visits before is named on, with the new consent."""
    until = visit.ends_at + OPEN_AFTER
    consent = {"consent_how": consent_how, "consent_at": now, "consent_wording": wording[:300], "witnessed_by": actor}
    if known is not None:
        for field, value in consent.items():
            setattr(known, field, value)
        known.save(update_fields=list(consent))
        return _open_until(known, max(known.valid_until or until, until))
    with alerts.for_the_desk():
        relationship = _("paid escort")
    row = Designation.objects.create(
        patient=visit.patient,
        person=who,
        relationship=relationship,
        roles=[SupportRole.RIDE],
        may_know=list(MAY_KNOW),
        rank=designations.next_rank(patient_id=visit.patient_id),
        valid_from=now,
        valid_until=until,
        invited_at=now,
        **consent,
    )
    designations.note(row, audit.staff(actor), "designation.named", now)
    return Designation.objects.select_related("patient__site", "person__site").get(pk=row.pk)


def _open_until(designation: Designation, until: datetime) -> Designation:
    if designation.valid_until != until:
        Designation.objects.filter(pk=designation.pk).update(valid_until=until)
    return Designation.objects.select_related("patient__site", "person__site").get(pk=designation.pk)


def _is_own_helper(visit: Infusion, escort: SupportPerson) -> bool:
    """Named by the patient, not by a booking of the clinic's; perhaps recorded a second time."""
    listed = Designation.objects.filter(patient=visit.patient_id, withdrawn_at=None)
    return listed.exclude(FOR_ONE_VISIT).filter(Q(person=escort) | busy.same(escort, "person__")).exists()
