"""Two nurses with two tablets in the same second."""

from datetime import timedelta
from functools import partial
from threading import Event, Thread

import pytest
from django.db import connection, transaction

from clinic.domain import gates, infusions, prechecks, treatment_consents
from clinic.enums import HoldQuestion, InfusionStatus, Role
from clinic.models import HoldAnswer, Infusion, SecondSignature
from tests.clinic.domain.test_infusions import START, in_state
from tests.clinic.test_races import all_at_once, kinds
from tests.factories import PolicyFactory, StaffFactory

pytestmark = pytest.mark.django_db(transaction=True)

S = InfusionStatus


def test_two_who_press_undo_take_back_one_step() -> None:
    nurse = StaffFactory(role=Role.NURSE)
    infusion = in_state(S.ARRIVED, started_at=None)
    Infusion.objects.filter(pk=infusion.pk).update(status=S.STARTED, started_at=START, version=7)
    seen = Infusion.objects.get(pk=infusion.pk)
    answers = all_at_once(
        [lambda: infusions.undo(infusion=seen, actor=nurse, now=START + timedelta(seconds=30), version=7)] * 4
    )
    assert kinds(answers) == {"Infusion": 1, "StaleVersion": 3}
    row = Infusion.objects.get(pk=infusion.pk)
    assert (row.state, row.version) == (S.ARRIVED, 8)
    assert not SecondSignature.objects.exists()


def test_two_nurses_who_ask_at_once_keep_one_answer_to_each_question() -> None:
    nurses = [StaffFactory(role=Role.NURSE) for _each in range(4)]
    asked = [HoldQuestion.ATE, HoldQuestion.ILL]
    infusion = in_state(S.ARRIVED, policy=PolicyFactory(hold_questions=asked))
    both = {HoldQuestion.ATE: False, HoldQuestion.ILL: True}
    answers = all_at_once(
        [
            lambda nurse=nurse: prechecks.answer(infusion=infusion, answers=both, actor=nurse, now=START)
            for nurse in nurses
        ]
    )
    assert sorted(len(answer) for answer in answers) == [0, 0, 0, 2]
    assert HoldAnswer.objects.count() == 2


def test_nothing_starts_on_a_yes_that_came_in_the_same_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever comes first: the yes holds the start, or the start makes the yes too late. Never both."""
    monkeypatch.setattr(gates, "_gates", [prechecks.gate])
    nurse = StaffFactory(role=Role.NURSE)
    policy = PolicyFactory(hold_questions=[HoldQuestion.ILL])
    for round_ in range(6):
        infusion = in_state(S.ARRIVED, policy=policy, number=round_ + 1)
        no, yes = {HoldQuestion.ILL: False}, {HoldQuestion.ILL: True}
        prechecks.answer(infusion=infusion, answers=no, actor=nurse, now=START)
        answers = all_at_once(
            [
                partial(infusions.start, infusion=infusion, actor=nurse, now=START),
                partial(prechecks.answer, infusion=infusion, answers=yes, actor="link:x", now=START),
            ]
        )
        assert kinds(answers)["Refused"] == 1
        said_yes = HoldAnswer.objects.get(infusion=infusion).is_yes
        assert (Infusion.objects.get(pk=infusion.pk).state is S.STARTED) != said_yes


def test_consent_is_taken_back_after_a_start_that_asked_for_it_and_never_in_its_midst(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """ "Nothing starts until there is a new one" is true when it is said."""
    monkeypatch.setattr(gates, "_gates", [prechecks.gate])
    nurse = StaffFactory(role=Role.NURSE)
    infusion = in_state(S.ARRIVED, policy=PolicyFactory(hold_questions=[], consent_days=30))
    treatment_consents.record(patient=infusion.patient, signed_on=START.date(), actor=nurse, now=START)
    has_asked, may_end = Event(), Event()

    def start() -> None:
        with transaction.atomic():
            infusions.start(infusion=infusion, actor=nurse, now=START)
            has_asked.set()
            may_end.wait(0.5)
        connection.close()

    starting = Thread(target=start)
    starting.start()
    assert has_asked.wait(10)
    treatment_consents.withdraw(patient=infusion.patient, actor=nurse, now=START)
    assert Infusion.objects.get(pk=infusion.pk).state is S.STARTED
    starting.join()
