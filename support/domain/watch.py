"""What nobody did in time, found once a minute: silence becomes a task for a person, never an assumption."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.db.models import F, Q
from django.utils.translation import gettext as _

from clinic.enums import InfusionStatus
from clinic.models import Infusion
from messaging.domain import inbound
from support.domain import (
    alerts,
    busy,
    checkins,
    commitments,
    cover_calls,
    designations,
    going_on,
    homeward,
    ladder,
    ladder_news,
    letting_go,
    nobody_came,
    pending,
    replan,
    row_by_row,
    rules,
    waitlist,
    way_home,
)
from support.enums import CommitmentStatus
from support.models import Commitment

log = structlog.get_logger(__name__)

S = InfusionStatus
LOOK_AHEAD = timedelta(days=4)
LOOK_BACK = timedelta(days=2)
WITH = ("site", "patient__site", "policy")


def run(*, now: datetime) -> None:
    """Everything the clock asks of this app. Each step and each row by itself: a bad one never stops the others."""
    steps: list[Callable[..., object]] = [
        inbound.hear_again,
        replan.sweep,
        lapse_silent,
        letting_go.over_their_number,
        ladder.sweep,
        cover_calls.find,
        call_about_rides,
        nobody_came.find,
        homeward.find,
        checkins.open_due,
        checkins.close_silent,
        alerts.hand_on,
        waitlist.sweep,
        going_on.ask_due,
        pending.sweep,
        designations.end_over,
    ]
    for step in steps:
        try:
            step(now=now)
        except Exception as error:
            log.error("sweep_step_failed", step=f"{step.__module__}.{step.__name__}", error=type(error).__name__)


def lapse_silent(*, now: datetime) -> int:
    """Questions nobody answered end with the start of the visit."""
    rows = Commitment.objects.filter(
        # Somebody asked after the start, because another stepped back, is asked still; it may begin before its time.
        status=CommitmentStatus.ASKED,
        asked_at__lt=F("infusion__starts_at"),
        infusion__status__in=[S.BOOKED, S.ARRIVED],
        infusion__starts_at__lte=now,
        infusion__starts_at__gt=now - LOOK_BACK,
    )
    return row_by_row.each(partial(commitments.lapse, commitment=row, now=now) for row in rows)


def call_about_rides(*, now: datetime) -> int:
    """A day before, no yes for the way home; hours before, a yes nobody confirmed; and whoever said yes and is treated
    themselves that day: these are phoned, no others."""
    visits = _visits(now, Q(status__in=[S.BOOKED, S.ARRIVED], starts_at__gt=now, starts_at__lt=now + LOOK_AHEAD))
    ways = way_home.of(infusions=visits, now=now)
    treated = busy.treated(homes=[(visit, held) for visit in visits if (held := ways[visit.pk].held) is not None])
    return row_by_row.each(
        partial(_call_about_ride, visit, ways[visit.pk], visit.pk in treated, now) for visit in visits
    )


def _visits(now: datetime, condition: Q) -> list[Infusion]:
    recent = Infusion.objects.filter(condition, starts_at__gt=now - LOOK_BACK)
    return list(recent.select_related(*WITH).order_by("starts_at", "pk"))


def _call_about_ride(visit: Infusion, way: way_home.WayHome, is_treated: bool, now: datetime) -> bool:
    policy = rules.of(infusion=visit)
    left = visit.starts_at - now
    words = {
        "name": visit.patient.first_name,
        "when": alerts.when(visit),
    }
    if way.held is None and way.arranged is None and left <= timedelta(hours=policy.reconfirm_hours):
        if ladder_news.was_told(visit=visit):
            return False
        names = ", ".join(row.first_name for row in way.asked)
        sentence = _("No way home yet for %(name)s, %(when)s. Nobody is asked now.")
        if names:
            words["asked"] = names
            sentence = _("No way home yet for %(name)s, %(when)s. Please call: %(asked)s.")
        return _open(visit, alerts.time_key("ride-open", visit), sentence % words, now)
    held = way.held
    if held is not None and is_treated:
        words["helper"] = held.first_name
        sentence = _("%(helper)s takes %(name)s home, %(when)s, and has a visit of their own that day. Please call.")
        return _open(visit, alerts.time_key("ride-treated", visit) + f":{held.pk}", sentence % words, now)
    if (
        held is not None
        and held.status == CommitmentStatus.ACCEPTED
        and left <= timedelta(hours=policy.last_call_hours)
    ):
        words["helper"] = held.first_name
        sentence = _("%(helper)s has not confirmed the way home for %(name)s, %(when)s. Please call.")
        return _open(visit, alerts.time_key("ride-unconfirmed", visit), sentence % words, now)
    return False


def _open(visit: Infusion, key: str, sentence: str, now: datetime) -> bool:
    alerts.call_task(key=key, says=sentence, visit=visit, now=now)
    return True
