"""The search behind the plans of a series: least cost over days and times of day, for all usual times at once.

A *state* is a calendar day together with a usual time of day. A set of states is one integer, with bit
``day * times + time`` for each. Stepping a whole set ahead by a gap of days is one shift, and asking which states are
free is one AND, so that sixty days and all their times are walked in a few thousand operations.

Costs are single integers that hold several counts side by side, the most important leftmost. Adding two of them adds
each count; comparing them compares lexicographically. So the least integer is the exact lexicographic optimum.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Layer = dict[int, int]


@dataclass(frozen=True)
class Step:
    """From one visit to the next: ways to go ahead (in bits), by what each costs."""

    ways: tuple[tuple[int, tuple[int, ...]], ...]


@dataclass(frozen=True)
class Kind:
    """Visits of one kind: which states allow one, and what it costs."""

    cost: int
    states: int


def forward(
    *, kinds: Sequence[Kind], steps: Sequence[Step], allowed: Sequence[int], limit: int | None = None
) -> list[Layer]:
    """For each visit the states it can have, by the least cost to come there; nothing dearer than ``limit``.

    A state that can be had for less is left out of every dearer set: whatever follows costs both the same.
    """
    first: Layer = {}
    for kind in kinds:
        first[kind.cost] = first.get(kind.cost, 0) | kind.states
    layers = [_cheapest(first, allowed[0], limit)]
    for step, states in zip(steps, allowed[1:], strict=True):
        reached: Layer = {}
        for spent, bits in layers[-1].items():
            for gap_cost, ways in step.ways:
                ahead = 0
                for way in ways:
                    ahead |= bits << way
                ahead &= states
                if not ahead:
                    continue
                for kind in kinds:
                    hit = ahead & kind.states
                    if hit:
                        total = spent + gap_cost + kind.cost
                        reached[total] = reached.get(total, 0) | hit
        layers.append(_cheapest(reached, states, limit))
    return layers


def on_the_way(*, layers: Sequence[Layer], kinds: Sequence[Kind], steps: Sequence[Step], ends: Layer) -> list[Layer]:
    """The same layers, with only those states from which ``ends`` (a part of the last layer) is reached at its cost."""
    kept = [ends]
    for layer, step in zip(reversed(layers[:-1]), reversed(steps), strict=True):
        after, before = kept[-1], {}
        for spent, bits in layer.items():
            good = 0
            for gap_cost, ways in step.ways:
                for kind in kinds:
                    target = after.get(spent + gap_cost + kind.cost, 0) & kind.states
                    if target:
                        for way in ways:
                            good |= target >> way
            if good & bits:
                before[spent] = good & bits
        kept.append(before)
    return kept[::-1]


def first_days(*, layers: Sequence[Layer], kinds: Sequence[Kind], steps: Sequence[Step], times: int) -> list[int]:
    """The lexicographically earliest days through layers of ``on_the_way``."""
    whole_day = (1 << times) - 1
    now = layers[0]
    days = [_earliest(now, times)]
    for step, layer in zip(steps, layers[1:], strict=True):
        reached: Layer = {}
        for spent, bits in now.items():
            bits &= whole_day << days[-1] * times
            for gap_cost, ways in step.ways if bits else ():
                ahead = 0
                for way in ways:
                    ahead |= bits << way
                for kind in kinds:
                    total = spent + gap_cost + kind.cost
                    hit = ahead & kind.states & layer.get(total, 0)
                    if hit:
                        reached[total] = reached.get(total, 0) | hit
        now = reached
        days.append(_earliest(now, times))
    return days


def union(layer: Layer) -> int:
    states = 0
    for bits in layer.values():
        states |= bits
    return states


def lowest(bits: int) -> int:
    """The place of the lowest bit of a set that is not empty."""
    return (bits & -bits).bit_length() - 1


def members(bits: int) -> Iterable[int]:
    while bits:
        at = lowest(bits)
        yield at
        bits &= bits - 1


def _earliest(layer: Layer, times: int) -> int:
    return lowest(union(layer)) // times


def _cheapest(layer: Layer, allowed: int, limit: int | None) -> Layer:
    kept: Layer = {}
    seen = 0
    for cost in sorted(layer):
        if limit is not None and cost > limit:
            break
        bits = layer[cost] & allowed & ~seen
        if bits:
            kept[cost] = bits
            seen |= bits
    return kept
