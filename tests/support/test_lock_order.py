"""Whoever changes several rows takes them in the order in which everybody does, so that no two wait for each other."""

import time
from collections.abc import Callable
from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection, transaction

from clinic.models import Infusion
from messaging.models import Message
from support.domain import date_answers, designations, escorts
from support.models import Commitment, Designation
from tests.factories import SupportPersonFactory
from tests.support.conftest import Clinic

pytestmark = pytest.mark.django_db(transaction=True)


def meanwhile(act: Callable[[], object]) -> Thread:
    """``act`` in a connection of its own, by now as far as it comes."""

    def run() -> None:
        act()
        connection.close()

    thread = Thread(target=run)
    thread.start()
    time.sleep(0.4)
    return thread


def test_a_first_yes_to_several_dates_holds_no_message_of_a_date_it_still_waits_for(clinic: Clinic, next_week) -> None:
    """The first yes is consent to messages too: they are planned anew for every date of that person."""
    sam = clinic.named("Sam", agreed=False)
    clinic.book(next_week, next_week + timedelta(days=7))
    first, second = Commitment.objects.filter(designation=sam).order_by("infusion_id")
    take = {"designation": sam, "take": [first.pk, second.pk], "now": clinic.now, "via": "link"}
    with transaction.atomic():
        Infusion.objects.select_for_update().get(pk=second.infusion_id)
        answering = meanwhile(lambda: date_answers.answer_dates(**take))
        theirs = Message.objects.filter(scope=f"infusion:{second.infusion_id}")
        assert list(theirs.select_for_update(nowait=True))
    answering.join(20)
    assert set(Commitment.objects.values_list("status", flat=True)) == {"accepted"}


def test_an_escort_is_taken_off_the_list_while_they_are_booked_again(clinic: Clinic, next_week) -> None:
    escort = SupportPersonFactory(site=clinic.site, given_name="Ana", is_escort=True)
    first = clinic.book(next_week)
    by = {"escort": escort, "actor": clinic.desk, "now": clinic.now}
    escorts.book(infusion=first, **by)
    second = clinic.book(next_week + timedelta(days=7))
    with transaction.atomic():
        named = Designation.objects.select_for_update(no_key=True).get()
        booking = meanwhile(lambda: escorts.book(infusion=second, **by))
        assert Infusion.objects.select_for_update(nowait=True).get(pk=second.pk)
        designations.note(named, "staff:1", "designation.seen", clinic.now)
    booking.join(20)
    assert Commitment.objects.get(infusion=second).status == "accepted"
