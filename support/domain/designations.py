"""This patient named this person: with consent, an order, roles, and what they may know."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from clinic.domain import audit
from clinic.domain.errors import Refused
from clinic.enums import InfusionStatus
from clinic.models import Infusion, Patient, StaffMember
from messaging.domain import outbox, quiet
from messaging.domain.outbox import Wanted
from messaging.enums import Channel, MessageStatus
from messaging.models import Message
from support.domain import alerts, commitments, links, plan, replan, rules, visit_state
from support.domain.plan_state import CALL
from support.enums import HOLDING, OPEN_COMMITMENTS, AlertKind, ConsentHow, SupportRole
from support.models import Commitment, Designation, SupportPerson

INVITATION_LASTS = timedelta(days=7)
NEWS_LASTS = timedelta(days=3)


def name(
    *,
    patient: Patient,
    roles: Sequence[str],
    rank: int,
    may_know: Sequence[str],
    consent_how: ConsentHow | str,
    wording: str,
    now: datetime,
    person: SupportPerson | None = None,
    person_fields: Mapping[str, Any] | None = None,
    relationship: str = "",
    witness: StaffMember | None = None,
    valid_until: datetime | None = None,
) -> Designation:
    """Puts a person on the patient's list, asks them for every visit ahead and invites them by text and e-mail.

    ``person`` is somebody known already, else one is made of ``person_fields``. Somebody without mobile and e-mail is
    a call for the desk.
    """
    with transaction.atomic():
        Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
        who = person or SupportPerson(site=patient.site, **dict(person_fields or {}))
        _refuse_who_cannot(who, patient, roles)
        if who.pk is None:
            who.save()
        try:
            with transaction.atomic():
                designation = Designation.objects.create(
                    patient=patient,
                    person=who,
                    relationship=relationship,
                    roles=list(roles),
                    may_know=list(may_know),
                    rank=rank,
                    valid_from=now,
                    valid_until=valid_until,
                    consent_how=consent_how,
                    consent_at=now,
                    consent_wording=wording[:300],
                    witnessed_by=witness,
                    invited_at=now,
                )
        except IntegrityError as error:
            raise Refused(_("This person is already on the list.")) from error
        actor = audit.staff(witness) if witness is not None else f"patient:{patient.pk}"
        _note(designation, actor, "designation.named", now)
        commitments.ask_for_all(designation=designation, now=now)
        _invite(designation, now)
        return designation


def change(
    *,
    designation: Designation,
    roles: Sequence[str],
    rank: int,
    may_know: Sequence[str],
    actor: str,
    now: datetime,
    relationship: str = "",
) -> Designation:
    """What the patient now wants of this person. A role taken away ends its open promises, a new one is asked."""
    with transaction.atomic():
        row = _locked(designation)
        _refuse_who_cannot(row.person, row.patient, roles, is_new=False)
        gone = set(row.roles) - set(roles)
        row.roles, row.rank, row.may_know, row.relationship = list(roles), rank, list(may_know), relationship
        row.save(update_fields=["roles", "rank", "may_know", "relationship"])
        _note(row, actor, "designation.changed", now)
        _end_open(row, gone, now, actor)
        commitments.ask_for_all(designation=row, now=now)
        return row


def withdraw(*, designation: Designation, actor: str, now: datetime) -> Designation:
    """Takes a person off the list. Their link closes at once, nothing more is sent to them, the others are asked."""
    with transaction.atomic():
        row = _locked(designation)
        if row.withdrawn_at is not None:
            return row
        row.withdrawn_at = now
        row.save(update_fields=["withdrawn_at"])
        links.withdraw_all(designation=row, now=now)
        _end_open(row, set(SupportRole.values), now, actor)
        outbox.reconcile(site_id=row.patient.site_id, scope=f"designation:{row.pk}", wanted=[], now=now)
        replan.replan_all(infusions=replan.upcoming_of(designation=row, now=now), now=now)
        _note(row, actor, "designation.withdrawn", now)
        return row


def stop_asking(*, designation: Designation, now: datetime, actor: str) -> Designation:
    """The helper steps back from everything, by their own link. The desk tells the patient."""
    with transaction.atomic():
        held = Commitment.objects.filter(
            designation=designation, role=SupportRole.RIDE, status__in=HOLDING, infusion__ends_at__gt=now
        )
        had = held.exists()
        row = withdraw(designation=designation, actor=actor, now=now)
        with alerts.for_the_desk():
            sentence = _("%(name)s does not want to be asked any more. Please tell the patient.")
            if had:
                sentence = _("%(name)s does not want to be asked any more and had dates. Please tell the patient.")
        alerts.open_alert(
            kind=AlertKind.CANT_COME if had else AlertKind.CALL_TASK,
            key=f"stopped:{row.pk}",
            says=sentence % {"name": row.person.first_name},
            patient=row.patient,
            designation=row,
            now=now,
            once=True,
        )
        return row


def correct_contact(*, person: SupportPerson, actor: str, now: datetime, phone: str, email: str) -> SupportPerson:
    """Messages that have not gone use the new number or address. Who agreed to texts agreed for the old number only."""
    with transaction.atomic():
        row = SupportPerson.objects.select_for_update(no_key=True).get(pk=person.pk)
        changed = [
            channel
            for channel, is_new in ((Channel.SMS, row.phone != phone), (Channel.EMAIL, row.email != email))
            if is_new
        ]
        if row.phone != phone:
            row.phone, row.phone_as_received, row.texts_agreed_at = phone, "", None
        if row.email != email:
            row.email, row.email_as_received = email, ""
        row.save(update_fields=["phone", "phone_as_received", "texts_agreed_at", "email", "email_as_received"])
        for designation in row.designations.filter(withdrawn_at=None).select_related("patient__site", "person__site"):
            _note(designation, actor, "person.contact_corrected", now)
            _invite(designation, now)
            _invite_again(designation, changed, now)
            replan.replan_all(infusions=replan.upcoming_of(designation=designation, now=now), now=now)
        return row


def say_adult(*, designation: Designation, actor: str, now: datetime) -> SupportPerson:
    """The helper says by their own link that they are 18 or older. What staff recorded before stays."""
    with transaction.atomic():
        row = SupportPerson.objects.select_for_update(no_key=True).get(pk=designation.person_id)
        if row.is_adult is None:
            row.is_adult = True
            row.save(update_fields=["is_adult"])
            _note(designation, actor, "person.says_adult", now)
        return row


def agree_to_texts(*, person: SupportPerson, actor: str, now: datetime) -> SupportPerson:
    """They said to staff that texts are welcome."""
    with transaction.atomic():
        row = SupportPerson.objects.select_for_update(no_key=True).get(pk=person.pk)
        if row.texts_agreed_at is None:
            row.texts_agreed_at = now
            row.save(update_fields=["texts_agreed_at"])
            for designation in row.designations.filter(withdrawn_at=None).select_related("patient"):
                _note(designation, actor, "person.texts_agreed", now)
                replan.replan_all(infusions=replan.upcoming_of(designation=designation, now=now), now=now)
        return row


def confirm_adult(*, person: SupportPerson, actor: str, now: datetime) -> SupportPerson:
    """Somebody at the clinic heard that this person is 18 or older. Idempotent."""
    with transaction.atomic():
        row = SupportPerson.objects.select_for_update().get(pk=person.pk)
        if not row.is_adult:
            row.is_adult = True
            row.save(update_fields=["is_adult"])
            for designation in row.designations.filter(withdrawn_at=None).select_related("patient"):
                _note(designation, actor, "person.adult_confirmed", now)
        return row


def send_link_again(*, designation: Designation, actor: str, now: datetime) -> None:
    """By text where there is a number, else by e-mail. Pressed twice within a minute it goes once."""
    with transaction.atomic():
        row = _locked(designation)
        if row.withdrawn_at is not None:
            raise Refused(_("This person is no longer on the list."))
        channels = _channels(row)
        if not channels:
            raise Refused(_("There is no number or e-mail it could go to. Correct one first, or call."))
        minute = now.replace(second=0, microsecond=0)
        for wanted in _invitations(row, channels[:1], now, about_at=minute):
            outbox.post(site_id=row.patient.site_id, scope=f"designation:{row.pk}", wanted=wanted, now=now)
        _note(row, actor, "designation.link_sent", now)


def tell_new_dates(*, infusion: Infusion, asked: Sequence[Commitment], now: datetime) -> None:
    """Those who know us already hear once that a course has new dates; once a booking, however many dates it has."""
    to_tell = {row.designation_id: row.designation for row in asked if row.designation.invited_at != now}
    stopped = visit_state.stopped(*(designation.person for designation in to_tell.values()))
    window = plan.window(rules.of(infusion=infusion))
    for designation in to_tell.values():
        reach = visit_state.reach_helper(designation=designation, has_answered=False, stopped=stopped)
        if reach.is_silent or reach.channel == CALL:
            continue
        wanted = Wanted(
            kind="helper_new_dates",
            subject=f"course:{infusion.course_id}",
            about_at=infusion.booked_at,
            recipient=reach.recipient,
            channel=reach.channel,
            due_at=quiet.later(moment=now, zone=reach.zone, window=window),
            not_after=now + NEWS_LASTS,
            language=reach.language,
            rule="at once",
            zone=infusion.site.timezone,
        )
        outbox.post(site_id=infusion.site_id, scope=f"designation:{designation.pk}", wanted=wanted, now=now)


def _refuse_who_cannot(who: SupportPerson, patient: Patient, roles: Sequence[str], *, is_new: bool = True) -> None:
    if not roles:
        raise Refused(_("Say what this person helps with."))
    if SupportRole.RIDE in roles and who.is_adult is False:
        raise Refused(_("Only somebody who is 18 or older can take a patient home."))
    if who.patient_id is not None and who.patient_id == patient.pk:
        raise Refused(_("Nobody can be their own way home."))
    if is_new and who.pk is None and who.phone:
        listed = Designation.objects.filter(
            patient=patient, withdrawn_at=None, person__phone=who.phone, person__given_name__iexact=who.given_name
        )
        if listed.exists():
            raise Refused(_("This person is already on the list."))


def _end_open(row: Designation, roles: set[str], now: datetime, actor: str) -> None:
    """Open promises in these roles end. In the order of the visits' ids, as everybody who locks several does."""
    ahead = [InfusionStatus.RELEASED, InfusionStatus.HOME]
    promises = Commitment.objects.filter(designation=row, role__in=roles, status__in=OPEN_COMMITMENTS)
    for commitment in promises.exclude(infusion__status__in=ahead).order_by("infusion_id", "pk"):
        commitments.withdraw(commitment=commitment, via="", now=now, actor=actor)


def _invite(row: Designation, now: datetime) -> None:
    """Once by text and once by e-mail; a corrected address is invited too. Nobody to write to: a call."""
    channels = _channels(row)
    outbox.reconcile(
        site_id=row.patient.site_id,
        scope=f"designation:{row.pk}",
        wanted=_invitations(row, channels, now, about_at=None),
        now=now,
    )
    if not channels:
        alerts.open_alert(
            kind=AlertKind.CALL_TASK,
            key=f"invite:{row.pk}",
            says=_("No mobile or e-mail for %(name)s. Please call: can they help, and how can we reach them?")
            % {"name": row.person.first_name},
            patient=row.patient,
            designation=row,
            now=now,
            once=True,
        )


def _invite_again(row: Designation, channels: Sequence[str], now: datetime) -> None:
    """Where the invitation had gone to the number or address that was wrong, the right one gets its own."""
    said = Message.objects.filter(kind="helper_invitation", recipient=f"designation:{row.pk}", channel__in=channels)
    gone = set(said.exclude(status__in=[MessageStatus.PENDING, MessageStatus.VOID]).values_list("channel", flat=True))
    minute = now.replace(second=0, microsecond=0)
    for wanted in _invitations(row, [c for c in _channels(row) if c in gone], now, about_at=minute):
        outbox.post(site_id=row.patient.site_id, scope=f"designation:{row.pk}", wanted=wanted, now=now)


def _channels(row: Designation) -> list[str]:
    stopped = visit_state.stopped(row.person)
    channels: list[str] = []
    if row.person.phone and row.person.phone not in stopped:
        channels.append(Channel.SMS)
    if row.person.email and row.person.email not in stopped:
        channels.append(Channel.EMAIL)
    return channels


def _invitations(
    row: Designation, channels: Sequence[str], now: datetime, *, about_at: datetime | None
) -> list[Wanted]:
    reach = visit_state.reach_helper(designation=row, has_answered=False, stopped=set())
    window = plan.window(rules.at(site=row.person.site))
    return [
        Wanted(
            kind="helper_invitation",
            subject=f"designation:{row.pk}",
            about_at=about_at,
            recipient=reach.recipient,
            channel=channel,
            due_at=quiet.later(moment=now, zone=reach.zone, window=window) if channel == Channel.SMS else now,
            not_after=now + INVITATION_LASTS,
            language=reach.language,
            rule="at once",
            zone=row.person.site.timezone,
        )
        for channel in channels
    ]


def _locked(designation: Designation) -> Designation:
    rows = Designation.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("patient__site", "person__site").get(pk=designation.pk)


def _note(row: Designation, actor: str, verb: str, now: datetime) -> None:
    audit.record(actor=actor, verb=verb, now=now, patient_id=row.patient_id, subject=f"designation:{row.pk}")
