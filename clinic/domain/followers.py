"""Who is told, in the same transaction, when an infusion changes, or when others may hear of it or at other times."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from clinic.models import Infusion

# "stay": it lasts longer than planned, or as planned again.
What = Literal["booked", "moved", "cancelled", "no_show", "phase", "late", "stay"]


@dataclass(frozen=True)
class Change:
    """``before`` holds the former values of the fields that changed; ``actor`` is "staff:7", "link:…" or "system"."""

    infusion: Infusion
    what: What
    now: datetime
    actor: str
    before: dict[str, object] = field(default_factory=dict)


# All changes of one act at once: a series of six is one telling, so that what it costs does not grow sixfold.
Follower = Callable[[Sequence[Change]], None]
_followers: list[Follower] = []


def register(follower: Follower) -> None:
    """Call once, from ``AppConfig.ready()``."""
    if follower not in _followers:
        _followers.append(follower)


def tell(changes: Sequence[Change]) -> None:
    """Runs inside the caller's transaction: a follower that raises undoes the changes."""
    for follower in _followers:
        follower(changes)


Planner = Callable[[Sequence[int]], None]
_planners: list[Planner] = []


def on_outdated(planner: Planner) -> None:
    """Call once, from ``AppConfig.ready()``."""
    if planner not in _planners:
        _planners.append(planner)


def outdated(*, visits: Sequence[int]) -> None:
    """The ids of visits that stay as they are, while what is to be said about them may not: new rules, another number.
    They may be many: planners act once the caller's transaction is committed."""
    if visits:
        for planner in _planners:
            planner(visits)
