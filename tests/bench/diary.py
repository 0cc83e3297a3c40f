"""Free times: one day at one site, and a month with twenty rooms, with 1,000 and with 100,000 visits behind them."""

from datetime import timedelta
from functools import partial

from clinic.domain import scheduling
from clinic.models import Site
from tests.bench import scale
from tests.bench.scale import House


def run() -> dict[str, object]:
    """In databases of its own."""
    with scale.visiting() as (few, many):
        both = scale.measure_each({"few": partial(one_day, few), "many": partial(one_day, many)}, calls=400)
        fresh = scale.measure(partial(unread, many))
        months = scale.measure_each({"few": partial(month, few), "many": partial(month, many)})
    day, longer = both["many"], months["many"]
    return {
        "free times of one day, 100,000 visits: median, ms": day.median,
        "free times of one day, 100,000 visits: p95, ms": day.p95,
        "of the median Python, ms": day.python,
        "ratio to 1,000 visits": round(day.median / both["few"].median, 2),
        "queries": day.queries,
        "queries after the premises changed": fresh.queries,
        "after the premises changed: median, ms": fresh.median,
        "free times of 30 days, 20 rooms: median, ms": longer.median,
        "free times of 30 days, 20 rooms: p95, ms": longer.p95,
        "of the median Python for 30 days, ms": longer.python,
        "ratio to 1,000 visits for 30 days": round(longer.median / months["few"].median, 2),
        "queries for 30 days": longer.queries,
    }


def one_day(house: House, number: int) -> None:
    house.enter()
    free(house, house.site, first=1 + number % scale.AHEAD_DAYS, days=1)


def unread(house: House, number: int) -> None:
    """As right after somebody changed a room or an opening hour."""
    house.premises.clear()
    one_day(house, number)


def month(house: House, number: int) -> None:
    house.enter()
    free(house, house.wide, first=1 + number % 20, days=30)


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
