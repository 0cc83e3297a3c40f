"""The same person says yes in two places in the same moment."""

from datetime import datetime
from threading import Event, Thread

import pytest
from django.db import connection, transaction

from support.domain import commitments
from support.domain.busy import Busy
from support.enums import HOLDING
from support.models import Commitment
from tests.factories import (
    CommitmentFactory,
    CourseFactory,
    DesignationFactory,
    InfusionFactory,
    PatientFactory,
)
from tests.support.conftest import Clinic

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_yeses_to_two_ways_home_at_one_time_are_one(clinic: Clinic, next_week: datetime) -> None:
    visit = clinic.book(next_week)
    sam = clinic.promise(clinic.named("Sam"), visit)
    course = CourseFactory(patient=PatientFactory(site=clinic.site), protocol=clinic.protocol)
    other = InfusionFactory(course=course, starts_at=next_week, policy=clinic.policy)
    named = DesignationFactory(patient=course.patient, person=sam.designation.person)
    there = CommitmentFactory(infusion=other, designation=named, status="asked", answered_at=None)
    is_said, other_waits = Event(), Event()

    def first() -> None:
        with transaction.atomic():
            commitments.accept(commitment=sam, via="link", now=clinic.now)
            is_said.set()
            other_waits.wait(0.5)
        connection.close()

    saying = Thread(target=first)
    saying.start()
    assert is_said.wait(10)
    with pytest.raises(Busy):
        commitments.accept(commitment=there, via="text", now=clinic.now)
    saying.join(10)
    assert list(Commitment.objects.filter(status__in=HOLDING)) == [sam]
