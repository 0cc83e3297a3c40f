"""The days between visits, asked for many days at once: the same answers as the sentences against one."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from clinic.domain import against
from clinic.domain.rhythm import Rhythm
from clinic.domain.times import local_day
from tests.factories import CourseFactory, InfusionFactory, ProtocolFactory

pytestmark = pytest.mark.django_db

TEN = datetime(2026, 3, 10, 14, tzinfo=UTC)
DAY = timedelta(days=1)
STAGES = [(3, 2, 3, 5), (3, 6, 7, 9)]


@pytest.mark.parametrize("seed", range(12))
def test_a_day_is_allowed_where_no_sentence_speaks_against_it(seed):
    chance = Random(seed)
    protocol = ProtocolFactory(stages=STAGES)
    course = CourseFactory(patient__site=protocol.site, protocol=protocol)
    # The first number without a date is the one that looks for a day; the others are in any order.
    looking = chance.randint(1, 4)
    numbers = [*range(1, looking), *chance.sample(range(looking + 1, 7), k=chance.randint(0, 2))]
    days = sorted(chance.sample(range(0, 40, 2), k=len(numbers)))
    if chance.random() < 0.3:
        chance.shuffle(days)
    visits = [
        InfusionFactory(course=course, number=number, starts_at=TEN + day * DAY)
        for number, day in zip(numbers, days, strict=True)
    ]
    zone = protocol.site.zone
    rhythm = Rhythm(
        protocol=protocol, placed={one.number: local_day(moment=one.starts_at, zone=zone) for one in visits}
    )
    moments = [TEN + offset * DAY for offset in range(-12, 55)]
    said = against.days_between(course=course, moments=moments)
    allowed = [rhythm.allows(number=looking, day=local_day(moment=moment, zone=zone)) for moment in moments]
    assert allowed == [not said[moment] for moment in moments]
