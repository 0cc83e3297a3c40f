"""Nobody has the way home: what is tried next and until when, computed backwards from the start. Pure.

The clinic's rules order and allow the ways. A way that the clinic arranges ends at its own hours before the start; the
time left until then is shared evenly by whoever is still to be asked and by that way. Times UTC.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from clinic.enums import InfusionStatus, Rung
from clinic.models import Policy
from support.enums import LadderRung

L = LadderRung
# Nobody is given less to answer in, and nothing is begun that cannot have as much.
LEAST = timedelta(minutes=30)
LADDER_RUNG = {
    Rung.ADULT_DRIVES: L.ADULTS,
    Rung.ADULT_ACCOMPANIES: L.ADULTS,
    Rung.PAID_ESCORT: L.PAID_ESCORT,
    Rung.WATCHED_RIDE: L.WATCHED_RIDE,
    Rung.EXTENDED_STAY: L.EXTENDED_STAY,
    Rung.POSTPONE: L.POSTPONE,
}
HOURS_BEFORE = {
    L.PAID_ESCORT: "paid_escort_hours",
    L.WATCHED_RIDE: "watched_ride_hours",
    L.EXTENDED_STAY: "extended_stay_hours",
    L.POSTPONE: "last_call_hours",
}
# What stays with a person until the visit moves, is called off or somebody comes.
LASTS = frozenset({L.POSTPONE, L.HOLD})
BEFORE_ONLY = frozenset({L.PAID_ESCORT, L.WATCHED_RIDE, L.POSTPONE})


@dataclass(frozen=True, kw_only=True)
class State:
    """Where the ladder of one visit stands. ``people``: the designations that can still be asked, first first;
    ``tried``: what ended without a way home since it was lost; ``heard_from``: when a question asked now is heard."""

    policy: Policy
    status: InfusionStatus
    starts_at: datetime
    people: tuple[int, ...]
    tried: frozenset[LadderRung]
    heard_from: datetime


@dataclass(frozen=True, kw_only=True)
class Next:
    """``until`` is None where it lasts until somebody comes; ``designation_id`` where one person alone is asked."""

    rung: LadderRung
    until: datetime | None
    designation_id: int | None = None


def allowed(*, policy: Policy) -> list[LadderRung]:
    """The ways of the rules in their order, the people once; another day is always the last of them."""
    ways = dict.fromkeys(LADDER_RUNG[Rung(rung)] for rung in policy.rungs)
    return [way for way in ways if way != L.POSTPONE] + [way for way in ways if way == L.POSTPONE]


def deadlines(*, policy: Policy, starts_at: datetime) -> dict[LadderRung, datetime]:
    """Until when each allowed way can still be arranged before the treatment. People can be asked as long as the next
    way can still be arranged, where there is none until the start."""
    ways = allowed(policy=policy)
    found = {
        way: starts_at - timedelta(hours=getattr(policy, HOURS_BEFORE[way])) for way in ways if way in HOURS_BEFORE
    }
    if L.ADULTS in ways:
        after = [found[way] for way in ways[ways.index(L.ADULTS) :] if way in found]
        found[L.ADULTS] = after[0] if after else starts_at
    return {way: found[way] for way in ways}


def legal(*, policy: Policy, status: InfusionStatus, starts_at: datetime, now: datetime) -> list[LadderRung]:
    """What may be tried at this moment, in order. Once the treatment has begun there is no other day: the people, then
    the patient stays, then what the rules allow of a longer stay."""
    if status.before_start:
        until = deadlines(policy=policy, starts_at=starts_at)
        until |= {L.ADULTS: starts_at - LEAST} if L.ADULTS in until else {}
        return [way for way, last in until.items() if way == L.POSTPONE or now <= last]
    if status.in_the_house:
        return [L.ADULTS, L.HOLD, *(way for way in allowed(policy=policy) if way == L.EXTENDED_STAY)]
    return []


def fits(*, rung: LadderRung, status: InfusionStatus) -> bool:
    """Whether a step that was begun makes sense now that the visit has gone on."""
    return rung not in BEFORE_ONLY if not status.before_start else rung != L.HOLD


def begins_at(*, policy: Policy, starts_at: datetime) -> datetime:
    """From when a date nobody took is looked after."""
    return starts_at - timedelta(days=policy.cover_days)


def next_step(*, state: State, now: datetime) -> Next | None:
    """The first way that may be tried and was not; None where there is none. Further ahead than the rules look after a
    date, only people are asked, and only where they are asked one at a time."""
    for way in _untried(state, now):
        if way == L.ADULTS:
            return _asking(state, now)
        if way in LASTS:
            return Next(rung=way, until=None)
        if state.status.before_start:
            return Next(rung=way, until=_own_end(state, way, now))
        return Next(rung=way, until=now + LEAST)
    return Next(rung=L.HOLD, until=None) if _is_begun(state) else None


def one_at_a_time(*, policy: Policy, status: InfusionStatus) -> bool:
    """With the patient in the chair everybody is asked at once, whatever the rules say."""
    return not policy.ladder_first_to_take and status.before_start


def _untried(state: State, now: datetime) -> Iterator[LadderRung]:
    before = state.status.before_start
    is_near = not before or now >= begins_at(policy=state.policy, starts_at=state.starts_at)
    ends = deadlines(policy=state.policy, starts_at=state.starts_at)
    for way in legal(policy=state.policy, status=state.status, starts_at=state.starts_at, now=now):
        is_new = is_near and way not in state.tried
        if way == L.ADULTS:
            is_new = bool(state.people) and (is_new or one_at_a_time(policy=state.policy, status=state.status))
        elif before and way not in LASTS:
            is_new = is_new and now + LEAST <= ends[way]
        if is_new:
            yield way


def _is_begun(state: State) -> bool:
    return state.status.in_the_house and not state.status.before_start


def _asking(state: State, now: datetime) -> Next:
    if not state.status.before_start:
        return Next(rung=L.ADULTS, until=now + LEAST)
    alone = one_at_a_time(policy=state.policy, status=state.status)
    parts = len(state.people) + 1 if alone else 2
    begins, ends = _span(state, now)
    share = _share(state.policy, ends - begins, parts)
    until = begins + share if alone else max(ends - share, begins + LEAST)
    return Next(rung=L.ADULTS, until=min(until, state.starts_at), designation_id=state.people[0] if alone else None)


def _span(state: State, now: datetime) -> tuple[datetime, datetime]:
    """From when the people hear the question to the end of the first way after them that can still be arranged; where
    none can, to the start. Asked at night they answer in the morning, unless that leaves no time at all."""
    for begins in (max(now, state.heard_from), now):
        ends = _next_end(state, L.ADULTS, begins) or state.starts_at
        if begins + 2 * LEAST <= ends:
            break
    return begins, ends


def _own_end(state: State, way: LadderRung, now: datetime) -> datetime:
    """Its own hour, or as much before as the next way needs where that one ends sooner."""
    own = deadlines(policy=state.policy, starts_at=state.starts_at)[way]
    after = _next_end(state, way, now)
    if after is None or after >= own:
        return own
    return max(after - _share(state.policy, after - now, 2), min(now + LEAST, own))


def _next_end(state: State, way: LadderRung, now: datetime) -> datetime | None:
    """The end of the first way after this one that leaves both their least."""
    ends = deadlines(policy=state.policy, starts_at=state.starts_at)
    ways = list(ends)
    later = [ends[one] for one in ways[ways.index(way) + 1 :] if one not in state.tried and one != L.ADULTS]
    return next((end for end in later if end >= now + 2 * LEAST), None)


def _share(policy: Policy, left: timedelta, parts: int) -> timedelta:
    return max(min(timedelta(hours=policy.ladder_hours), left / parts), LEAST)
