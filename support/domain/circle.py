"""What support does when a visit changes, inside the same transaction."""

from collections.abc import Sequence
from datetime import datetime

from clinic.domain.followers import Change
from clinic.enums import InfusionStatus
from clinic.models import Infusion
from support.domain import asking, checkins, commitments, handovers, invitations, replan, visit_state


def follow(changes: Sequence[Change]) -> None:
    """Registered with clinic's followers."""
    booked = [change.infusion for change in changes if change.what == "booked"]
    if booked:
        _booked(booked, changes[0].now)
    for change in changes:
        if change.what != "booked":
            _changed(change)


def _booked(visits: Sequence[Infusion], now: datetime) -> None:
    """New visits of one patient: nothing can be known about them yet, so nothing is looked up."""
    somebody, stopped = visit_state.first_look(patient=visits[0].patient)
    asked = asking.ask_about_new(infusions=visits, now=now) if somebody else []
    if asked:
        stopped |= visit_state.stopped(*(commitment.designation.person for commitment in asked))
    invitations.tell_new_dates(infusion=visits[0], asked=asked, stopped=stopped, now=now)
    replan.plan_new(infusions=visits, asked=asked, stopped=stopped, now=now)


def _changed(change: Change) -> None:
    visit, now = change.infusion, change.now
    if change.what == "moved":
        _moved(change)
    elif change.what in {"cancelled", "no_show"}:
        commitments.void_all(infusion=visit, now=now)
    elif change.what == "phase" and visit.state is InfusionStatus.READY:
        handovers.prepare(infusion=visit, now=now)
    elif change.what == "phase" and visit.state is InfusionStatus.RELEASED:
        checkins.plan_for(infusion=visit, now=now)
    replan.replan(infusion=visit, now=now)


def _moved(change: Change) -> None:
    """Another room or clinician changes nothing for anybody outside; another time changes everything."""
    visit, now = change.infusion, change.now
    if change.before.get("starts_at", visit.starts_at) == visit.starts_at:
        return
    stopped = visit_state.stopped(visit.patient)
    reach = visit_state.reach_patient(patient=visit.patient, site=visit.site, stopped=stopped)
    # Each move is news, also one back to a time that was given before.
    subject = f"infusion:{visit.pk}:v{visit.version}"
    replan.tell_now(visit=visit, kind="patient_moved", subject=subject, reach=reach, now=now)
    commitments.void_for_move(infusion=visit, now=now)
    asking.ask_everybody(infusion=visit, now=now)
