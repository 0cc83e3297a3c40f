"""A policy in words, for the page where it is read before it is signed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from clinic.enums import DischargeItem, HoldQuestion, Role, Rung
from clinic.models import Policy

LISTS: dict[str, type[DischargeItem] | type[HoldQuestion]] = {
    "hold_questions": HoldQuestion,
    "discharge_items": DischargeItem,
}

# The same groups as on the form.
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "home",
        (
            *("rungs", "override_roles", "override_needs_second", "helper_min_age", "stay_with_hours"),
            *("travel_minutes", "extended_stay_minutes"),
        ),
    ),
    (
        "ladder",
        (
            *("ladder_first_to_take", "ladder_hours", "cover_days"),
            *("paid_escort_hours", "watched_ride_hours", "extended_stay_hours"),
        ),
    ),
    ("asking", ("ask_hours", "reconfirm_hours", "last_call_hours", "load_after")),
    (
        "before",
        (
            *("solids_hours", "clear_liquids_minutes", "alcohol_hours", "hold_questions"),
            *("systolic_max", "diastolic_max", "consent_days"),
        ),
    ),
    (
        "after",
        (
            *("min_recovery_minutes", "discharge_score_min", "drive_block_hours", "sleep_required", "discharge_items"),
            *("nobody_came_minutes", "on_call_minutes", "home_call_minutes", "home_contact_minutes"),
            "against_advice_minutes",
        ),
    ),
    (
        "how it goes",
        (
            "evening_checkin_at",
            "next_checkin_hours",
            "checkin_open_hours",
            "call_back_minutes",
            "urgent_minutes",
        ),
    ),
    ("texts", ("texts_from", "texts_until", "texts_per_day", "texts_per_week", "texts_apart_minutes")),
    ("waitlist", ("waitlist_minutes", "waitlist_daily", "waitlist_first_to_take")),
)


@dataclass(frozen=True)
class Line:
    label: str
    value: str
    before: str = ""

    @property
    def changed(self) -> bool:
        return bool(self.before) and self.before != self.value


@dataclass(frozen=True)
class Group:
    title: str
    lines: Sequence[Line]


def described(*, policy: Policy | None, before: Policy | None = None) -> list[Group]:
    """Every rule with its value, and with the value of the version before where there is one."""
    if policy is None:
        return []
    return [
        Group(_title(name), [Line(_label(field), _said(policy, field), _said(before, field)) for field in fields])
        for name, fields in GROUPS
    ]


def _title(name: str) -> str:
    return {
        "home": _("The way home"),
        "ladder": _("Where nobody has the way home"),
        "asking": _("Asking helpers"),
        "before": _("Before the visit"),
        "after": _("After the treatment"),
        "how it goes": _("Asking how it goes"),
        "texts": _("Texts"),
        "waitlist": _("A time that becomes free"),
    }[name]


def _label(field: str) -> str:
    if field == "rungs":
        return _("ways home, in this order")
    if field == "override_roles":
        return _("may start without a confirmed way home, with a reason")
    if field == "discharge_score_min":
        return _("lowest discharge score (PADSS, of 10)")
    return str(Policy._meta.get_field(field).verbose_name)  # type: ignore[union-attr]


def _said(policy: Policy | None, field: str) -> str:
    if policy is None:
        return ""
    value: Any = getattr(policy, field)
    if field == "rungs":
        return " · ".join(str(Rung(rung).label) for rung in value)
    if field == "override_roles":
        return ", ".join(str(Role(role).label) for role in value) or _("nobody")
    if field in LISTS:
        return " · ".join(str(LISTS[field](each).label) for each in value) or _("none")
    if value is None:
        return _("none")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return f"{value:%H:%M}" if hasattr(value, "hour") else str(value)
