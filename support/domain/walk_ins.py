"""Somebody stands at the desk without a booking: what for, and whether it can begin now."""

from dataclasses import dataclass
from datetime import datetime

from clinic.domain import against, premises, protocols
from clinic.domain.calendar import timing
from clinic.domain.slots import Slot
from clinic.models import Patient, Protocol, Site
from support.domain import places


@dataclass(frozen=True, kw_only=True)
class AtOnce:
    """``slot`` is the first room and clinician free together today, now or later; ``against`` what speaks against
    beginning there now."""

    slot: Slot | None
    is_now: bool
    minutes: int
    against: list[str]


def protocol(*, patient: Patient) -> Protocol | None:
    """What they most likely came for: the course that has a visit to place, else the first that is offered."""
    offered = list(protocols.offered(site=patient.site))
    families = [row.course.protocol.family for row in places.to_place(site=patient.site, patients=[patient])]
    for family in families:
        for one in offered:
            if one.family == family:
                return one
    return offered[0] if offered else None


def at_once(*, protocol: Protocol, slot: Slot | None, site: Site, now: datetime) -> AtOnce:
    """``slot`` as ``scheduling.soonest`` finds it. One query, or those after a change of the premises."""
    here = premises.of(site=site)
    start = slot.starts_at if slot else now
    when = timing(protocol=protocol, policy=here.policy, starts_at=start)
    is_now = slot is not None and start <= now
    found = []
    if slot is not None and is_now:
        found = against.findings(
            site=site, protocol=protocol, is_archived=False, slots={1: (slot, when)}, placed={}, here=here, now=now
        )
    return AtOnce(
        slot=slot,
        is_now=is_now,
        minutes=int((when.ends_at - start).total_seconds() // 60),
        against=[finding.says for finding in found],
    )
