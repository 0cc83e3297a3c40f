"""The one next step of a visit, whose it is, and its phase in words, as every staff page shows them. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.access import CARE, DESK_AND_CARE
from clinic.domain import infusions
from clinic.domain.times import local_day
from clinic.enums import InfusionStatus, ReleasedHow
from clinic.models import Infusion
from support.domain import rules
from support.domain.visit_rows import VisitRow
from support.models import Handover

S = InfusionStatus


@dataclass(frozen=True, kw_only=True)
class Step:
    """``url`` names the view; a POST, or a page to open where ``is_page``."""

    url: str
    label: str | Promise
    roles: tuple[str, ...]
    is_page: bool = False


STEPS = {
    S.BOOKED: Step(url="infusion_arrive", label=gettext_lazy("Arrived"), roles=DESK_AND_CARE),
    S.ARRIVED: Step(url="infusion_start", label=gettext_lazy("Start"), roles=CARE),
    S.STARTED: Step(url="infusion_recover", label=gettext_lazy("Recovering"), roles=CARE),
    S.RECOVERING: Step(url="infusion_ready", label=gettext_lazy("Ready to leave"), roles=CARE),
    S.READY: Step(url="handover", label=gettext_lazy("Hand over"), roles=CARE, is_page=True),
    S.RELEASED: Step(url="infusion_home", label=gettext_lazy("Home safe"), roles=DESK_AND_CARE),
}


SINCE = {
    S.ARRIVED: (gettext_lazy("Here since %(time)s"), "arrived_at"),
    S.STARTED: (gettext_lazy("Under way since %(time)s"), "started_at"),
    S.RECOVERING: (gettext_lazy("Recovering since %(time)s"), "recovering_at"),
    S.READY: (gettext_lazy("Ready since %(time)s"), "ready_at"),
    S.HOME: (gettext_lazy("Home at %(time)s"), "home_at"),
    S.CANCELLED: (gettext_lazy("Cancelled at %(time)s"), "cancelled_at"),
    S.NO_SHOW: (gettext_lazy("Did not come"), "no_show_at"),
}


def next_step(*, infusion: Infusion | VisitRow, zone: ZoneInfo, now: datetime) -> Step | None:
    """None where nothing comes next, and for a booked visit of another day: nobody arrives for it today."""
    if infusion.state == S.BOOKED and not is_its_day(infusion=infusion, zone=zone, now=now):
        return None
    return STEPS.get(infusion.state)


def undo_until(*, infusion: Infusion | VisitRow, now: datetime) -> datetime | None:
    """Until when the step before can be taken back; None where that is over, or never was possible."""
    until = infusions.undoable_until(infusion=infusion)
    return until if until is not None and now < until else None


def may_undo(*, state: InfusionStatus, role: str) -> bool:
    """Whoever may make a step may take it back."""
    return role in (CARE if state in {S.STARTED, S.RECOVERING, S.READY} else DESK_AND_CARE)


def is_its_day(*, infusion: Infusion | VisitRow, zone: ZoneInfo, now: datetime) -> bool:
    return local_day(moment=infusion.starts_at, zone=zone) == local_day(moment=now, zone=zone)


def handover_of(infusion: Infusion | VisitRow) -> Handover | None:
    """Without a query where ``handover`` was selected along."""
    return getattr(infusion, "handover", None)


def phase(*, infusion: Infusion | VisitRow, zone: ZoneInfo, now: datetime) -> str:
    """Where the visit stands, with the clock time it began: "Recovering since 09:22"."""
    state = infusion.state
    if state == S.BOOKED:
        if infusion.late_minutes:
            return _("Late, about %(minutes)s min") % {"minutes": infusion.late_minutes}
        if now > infusion.starts_at + timedelta(minutes=10):
            return _("Not here yet")
        return _("Booked")
    if state == S.RELEASED:
        return _left(infusion, zone)
    sentence, stamp = SINCE[state]
    return str(sentence) % {"time": clock(getattr(infusion, stamp), zone)}


def _left(infusion: Infusion | VisitRow, zone: ZoneInfo) -> str:
    handover = handover_of(infusion)
    at = clock(infusion.released_at, zone)
    if infusion.released_how == ReleasedHow.HANDOVER and handover and handover.commitment:
        return _("Left with %(name)s, %(time)s") % {
            "name": handover.commitment.designation.person.first_name,
            "time": at,
        }
    return _("Left at %(time)s") % {"time": at}


def expected(*, infusion: Infusion | VisitRow, now: datetime, recovery: timedelta | None = None) -> datetime:
    """When the next step is due: the booked start, then each phase's expected end, then now.

    ``recovery``: how long it took lately, where the clinic has enough visits to tell.
    """
    protocol = infusion.course.protocol
    state = infusion.state
    if state == S.STARTED and infusion.started_at:
        return infusion.started_at + timedelta(minutes=protocol.infusion_minutes)
    if state == S.RECOVERING and infusion.recovering_at:
        planned = infusion.recovering_at + (recovery or timedelta(minutes=protocol.recovery_minutes))
        return max(planned, rules.leaves_from(infusion=infusion) or planned)
    if state == S.ARRIVED:
        return infusion.starts_at + timedelta(minutes=protocol.prep_minutes)
    if state == S.BOOKED:
        return infusion.starts_at
    return now


def clock(moment: datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%H:%M}" if moment else ""
