"""Free times: one day at one site, and a month with twenty rooms, with 1,000 and with 100,000 visits behind them."""

from datetime import timedelta

from clinic.domain import premises, scheduling
from clinic.models import Site
from tests.bench import scale
from tests.bench.scale import House, Measured


def run() -> dict[str, object]:
    """Empties the database and leaves it full."""
    few = days(scale.seed(scale.SMALL))
    house = scale.seed(scale.LARGE)
    many, fresh, month = days(house), unread(house), months(house)
    return {
        "free times of one day, 100,000 visits: median, ms": many.median,
        "free times of one day, 100,000 visits: p95, ms": many.p95,
        "of the median Python, ms": many.python,
        "free times of one day, 1,000 visits: median, ms": few.median,
        "ratio of the two medians": round(many.median / few.median, 2),
        "queries": many.queries,
        "queries after the premises changed": fresh.queries,
        "after the premises changed: median, ms": fresh.median,
        "free times of 30 days, 20 rooms: median, ms": month.median,
        "free times of 30 days, 20 rooms: p95, ms": month.p95,
        "of the median Python for 30 days, 20 rooms, ms": month.python,
        "queries for 30 days, 20 rooms": month.queries,
    }


def days(house: House) -> Measured:
    return scale.measure(lambda number: free(house, house.site, first=1 + number % scale.AHEAD_DAYS, days=1), calls=400)


def unread(house: House) -> Measured:
    """As right after somebody changed a room or an opening hour."""

    def work(number: int) -> None:
        premises._kept.clear()
        free(house, house.site, first=1 + number % scale.AHEAD_DAYS, days=1)

    return scale.measure(work)


def months(house: House) -> Measured:
    return scale.measure(lambda number: free(house, house.wide, first=1 + number % 20, days=30))


def free(house: House, site: Site, *, first: int, days: int) -> None:
    begin = scale.TODAY + timedelta(days=first)
    found = scheduling.free_slots(
        site=site,
        protocol=house.protocols[site.pk],
        first_day=begin,
        last_day=begin + timedelta(days=days - 1),
        now=scale.NOW,
    )
    assert found
