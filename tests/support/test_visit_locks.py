"""Whoever changes a visit holds it; whoever only writes about it does not wait, so that no two wait for each other."""

from threading import Event, Thread

import pytest
from django.db import connection, transaction

from clinic.domain import changes
from support.domain import alerts
from support.enums import AlertKind
from tests.support.conftest import Clinic

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_alert_about_a_visit_is_written_while_somebody_changes_it(clinic: Clinic, next_week):
    """Its foreign key is checked at the commit, when the trail is sealed already: waiting there, it would hold up the
    very commit it waits for."""
    visit = clinic.book(next_week)
    is_held, may_end = Event(), Event()

    def change() -> None:
        with transaction.atomic():
            changes.locked(infusion=visit)
            is_held.set()
            may_end.wait(timeout=20)
        connection.close()

    changing = Thread(target=change)
    changing.start()
    try:
        assert is_held.wait(timeout=20)
        told = {"kind": AlertKind.CALL_TASK, "key": "call:1", "says": "Please call.", "patient": clinic.patient}
        alert = alerts.open_alert(infusion=visit, now=clinic.now, **told)
    finally:
        may_end.set()
        changing.join()
    assert alert.infusion_id == visit.pk
