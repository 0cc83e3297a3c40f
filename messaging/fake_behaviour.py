"""How the fake provider answers: told from outside while it runs, or drawn by lot from a seed."""

import itertools
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any

REFUSALS = {
    "bad_number": (400, 21211),
    "not_mobile": (400, 21614),
    "opted_out": (400, 21610),
    "busy": (429, 20429),
    "unauthorised": (401, 20003),
}


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """How the next requests are answered.

    `refuse` names one of REFUSALS; `status` answers with that code and an error in the body, 200 as well; `hang` keeps
    the request open until told otherwise; `drop` closes the connection without an answer; `failed` answers as if all
    were well, with a text that failed with that code. `retry_after` stands in the header of whatever is refused.
    `accept` says whether a request that is hung, dropped or answered with `status` was taken all the same.
    `honours_keys`: the same Idempotency-Key again is the same text, sent once.

    `receipts` lists the callbacks in their order, any of them twice (true: sent, delivered); `error_code` stands in
    those that say it failed. `lookup_status` fails the look-ups, `lookup_delay` seconds each takes.

    `cycle` holds changes to be used in turn, one for each request. A `share` of the requests meets one of `faults`, a
    `lookup_share` of the look-ups an error: which, only `seed` and their order decide.
    """

    delay: float = 0
    refuse: str = ""
    status: int = 0
    hang: bool = False
    drop: bool = False
    failed: int | None = None
    retry_after: str = ""
    accept: bool = False
    receipts: bool | list[str] = False
    receipt_url: str = ""
    receipt_delay: float = 0
    error_code: int = 0
    honours_keys: bool = False
    lookup_status: int = 0
    lookup_delay: float = 0
    cycle: list[dict[str, Any]] = field(default_factory=list)
    share: float = 0
    faults: list[dict[str, Any]] = field(default_factory=list)
    lookup_share: float = 0
    seed: int = 0

    def changed(self, **changes: Any) -> "Behaviour":
        unknown = set(changes) - {each.name for each in fields(self)}
        if unknown:
            raise ValueError(f"No such behaviour: {', '.join(sorted(unknown))}")
        return replace(self, **changes)


class Mood:
    """The behaviour as it stands, and how many requests and look-ups met it. Thread-safe."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.asked = 0
        self.looked_up = 0
        self.behave(Behaviour())

    def behave(self, behaviour: Behaviour) -> None:
        """From now on like this, and the turns begin anew."""
        with self.lock:
            self.behaviour = behaviour
            self.turns: Iterator[dict[str, Any]] = itertools.cycle(behaviour.cycle) if behaviour.cycle else iter(())

    def of_request(self) -> Behaviour:
        """What the next request meets."""
        with self.lock:
            self.asked += 1
            behaviour = self.behaviour.changed(**next(self.turns, {}))
            chance = random.Random(f"{behaviour.seed} request {self.asked}")  # noqa: S311
        if behaviour.faults and chance.random() < behaviour.share:
            return behaviour.changed(**chance.choice(behaviour.faults))
        return behaviour

    def of_look_up(self) -> tuple[float, int]:
        """How many seconds the next look-up takes, and the status it fails with, or 0."""
        with self.lock:
            self.looked_up += 1
            behaviour = self.behaviour
            chance = random.Random(f"{behaviour.seed} look-up {self.looked_up}")  # noqa: S311
        status = behaviour.lookup_status or (500 if chance.random() < behaviour.lookup_share else 0)
        return behaviour.lookup_delay, status

    def may_hang(self) -> bool:
        behaviour = self.behaviour
        return behaviour.hang or any(change.get("hang") for change in [*behaviour.cycle, *behaviour.faults])
