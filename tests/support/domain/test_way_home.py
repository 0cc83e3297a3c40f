from datetime import timedelta

import pytest

from support.domain import commitments, day, own_times, way_home
from tests.support.conftest import Clinic

DAY = timedelta(days=1)


def way(clinic, visit, now):
    found = way_home.of(infusions=[clinic.fresh(visit)], now=now)[visit.pk]
    return found.level, found.word, found.sentence


def test_each_state_of_the_promise_has_a_level_a_word_and_a_sentence(clinic: Clinic, next_week):
    visit = clinic.book(next_week)
    far, near = next_week - 5 * DAY, next_week - timedelta(hours=23)
    assert way(clinic, visit, far) == ("stop", "No way home", "Nobody is asked to take them home.")
    sam = clinic.named("Sam")
    assert way(clinic, visit, far) == ("risk", "Asking", "Nobody has said yes yet. Asked: Sam.")
    assert way(clinic, visit, near) == ("stop", "No way home", "Nobody has said yes yet. Asked: Sam.")
    clinic.yes(sam, visit)
    assert way(clinic, visit, far) == ("ok", "Way home", "Sam said yes. We ask again the day before.")
    assert way(clinic, visit, near) == ("risk", "At risk", "Sam said yes but has not confirmed.")
    clinic.confirmed(sam, visit)
    assert way(clinic, visit, near) == ("ok", "Way home", "Sam is confirmed.")
    day.on_the_way(commitment=clinic.promise(sam, visit), minutes=20, now=near)
    assert way(clinic, visit, near) == ("ok", "Way home", "Sam is on the way, about 20 min, said at 14:30.")
    day.outside(commitment=clinic.promise(sam, visit), car="grey Honda", now=near)
    assert way(clinic, visit, near) == ("ok", "Way home", "Sam is outside, grey Honda.")
    commitments.withdraw(commitment=clinic.promise(sam, visit), via="link", now=near)
    assert way(clinic, visit, near) == ("stop", "No way home", "Sam stepped back.")


def test_who_was_let_go_is_named_still(clinic: Clinic, next_week):
    sam, visit = clinic.named("Sam"), clinic.book(next_week)
    own_times.state(designation=sam, can=False, weekdays=[next_week.weekday()], actor="link:x", now=clinic.now)
    assert clinic.promise(sam, visit).status == "covered"
    said = ("stop", "No way home", "Nobody is asked to take them home.")
    assert way(clinic, visit, next_week - DAY) == said


def test_somebody_whose_age_nobody_recorded_is_a_risk(clinic: Clinic, next_week):
    visit = clinic.book(next_week)
    sam = clinic.named("Sam", is_adult=None)
    clinic.confirmed(sam, visit)
    assert way(clinic, visit, next_week - DAY)[0] == "risk"
    day.outside(commitment=clinic.promise(sam, visit), car="grey Honda", now=next_week)
    said = "Nobody has recorded yet that Sam is 18 or older. Sam is outside, grey Honda."
    assert way(clinic, visit, next_week)[2] == said


def test_who_is_asked_is_listed_in_the_patients_order(clinic: Clinic, next_week):
    visit = clinic.book(next_week)
    second, first = clinic.named("Joanna"), clinic.named("Sam")
    type(first).objects.filter(pk=second.pk).update(rank=2)
    found = way_home.of(infusions=[clinic.fresh(visit)], now=clinic.now)[visit.pk]
    assert [row.designation_id for row in found.asked] == [first.pk, second.pk]


def test_after_leaving_it_says_with_whom(clinic: Clinic, next_week):
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    visit = clinic.until(visit, "ready")
    clinic.hand_over(visit, clinic.promise(sam, visit), now=visit.ready_at)
    assert way(clinic, visit, visit.ready_at) == ("ok", "Way home", "Left with Sam.")


@pytest.mark.parametrize("count", [1, 3])
def test_a_board_full_of_visits_costs_two_questions(clinic: Clinic, next_week, count, django_assert_num_queries):
    clinic.named("Sam")
    clinic.book(*[next_week + index * DAY for index in range(count)])
    visits = list(clinic.site.infusions.select_related("site", "policy", "patient"))
    with django_assert_num_queries(2):
        assert len(way_home.of(infusions=visits, now=clinic.now)) == count
