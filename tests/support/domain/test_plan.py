"""The plan of touches, without a database: a visit's state in, what is to be said out."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from clinic.models import Policy
from support.domain import plan
from support.domain.plan_state import Helper, Pledge, Question, Reach, VisitState
from support.enums import Purpose

NEW_YORK = ZoneInfo("America/New_York")
STARTS = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)  # Wednesday 10:30 in New York
LONG_AGO = STARTS - timedelta(days=20)
EARLY = STARTS - timedelta(days=10)


def reach(recipient="patient:1", can_text=True, can_email=True, **fields):
    about = frozenset(Purpose)
    ways = {"texts": about if can_text else frozenset(), "emails": about if can_email else frozenset()}
    values = {**ways, "zone": NEW_YORK, "language": "en"}
    return Reach(recipient=recipient, **(values | fields))


def pledge(status, role="ride", **fields):
    return Pledge(role=role, status=status, **({"asked_at": LONG_AGO, "answered_at": None} | fields))


def accepted(**fields):
    return pledge("accepted", **({"answered_at": EARLY} | fields))


def confirmed(**fields):
    return pledge("reconfirmed", **({"answered_at": EARLY, "reconfirmed_at": EARLY} | fields))


def helper(*pledges, pk=5, **fields):
    return Helper(reach=reach(f"designation:{pk}"), pledges=pledges, **fields)


def visit(*helpers, starts_at=STARTS, **fields):
    values = {
        "infusion_id": 12,
        "zone": NEW_YORK,
        "rules": Policy(),
        "status": "booked",
        "starts_at": starts_at,
        "pickup_from": starts_at + timedelta(minutes=85),
        "ends_at": starts_at + timedelta(minutes=100),
        "timed_at": starts_at - timedelta(days=20),
        "ready_at": None,
        "off_at": None,
        "patient": reach(),
        "helpers": helpers,
        "questions": (),
        "said": {},
    }
    return VisitState(**(values | fields))


def times(state, now=EARLY, zone=NEW_YORK):
    """Kind to the time on the clinic's clock."""
    found = sorted((t.wanted.due_at, t.wanted.kind) for t in plan.touches(state=state, now=now))
    return [(kind, f"{due.astimezone(zone):%a %H:%M}") for due, kind in found]


def kinds(state, now=EARLY):
    return sorted(t.wanted.kind for t in plan.touches(state=state, now=now))


def only(state, kind, now=EARLY):
    return next(t.wanted for t in plan.touches(state=state, now=now) if t.wanted.kind == kind)


def test_a_patient_hears_three_days_one_day_and_three_hours_before():
    assert times(visit(starts_at=STARTS + timedelta(hours=3))) == [
        ("patient_3_days", "Sun 10:00"),
        ("patient_1_day", "Tue 10:00"),
        ("patient_3_hours", "Wed 10:30"),
    ]


def test_a_reminder_that_would_come_too_early_goes_the_evening_before():
    assert times(visit()) == [
        ("patient_3_days", "Sun 10:00"),
        ("patient_1_day", "Tue 10:00"),
        ("patient_3_hours", "Tue 19:30"),
    ]


def test_the_evening_reminder_is_merged_where_the_days_reminder_goes_then_anyway():
    booked_late = visit(timed_at=STARTS - timedelta(hours=20))
    assert times(booked_late, now=STARTS - timedelta(hours=20)) == [("patient_1_day", "Tue 10:00")]


def test_a_visit_booked_twenty_hours_before_has_no_three_day_reminder():
    now = STARTS + timedelta(hours=3) - timedelta(hours=20)
    state = visit(starts_at=STARTS + timedelta(hours=3), timed_at=now)
    assert kinds(state, now=now) == ["patient_1_day", "patient_3_hours"]


def test_who_was_given_the_time_two_days_before_has_no_three_day_reminder():
    state = visit(starts_at=STARTS + timedelta(hours=3), timed_at=STARTS - timedelta(days=2))
    assert kinds(state, now=STARTS - timedelta(days=2)) == ["patient_1_day", "patient_3_hours"]


def test_a_reminder_is_dropped_when_the_next_one_is_due_and_all_of_them_at_the_start():
    state = visit(starts_at=STARTS + timedelta(hours=3))
    due = only(state, "patient_1_day").due_at
    assert kinds(state, now=due) == ["patient_1_day", "patient_3_hours"]
    assert kinds(state, now=state.starts_at - timedelta(seconds=1)) == ["patient_3_hours"]
    assert kinds(state, now=state.starts_at) == []


def test_a_missed_day_does_not_lose_a_reminder_that_is_still_of_use():
    """https://github.com/invoiceninja/invoiceninja/issues/2183: due is not "equal to today"."""
    state = visit(starts_at=STARTS + timedelta(hours=3))
    late = only(state, "patient_3_days").due_at + timedelta(hours=30)
    assert only(state, "patient_3_days", now=late).due_at < late


@pytest.mark.parametrize(
    ("zone", "starts_at", "three_hours"),
    [
        # The clocks go forward on 8 March and back on 1 November 2026.
        ("America/New_York", datetime(2026, 3, 9, 17, 30, tzinfo=UTC), "Mon 10:30"),
        ("America/New_York", datetime(2026, 3, 8, 17, 30, tzinfo=UTC), "Sun 10:30"),
        ("America/New_York", datetime(2026, 11, 1, 18, 30, tzinfo=UTC), "Sun 10:30"),
        ("America/New_York", datetime(2026, 11, 2, 18, 30, tzinfo=UTC), "Mon 10:30"),
        ("Asia/Kolkata", datetime(2026, 3, 9, 8, 0, tzinfo=UTC), "Mon 10:30"),
        ("Australia/Adelaide", datetime(2026, 4, 5, 4, 0, tzinfo=UTC), "Sun 10:30"),
        ("Australia/Adelaide", datetime(2026, 10, 5, 3, 0, tzinfo=UTC), "Mon 10:30"),
    ],
)
def test_days_before_are_wall_clock_and_hours_before_are_elapsed_across_the_changes(zone, starts_at, three_hours):
    clinic = ZoneInfo(zone)
    state = visit(starts_at=starts_at, zone=clinic, patient=reach(zone=clinic))
    day = starts_at.astimezone(clinic)
    assert f"{day:%H:%M}" == "13:30"
    assert times(state, now=starts_at - timedelta(days=9), zone=clinic) == [
        ("patient_3_days", f"{day - timedelta(days=3):%a} 10:00"),
        ("patient_1_day", f"{day - timedelta(days=1):%a} 10:00"),
        ("patient_3_hours", three_hours),
    ]


def test_quiet_hours_are_the_recipients_own():
    west = visit(starts_at=STARTS + timedelta(hours=3), patient=reach(zone=ZoneInfo("America/Los_Angeles")))
    los_angeles = ZoneInfo("America/Los_Angeles")
    # 10:00 in New York is 07:00 there: the evening before. 10:30 likewise.
    assert times(west, zone=los_angeles) == [
        ("patient_3_days", "Sat 19:30"),
        ("patient_1_day", "Mon 19:30"),
        ("patient_3_hours", "Tue 19:30"),
    ]


def test_the_policy_sets_the_texting_hours():
    late_risers = visit(rules=Policy(texts_from=time(10, 30), texts_until=time(18)))
    assert times(late_risers) == [
        ("patient_3_days", "Sat 17:30"),
        ("patient_1_day", "Mon 17:30"),
        ("patient_3_hours", "Tue 17:30"),
    ]


def test_without_consent_to_texts_it_is_e_mail_and_without_either_it_is_a_call_about_what_matters():
    by_mail = visit(patient=reach(can_text=False))
    assert {t.wanted.channel for t in plan.touches(state=by_mail, now=EARLY)} == {"email"}
    nobody = visit(patient=reach(can_text=False, can_email=False))
    assert [(t.wanted.kind, t.is_call) for t in plan.touches(state=nobody, now=EARLY)] == [("patient_1_day", True)]


def test_what_was_said_by_text_is_not_said_again_by_e_mail():
    key = ("patient_1_day", "infusion:12", STARTS, "patient:1")
    opted_out_since = visit(patient=reach(can_text=False), said={key: "sms"})
    assert only(opted_out_since, "patient_1_day").channel == "sms"


def test_somebody_who_has_agreed_to_nothing_is_left_in_peace():
    silent = Helper(reach=reach("designation:5", is_silent=True), pledges=(pledge("asked"),))
    assert [touch for touch in plan.everything(state=visit(silent)) if not touch.is_call] == [
        touch for touch in plan.everything(state=visit()) if not touch.is_call
    ]


def unreached(pk=5, **fields):
    """Somebody invited long ago who has not answered."""
    values = {"reach": reach(f"designation:{pk}", is_silent=True), "pledges": (pledge("asked"),)}
    return Helper(**(values | {"invited_at": LONG_AGO} | fields))


def calls(*helpers, **fields) -> list[tuple[str, datetime]]:
    """Whom the desk is to call because no message may ask them, and from when on its clock."""
    found = plan.everything(state=visit(*helpers, **fields))
    return [
        (touch.wanted.recipient, touch.wanted.due_at.astimezone(NEW_YORK))
        for touch in found
        if touch.wanted.kind == "helper_unreached" and touch.is_call
    ]


THREE_DAYS_BEFORE = datetime(2026, 3, 1, 10, tzinfo=NEW_YORK)


def test_where_only_somebody_no_message_may_ask_could_drive_a_person_calls_them():
    assert calls(unreached()) == [("designation:5", THREE_DAYS_BEFORE)]
    stopped = replace(unreached(), reach=reach("designation:5", can_text=False, can_email=False))
    assert calls(stopped) == [("designation:5", THREE_DAYS_BEFORE)]


def test_one_after_the_other_in_the_patients_order():
    second, first = unreached(pk=5, rank=2), unreached(pk=6, rank=1)
    assert calls(second, first) == [("designation:6", THREE_DAYS_BEFORE)]
    said_no = replace(first, pledges=(pledge("declined", answered_at=EARLY),))
    assert calls(second, said_no) == [("designation:5", THREE_DAYS_BEFORE)]


def test_a_visit_booked_in_the_asking_time_is_called_about_at_once():
    booked = STARTS - timedelta(hours=48)
    assert calls(unreached(pledges=(pledge("asked", asked_at=booked),))) == [("designation:5", booked)]


def test_who_was_invited_today_has_a_day_to_answer():
    now = STARTS - timedelta(hours=50)
    fresh = unreached(pledges=(pledge("asked", asked_at=now),), invited_at=now)
    assert calls(fresh) == [("designation:5", now + timedelta(hours=24))]


def test_the_last_day_is_left_to_the_call_about_the_way_home():
    booked = STARTS - timedelta(hours=20)
    assert calls(unreached(pledges=(pledge("asked", asked_at=booked),))) == []


@pytest.mark.parametrize("other", [helper(pledge("asked"), pk=6), helper(accepted(), pk=6)])
def test_nobody_is_called_while_a_message_asks_somebody_or_somebody_has_said_yes(other):
    assert calls(unreached(), other) == []


def test_who_only_sits_in_the_room_is_not_what_a_date_depends_on():
    assert calls(unreached(pledges=(pledge("asked", role="presence"),))) == []


def test_who_is_called_about_a_new_time_is_not_called_twice():
    moved = helper(pledge("asked"), was_moved=True)
    assert calls(replace(moved, reach=reach("designation:5", can_text=False, can_email=False))) == []


def test_an_unanswered_helper_is_asked_again_three_days_before():
    assert only(visit(helper(pledge("asked"))), "helper_ask_again").due_at.astimezone(NEW_YORK) == datetime(
        2026, 3, 1, 10, 0, tzinfo=NEW_YORK
    )


def test_who_was_asked_an_hour_ago_is_not_asked_again_at_once():
    now = STARTS - timedelta(hours=40)
    asked = only(visit(helper(pledge("asked", asked_at=now))), "helper_ask_again", now=now)
    assert asked.due_at == now + timedelta(hours=24)
    walk_in = visit(helper(pledge("asked", asked_at=STARTS - timedelta(hours=20))))
    assert "helper_ask_again" not in kinds(walk_in, now=STARTS - timedelta(hours=20))


def test_a_yes_is_reconfirmed_the_day_before_and_reminded_three_hours_before():
    state = visit(helper(accepted()), starts_at=STARTS + timedelta(hours=3))
    helpers = [(kind, at) for kind, at in times(state) if kind.startswith("helper")]
    assert helpers == [("helper_reconfirm", "Tue 10:00"), ("helper_3_hours", "Wed 10:30")]


def test_who_has_reconfirmed_is_not_asked_to_reconfirm():
    state = visit(helper(confirmed()), starts_at=STARTS + timedelta(hours=3))
    assert [k for k in kinds(state) if k.startswith("helper")] == ["helper_3_hours"]


def test_a_yes_after_the_days_question_is_asked_when_the_last_day_begins():
    starts_at = STARTS + timedelta(hours=5)
    said = starts_at - timedelta(hours=27)  # Tuesday 12:30, after 10:00
    state = visit(helper(accepted(answered_at=said)), starts_at=starts_at)
    assert only(state, "helper_reconfirm", now=said).due_at == starts_at - timedelta(hours=24)


def test_who_confirmed_a_moment_ago_is_not_reminded():
    now = STARTS - timedelta(hours=2)
    state = visit(helper(confirmed(answered_at=now, reconfirmed_at=now)), starts_at=STARTS)
    assert [k for k in kinds(state, now=now) if k.startswith("helper")] == []


def test_a_person_with_two_roles_gets_one_message():
    """https://github.com/betagouv/rdv-service-public/issues/2137"""
    both = helper(accepted(), accepted(role="followup"))
    assert kinds(visit(both)).count("helper_reconfirm") == 1
    asked = helper(pledge("asked"), pledge("asked", role="followup"))
    assert kinds(visit(asked)).count("helper_ask_again") == 1


@pytest.mark.parametrize("status", ["declined", "withdrawn", "lapsed", "void"])
def test_who_said_no_gets_nothing(status):
    said_no = helper(pledge(status, answered_at=EARLY), was_asked_by_message=True)
    assert [k for k in kinds(visit(said_no)) if k.startswith("helper")] == []
    off = visit(helper(pledge("declined", answered_at=EARLY)), status="cancelled", off_at=EARLY)
    assert kinds(off) == ["patient_cancelled"]


def test_a_moved_visit_is_news_for_who_was_asked_at_the_old_time():
    now = EARLY + timedelta(hours=1)
    moved = visit(helper(pledge("asked", asked_at=now), was_moved=True))
    assert "helper_ask_new_time" in kinds(moved, now=now)
    assert only(moved, "helper_ask_new_time", now=now).about_at == STARTS


def test_two_moves_there_and_back_are_two_pieces_of_news():
    first = only(visit(helper(pledge("asked", asked_at=EARLY), was_moved=True)), "helper_ask_new_time")
    again = EARLY + timedelta(hours=2)
    second = only(visit(helper(pledge("asked", asked_at=again), was_moved=True)), "helper_ask_new_time", now=again)
    assert first.key != second.key


def test_when_somebody_steps_back_the_others_are_asked_at_once():
    now = STARTS - timedelta(hours=24)
    sam = helper(pledge("withdrawn", answered_at=now), pk=5)
    jo = helper(pledge("asked", asked_at=now), pk=6)
    asked = only(visit(sam, jo), "helper_ask_again", now=now)
    assert (asked.recipient, asked.due_at) == ("designation:6", now)


def test_with_the_patient_in_the_chair_the_others_are_asked_still():
    now = STARTS + timedelta(minutes=20)
    sam = helper(pledge("withdrawn", answered_at=now), pk=5)
    jo = helper(pledge("asked", asked_at=now), pk=6)
    state = visit(sam, jo, status="started")
    assert [(t.wanted.recipient, t.wanted.due_at) for t in plan.touches(state=state, now=now)] == [
        ("designation:6", now)
    ]


def test_who_was_asked_by_message_hears_that_it_is_covered_and_nobody_else():
    holder = helper(accepted(), pk=5)
    told = helper(pledge("covered"), pk=6, was_asked_by_message=True)
    not_told = helper(pledge("covered"), pk=7)
    found = [t.wanted for t in plan.touches(state=visit(holder, told, not_told), now=EARLY)]
    assert [w.recipient for w in found if w.kind == "helper_covered"] == ["designation:6"]


def test_come_in_goes_to_the_driver_the_moment_the_patient_is_ready_at_any_hour():
    ready_at = STARTS + timedelta(hours=10)  # 20:30
    driver, company = helper(confirmed(), pk=5), helper(confirmed(role="presence"), pk=6)
    state = visit(driver, company, status="ready", ready_at=ready_at)
    assert [(t.wanted.kind, t.wanted.recipient, t.wanted.due_at) for t in plan.touches(state=state, now=ready_at)] == [
        ("helper_come_in", "designation:5", ready_at)
    ]


def test_a_cancelled_visit_leaves_the_notices_and_nothing_else():
    off = EARLY + timedelta(minutes=1)
    state = visit(helper(pledge("void", answered_at=EARLY)), status="cancelled", off_at=off)
    assert kinds(state, now=off) == ["helper_cancelled", "patient_cancelled"]
    assert kinds(replace(state, status="no_show", off_at=STARTS + timedelta(minutes=5)), now=off) == [
        "helper_cancelled"
    ]


def test_a_visit_undone_right_after_booking_is_news_only_to_a_patient_who_was_told_of_it():
    off = EARLY + timedelta(minutes=1)
    state = visit(status="cancelled", off_at=off, is_taken_back=True)
    assert kinds(state, now=off) == []
    told = {("patient_3_days", "infusion:12", STARTS, "patient:1"): "sms"}
    assert kinds(replace(state, said=told), now=off) == ["patient_cancelled"]


def test_news_that_would_come_too_late_by_text_is_a_call():
    off = STARTS - timedelta(hours=14, minutes=30)  # 20:00 the evening before; texts go again at 08:00
    soon = visit(status="cancelled", off_at=off, starts_at=STARTS - timedelta(hours=3))
    (touch,) = plan.touches(state=soon, now=off)
    assert (touch.wanted.kind, touch.is_call, touch.wanted.due_at) == ("patient_cancelled", True, off)


def test_questions_go_to_patient_and_helper_until_they_close():
    due, closes = STARTS + timedelta(hours=8), STARTS + timedelta(hours=22)
    asked = (
        Question(pk=1, kind="evening", recipient="patient:1", due_at=due, closes_at=closes),
        Question(pk=2, kind="evening", recipient="designation:5", due_at=due, closes_at=closes),
    )
    state = visit(helper(pledge("kept", answered_at=EARLY)), status="released", questions=asked)
    assert kinds(state, now=due) == ["checkin_evening", "helper_checkin_evening"]
    assert kinds(state, now=closes) == []


def test_the_due_time_does_not_move_with_the_clock_on_the_wall():
    state = visit(helper(pledge("asked")), helper(accepted(), pk=6), starts_at=STARTS + timedelta(hours=3))
    first = {t.wanted.key: t.wanted.due_at for t in plan.touches(state=state, now=EARLY)}
    for hours in range(0, 240, 7):
        later = {t.wanted.key: t.wanted.due_at for t in plan.touches(state=state, now=EARLY + timedelta(hours=hours))}
        assert later.items() <= first.items()
