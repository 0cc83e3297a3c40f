"""What a person who is named hears from us: the invitation, once by text and once by e-mail, and later dates."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from clinic.models import Infusion
from messaging.domain import outbox, quiet
from messaging.domain.outbox import Wanted
from messaging.domain.standing import Standing
from messaging.enums import Channel, MessageStatus
from messaging.models import Message
from support.domain import alerts, plan, rules, texting_hours, visit_state
from support.domain.plan_state import CALL
from support.enums import AlertKind
from support.models import Commitment, Designation

INVITATION_LASTS = timedelta(days=7)
NEWS_LASTS = timedelta(days=3)


def invite(*, designation: Designation, now: datetime) -> None:
    """Once by text and once by e-mail; a corrected address is invited too. Nobody to write to: a call."""
    reachable = channels(designation=designation)
    outbox.reconcile(
        site_id=designation.patient.site_id,
        scope=f"designation:{designation.pk}",
        wanted=_wanted(designation, reachable, now, about_at=None),
        now=now,
    )
    if not reachable:
        alerts.open_alert(
            kind=AlertKind.CALL_TASK,
            key=f"invite:{designation.pk}",
            says=_("No mobile or e-mail for %(name)s. Please call: can they help, and how can we reach them?")
            % {"name": designation.person.first_name},
            patient=designation.patient,
            designation=designation,
            now=now,
            once=True,
        )


def invite_again(*, designation: Designation, by: Sequence[str], now: datetime) -> None:
    """The same words once more, on the channels in ``by``. Asked twice within a minute it goes once."""
    minute = now.replace(second=0, microsecond=0)
    for wanted in _wanted(designation, by, now, about_at=minute):
        outbox.post(site_id=designation.patient.site_id, scope=f"designation:{designation.pk}", wanted=wanted, now=now)


def follow_correction(*, designation: Designation, changed: Sequence[str], is_closed: bool, now: datetime) -> None:
    """Where the invitation had gone to the number or address that was wrong, the right one gets its own; where their
    link was closed they get a new one in any case. Who is only called in an emergency was never invited."""
    if not designation.roles:
        return
    invite(designation=designation, now=now)
    said = Message.objects.filter(kind="helper_invitation", recipient=f"designation:{designation.pk}")
    went = said.exclude(status__in=[MessageStatus.PENDING, MessageStatus.VOID]).filter(channel__in=changed)
    gone = set(went.values_list("channel", flat=True))
    reachable = channels(designation=designation)
    by = [channel for channel in reachable if channel in gone]
    if is_closed and not by and not said.filter(status=MessageStatus.PENDING).exists():
        by = reachable[:1]
    invite_again(designation=designation, by=by, now=now)


def tell_new_dates(*, infusion: Infusion, asked: Sequence[Commitment], known: Standing, now: datetime) -> None:
    """Those who know us already hear once that a course has new dates; once a booking, however many dates it has."""
    to_tell = {row.designation_id: row.designation for row in asked if row.designation.invited_at != now}
    if not to_tell:
        return
    signed = rules.of(infusion=infusion)
    for designation in to_tell.values():
        reach = visit_state.reach_helper(designation=designation, has_answered=False, known=known)
        channel = plan.channel(who=reach, kind="helper_new_dates", rules=signed)
        if reach.is_silent or channel == CALL:
            continue
        wanted = Wanted(
            kind="helper_new_dates",
            subject=f"course:{infusion.course_id}",
            about_at=infusion.booked_at,
            recipient=reach.recipient,
            channel=channel,
            due_at=quiet.later(moment=now, zone=reach.zone, window=texting_hours.window(signed, reach)),
            not_after=now + NEWS_LASTS,
            language=reach.language,
            rule="at once",
            zone=infusion.site.timezone,
        )
        outbox.post(site_id=infusion.site_id, scope=f"designation:{designation.pk}", wanted=wanted, now=now)


def channels(*, designation: Designation) -> list[str]:
    """How this person can be written to, the text first; without what asked for no more, or for quiet at every hour."""
    person = designation.person
    known = visit_state.standing_of(person)
    can_text = not person.is_landline and texting_hours.leaves_hours(rules.at(site=person.site), person)
    found: list[str] = []
    if can_text and known.is_open(person.phone):
        found.append(Channel.SMS)
    if known.is_open(person.email):
        found.append(Channel.EMAIL)
    return found


def _wanted(designation: Designation, by: Sequence[str], now: datetime, *, about_at: datetime | None) -> list[Wanted]:
    reach = visit_state.reach_helper(designation=designation, has_answered=False, known=Standing())
    window = texting_hours.window(rules.at(site=designation.person.site), designation.person)
    return [
        Wanted(
            kind="helper_invitation",
            subject=f"designation:{designation.pk}",
            about_at=about_at,
            recipient=reach.recipient,
            channel=channel,
            due_at=quiet.later(moment=now, zone=reach.zone, window=window) if channel == Channel.SMS else now,
            not_after=now + INVITATION_LASTS,
            language=reach.language,
            rule="at once",
            zone=designation.person.site.timezone,
        )
        for channel in by
    ]
