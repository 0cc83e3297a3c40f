"""What support does when a visit changes, inside the same transaction."""

from clinic.domain.followers import Change
from clinic.enums import InfusionStatus
from messaging.domain import outbox, quiet
from messaging.domain.outbox import Wanted
from support.domain import asking, checkins, commitments, handovers, invitations, plan, replan, rules, visit_state
from support.domain.plan_state import CALL


def follow(change: Change) -> None:
    """Registered with clinic's followers."""
    visit, now = change.infusion, change.now
    if change.what == "booked":
        asked = asking.ask_everybody(infusion=visit, now=now)
        invitations.tell_new_dates(infusion=visit, asked=asked, now=now)
    elif change.what == "moved":
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
    due = quiet.later(moment=now, zone=reach.zone, window=plan.window(rules.of(infusion=visit)))
    wanted = Wanted(
        kind="patient_moved",
        # Each move is news, also one back to a time that was given before.
        subject=f"infusion:{visit.pk}:v{visit.version}",
        about_at=visit.starts_at,
        recipient=reach.recipient,
        channel=reach.channel,
        due_at=due,
        not_after=visit.starts_at,
        language=reach.language,
        rule="at once",
        zone=visit.site.timezone,
    )
    if reach.channel == CALL or due >= visit.starts_at:
        replan.open_call(visit=visit, call=wanted, now=now)
    else:
        outbox.post(site_id=visit.site_id, scope=f"infusion:{visit.pk}", wanted=wanted, now=now)
    commitments.void_for_move(infusion=visit, now=now)
    asking.ask_everybody(infusion=visit, now=now)
