"""Two nurses press at once: the patient leaves once."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection

from clinic.domain.errors import Refused
from clinic.models import AuditEntry
from support.domain import handovers, quiet_words, swaps
from support.enums import HandoverCheck
from support.models import Handover, QuietWord
from tests.support.conftest import Clinic

pytestmark = pytest.mark.django_db(transaction=True)


def together(*acts: Callable[[], object]) -> list[object]:
    """What each answered, a refusal as its sentence."""
    barrier, answers = Barrier(len(acts)), [None] * len(acts)

    def run(place: int, act: Callable[[], object]) -> None:
        barrier.wait(5)
        try:
            answers[place] = act()
        except Refused as no:
            answers[place] = str(no)
        finally:
            connection.close()

    threads = [Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return answers


@pytest.fixture
def ready(clinic: Clinic, next_week):
    sam, jo = clinic.named("Sam"), clinic.named("Joanna")
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    return clinic.until(visit, "ready"), clinic.promise(sam, visit), jo


def test_two_nurses_at_once_hand_over_once(clinic: Clinic, ready):
    visit, sam, _jo = ready
    answers = together(*[lambda: clinic.hand_over(visit, sam, now=visit.ready_at)] * 2)
    assert sorted(isinstance(answer, Handover) for answer in answers) == [False, True]
    assert next(answer for answer in answers if isinstance(answer, str)).startswith("The patient has left already.")
    assert AuditEntry.objects.filter(verb="handover.completed").count() == 1


def test_wrong_words_tried_at_once_are_all_counted(clinic: Clinic, ready):
    visit, sam, _jo = ready

    def wrong() -> object:
        words = ("apple", "pear")
        return clinic.hand_over(visit, sam, now=visit.ready_at, check_by=HandoverCheck.CODE, words=words)

    together(*[wrong] * 5)
    assert Handover.objects.get().wrong_words == 5


def test_a_swap_while_they_are_handed_over_leaves_one_driver_and_one_way_out(clinic: Clinic, ready):
    visit, sam, jo = ready
    together(
        lambda: clinic.hand_over(visit, sam, now=visit.ready_at),
        lambda: swaps.swap(infusion=visit, designation=jo, actor=clinic.desk, now=visit.ready_at),
    )
    holding = visit.commitments.filter(role="ride", status__in=["accepted", "reconfirmed", "kept"])
    done = Handover.objects.get()
    assert holding.count() == 1
    assert done.done_at is None or done.commitment == holding.get()


def test_a_word_said_in_the_same_moment_holds_them_or_comes_too_late(clinic: Clinic, ready):
    visit, sam, _jo = ready
    together(
        lambda: clinic.hand_over(visit, sam, now=visit.ready_at),
        lambda: quiet_words.say(infusion=visit, now=visit.ready_at, actor="link:abc"),
    )
    assert (Handover.objects.get().done_at is None) == QuietWord.objects.exists()


def test_home_said_from_two_phones_at_once_is_said_once(clinic: Clinic, ready):
    visit, sam, _jo = ready
    clinic.hand_over(visit, sam, now=visit.ready_at)
    at = visit.ready_at + timedelta(minutes=30)
    together(*[lambda: handovers.say_home(infusion=visit, now=at, actor="link:abc")] * 2)
    assert AuditEntry.objects.filter(verb="infusion.home").count() == 1
