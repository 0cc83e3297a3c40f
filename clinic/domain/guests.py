"""How many people sit with a patient during a visit. The apps above know whom the patient asked to."""

from collections.abc import Callable

from clinic.models import Infusion

Count = Callable[[Infusion], int]
_counts: list[Count] = []


def register(count: Count) -> None:
    """Call once, from ``AppConfig.ready()``."""
    if count not in _counts:
        _counts.append(count)


def expected(*, infusion: Infusion) -> int:
    """Those who said yes to the visit as it stands."""
    return sum(count(infusion) for count in _counts)
