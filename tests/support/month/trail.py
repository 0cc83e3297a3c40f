"""What happened, as the sealed trail tells it: an account of its own, that asks no rule of ours.

The trail has one order, that of the commits; under the visit's lock it is the order in which things were true.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from clinic.models import AuditSeal
from support.enums import HOLDING, SupportRole
from support.models import Arrangement, Commitment

CONFIRMED = {"reconfirmed", "kept"}


@dataclass
class Story:
    """One visit. ``holding``: the promises that hold its way home, and how sure; ``arranged``: what stands by the
    clinic. The lists say when; a start also how."""

    holding: dict[int, str] = field(default_factory=dict)
    arranged: set[int] = field(default_factory=set)
    starts: list[tuple[datetime, str]] = field(default_factory=list)
    handed_over: list[datetime] = field(default_factory=list)
    left: list[tuple[datetime, bool]] = field(default_factory=list)
    most_drivers: int = 0
    # When it became so: "held", "sure" or "" for nobody; the newest last.
    way_home: list[tuple[datetime, str]] = field(default_factory=list)

    def start(self, at: datetime, verb: str, note: str) -> None:
        if verb.endswith("override"):
            self.starts.append((at, "override" if note else "silent override"))
        else:
            self.starts.append((at, "with a way home" if self.how_sure() == "sure" else "without"))

    def how_sure(self) -> str:
        if self.arranged or CONFIRMED & set(self.holding.values()):
            return "sure"
        return "held" if self.holding else ""

    def note_way(self, at: datetime) -> None:
        self.most_drivers = max(self.most_drivers, len(self.holding))
        if not self.way_home or self.way_home[-1][1] != self.how_sure():
            self.way_home.append((at, self.how_sure()))


def entries() -> Iterator[tuple[datetime, str, str, str]]:
    rows = AuditSeal.objects.order_by("position")
    yield from rows.values_list("entry__at", "entry__verb", "entry__subject", "entry__note").iterator()


def stories() -> dict[int, Story]:
    """Of every visit that the trail names, by its id."""
    rides = dict(Commitment.objects.filter(role=SupportRole.RIDE).values_list("pk", "infusion_id"))
    arranged = dict(Arrangement.objects.values_list("pk", "infusion_id"))
    told: dict[int, Story] = defaultdict(Story)
    for at, verb, subject, note in entries():
        what, _colon, key = subject.partition(":")
        if what == "commitment" and int(key) in rides:
            _promise(told[rides[int(key)]], int(key), verb, at)
        elif what == "arrangement":
            story = told[arranged[int(key)]]
            (story.arranged.add if verb == "arrangement.made" else story.arranged.discard)(int(key))
            story.note_way(at)
        elif what == "infusion":
            _phase(told[int(key)], verb, note, at)
    return told


def _promise(story: Story, pk: int, verb: str, at: datetime) -> None:
    status = verb.removeprefix("commitment.")
    if status in HOLDING:
        story.holding[pk] = status
    elif status in {"withdrawn", "void", "lapsed", "declined", "covered", "asked"}:
        story.holding.pop(pk, None)
    story.note_way(at)


def _phase(story: Story, verb: str, note: str, at: datetime) -> None:
    if verb.startswith("infusion.started") and not verb.endswith("undone"):
        story.start(at, verb, note)
    elif verb == "infusion.started.undone":
        story.starts.pop()
    elif verb == "handover.completed":
        story.handed_over.append(at)
    elif verb == "infusion.released":
        story.left.append((at, bool(story.handed_over)))
