"""A protocol in words: its rhythm, what a new version changed, what the clinic lacks for it."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.enums import Attendant, Equipment, Role, Route
from clinic.models import Protocol, ProtocolStage, Room, StaffMember

# What makes a version; whether it is offered does not.
FIELDS = (
    "name",
    "route",
    "prep_minutes",
    "infusion_minutes",
    "recovery_minutes",
    "observation_minutes",
    "turnaround_minutes",
    "needs",
    "present",
)
# In the United States, from the first device (docs/rules.md, "The nasal form").
NASAL_MINUTES = 120


def stage(step: ProtocolStage) -> str:
    """Such as: 6 visits, 2 to 5 days apart, best 3."""
    visits = ngettext("%(count)s visit", "%(count)s visits", step.visits) % {"count": step.visits}
    if step.position == 0 and step.visits == 1:
        return visits
    if step.min_days == step.max_days:
        days = ngettext("%(days)s day apart", "%(days)s days apart", step.min_days) % {"days": step.min_days}
    else:
        days = _("%(least)s–%(most)s days apart, best %(best)s") % {
            "least": step.min_days,
            "most": step.max_days,
            "best": step.target_days,
        }
    return _("%(visits)s, %(days)s") % {"visits": visits, "days": days}


def changes(*, before: Protocol, after: Protocol, steps: Sequence[ProtocolStage] | None = None) -> list[str]:
    """What ``after`` says otherwise, a sentence each. ``steps`` where its stages are not written down yet."""
    found = [
        _("%(what)s: %(now)s instead of %(then)s")
        % {"what": _label(field), "now": _said(after, field), "then": _said(before, field)}
        for field in FIELDS
        if getattr(before, field) != getattr(after, field)
    ]
    now = [(step.kind, step.visits, *step.gap) for step in (after.steps if steps is None else steps)]
    if now != [(step.kind, step.visits, *step.gap) for step in before.steps]:
        said = " · ".join(stage(step) for step in (after.steps if steps is None else steps))
        found.append(_("stages: %(stages)s") % {"stages": said})
    return found


def lacks(*, protocol: Protocol) -> list[str]:
    """What stands in the way of booking under it, or should be thought of; nothing of it forbids saving. Two queries
    at most."""
    rooms = list(Room.objects.filter(site=protocol.site_id, is_active=True))
    fitting = [room for room in rooms if set(protocol.needs) <= set(room.equipment)]
    found = []
    if rooms and not fitting:
        found.append(_("No room has all of this: %(needs)s.") % {"needs": _said(protocol, "needs")})
    if Attendant.COMPANION in protocol.present and fitting and not any(room.guest_places for room in fitting):
        found.append(_("Somebody the patient brings must be in the room, and no room that fits has a guest place."))
    if Attendant.NURSE in protocol.present and not _has_nurse(protocol):
        found.append(_("A nurse must be there, and no nurse works at this clinic."))
    if protocol.route == Route.NASAL and protocol.observation_minutes < NASAL_MINUTES:
        sentence = _("Nasal spray: the rules of the United States ask for %(minutes)s minutes from the first device.")
        found.append(sentence % {"minutes": NASAL_MINUTES})
    return found


def _has_nurse(protocol: Protocol) -> bool:
    return StaffMember.objects.filter(sites=protocol.site_id, role=Role.NURSE, is_active=True).exists()


def _label(field: str) -> str:
    return str(Protocol._meta.get_field(field).verbose_name)  # type: ignore[union-attr]


def _said(protocol: Protocol, field: str) -> str:
    value: Any = getattr(protocol, field)
    if field == "route":
        return str(Route(value).label)
    if field == "needs":
        return ", ".join(str(Equipment(one).label) for one in value) or _("nothing")
    if field == "present":
        return ", ".join(str(Attendant(one).label) for one in value)
    return str(value)
