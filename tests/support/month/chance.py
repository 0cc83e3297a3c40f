"""What people are like. The same question has the same answer, in whatever order a run comes to ask."""

import random
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import timedelta

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
# How long before the start (after it, where negative) somebody steps back who had said yes, and how many of a hundred.
STEPPING_BACK = {20 * HOUR: 4, 3 * HOUR: 4, 10 * MINUTE: 4, -30 * MINUTE: 4}


@dataclass(frozen=True)
class Reaction:
    says: str
    after: timedelta


class Chance:
    def __init__(self, seed: int) -> None:
        self.seed = seed

    def of(self, *about: Hashable) -> random.Random:
        return random.Random("/".join(map(str, (self.seed, *about))))

    def hits(self, share: float, *about: Hashable) -> bool:
        return self.of(*about).random() < share

    def minutes(self, least: int, most: int, *about: Hashable) -> timedelta:
        return timedelta(minutes=self.of(*about).randint(least, most))

    def reaction(self, *about: Hashable, is_urgent: bool) -> Reaction:
        """To being asked: a fifth never answers; with the patient in the chair answers come within the hour."""
        draw = self.of("asked", *about)
        says = draw.choices(["yes", "no", "silent"], [55, 23, 22])[0]
        after = draw.randint(2, 50) if is_urgent else int(draw.lognormvariate(5, 1.5))
        return Reaction(says, timedelta(minutes=after))

    def stepping_back(self, *about: Hashable) -> timedelta | None:
        """How long before the start, of the few who do."""
        kinds, shares = list(STEPPING_BACK), list(STEPPING_BACK.values())
        return self.of("back", *about).choices([*kinds, None], [*shares, 100 - sum(shares)])[0]

    def coming(self, *about: Hashable) -> timedelta | None:
        """So long after the patient is ready they are at the door; None: not before somebody calls them."""
        draw = self.of("door", *about)
        least, most = draw.choices([(-10, 15), (35, 150), (0, 0)], [78, 15, 7])[0]
        return timedelta(minutes=draw.randint(least, most)) if most else None
