"""Where a visit stands, in neutral words for people outside the clinic."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.enums import InfusionStatus
from clinic.models import Infusion, Site
from support.domain import estimate

_S = InfusionStatus
# So long before the window opens it is time to think of leaving.
NEARLY = timedelta(minutes=20)
# The place of a state among the steps of ``phases``; who rests is nearly ready once the time is near.
REACHED = {_S.BOOKED: -1, _S.ARRIVED: 0, _S.STARTED: 1, _S.RECOVERING: 1, _S.READY: 3}
NEARLY_READY, GONE = 2, 4
# A plain link: nothing of it is loaded into our pages, and nobody is asked where they are.
MAP = "https://www.openstreetmap.org/search?"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What components/phone/live.html shows. Empty ``start``: no window is known or needed."""

    state: str
    icon: str
    level: str
    start: str
    end: str
    says: str
    as_of: str
    phases: list[dict[str, str]]


def standing(*, infusion: Infusion, takes_home: bool, now: datetime) -> Standing:
    """``takes_home``: the reader, who is told when to come in."""
    zone = infusion.site.zone
    status = InfusionStatus(infusion.status)
    name = {"name": infusion.patient.first_name}
    resting, ready = "", (_("Ready to leave"), "ok", "ok", "")
    if takes_home:
        resting = _("We text you when it’s time to come in.")
        ready = (_("Please come in"), "ok", "ok", _("%(name)s is ready. Come to the front desk.") % name)
    words = {
        _S.BOOKED: (_("Not here yet"), "clock", "calm", _("%(name)s is expected later.") % name),
        _S.ARRIVED: (_("Arrived"), "ok", "calm", _("%(name)s is with us.") % name),
        _S.STARTED: (_("Resting now"), "moon", "calm", resting),
        _S.RECOVERING: (_("Resting now"), "moon", "calm", resting),
        _S.READY: ready,
    }
    state, icon, level, says = words.get(status, (_("On the way home"), "home", "ok", ""))
    start = end = ""
    reached = REACHED.get(status, GONE)
    if status in {_S.BOOKED, _S.ARRIVED, _S.STARTED, _S.RECOVERING}:
        window = estimate.window(infusion=infusion, now=now)
        start, end = (f"{timezone.localtime(moment, zone):%H:%M}" for moment in (window.start, window.end))
        if status == _S.RECOVERING and window.start - now <= NEARLY:
            state, icon, reached = _("Nearly ready"), "clock", NEARLY_READY
        if not window.visits:
            too_few = _("These times are as planned: we do not have enough visits yet to tell.")
            says = f"{says} {too_few}".strip()
    return Standing(
        state=state,
        icon=icon,
        level=level,
        start=start,
        end=end,
        says=says,
        as_of=f"{timezone.localtime(now, zone):%H:%M}",
        phases=phases(reached, last=_("Come in") if takes_home else _("Ready to leave")),
    )


def getting_there(*, site: Site) -> list[dict[str, str]]:
    """What components/phone/links.html shows under the clinic's address: where it is, and whom to call."""
    where = ", ".join(part for part in (site.street, site.city) if part)
    return [
        {"href": MAP + urlencode({"query": where}), "label": _("Map"), "icon": "pin"},
        {"href": f"tel:{site.phone}", "label": _("Call the clinic"), "icon": "phone"},
    ]


def phases(reached: int, *, last: str) -> list[dict[str, str]]:
    """Four neutral steps, and which of them it is now."""
    words = [_("Arrived"), _("Resting"), _("Nearly ready"), last]
    return [
        {"word": word, "state": "past" if place < reached else "current" if place == reached else ""}
        for place, word in enumerate(words)
    ]
