"""What the page of a handover shows beyond the visit. Constant queries, changes nothing."""

from dataclasses import dataclass
from datetime import datetime

from clinic.enums import InfusionStatus
from clinic.models import Infusion
from support.domain import code_words, promise_rows, quiet_words, steps, turned_away, way_home
from support.domain.way_home import WayHome
from support.models import Arrangement, Handover, NotHandedOverTo, QuietWord


@dataclass(frozen=True, kw_only=True)
class HandoverPage:
    """``alone``: the word that still waits to be heard; ``arranged``: what is signed off already."""

    phase: str
    handover: Handover | None
    way: WayHome
    alone: QuietWord | None
    heard: list[QuietWord]
    turned_away: list[NotHandedOverTo]
    arranged: Arrangement | None
    may_leave_anyway: bool

    @property
    def words_are_spent(self) -> bool:
        return self.handover is not None and code_words.are_spent(self.handover)


def of(*, infusion: Infusion, now: datetime) -> HandoverPage:
    words = quiet_words.of(infusion=infusion)
    return HandoverPage(
        phase=steps.phase(infusion=infusion, zone=infusion.site.zone, now=now),
        handover=steps.handover_of(infusion),
        way=way_home.of(infusions=[infusion], now=now)[infusion.pk],
        alone=next((word for word in words if word.heard_at is None), None),
        heard=[word for word in words if word.heard_at is not None],
        turned_away=turned_away.of(infusion=infusion),
        arranged=promise_rows.arranged(infusion),
        may_leave_anyway=InfusionStatus.RELEASED in infusion.state.allowed_next,
    )
