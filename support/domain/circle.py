"""What support does when a visit changes, inside the same transaction."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from clinic.domain.followers import Change
from clinic.enums import InfusionStatus
from clinic.models import Infusion, Patient
from messaging.domain import opt_outs
from messaging.domain.consents import Yes
from messaging.domain.standing import Standing
from support.domain import (
    asking,
    checkins,
    code_words,
    commitments,
    homeward,
    invitations,
    ladder,
    purposes,
    replan,
    visit_state,
    waitlist,
)
from support.models import Handover

# A function of the database (migration 0008), asked with every booking.
FIRST_LOOK = "SELECT * FROM support_first_look(%s, %s, %s)"


def follow(changes: Sequence[Change]) -> None:
    """Registered with clinic's followers. The changes of one act are of one kind, and of one patient where booked."""
    if all(change.what == "booked" for change in changes):
        anybody_waits = _booked([change.infusion for change in changes], changes[0].now)
    else:
        anybody_waits = True
        for change in changes:
            _changed(change)
    if anybody_waits:
        waitlist.follow(changes)


def _booked(visits: Sequence[Infusion], now: datetime) -> bool:
    """New visits of one patient: nothing can be known about them yet, so nothing is looked up. Whether anybody waits
    for a place."""
    somebody, known, anybody_waits = _first_look(visits[0].patient)
    asked = asking.ask_about_new(infusions=visits, now=now) if somebody else []
    if asked:
        known |= visit_state.standing_of(*(commitment.designation.person for commitment in asked))
    invitations.tell_new_dates(infusion=visits[0], asked=asked, known=known, now=now)
    replan.plan_new(infusions=visits, asked=asked, known=known, now=now)
    return anybody_waits


def _first_look(patient: Patient) -> tuple[bool, Standing, bool]:
    """Whether anybody stands by this patient, what the patient agreed to and which of their addresses asked for no more
    messages, and whether anybody waits for a place."""
    name = purposes.name(patient)
    given = [opt_outs.same(address) for address in (patient.phone, patient.email) if address]
    with connection.cursor() as cursor:
        cursor.execute(FIRST_LOOK, [patient.pk, given, name])
        somebody, silent, agreed, anybody_waits = cursor.fetchone()
    known = Standing(stopped=frozenset(silent), agreed=frozenset(Yes(name, *yes.split(" ")) for yes in agreed))
    return somebody, known, anybody_waits


def _changed(change: Change) -> None:
    visit, now = change.infusion, change.now
    if change.what == "moved":
        _moved(change)
    elif change.what in {"cancelled", "no_show"}:
        commitments.void_all(infusion=visit, now=now)
    elif change.what == "phase" and visit.state is InfusionStatus.READY:
        code_words.draw(infusion=visit, now=now)
    elif change.what == "phase" and visit.state is InfusionStatus.RELEASED:
        checkins.plan_for(infusion=visit, now=now)
    _undone(change)
    if change.what == "moved":
        ladder.moved(visit=visit, now=now)
    else:
        ladder.climb(visit=visit, now=now)
    replan.replan(infusion=visit, now=now)


def _undone(change: Change) -> None:
    """A step taken back. What everybody said to a visit that was called off is void: they are asked once more."""
    visit = change.infusion
    if visit.state is InfusionStatus.BOOKED and "no_show_at" in change.before:
        asking.ask_everybody(infusion=visit, now=change.now)
    elif visit.state is InfusionStatus.RELEASED and "home_at" in change.before:
        Handover.objects.filter(infusion=visit).update(home_said_at=None)
        homeward.not_home_after_all(visit=visit)


def _moved(change: Change) -> None:
    """Another room or clinician changes nothing for anybody outside; another time changes everything."""
    visit, now = change.infusion, change.now
    if change.before.get("starts_at", visit.starts_at) == visit.starts_at:
        return
    known = visit_state.standing_of(visit.patient)
    reach = visit_state.reach_patient(patient=visit.patient, site=visit.site, known=known)
    # Each move is news, also one back to a time that was given before.
    subject = f"infusion:{visit.pk}:v{visit.version}"
    replan.tell_now(visit=visit, kind="patient_moved", subject=subject, reach=reach, now=now)
    commitments.void_for_move(infusion=visit, now=now)
    asking.ask_everybody(infusion=visit, now=now)
