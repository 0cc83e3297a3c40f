"""Two nurses with two tablets in the same second."""

from datetime import timedelta

import pytest

from clinic.domain import infusions, prechecks
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
