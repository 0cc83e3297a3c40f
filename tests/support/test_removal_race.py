"""A patient takes somebody off the list in the second in which that person takes a date."""

from threading import Barrier, Event, Thread

import pytest
from django.db import connection, transaction

from clinic.domain.errors import Refused
from support.domain import commitments, designations, pending
from support.enums import OPEN_COMMITMENTS, CommitmentStatus, PendingKind
from support.models import Commitment
from tests.support.conftest import new_clinic

S = CommitmentStatus


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("said_before", [S.ASKED, S.DECLINED])
@pytest.mark.parametrize("first", ["yes", "off"])
def test_whoever_is_off_the_list_holds_nothing_whichever_tap_was_first(now, next_week, first, said_before):
    clinic = new_clinic(now=now, phone="+14105550199")
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    promise = clinic.promise(sam, visit)
    if said_before == S.DECLINED:
        commitments.decline(commitment=promise, via="link", now=now)
    begun = Event()

    def take() -> None:
        try:
            with transaction.atomic():
                commitments.accept(commitment=promise, via="link", now=now)
                begun.set()
                other_waits.wait(0.5)
        except Refused:
            begun.set()
        connection.close()

    def remove() -> None:
        with transaction.atomic():
            designations.withdraw(designation=sam, actor="link:abc", now=now)
            begun.set()
            other_waits.wait(0.5)
        connection.close()

    other_waits = Event()
    order = [take, remove] if first == "yes" else [remove, take]
    threads = [Thread(target=act) for act in order]
    threads[0].start()
    begun.wait(5)
    threads[1].start()
    for thread in threads:
        thread.join()
    row = Commitment.objects.get(pk=promise.pk)
    sam.refresh_from_db()
    assert sam.withdrawn_at is not None
    assert row.status in {S.WITHDRAWN, S.DECLINED}


@pytest.mark.django_db(transaction=True)
def test_a_change_confirmed_in_the_second_of_the_removal_brings_nobody_back(now):
    clinic = new_clinic(now=now, phone="+14105550199")
    sam = clinic.named("Sam")
    fields = {"rank": 1, "may_know": [], "relationship": "", "call_first": False, "ask_first": False}
    kept = pending.keep(
        patient=clinic.patient,
        kind=PendingKind.CHANGE_PERSON,
        designation=sam,
        asked_for={**fields, "roles": ["ride", "presence"], "wording": "Yes."},
        actor="link:abc",
        now=now,
    )
    ready = Barrier(2)
    failed: list[BaseException] = []

    def run(act) -> None:
        ready.wait(5)
        try:
            act()
        except Refused:
            pass
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    acts = (
        lambda: pending.confirm(change=kept, actor="link:abc", now=now),
        lambda: designations.withdraw(designation=sam, actor="staff:1", now=now),
    )
    threads = [Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sam.refresh_from_db()
    kept.refresh_from_db()
    assert failed == []
    assert (sam.withdrawn_at, kept.decided_at) == (now, now)
    assert not Commitment.objects.filter(designation=sam, status__in=OPEN_COMMITMENTS).exists()
