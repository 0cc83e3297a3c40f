"""Times from a begin to an end, whatever they are counted in. Pure."""

from collections.abc import Iterable
from datetime import datetime, time
from typing import TypeVar

T = TypeVar("T", int, time, datetime)


def joined(spans: Iterable[tuple[T, T]]) -> list[tuple[T, T]]:
    """In order, with those that meet or overlap as one."""
    found: list[tuple[T, T]] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((begin, end))
    return found


def overlap(one: tuple[T, T], other: tuple[T, T]) -> bool:
    """Whether they share more than an edge."""
    return one[0] < other[1] and other[0] < one[1]
