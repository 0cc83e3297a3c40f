from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse

from clinic.models import Closure
from support.domain import week
from tests.factories import RoomFactory

MONDAY = date(2026, 3, 2)
AT = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)  # Wednesday, 10:00 in New York
QUERIES = 9


def test_a_day_says_how_many_come_who_has_no_way_home_and_what_is_free(site, book, now):
    book(at=AT)
    [(_room, days)] = week.of(site=site, first=MONDAY, now=now)
    wednesday = days[2]
    assert (wednesday.visits, wednesday.none) == (1, 1)
    assert wednesday.free == [("08:00", "10:00"), ("11:55", "18:00")]


def test_a_closed_day_has_nothing_free(site, policy, now):
    RoomFactory(site=site)
    Closure.objects.create(site=site, starts_at=AT.replace(hour=5), ends_at=AT + timedelta(days=1, hours=-10))
    [(_room, days)] = week.of(site=site, first=MONDAY, now=now)
    assert (days[2].is_open, days[2].free) == (False, [])


@pytest.mark.parametrize("asked", ["2026-11-01", "nonsense", "9999-12-31", "0001-01-01", ""])
def test_any_week_can_be_asked_for(desk, policy, asked):
    assert desk.get(reverse("schedule"), {"week": asked}).status_code == 200


@pytest.mark.parametrize("rows", [1, 3])
def test_the_number_of_queries_does_not_depend_on_the_week(desk, book, rows, django_assert_num_queries):
    for number in range(rows):
        book(at=AT + timedelta(days=number))
    desk.get(reverse("schedule"))
    with django_assert_num_queries(QUERIES):
        desk.get(reverse("schedule"))
