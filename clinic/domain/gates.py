"""May this infusion start? The apps above add their own gates when they are ready."""

from collections.abc import Callable
from datetime import datetime

from django.utils.translation import gettext as _

from clinic.domain import policies, prechecks
from clinic.domain.spoken import say_day
from clinic.domain.times import local_day
from clinic.enums import InfusionStatus
from clinic.models import Infusion, StaffMember

Gate = Callable[[Infusion, datetime], list[str]]


def policy_is_signed(infusion: Infusion, now: datetime) -> list[str]:
    if policies.under(infusion=infusion) is None:
        return [_("The clinic's rules are not signed yet. The medical director signs them.")]
    return []


def patient_has_arrived(infusion: Infusion, now: datetime) -> list[str]:
    if infusion.state is InfusionStatus.BOOKED:
        return [_("The patient has not arrived yet.")]
    return []


def day_is_not_over(infusion: Infusion, now: datetime) -> list[str]:
    """What was said about the way home was said for that day."""
    zone = infusion.site.zone
    day = local_day(moment=infusion.ends_at, zone=zone)
    if local_day(moment=now, zone=zone) > day:
        return [_("This visit was on %(day)s. Cancel it and book a new one.") % {"day": say_day(day)}]
    return []


_gates: list[Gate] = [policy_is_signed, patient_has_arrived, day_is_not_over, prechecks.gate]


def register(gate: Gate) -> None:
    """Call once, from ``AppConfig.ready()``. Gates answer in translated sentences and in the order they came."""
    if gate not in _gates:
        _gates.append(gate)


def reasons(*, infusion: Infusion, now: datetime) -> list[str]:
    """Why this infusion may not start; empty if it may."""
    return [sentence for gate in _gates for sentence in gate(infusion, now)]


def may_override(*, actor: StaffMember, infusion: Infusion) -> bool:
    """Whether the signed rules let this person start against the gates. Unsigned rules let nobody."""
    policy = policies.under(infusion=infusion)
    return policy is not None and actor.is_active and actor.role in policy.override_roles
