"""What the desk is told while a way home is looked for: one alert a visit and time, with the newest step's deadline."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _

from clinic.enums import Role
from clinic.models import Infusion
from support.domain import alerts, desk_news, rules
from support.domain.ladder_state import Look
from support.enums import AlertKind, AlertStatus, CommitmentStatus, LadderRung, StepEnd
from support.models import Alert, Commitment, LadderStep

L = LadderRung


def arrange(*, visit: Infusion, step: LadderStep, look: Look, now: datetime) -> None:
    """What the clinic must arrange, until when, and who has not answered. Said on the alert of whoever stepped back in
    this moment; else on one of its own. Closed without a way home, the step goes on and the next one opens it anew.
    Needs the visit's lock."""
    until = _until(visit, step, now)
    with alerts.for_the_desk():
        to_do = _to_do(L(step.rung))
        named = {"name": visit.patient.first_name, "when": alerts.when(visit), "names": ", ".join(_asked(look))}
        says = " ".join([_("Nobody takes %(name)s home, %(when)s.") % named, to_do])
        if named["names"]:
            says += " " + _("Asked and not answered: %(names)s.") % named
    stepped_back = _of_this_moment(visit, now)
    if stepped_back is not None and step.rung != L.HOLD:
        alerts.add(key_begins=stepped_back, says=to_do)
        return
    alert = alerts.open_alert(
        kind=AlertKind.LADDER,
        key=_key(visit),
        says=says,
        patient=visit.patient,
        infusion=visit,
        deadline=until,
        first=Role.NURSE if step.rung == L.HOLD else None,
        now=now,
    )
    if alert.opened_at != now:
        alerts.go_on(alert=alert, says=says, deadline=until, now=now)


def silent(*, visit: Infusion, row: Commitment, now: datetime) -> None:
    """Who was asked alone and did not answer is called. Needs the visit's lock."""
    with alerts.for_the_desk():
        named = {"name": row.designation.person.first_name, "when": alerts.when(visit)}
        says = _("%(name)s did not answer about %(when)s. The next person is asked; please call all the same.") % named
    key = f"ladder-silent:{row.pk}:{int(row.asked_at.timestamp())}"
    alerts.call_task(key=key, says=says, visit=visit, designation=row.designation, now=now)


def ended(*, visit: Infusion, steps: Iterable[LadderStep], end: StepEnd, by: str) -> None:
    """Said on the alert that still waits; a person closes it, who may have booked something meanwhile. ``by``: who or
    what takes the patient home."""
    if end not in {StepEnd.TAKEN, StepEnd.OVER} or all(step.rung == L.ADULTS for step in steps):
        return
    with alerts.for_the_desk():
        says = _("This is over: the visit began, moved, was called off, or its time has passed.")
        if end == StepEnd.TAKEN:
            says = _("Since then there is a way home: %(by)s.") % {"by": by}
    alerts.add(key_begins=f"ladder:{visit.pk}:", says=says)


def was_told(*, visit: Infusion) -> bool:
    """Whether the desk was asked to arrange a way home for this time, and be that done, or knows that somebody stepped
    back."""
    waits = Q(kind=AlertKind.CANT_COME) & ~Q(status=AlertStatus.CLOSED)
    return Alert.objects.filter(Q(key=_key(visit)) | waits, infusion=visit).exists()


def _of_this_moment(visit: Infusion, now: datetime) -> str | None:
    """The key of the alert about a way home that was lost just now."""
    waiting = Alert.objects.filter(infusion=visit, opened_at=now, key__startswith=desk_news.LOST)
    return waiting.exclude(status=AlertStatus.CLOSED).values_list("key", flat=True).first()


def _key(visit: Infusion) -> str:
    return alerts.time_key("ladder", visit)


def _asked(look: Look) -> list[str]:
    return [
        row.designation.person.first_name
        for row in look.rows.values()
        if row.status in {CommitmentStatus.ASKED, CommitmentStatus.LAPSED}
    ]


def _until(visit: Infusion, step: LadderStep, now: datetime) -> datetime | None:
    """A patient who stays is urgent; another day has the time that something days away has."""
    if step.rung == L.HOLD:
        return now + timedelta(minutes=rules.of(infusion=visit).urgent_minutes)
    return step.until or rules.in_good_time(infusion=visit, now=now)


def _to_do(rung: LadderRung) -> str:
    sentences = {
        L.PAID_ESCORT: _("Please book a paid escort."),
        L.WATCHED_RIDE: _("Please book a ride and watch it."),
        L.EXTENDED_STAY: _("Please decide on a longer stay."),
        L.POSTPONE: _("Please find another day, or somebody after all."),
        L.HOLD: _("The patient stays until somebody comes."),
    }
    return sentences[rung]
