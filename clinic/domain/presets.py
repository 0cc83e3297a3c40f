"""Ready-made protocols to begin with; the director changes each to what the clinic does. Sources: docs/rules.md."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from clinic.domain import protocols
from clinic.domain.protocols import Stage
from clinic.enums import Route, StageKind
from clinic.models import Protocol, Site, StaffMember

LATER = StageKind.MAINTENANCE
# Watched for two hours from the first device, in a certified place.
NASAL: dict[str, Any] = {
    "route": Route.NASAL,
    "infusion_minutes": 15,
    "recovery_minutes": 110,
    "observation_minutes": 120,
}
TWICE_A_WEEK, WEEKLY = Stage(8, 2, 3, 5), Stage(4, 5, 7, 9)


@dataclass(frozen=True)
class Preset:
    stages: Sequence[Stage]
    fields: Mapping[str, Any] = field(default_factory=dict)


PRESETS = {
    "IV, 6 in 3 weeks": Preset([Stage(6, 2, 3, 5)]),
    "IV, 6 in 2 weeks": Preset([Stage(6, 1, 2, 4)]),
    "IV, 6 in 12 days, then every 4 to 6 weeks": Preset([Stage(6, 1, 2, 3), Stage(4, 28, 35, 42, LATER)]),
    "IV, 4 in 2 weeks, then further apart": Preset(
        [Stage(4, 2, 4, 5), Stage(1, 12, 14, 16, LATER), Stage(1, 19, 21, 23, LATER), Stage(4, 26, 30, 35, LATER)]
    ),
    "IV, one booster": Preset([Stage(1, 1, 28, 60, LATER)]),
    "IV, boosters every 2 to 6 weeks": Preset([Stage(6, 14, 28, 42, LATER)]),
    "IV, 4 hours on 5 days in a row": Preset(
        [Stage(5, 1, 1, 1)], {"infusion_minutes": 240, "recovery_minutes": 60, "turnaround_minutes": 30}
    ),
    "Nasal, twice a week for 4 weeks": Preset([TWICE_A_WEEK], NASAL),
    "Nasal, weekly for 4 weeks": Preset([WEEKLY], NASAL),
    "Nasal, 4 weeks twice, 4 weeks once, then weekly": Preset(
        [TWICE_A_WEEK, WEEKLY._replace(kind=LATER), Stage(12, 5, 7, 9, LATER)], NASAL
    ),
    "Nasal, 4 weeks twice, 4 weeks once, then every 2 weeks": Preset(
        [TWICE_A_WEEK, WEEKLY._replace(kind=LATER), Stage(6, 12, 14, 16, LATER)], NASAL
    ),
}


def known(*, site: Site) -> set[str]:
    """The names of those the site has or once had."""
    return set(Protocol.objects.filter(site=site, name__in=PRESETS).values_list("name", flat=True))


def add(*, site: Site, names: Sequence[str], actor: StaffMember, now: datetime) -> int:
    """The chosen ready-made protocols that the site never had; how many were added."""
    with transaction.atomic():
        there = known(site=site)
        wanted = [name for name in PRESETS if name in names and name not in there]
        for name in wanted:
            preset = PRESETS[name]
            fields = {"name": name, **preset.fields}
            protocols.add(site=site, fields=fields, stages=preset.stages, actor=actor, now=now)
    return len(wanted)
