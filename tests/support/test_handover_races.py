"""Two nurses press at once: the patient leaves once."""

import time
from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Event, Thread

import pytest
from django.db import connection, transaction
from django.urls import reverse

from clinic.domain import changes
from clinic.domain.errors import Refused
from clinic.models import AuditEntry
from support.domain import designations, handovers, homeward, promise_rows, quiet_words, slips, swaps
from support.enums import AlertKind, HandoverCheck
from support.models import Alert, Designation, Handover, QuietWord
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


def test_a_slip_that_is_printed_while_its_helper_is_taken_off_the_list_waits_for_it(clinic: Clinic, ready):
    visit, sam, _jo = ready
    is_held, printing = Event(), Event()

    def take_off() -> object:
        with transaction.atomic():
            Designation.objects.select_for_update(no_key=True).get(pk=sam.designation_id)
            is_held.set()
            printing.wait(5)
            # The slip is under way and waits for the same row.
            time.sleep(0.5)
            promise_rows.locked(infusion_id=visit.pk)
            return designations.withdraw(designation=sam.designation, actor="link:abc", now=visit.ready_at)

    def print_it() -> object:
        is_held.wait(5)
        printing.set()
        return slips.make(infusion=visit, actor=clinic.nurse, now=visit.ready_at)

    taken_off, printed = together(take_off, print_it)
    assert isinstance(taken_off, Designation)
    assert str(printed).startswith("There is nothing to print yet")


def test_a_nurse_hears_that_they_are_home_while_the_helper_taps_it(clinic: Clinic, ready, client):
    visit, sam, _jo = ready
    clinic.hand_over(visit, sam, now=visit.ready_at)
    late = visit.ready_at + timedelta(hours=2)
    homeward.find(now=late)
    call = Alert.objects.get(kind=AlertKind.HOME_UNKNOWN)
    client.force_login(clinic.nurse)
    is_held = Event()

    def tap() -> object:
        with transaction.atomic():
            changes.locked(infusion=visit)
            is_held.set()
            # The nurse's press is under way and waits for the same visit.
            time.sleep(0.5)
            return handovers.say_home(infusion=visit, now=late, actor="link:abc").status

    def press() -> object:
        is_held.wait(5)
        sent = {"outcome": "They are home", "home": "1"}
        return client.post(reverse("alert_close", args=[call.pk]), sent).status_code

    assert together(tap, press) == ["home", 302]
    call.refresh_from_db()
    assert call.status == "closed"
