"""The benchmark's races in small: whoever is told yes has the place, and nobody else."""

from collections import Counter

import pytest

from tests.bench import contention

pytestmark = pytest.mark.django_db(transaction=True)


def test_fifty_people_for_one_place_have_one_winner_in_each_of_eight_rounds():
    """https://github.com/alextselegidis/easyappointments/issues/31 : check, then insert."""
    before = contention.deadlocks()
    answers, _seconds = contention.one_place(clients=50, rounds=8, processes=1)
    assert Counter(answer.what for answer in answers) == {"booked": 8, "Taken": 392}
    assert len({answer.round for answer in answers if answer.what == "booked"}) == 8
    assert contention.deadlocks() == before


def test_as_many_have_a_room_as_there_are_rooms():
    answers, _seconds = contention.any_room(rooms=4, rounds=2, processes=1)
    assert Counter(answer.what for answer in answers) == {"booked": 8, "Taken": 10}
