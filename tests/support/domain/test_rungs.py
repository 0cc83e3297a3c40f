"""What is tried next where nobody takes a patient home, and until when. Pure: no database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.enums import InfusionStatus, Rung
from clinic.models import Policy
from support.domain import rungs
from support.enums import LadderRung

L = LadderRung
S = InfusionStatus
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
STARTS = datetime(2026, 3, 11, 14, 30, tzinfo=UTC)  # 10:30 in New York
EVERY_WAY = Policy(rungs=list(Rung))


def state(*, policy=EVERY_WAY, status=S.BOOKED, people=(1, 2), tried=(), heard_from=None, now=STARTS - 20 * HOUR):
    return rungs.State(
        policy=policy,
        status=status,
        starts_at=STARTS,
        people=people,
        tried=frozenset(tried),
        heard_from=heard_from or now,
    )


def walk(at, *, policy=EVERY_WAY, status=S.BOOKED, people=(1, 2)):
    """Every step to the last where nobody ever answers: the rung, whom alone it asks, the hours left when it ends."""
    now, here, steps = at, state(policy=policy, status=status, people=people, now=at), []
    while (step := rungs.next_step(state=here, now=now)) is not None:
        left = None if step.until is None else (STARTS - step.until) / HOUR
        steps.append((step.rung, step.designation_id, left))
        if step.until is None:
            break
        now = step.until
        if step.designation_id is not None:
            here = replace(here, people=here.people[1:], heard_from=now)
        else:
            here = replace(here, tried=here.tried | {step.rung}, heard_from=now)
    return steps


def test_each_way_ends_at_its_own_hours_before_the_start():
    assert rungs.deadlines(policy=EVERY_WAY, starts_at=STARTS) == {
        L.ADULTS: STARTS - 12 * HOUR,
        L.PAID_ESCORT: STARTS - 12 * HOUR,
        L.WATCHED_RIDE: STARTS - 6 * HOUR,
        L.EXTENDED_STAY: STARTS - 4 * HOUR,
        L.POSTPONE: STARTS - 3 * HOUR,
    }


@pytest.mark.parametrize(
    ("at", "status", "ways"),
    [
        (STARTS - 20 * HOUR, S.BOOKED, [L.ADULTS, L.PAID_ESCORT, L.WATCHED_RIDE, L.EXTENDED_STAY, L.POSTPONE]),
        (STARTS - 3 * HOUR, S.BOOKED, [L.ADULTS, L.POSTPONE]),
        (STARTS - 10 * MINUTE, S.ARRIVED, [L.POSTPONE]),
        (STARTS + 30 * MINUTE, S.STARTED, [L.ADULTS, L.HOLD, L.EXTENDED_STAY]),
        (STARTS + 90 * MINUTE, S.RELEASED, []),
        (STARTS - 20 * HOUR, S.CANCELLED, []),
    ],
    ids=["20 hours before", "3 hours before", "10 minutes before", "in the chair", "gone", "off"],
)
def test_what_may_be_tried_depends_on_the_hour(at, status, ways):
    assert rungs.legal(policy=EVERY_WAY, status=status, starts_at=STARTS, now=at) == ways


def test_what_the_rules_do_not_allow_is_left_out():
    policy = Policy(rungs=[Rung.ADULT_DRIVES, Rung.WATCHED_RIDE])
    at = STARTS - 20 * HOUR
    assert rungs.legal(policy=policy, status=S.BOOKED, starts_at=STARTS, now=at) == [L.ADULTS, L.WATCHED_RIDE]
    assert rungs.legal(policy=policy, status=S.READY, starts_at=STARTS, now=STARTS + HOUR) == [L.ADULTS, L.HOLD]


def test_another_day_is_the_last_way_wherever_the_rules_number_it():
    policy = Policy(rungs=[Rung.POSTPONE, Rung.WATCHED_RIDE, Rung.ADULT_ACCOMPANIES])
    assert rungs.allowed(policy=policy) == [L.WATCHED_RIDE, L.ADULTS, L.POSTPONE]


def test_all_at_once_the_people_leave_the_clinic_as_much_time_as_they_have():
    assert walk(STARTS - 20 * HOUR) == [
        (L.ADULTS, None, 16),
        (L.PAID_ESCORT, None, 12),
        (L.WATCHED_RIDE, None, 6),
        (L.EXTENDED_STAY, None, 4),
        (L.POSTPONE, None, None),
    ]


def test_days_ahead_the_clinic_keeps_a_day_to_arrange_something():
    assert walk(STARTS - 200 * HOUR)[0] == (L.ADULTS, None, 36)


def test_one_at_a_time_the_hours_left_are_shared_evenly():
    policy = Policy(rungs=list(Rung), ladder_first_to_take=False)
    asked = [step for step in walk(STARTS - 20 * HOUR, policy=policy, people=(7, 5, 3)) if step[0] == L.ADULTS]
    assert asked == [(L.ADULTS, 7, 18), (L.ADULTS, 5, 16), (L.ADULTS, 3, 14)]


def test_one_at_a_time_days_ahead_each_has_the_hours_of_the_rules():
    policy = Policy(rungs=list(Rung), ladder_first_to_take=False, ladder_hours=24)
    assert [left for _rung, _who, left in walk(STARTS - 200 * HOUR, policy=policy)[:2]] == [176, 152]


def test_nobody_is_given_less_than_half_an_hour():
    policy = Policy(rungs=[Rung.ADULT_DRIVES, Rung.POSTPONE], ladder_first_to_take=False)
    steps = walk(STARTS - HOUR, policy=policy, people=tuple(range(1, 9)))
    assert steps == [(L.ADULTS, 1, 0.5), (L.ADULTS, 2, 0), (L.POSTPONE, None, None)]


def test_asked_at_night_they_have_until_the_morning():
    """Stepped back at 22:10, and texts go from eight."""
    at, eight = STARTS - 740 * MINUTE, STARTS - 150 * MINUTE
    policy = Policy(rungs=[Rung.ADULT_DRIVES, Rung.POSTPONE], ladder_first_to_take=False)
    step = rungs.next_step(state=state(policy=policy, people=(1, 2, 3, 4), heard_from=eight), now=at)
    assert step == rungs.Next(rung=L.ADULTS, until=eight + 30 * MINUTE, designation_id=1)


def test_where_the_morning_is_too_late_the_night_counts():
    at, eight = STARTS - 10 * HOUR, STARTS - 30 * MINUTE
    policy = Policy(rungs=[Rung.ADULT_DRIVES, Rung.POSTPONE])
    step = rungs.next_step(state=state(policy=policy, heard_from=eight), now=at)
    assert step.until < eight


def test_with_nobody_to_ask_the_clinic_arranges_at_once():
    assert walk(STARTS - 20 * HOUR, people=())[0] == (L.PAID_ESCORT, None, 12)


def test_a_way_that_would_end_in_minutes_is_not_begun():
    assert walk(STARTS - 12 * HOUR - 10 * MINUTE, people=())[0] == (L.WATCHED_RIDE, None, 6)


def test_a_way_tried_first_leaves_time_for_one_that_ends_sooner():
    policy = Policy(rungs=[Rung.WATCHED_RIDE, Rung.PAID_ESCORT, Rung.POSTPONE])
    assert walk(STARTS - 20 * HOUR, policy=policy, people=()) == [
        (L.WATCHED_RIDE, None, 16),
        (L.PAID_ESCORT, None, 12),
        (L.POSTPONE, None, None),
    ]


def test_far_ahead_nothing_begins_unless_people_are_asked_one_at_a_time():
    at = STARTS - timedelta(days=11)
    assert walk(at) == []
    alone = Policy(rungs=list(Rung), ladder_first_to_take=False)
    assert rungs.next_step(state=state(policy=alone, heard_from=at), now=at).designation_id == 1
    assert rungs.next_step(state=state(policy=alone, people=(), heard_from=at), now=at) is None


def test_in_the_chair_everybody_is_asked_at_once_and_then_the_patient_stays():
    policy = Policy(rungs=list(Rung), ladder_first_to_take=False)
    at = STARTS + 30 * MINUTE
    assert walk(at, policy=policy, status=S.STARTED) == [(L.ADULTS, None, -1), (L.HOLD, None, None)]


def test_a_longer_stay_that_cannot_be_had_ends_in_the_patient_staying_until_somebody_comes():
    at = STARTS + HOUR
    tried = (L.ADULTS, L.HOLD)
    longer = rungs.next_step(state=state(status=S.READY, tried=tried, heard_from=at), now=at)
    assert longer == rungs.Next(rung=L.EXTENDED_STAY, until=at + 30 * MINUTE)
    after = rungs.next_step(state=state(status=S.READY, tried=(*tried, L.EXTENDED_STAY), heard_from=at), now=at)
    assert after == rungs.Next(rung=L.HOLD, until=None)


@given(
    ways=st.lists(st.sampled_from(list(Rung)), unique=True),
    hours=st.lists(st.integers(0, 400), min_size=3, max_size=3),
    last_call=st.integers(0, 12),
    ladder_hours=st.integers(0, 72),
    at_once=st.booleans(),
    people=st.integers(0, 6),
    minutes=st.integers(-60, 14 * 24 * 60),
    status=st.sampled_from([S.BOOKED, S.ARRIVED, S.STARTED, S.RECOVERING, S.READY]),
)
def test_every_ladder_ends_and_never_turns_back(ways, hours, last_call, ladder_hours, at_once, people, minutes, status):
    longest, middle, shortest = sorted(hours, reverse=True)
    policy = Policy(
        rungs=ways,
        paid_escort_hours=longest,
        watched_ride_hours=middle,
        extended_stay_hours=shortest,
        last_call_hours=last_call,
        ladder_hours=ladder_hours,
        ladder_first_to_take=at_once,
    )
    at = STARTS - minutes * MINUTE
    steps = walk(at, policy=policy, status=status, people=tuple(range(1, people + 1)))
    assert len(steps) <= people + len(LadderRung)
    ends = [left for _rung, _who, left in steps if left is not None]
    assert ends == sorted(ends, reverse=True)
    assert all(earlier - later >= 0.5 - 1e-6 for earlier, later in zip([minutes / 60, *ends], ends, strict=False))
    if status.before_start:
        assert all(left >= 0 for left in ends)
        near = minutes <= 10 * 24 * 60
        assert not (near and Rung.POSTPONE in ways) or steps[-1][0] == L.POSTPONE
    else:
        assert steps[-1] == (L.HOLD, None, None)
