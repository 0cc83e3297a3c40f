"""Two desks at once: one joins two records, the other still works on them."""

from datetime import timedelta
from functools import partial
from threading import Thread

import pytest
from django.db import transaction

from clinic.domain import bookings, locks
from clinic.models import Infusion, Patient
from support.domain import alerts, commitments, merging
from support.models import Alert, Commitment, Designation
from tests.clinic.test_races import all_at_once, deadlocks, kinds, waits_for_a_lock
from tests.factories import CourseFactory, DesignationFactory, PatientFactory

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_visit_booked_meanwhile_goes_over_or_is_refused(clinic, next_week) -> None:
    before = deadlocks()
    for day in range(6):
        keep, away = (PatientFactory(site=clinic.site) for _ in range(2))
        course = CourseFactory(patient=away, protocol=clinic.protocol)
        slot = clinic.slot(next_week + timedelta(days=day))
        answers = all_at_once(
            [
                partial(bookings.place, course=course, slot=slot, actor=clinic.desk, now=clinic.now),
                partial(merging.merge, keep=keep, away=away, actor=clinic.desk, now=clinic.now),
            ]
        )
        assert kinds(answers) in ({"Infusion": 1, "Patient": 1}, {"Refused": 1, "Patient": 1}), answers
    assert not Infusion.objects.filter(patient__merged_into__isnull=False).exists()
    assert deadlocks() == before


def test_both_desks_join_the_same_two_the_other_way_round(clinic) -> None:
    one, other = (PatientFactory(site=clinic.site) for _ in range(2))
    answers = all_at_once(
        [
            partial(merging.merge, keep=one, away=other, actor=clinic.desk, now=clinic.now),
            partial(merging.merge, keep=other, away=one, actor=clinic.desk, now=clinic.now),
        ]
    )
    assert kinds(answers) == {"Patient": 1, "Refused": 1}
    assert Patient.objects.filter(merged_into__isnull=False).count() == 1


def test_a_helper_answers_while_the_records_are_joined(clinic, next_week) -> None:
    """The yes is there afterwards, whichever came first."""
    away = PatientFactory(site=clinic.site)
    named = DesignationFactory(patient=away, witnessed_by=clinic.desk)
    course = CourseFactory(patient=away, protocol=clinic.protocol)
    visit = bookings.place(course=course, slot=clinic.slot(next_week), actor=clinic.desk, now=clinic.now)
    promise = Commitment.objects.get(infusion=visit, designation=named, role="ride")
    answers = all_at_once(
        [
            partial(commitments.accept, commitment=promise, via="link", now=clinic.now),
            partial(merging.merge, keep=clinic.patient, away=away, actor=clinic.desk, now=clinic.now),
        ]
    )
    promise.refresh_from_db()
    assert kinds(answers) == {"Commitment": 1, "Patient": 1}
    assert (promise.status, promise.infusion.patient) == ("accepted", clinic.patient)


def test_who_waited_while_the_records_were_joined_finds_what_is_there_now(clinic, next_week, pg_dsn) -> None:
    """A row is locked first and read with its patient after: read in one statement it came back without, or not."""
    away = PatientFactory(site=clinic.site)
    course = CourseFactory(patient=away, protocol=clinic.protocol)
    visit = bookings.place(course=course, slot=clinic.slot(next_week), actor=clinic.desk, now=clinic.now)
    named = DesignationFactory(patient=away, witnessed_by=clinic.desk)
    alert = alerts.open_alert(patient=away, kind="call_task", key="call:1", says="Call.", now=clinic.now)
    rows = [
        (Infusion.objects.select_related("patient"), visit.pk),
        (Designation.objects.select_related("patient"), named.pk),
        (Alert.objects.select_related("patient"), alert.pk),
    ]
    answers: list[object] = []
    held = [partial(transaction.atomic(locks.held), *row) for row in rows]
    waiting = Thread(target=lambda: answers.extend(all_at_once(held)))
    with transaction.atomic():
        merging.merge(keep=clinic.patient, away=away, actor=clinic.desk, now=clinic.now)
        waiting.start()
        waits_for_a_lock(pg_dsn, len(rows))
    waiting.join()
    assert [row.patient for row in answers] == [clinic.patient] * 3
