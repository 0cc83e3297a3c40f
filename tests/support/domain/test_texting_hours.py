from datetime import time

import pytest

from clinic.models import Policy
from support.domain import texting_hours
from support.models import SupportPerson


@pytest.mark.parametrize(
    ("begins", "ends", "expected"),
    [
        # From, until, on their own clock: what is left of 08:00 to 20:00, and where an earlier slot is found.
        (time(18), time(10), ("10:00", "18:00", "17:30")),
        (time(21), time(7), ("08:00", "20:00", "19:30")),
        (time(0), time(9, 30), ("09:30", "20:00", "19:30")),
        (time(19, 45), time(23, 30), ("08:00", "19:45", "19:30")),
        (time(12), time(14), ("14:00", "20:00", "19:30")),
        (time(15), time(19, 40), ("08:00", "15:00", "14:30")),
    ],
)
def test_own_quiet_hours_cut_the_clinics(begins, ends, expected):
    cut = texting_hours.window(Policy(), SupportPerson(quiet_from=begins, quiet_until=ends))
    assert tuple(f"{wall:%H:%M}" for wall in (cut.opens, cut.closes, cut.evening)) == expected


def test_who_asked_for_no_quiet_has_the_clinics_hours():
    assert texting_hours.window(Policy(), SupportPerson()) == texting_hours.window(Policy())


def test_quiet_for_the_whole_of_the_clinics_hours_leaves_none():
    all_day, evening = (SupportPerson(quiet_from=time(7), quiet_until=wall) for wall in (time(21), time(19)))
    assert [texting_hours.leaves_hours(Policy(), person) for person in (all_day, evening)] == [False, True]
    assert texting_hours.window(Policy(), all_day) == texting_hours.window(Policy())
