"""The plan of touches: who hears what, when, given how a visit stands. Pure; asked on every change and sending.

Days-before kinds go at 10:00 on the clinic's clock; hours-before kinds are elapsed time. Texts go in the policy's
hours on the recipient's clock: a reminder out of them goes the evening before (merged where the day's reminder goes
then anyway), news and check-ins when they open again. A due time never depends on ``now``.
"""

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from clinic.enums import InfusionStatus
from clinic.models import Policy
from messaging.domain import quiet
from messaging.domain.outbox import Wanted
from support.domain import purposes, texting_hours
from support.domain.plan_state import CALL, Helper, Question, Reach, Touch, VisitState
from support.domain.texting_hours import DAYS_BEFORE_AT
from support.enums import HOLDING, CheckInKind, CommitmentStatus, SupportRole

# An hours-before reminder moved to the evening adds nothing to a day-before one of the same afternoon.
MERGE_WITHIN = timedelta(hours=6)
# Who answered a moment ago needs no reminder, who was asked yesterday no second question.
JUST_ANSWERED = timedelta(hours=2)
ASK_AGAIN_AFTER = timedelta(hours=24)
COME_IN_LASTS = timedelta(hours=3)

AT_ONCE = "at once"
# "Are you home?"
HOME = frozenset({"helper_home", "patient_home"})
FOR_EVERYBODY = frozenset({"patient_1_day", "helper_reconfirm", "checkin_evening", "checkin_next_day"}) | HOME

# Nobody to text or write to: a person calls. Only what must be said; not each reminder.
WORTH_A_CALL = frozenset(
    {
        "patient_1_day",
        "patient_cancelled",
        "checkin_evening",
        "checkin_next_day",
        "helper_reconfirm",
        "helper_ask_new_time",
        "helper_cancelled",
        "helper_come_in",
        "helper_unreached",
    }
)


def channel(*, who: Reach, kind: str, rules: Policy) -> str:
    """By which way this person hears of this kind; ``CALL`` where a person must call."""
    open_ways = who if texting_hours.leaves_hours(rules, who) else who.without_texts()
    return open_ways.channel(purposes.of(kind=kind))


def touches(*, state: VisitState, now: datetime) -> list[Touch]:
    """Everything of use that is to be said about this visit, and what was said and still holds. In no order."""
    return [touch for touch in everything(state=state) if now < touch.wanted.not_after]


def everything(*, state: VisitState) -> list[Touch]:
    """The same with what is too late: a message that waits past its use expires and is told, it is not just dropped."""
    less = {who.recipient for who in (state.patient, *(helper.reach for helper in state.helpers)) if who.less}
    return [
        touch
        for touch in _all(state)
        if _has_a_way(touch) and (_cannot_wait(touch) or touch.wanted.recipient not in less)
    ]


def _has_a_way(touch: Touch) -> bool:
    return not touch.is_call or touch.wanted.kind in WORTH_A_CALL


def _cannot_wait(touch: Touch) -> bool:
    """What also somebody hears who asked for less: changes, one reminder, and how the patient is afterwards."""
    return touch.is_call or touch.wanted.rule == AT_ONCE or touch.wanted.kind in FOR_EVERYBODY


def _all(state: VisitState) -> Iterator[Touch]:
    status = InfusionStatus(state.status)
    helpers = [helper for helper in state.helpers if not helper.reach.is_silent]
    if status is InfusionStatus.BOOKED and state.is_called_off:
        # It needs another time: nobody is reminded of this one.
        return
    if status is InfusionStatus.BOOKED:
        yield from _patient_reminders(state)
    if status.before_start or status.in_the_house:
        for helper in helpers:
            yield from _asks(state, helper)
    if status.before_start:
        for helper in helpers:
            yield from _helper_reminders(state, helper)
            yield from _covered(state, helper)
        yield from _unreached(state)
    if status is InfusionStatus.READY:
        yield from _come_in(state, helpers)
    if status is InfusionStatus.RELEASED:
        yield from _home(state, helpers)
    if not status.is_live:
        yield from _called_off(state, helpers)
    for question in state.questions:
        yield from _question(state, question)


def _patient_reminders(state: VisitState) -> Iterator[Touch]:
    who, rules = state.patient, state.rules
    three = _days_before(state, who, 3)
    one = _days_before(state, who, 1)
    raw = state.starts_at - timedelta(hours=rules.last_call_hours)
    last = _earlier(state, who, raw)
    merged = last != raw and timedelta() <= last - max(one, state.timed_at) < MERGE_WITHIN
    if three > state.timed_at:
        # Who was given this time later than that has just heard it.
        yield _touch(state, "patient_3_days", who, due=three, not_after=one, rule="3 days before")
    until = state.starts_at if merged or last <= one else last
    yield _touch(state, "patient_1_day", who, due=one, not_after=until, rule="1 day before")
    if not merged:
        rule = f"{rules.last_call_hours} hours before"
        yield _touch(state, "patient_3_hours", who, due=last, not_after=state.starts_at, rule=rule, at=None)


def _asks(state: VisitState, helper: Helper) -> Iterator[Touch]:
    """A date nobody answered: at once when it is news, and once more some days before."""
    asked = helper.with_status(CommitmentStatus.ASKED)
    if not asked:
        return
    asked_at = max(pledge.asked_at for pledge in asked)
    # Each asking is its own matter: a time that comes back after two moves is asked about again.
    subject = f"{state.subject}:ask:{int(asked_at.timestamp())}"
    # Somebody stepped back with the patient in the chair: asked until long after the visit should be over.
    until = state.starts_at if asked_at < state.starts_at else state.ends_at + COME_IN_LASTS
    news = _later(state, helper.reach, asked_at)
    is_next = _reopened(state, asked_at) or _is_their_turn(state, helper, asked_at)
    kind = "helper_ask_again" if is_next else "helper_ask_new_time" if helper.was_moved else ""
    if kind:
        yield _touch(state, kind, helper.reach, due=news, not_after=until, rule=AT_ONCE, at=None, subject=subject)
        subject = f"{subject}:2"
    wall = _days_before(state, helper.reach, max(state.rules.ask_hours // 24, 1))
    again = _later(state, helper.reach, max(wall, asked_at + ASK_AGAIN_AFTER))
    if again < state.starts_at - timedelta(hours=state.rules.last_call_hours):
        rule = f"{state.rules.ask_hours} hours before, a day after asking"
        yield _touch(
            state, "helper_ask_again", helper.reach, due=again, not_after=state.starts_at, rule=rule, subject=subject
        )


def _unreached(state: VisitState) -> Iterator[Touch]:
    """Where the way home depends on people no message may ask, a person calls them, one after the other in the
    patient's order: from the hour of the second question until the last one is asked, a day after the invitation."""
    rides = [
        (helper, pledge) for helper in state.helpers for pledge in helper.pledges if pledge.role == SupportRole.RIDE
    ]
    asked = [(helper, pledge) for helper, pledge in rides if pledge.status == CommitmentStatus.ASKED]
    is_held = any(pledge.status in HOLDING for _helper, pledge in rides)
    if is_held or not asked or not all(helper.reach.is_unreached for helper, _pledge in asked):
        return
    helper, pledge = min(asked, key=lambda pair: pair[0].rank)
    if helper.was_moved and not helper.reach.is_silent:
        # Called about the new time already.
        return
    who = helper.reach.by_phone()
    begins = max(_days_before(state, who, max(state.rules.ask_hours // 24, 1)), pledge.asked_at)
    if helper.invited_at is not None:
        begins = max(begins, helper.invited_at + ASK_AGAIN_AFTER)
    due = _later(state, who, begins)
    until = state.starts_at - timedelta(hours=state.rules.reconfirm_hours)
    if due < until:
        rule = f"{state.rules.ask_hours} hours before, a day after inviting"
        yield _touch(state, "helper_unreached", who, due=due, not_after=until, rule=rule)


def _reopened(state: VisitState, asked_at: datetime) -> bool:
    """Whether this asking came of somebody stepping back."""
    return any(
        pledge.role == SupportRole.RIDE and pledge.answered_at == asked_at
        for helper in state.helpers
        for pledge in helper.with_status(CommitmentStatus.WITHDRAWN)
    )


def _is_their_turn(state: VisitState, helper: Helper, asked_at: datetime) -> bool:
    """One at a time: asked since the visit has its time and they were invited, because the one before does not come."""
    known_at = max(state.timed_at, helper.invited_at or state.timed_at)
    return not state.rules.ladder_first_to_take and asked_at > known_at


def _helper_reminders(state: VisitState, helper: Helper) -> Iterator[Touch]:
    held = helper.with_status(CommitmentStatus.ACCEPTED, CommitmentStatus.RECONFIRMED)
    if not held:
        return
    who, rules = helper.reach, state.rules
    said_at = max(pledge.last_said_at or pledge.asked_at for pledge in held)
    confirm_due = _days_before(state, who, max(rules.reconfirm_hours // 24, 1))
    if any(pledge.status == CommitmentStatus.ACCEPTED for pledge in held):
        confirm_due = texting_hours.asks_to_confirm_at(
            starts_at=state.starts_at,
            zone=state.zone,
            rules=rules,
            said_at=said_at,
            reader=who.zone,
            hours=texting_hours.window(rules, who),
        )
        rule = f"{rules.reconfirm_hours} hours before"
        yield _touch(state, "helper_reconfirm", who, due=confirm_due, not_after=state.starts_at, rule=rule)
    raw = state.starts_at - timedelta(hours=rules.last_call_hours)
    last = _earlier(state, who, raw)
    merged = last != raw and timedelta() <= last - max(confirm_due, said_at) < MERGE_WITHIN
    if not merged and said_at < last - JUST_ANSWERED:
        rule = f"{rules.last_call_hours} hours before"
        yield _touch(state, "helper_3_hours", who, due=last, not_after=state.starts_at, rule=rule, at=None)


def _covered(state: VisitState, helper: Helper) -> Iterator[Touch]:
    """Thanks to those we had asked for this date, once somebody else has it; nothing to those who hold another part."""
    held = helper.with_status(*HOLDING)
    covered = any(pledge.role == SupportRole.RIDE for pledge in helper.with_status(CommitmentStatus.COVERED))
    if held or not covered or not helper.was_asked_by_message:
        return
    taken = [
        pledge.answered_at
        for other in state.helpers
        for pledge in other.with_status(*HOLDING)
        if pledge.role == SupportRole.RIDE and pledge.answered_at is not None
    ]
    for at in taken[:1]:
        due = _later(state, helper.reach, at)
        yield _touch(state, "helper_covered", helper.reach, due=due, not_after=state.starts_at, rule=AT_ONCE, at=None)


def _come_in(state: VisitState, helpers: list[Helper]) -> Iterator[Touch]:
    if state.ready_at is None:
        return
    # Each time is its own matter: a step that was taken back is said anew when it is made again.
    subject = f"{state.subject}:ready:{int(state.ready_at.timestamp())}"
    for helper in helpers:
        if any(pledge.role == SupportRole.RIDE for pledge in helper.with_status(*HOLDING)):
            until = state.ready_at + COME_IN_LASTS
            due = {"due": state.ready_at, "not_after": until}
            yield _touch(state, "helper_come_in", helper.reach, **due, rule=AT_ONCE, at=None, subject=subject)


def _home(state: VisitState, helpers: list[Helper]) -> Iterator[Touch]:
    """They should be home by now and nobody has said so. At night nobody is woken by a text: a person calls."""
    if state.released_at is None:
        return
    due = state.released_at + timedelta(minutes=state.rules.travel_minutes)
    until = due + timedelta(minutes=state.rules.home_call_minutes)
    kept = CommitmentStatus.KEPT
    took_them = [who for who in helpers if any(p.role == SupportRole.RIDE for p in who.with_status(kept))]
    for kind, who in [("patient_home", state.patient), *(("helper_home", helper.reach) for helper in took_them)]:
        is_call = channel(who=who, kind=kind, rules=state.rules) == CALL
        if not is_call and _later(state, who, due) == due < until:
            yield _touch(state, kind, who, due=due, not_after=until, rule="after the way home", at=None)


def _called_off(state: VisitState, helpers: list[Helper]) -> Iterator[Touch]:
    """The patient where the visit was still ahead; helpers who had said yes, or whom we had asked by message. A visit
    undone right after it was booked is news only to a patient who was told of it."""
    if state.off_at is None:
        return
    is_news = state.was_news or not state.is_taken_back
    if state.status == InfusionStatus.CANCELLED and state.off_at < state.starts_at and is_news:
        yield _news(state, "patient_cancelled", state.patient, until=state.starts_at)
    for helper in helpers:
        gone = helper.with_status(CommitmentStatus.VOID)
        if gone and (helper.was_asked_by_message or any(pledge.answered_at for pledge in gone)):
            yield _news(state, "helper_cancelled", helper.reach, until=state.ends_at)


def _news(state: VisitState, kind: str, who: Reach, *, until: datetime) -> Touch:
    """At once, or when texts may go again; where that is too late somebody calls."""
    at = state.off_at or state.starts_at
    due = _later(state, who, at)
    if due >= until:
        who, due = who.by_phone(), at
    return _touch(state, kind, who, due=due, not_after=until, rule=AT_ONCE, at=None)


def _question(state: VisitState, question: Question) -> Iterator[Touch]:
    reaches = {state.patient.recipient: state.patient} | {h.reach.recipient: h.reach for h in state.helpers}
    who = reaches.get(question.recipient)
    if who is None or who.is_silent:
        return
    name = "checkin_evening" if question.kind == CheckInKind.EVENING else "checkin_next_day"
    kind = name if who is state.patient else f"helper_{name}"
    yield _touch(
        state,
        kind,
        who,
        due=_later(state, who, question.due_at),
        not_after=question.closes_at,
        rule="check-in",
        at=None,
        subject=f"checkin:{question.pk}",
    )


def _touch(
    state: VisitState,
    kind: str,
    who: Reach,
    *,
    due: datetime,
    not_after: datetime,
    rule: str,
    at: time | None = DAYS_BEFORE_AT,
    subject: str = "",
) -> Touch:
    """``at``: the wall time a rule aims at, None where it is elapsed time. What was said keeps its channel."""
    subject = subject or state.subject
    said = state.said.get((kind, subject, state.starts_at, who.recipient))
    return Touch(
        wanted=Wanted(
            kind=kind,
            subject=subject,
            about_at=state.starts_at,
            recipient=who.recipient,
            channel=said or channel(who=who, kind=kind, rules=state.rules),
            due_at=due,
            not_after=not_after,
            language=who.language,
            rule=rule,
            zone=state.zone.key,
            wall_time=f"{at:%H:%M}" if at else "",
        )
    )


def _days_before(state: VisitState, who: Reach, days: int) -> datetime:
    hours = texting_hours.window(state.rules, who)
    return texting_hours.on_a_day_before(
        starts_at=state.starts_at, zone=state.zone, reader=who.zone, hours=hours, days=days
    )


def _earlier(state: VisitState, who: Reach, moment: datetime) -> datetime:
    return quiet.earlier(moment=moment, zone=who.zone, window=texting_hours.window(state.rules, who))


def _later(state: VisitState, who: Reach, moment: datetime) -> datetime:
    return quiet.later(moment=moment, zone=who.zone, window=texting_hours.window(state.rules, who))
