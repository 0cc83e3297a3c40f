"""What is asked and measured before a treatment: flags that a person clears, and a gate until they do."""

import inspect
from datetime import UTC, datetime, timedelta

import pytest
from django.utils.translation import override

from clinic.domain import gates, infusions, prechecks, treatment_consents
from clinic.domain.errors import Refused
from clinic.enums import AskedWhen, HoldQuestion, InfusionStatus, PressurePoint, Role
from clinic.models import AuditEntry, BloodPressure, HoldAnswer, Infusion, StaffMember
from clinic.models.infusion import STAMPS
from tests.factories import InfusionFactory, PolicyFactory, StaffFactory

pytestmark = pytest.mark.django_db

S, Q = InfusionStatus, HoldQuestion
START = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)  # 10:30 in New York
ASKS = [Q.ATE, Q.ILL, Q.DARK]
NO = dict.fromkeys(ASKS, False)


@pytest.fixture(autouse=True)
def _only_what_this_is_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "_gates", [prechecks.gate])


@pytest.fixture
def nurse() -> StaffMember:
    return StaffFactory(role=Role.NURSE)


@pytest.fixture
def clinician() -> StaffMember:
    return StaffFactory(role=Role.CLINICIAN)


def visit_in(state: S = S.ARRIVED, **rules) -> Infusion:
    policy = PolicyFactory(**{"hold_questions": ASKS, **rules})
    return InfusionFactory(status=state, policy=policy, **dict.fromkeys(STAMPS[state], START))


def said(infusion: Infusion) -> list[tuple[str, str, bool]]:
    rows = HoldAnswer.objects.filter(infusion=infusion).order_by("question", "asked_when")
    return list(rows.values_list("question", "asked_when", "is_yes"))


# --- when ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "when"),
    [
        (datetime(2026, 3, 3, 20, 59, tzinfo=UTC), None),
        (datetime(2026, 3, 3, 21, 0, tzinfo=UTC), AskedWhen.EVENING),
        (START, AskedWhen.EVENING),
        (START + timedelta(days=1), None),
    ],
)
def test_the_patient_is_asked_from_four_in_the_afternoon_before_until_they_come(at, when) -> None:
    assert prechecks.asked_now(infusion=visit_in(S.BOOKED), now=at) == when


def test_four_in_the_afternoon_is_the_clinics_also_when_the_clocks_change_that_night() -> None:
    sunday = visit_in(S.BOOKED)
    sunday.starts_at = datetime(2026, 3, 8, 14, tzinfo=UTC)  # 10:00, the clocks went forward at 02:00
    assert prechecks.opens_at(infusion=sunday) == datetime(2026, 3, 7, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "now", "sentence"),
    [
        (S.BOOKED, START - timedelta(days=2), "It is too early for these questions."),
        (S.STARTED, START, "The treatment has begun."),
        (S.READY, START, "The treatment has begun."),
        (S.NO_SHOW, START, "This visit is over."),
    ],
)
def test_too_early_or_too_late_nothing_is_kept(nurse, state, now, sentence) -> None:
    infusion = visit_in(state)
    with pytest.raises(Refused, match=sentence):
        prechecks.answer(infusion=infusion, answers=NO, actor=nurse, now=now)
    assert said(infusion) == []


def test_what_the_rules_do_not_ask_is_not_kept(nurse) -> None:
    with pytest.raises(Refused, match="This is not asked here"):
        prechecks.answer(infusion=visit_in(), answers={Q.BLADDER: False}, actor=nurse, now=START)


# --- answers ---------------------------------------------------------------------------------------


def test_an_answer_is_kept_with_who_gave_it_and_when(nurse) -> None:
    infusion = visit_in()
    prechecks.answer(infusion=infusion, answers={Q.ILL: True}, actor="link:abc", now=START)
    prechecks.answer(infusion=infusion, answers={Q.ATE: False}, actor=nurse, now=START)
    rows = HoldAnswer.objects.order_by("question").values_list("question", "answered_by", "answered_at")
    assert list(rows) == [("ate", f"staff:{nurse.pk}", START), ("ill", f"patient:{infusion.patient_id}", START)]
    assert {entry.verb for entry in AuditEntry.objects.all()} == {"precheck.answered"}


def test_the_same_answers_twice_change_nothing(nurse) -> None:
    infusion = visit_in()
    prechecks.answer(infusion=infusion, answers=NO, actor=nurse, now=START)
    before = list(HoldAnswer.objects.values())
    assert prechecks.answer(infusion=infusion, answers=NO, actor="link:x", now=START + timedelta(minutes=1)) == []
    assert list(HoldAnswer.objects.values()) == before
    assert AuditEntry.objects.count() == 1


def test_the_arrivals_answer_outweighs_that_of_the_evening_before(nurse) -> None:
    infusion = visit_in(S.BOOKED)
    prechecks.answer(infusion=infusion, answers=NO | {Q.ILL: True}, actor="link:x", now=START - timedelta(hours=12))
    assert [flag.what for flag in prechecks.open_flags(infusion=infusion)] == ["feeling ill"]
    Infusion.objects.update(status=S.ARRIVED, arrived_at=START)
    infusion.refresh_from_db()
    prechecks.answer(infusion=infusion, answers=NO | {Q.ATE: True}, actor=nurse, now=START)
    assert [flag.what for flag in prechecks.open_flags(infusion=infusion)] == ["food or drink"]
    assert len(said(infusion)) == 6


@pytest.mark.parametrize("outweighs", ["staff", "clearance"])
def test_a_patients_own_no_on_arrival_leaves_the_evenings_yes_standing(nurse, clinician, outweighs) -> None:
    """Only a person takes it away: the nurse who asked again, or a clinician's clearance."""
    infusion = visit_in(S.BOOKED)
    prechecks.answer(infusion=infusion, answers=NO | {Q.DARK: True}, actor="link:x", now=START - timedelta(hours=12))
    Infusion.objects.update(status=S.ARRIVED, arrived_at=START)
    infusion.refresh_from_db()
    prechecks.answer(infusion=infusion, answers=NO, actor="link:x", now=START)
    [flag] = prechecks.open_flags(infusion=infusion)
    assert flag.what == "thoughts of self-harm"
    assert any("thoughts of self-harm" in reason for reason in gates.reasons(infusion=infusion, now=START))
    if outweighs == "staff":
        [row] = prechecks.answer(infusion=infusion, answers=NO, actor=nurse, now=START)
        assert (row.asked_when, row.answered_by) == (AskedWhen.ARRIVAL, f"staff:{nurse.pk}")
    else:
        prechecks.clear(answer=flag.answer, note="spoke with her alone", actor=clinician, now=START)
    assert prechecks.open_flags(infusion=infusion) == []
    assert not prechecks.counting(infusion=infusion)[Q.DARK].is_yes
    assert prechecks.answer(infusion=infusion, answers=NO, actor=nurse, now=START) == []


def test_a_yes_is_not_replaced_by_a_no_in_passing(nurse) -> None:
    """A form that stood open on a second tablet, or a patient who would rather not be asked further."""
    infusion = visit_in()
    prechecks.answer(infusion=infusion, answers={Q.ILL: True}, actor=nurse, now=START)
    with pytest.raises(Refused, match="answered with yes meanwhile: feeling ill"):
        prechecks.answer(infusion=infusion, answers=NO, actor="link:x", now=START)
    assert said(infusion) == [("ill", "arrival", True)]
    prechecks.answer(infusion=infusion, answers={Q.ILL: False}, actor=nurse, now=START, corrects=True)
    assert said(infusion) == [("ill", "arrival", False)]


def test_a_yes_said_again_after_a_correction_has_to_be_cleared_anew(nurse, clinician) -> None:
    infusion = visit_in()
    [row] = prechecks.answer(infusion=infusion, answers={Q.ILL: True}, actor=nurse, now=START)
    prechecks.clear(answer=row, note="a cold, no fever", actor=clinician, now=START)
    for is_yes in (False, True):
        prechecks.answer(infusion=infusion, answers={Q.ILL: is_yes}, actor=nurse, now=START, corrects=True)
    assert [flag.what for flag in prechecks.open_flags(infusion=infusion)] == ["feeling ill"]


def test_what_was_said_before_another_days_visit_is_said_anew(nurse) -> None:
    """Asked, measured, the step taken back, the visit moved by a week: nothing of that day counts."""
    infusion = visit_in(systolic_max=140)
    prechecks.answer(infusion=infusion, answers=NO | {Q.ILL: True}, actor=nurse, now=START)
    measured(infusion, nurse, 150, 90)
    week = timedelta(days=7)
    for name in ("starts_at", "pickup_from", "ends_at", "room_free_at", "arrived_at"):
        setattr(infusion, name, getattr(infusion, name) + week)
    infusion.save()
    assert prechecks.open_flags(infusion=infusion) == []
    assert gates.reasons(infusion=infusion, now=START + week) == [
        "The questions before the treatment are not answered yet.",
        "The blood pressure before the treatment is not recorded yet.",
    ]
    assert len(prechecks.answer(infusion=infusion, answers=NO, actor=nurse, now=START + week)) == 3
    again = prechecks.record_pressure(
        infusion=infusion, point="before", systolic=150, diastolic=90, actor=nurse, now=START + week
    )
    assert again.taken_at == START + week
    assert [flag.what for flag in prechecks.open_flags(infusion=infusion)] == ["150/90"]


def test_no_clock_but_the_servers_is_read() -> None:
    """A tablet whose clock is wrong changes nothing: no function takes a time from outside but ``now``."""
    for act in (prechecks.answer, prechecks.clear, prechecks.clear_pressure, prechecks.record_pressure):
        times = [name for name in inspect.signature(act).parameters if name == "now" or name.endswith("_at")]
        assert times == ["now"]


# --- clearing --------------------------------------------------------------------------------------


@pytest.fixture
def flag(nurse) -> HoldAnswer:
    return prechecks.answer(infusion=visit_in(), answers=NO | {Q.ILL: True}, actor=nurse, now=START)[1]


def test_a_clinician_clears_a_yes_with_a_word(flag, clinician) -> None:
    row = prechecks.clear(answer=flag, note="  a cold, no fever ", actor=clinician, now=START)
    assert (row.cleared_by, row.cleared_at, row.cleared_note) == (clinician, START, "a cold, no fever")
    assert gates.reasons(infusion=flag.infusion, now=START) == []


@pytest.mark.parametrize("role", [Role.NURSE, Role.FRONT_DESK, Role.ADMIN])
def test_nobody_else_clears_it(flag, role) -> None:
    with pytest.raises(Refused, match="A clinician or the medical director clears this"):
        prechecks.clear(answer=flag, note="looks fine to me", actor=StaffFactory(role=role), now=START)


def test_it_needs_a_word(flag, clinician) -> None:
    with pytest.raises(Refused, match="why it may go on"):
        prechecks.clear(answer=flag, note="  ", actor=clinician, now=START)


def test_what_is_cleared_stays_as_it_was_cleared(flag, clinician) -> None:
    prechecks.clear(answer=flag, note="a cold", actor=clinician, now=START)
    again = prechecks.clear(answer=flag, note="another word", actor=StaffFactory(role=Role.DIRECTOR), now=START)
    assert (again.cleared_note, again.cleared_by) == ("a cold", clinician)


def test_a_no_and_a_visit_that_has_begun_cannot_be_cleared(flag, clinician) -> None:
    no = HoldAnswer.objects.get(question=Q.ATE)
    with pytest.raises(Refused, match="the answer was no"):
        prechecks.clear(answer=no, note="why not", actor=clinician, now=START)
    Infusion.objects.update(status=S.STARTED, started_at=START)
    with pytest.raises(Refused, match="The treatment has begun"):
        prechecks.clear(answer=flag, note="a cold", actor=clinician, now=START)


# --- blood pressure --------------------------------------------------------------------------------


def measured(infusion: Infusion, nurse: StaffMember, systolic: int, diastolic: int, point: str = "before"):
    return prechecks.record_pressure(
        infusion=infusion, point=point, systolic=systolic, diastolic=diastolic, actor=nurse, now=START
    )


@pytest.mark.parametrize(("systolic", "diastolic"), [(49, 30), (301, 90), (120, 19), (80, 120), (120, 120), (0, 0)])
def test_numbers_that_are_none_are_refused(nurse, systolic, diastolic) -> None:
    with pytest.raises(Refused, match="The upper number is the larger one"):
        measured(visit_in(), nurse, systolic, diastolic)


ALL_POINTS = list(PressurePoint)


@pytest.mark.parametrize(
    ("state", "points"),
    [
        (S.BOOKED, []),
        (S.ARRIVED, ["before"]),
        (S.STARTED, ["during"]),
        (S.RECOVERING, ["during", "leaving"]),
        (S.READY, ["leaving"]),
    ],
)
def test_each_reading_belongs_to_its_part_of_the_visit(nurse, state, points) -> None:
    infusion = visit_in(state)
    for point in ALL_POINTS:
        if point in points:
            measured(infusion, nurse, 120, 80, point)
        else:
            with pytest.raises(Refused, match="another part of the visit"):
                measured(infusion, nurse, 120, 80, point)
    with pytest.raises(Refused, match="another part of the visit"):
        measured(infusion, nurse, 120, 80, "noon")


@pytest.mark.parametrize(("reading", "is_high"), [((140, 90), False), ((141, 80), True), ((130, 91), True)])
def test_above_the_clinics_limit_is_a_flag(nurse, clinician, reading, is_high) -> None:
    infusion = visit_in(hold_questions=[], systolic_max=140, diastolic_max=90)
    row = measured(infusion, nurse, *reading)
    sentence = f"Blood pressure above the clinic's limit: {reading[0]}/{reading[1]}. A clinician looks at it first."
    assert gates.reasons(infusion=infusion, now=START) == ([sentence] if is_high else [])
    if is_high:
        prechecks.clear_pressure(reading=row, note="white coat, usual for him", actor=clinician, now=START)
        assert gates.reasons(infusion=infusion, now=START) == []
    else:
        with pytest.raises(Refused, match="within the clinic's limit"):
            prechecks.clear_pressure(reading=row, note="nothing", actor=clinician, now=START)


def test_measured_again_takes_the_place_of_the_first_and_its_clearance(nurse, clinician) -> None:
    infusion = visit_in(hold_questions=[], systolic_max=140)
    first = measured(infusion, nurse, 150, 90)
    prechecks.clear_pressure(reading=first, note="usual for him", actor=clinician, now=START)
    assert measured(infusion, nurse, 150, 90).cleared_by == clinician
    measured(infusion, nurse, 160, 95)
    assert BloodPressure.objects.get().cleared_at is None
    measured(infusion, nurse, 135, 85)
    assert gates.reasons(infusion=infusion, now=START) == []


def test_a_limit_that_nobody_measured_against_holds_the_start() -> None:
    infusion = visit_in(hold_questions=[], systolic_max=140)
    assert gates.reasons(infusion=infusion, now=START) == [
        "The blood pressure before the treatment is not recorded yet."
    ]


def test_without_a_limit_nothing_is_flagged_and_nothing_asked(nurse) -> None:
    infusion = visit_in(hold_questions=[])
    assert gates.reasons(infusion=infusion, now=START) == []
    measured(infusion, nurse, 250, 140)
    assert gates.reasons(infusion=infusion, now=START) == []


# --- the gate --------------------------------------------------------------------------------------


def test_the_start_waits_for_the_answers_of_the_arrival(nurse) -> None:
    infusion = visit_in(S.BOOKED)
    prechecks.answer(infusion=infusion, answers=NO, actor="link:x", now=START - timedelta(hours=12))
    Infusion.objects.update(status=S.ARRIVED, arrived_at=START)
    infusion.refresh_from_db()
    assert gates.reasons(infusion=infusion, now=START) == ["The questions before the treatment are not answered yet."]
    prechecks.answer(infusion=infusion, answers={Q.ATE: False}, actor=nurse, now=START)
    assert gates.reasons(infusion=infusion, now=START) == ["Not answered yet: feeling ill, thoughts of self-harm."]
    prechecks.answer(infusion=infusion, answers=NO, actor=nurse, now=START)
    assert infusions.start(infusion=infusion, actor=nurse, now=START).state is S.STARTED


def test_who_has_not_come_is_not_said_to_owe_answers() -> None:
    assert gates.reasons(infusion=visit_in(S.BOOKED), now=START) == []


def test_every_yes_is_named_shortly_and_the_start_is_refused(nurse) -> None:
    infusion = visit_in()
    prechecks.answer(infusion=infusion, answers=dict.fromkeys(ASKS, True), actor=nurse, now=START)
    with pytest.raises(Refused) as refused:
        infusions.start(infusion=infusion, actor=nurse, now=START)
    assert refused.value.reasons == [
        "Answered with yes: food or drink. A clinician looks at it first.",
        "Answered with yes: feeling ill. A clinician looks at it first.",
        "Answered with yes: thoughts of self-harm. A clinician looks at it first.",
    ]


def test_a_role_the_rules_name_may_start_against_a_flag_with_a_reason(clinician) -> None:
    row = infusions.start(infusion=visit_in(), actor=clinician, now=START, override_reason="Asked in the car park")
    assert row.override_by == clinician


def test_the_short_names_are_words_in_every_language() -> None:
    assert set(prechecks.SHORT) == set(HoldQuestion)
    with override("es"):
        assert all(str(words) for words in prechecks.SHORT.values())


# --- consent ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days_ago", "reasons"),
    [
        (None, ["There is no consent to the treatment on record."]),
        (30, []),
        (31, ["Consent to the treatment is good until Tuesday 3 March only."]),
    ],
)
def test_a_start_needs_consent_that_is_still_good(nurse, days_ago, reasons) -> None:
    infusion = visit_in(hold_questions=[], consent_days=30)
    if days_ago is not None:
        day = START.date() - timedelta(days=days_ago)
        treatment_consents.record(patient=infusion.patient, signed_on=day, actor=nurse, now=START)
    assert gates.reasons(infusion=infusion, now=START) == reasons


def test_consent_taken_back_between_two_taps_holds_the_start(nurse) -> None:
    infusion = visit_in(hold_questions=[], consent_days=365)
    treatment_consents.record(patient=infusion.patient, signed_on=START.date(), actor=nurse, now=START)
    assert gates.reasons(infusion=infusion, now=START) == []
    assert treatment_consents.withdraw(patient=infusion.patient, actor=nurse, now=START) == 1
    with pytest.raises(Refused, match="no consent to the treatment"):
        infusions.start(infusion=infusion, actor=nurse, now=START)
    assert treatment_consents.withdraw(patient=infusion.patient, actor=nurse, now=START) == 0


def test_a_paper_is_recorded_once_and_stands_again_when_signed_again(nurse) -> None:
    patient, today = visit_in().patient, START.date()
    first = treatment_consents.record(patient=patient, signed_on=today, actor=nurse, now=START)
    assert treatment_consents.record(patient=patient, signed_on=today, actor=nurse, now=START) == first
    treatment_consents.withdraw(patient=patient, actor=nurse, now=START)
    assert treatment_consents.newest(patient=patient) is None
    again = treatment_consents.record(patient=patient, signed_on=today, actor=nurse, now=START)
    assert (again.pk, again.withdrawn_at) == (first.pk, None)


@pytest.mark.parametrize("days", [1, -365 * 90])
def test_a_paper_of_tomorrow_or_before_the_patient_was_born_is_refused(nurse, days) -> None:
    patient, day = visit_in().patient, START.date() + timedelta(days=days)
    with pytest.raises(Refused):
        treatment_consents.record(patient=patient, signed_on=day, actor=nurse, now=START)


def test_rules_that_ask_nothing_cost_no_query(django_assert_num_queries) -> None:
    infusion = visit_in(hold_questions=[])
    with django_assert_num_queries(0):
        assert gates.reasons(infusion=infusion, now=START) == []
