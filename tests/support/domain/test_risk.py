from dataclasses import replace

import pytest

from support.domain import risk
from support.domain.risk import Facts

SURE = Facts(helper="Sam", is_confirmed=True, is_overdue=True, rides=3, others=1)


def of(**changes):
    return risk.of(facts=replace(SURE, **changes))


def test_who_confirmed_and_came_before_has_no_points():
    found = of()
    assert (found.points, found.sentence, found.needs_a_call) == (0, "", False)


@pytest.mark.parametrize(
    ("changes", "points", "sentence"),
    [
        ({"helper": ""}, 10, "nobody has said yes yet"),
        ({"helper": "", "others": 0}, 12, "nobody has said yes yet, nobody is named who could be asked"),
        ({"is_confirmed": False}, 6, "not confirmed yet"),
        ({"is_confirmed": False, "is_overdue": False}, 3, "not confirmed yet"),
        ({"is_adult": False}, 5, "nobody has recorded that Sam is 18 or older"),
        ({"late_minutes": 25}, 3, "came 25 minutes late last time"),
        ({"late_minutes": 14}, 0, ""),
        ({"steps_back": 1}, 2, "stepped back once"),
        ({"steps_back": 2}, 4, "stepped back 2 times"),
        ({"steps_back": 9}, 6, "stepped back 9 times"),
        ({"rides": 0}, 2, "first time for Sam"),
        ({"travel_minutes": 55}, 2, "55 minutes away"),
        ({"travel_minutes": 44}, 0, ""),
        ({"others": 0}, 2, "nobody else is named"),
        ({"is_first_visit": True}, 1, "patient’s first visit"),
    ],
)
def test_each_thing_that_is_known_adds_its_points_and_says_why(changes, points, sentence):
    found = of(**changes)
    assert (found.points, found.sentence) == (points, sentence)


def test_the_heaviest_reason_stands_first():
    found = of(is_confirmed=False, is_first_visit=True, rides=0, late_minutes=20)
    assert found.sentence == (
        "not confirmed yet, came 20 minutes late last time, first time for Sam, patient’s first visit"
    )


@pytest.mark.parametrize(
    ("changes", "calls"),
    [
        ({"helper": ""}, True),
        ({"is_confirmed": False}, True),
        ({"is_confirmed": False, "is_overdue": False}, False),
        ({"is_confirmed": False, "is_overdue": False, "rides": 0, "others": 0}, True),
        ({"rides": 0, "others": 0, "late_minutes": 40, "travel_minutes": 90}, False),
        ({"helper": "", "is_arranged": True, "others": 0}, False),
    ],
)
def test_who_confirmed_is_left_in_peace_and_who_did_not_is_phoned_where_much_speaks_for_it(changes, calls):
    assert of(**changes).needs_a_call is calls


def test_the_page_can_show_every_rule_with_its_points():
    shown = risk.table()
    assert len(shown) == len(risk.Rule)
    assert ("Nobody has said yes", 10) in shown
    assert all(points > 0 for _words, points in shown)
