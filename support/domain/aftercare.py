"""What matters at this hour, for the patient's own page. Clinic's rules only; no advice of our own."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import formats
from django.utils.translation import gettext as _

from clinic.enums import InfusionStatus, ReleasedHow
from clinic.models import Infusion, Policy
from support.domain import day, driving, rules
from support.models import CheckIn


@dataclass(frozen=True, kw_only=True)
class Hour:
    """A step of components/phone/hours.html. ``at`` on the clinic's clock, with the day where it is another one."""

    moment: datetime
    at: str
    text: str
    state: str


def now_for(*, infusion: Infusion, is_met: bool, now: datetime) -> list[Hour]:
    """The lines of before or after, in order of time; the one that counts now is "current". One query. ``is_met``:
    somebody has the way home."""
    lines = _after(infusion) if infusion.released_at is not None else _before(infusion, is_met)
    lines.sort(key=lambda line: line[0])
    current = max((place for place, line in enumerate(lines) if line[0] <= now), default=-1)
    return [
        Hour(
            moment=moment,
            at=_clock(infusion, moment, now),
            text=text,
            state="current" if place == current else "past" if place < current else "",
        )
        for place, (moment, text) in enumerate(lines)
    ]


def _clock(infusion: Infusion, moment: datetime, now: datetime) -> str:
    local = moment.astimezone(infusion.site.zone)
    is_today = local.date() == now.astimezone(infusion.site.zone).date()
    return f"{local:%H:%M}" if is_today else formats.date_format(local, "D H:i")


def _before(infusion: Infusion, is_met: bool) -> list[tuple[datetime, str]]:
    policy = rules.of(infusion=infusion)
    fasting = day.fasting(infusion=infusion, policy=policy)
    lines = [
        (infusion.starts_at - timedelta(hours=policy.alcohol_hours), _("No alcohol from now on.")),
        (fasting.no_food_after, _("No food from now on.")),
        (fasting.no_drinks_after, _("No drinks from now on.")),
        (infusion.starts_at, _("Your visit.")),
    ]
    if infusion.started_at is not None:
        lines = [(infusion.started_at, _("Rest. Somebody is near."))]
    if is_met and infusion.state is InfusionStatus.READY and infusion.ready_at is not None:
        lines.append((infusion.ready_at, _("You leave together with the person who takes you home.")))
    return lines


def _after(infusion: Infusion) -> list[tuple[datetime, str]]:
    policy = rules.of(infusion=infusion)
    left = infusion.released_at or infusion.ends_at
    on_the_way, rests = _left(infusion, policy)
    lines = [(left, on_the_way), (infusion.home_at or left + timedelta(minutes=policy.travel_minutes), rests)]
    lines += [
        (row.due_at, _("We ask how you are."))
        for row in CheckIn.objects.filter(infusion=infusion, designation=None).order_by("due_at")
    ]
    drive = driving.drive_from(infusion=infusion)
    if drive is not None:
        text = _("Earliest driving time under your clinic's rule.")
        if policy.sleep_required:
            text = _("Earliest driving time under your clinic's rule, after a night's sleep.")
        lines.append((drive, text))
    return lines


def _left(infusion: Infusion, policy: Policy) -> tuple[str, str]:
    """On the way and at home, as they left: not everybody has somebody at their side."""
    rests = _("Rest. No driving, no alcohol, no papers to sign.")
    if infusion.released_how == ReleasedHow.HANDOVER:
        if policy.stay_with_hours:
            rests = _("Rest. Somebody stays with you. No driving, no alcohol, no papers to sign.")
        return _("On the way home, with somebody at your side."), rests
    if infusion.released_how == ReleasedHow.WATCHED_RIDE:
        return _("On the way home, in the car we booked."), rests
    return _("On the way home."), rests
