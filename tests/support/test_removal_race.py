"""A patient takes somebody off the list in the second in which that person takes a date."""

from threading import Event, Thread

import pytest
from django.db import connection, transaction

from clinic.domain.errors import Refused
from support.domain import commitments, designations
from support.enums import CommitmentStatus
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
