"""What is still to be said about a visit is what the plan holds and the outbox knows, and nothing that went."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.models import Patient
from messaging.models import Message
from support.domain import coming
from support.models import Alert
from tests.support.conftest import Clinic

pytestmark = pytest.mark.django_db
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def of(clinic: Clinic, visit, *, now: datetime | None = None) -> list[coming.Coming]:
    return coming.of(visit=clinic.fresh(visit), now=now or clinic.now)


def said(found: list[coming.Coming]) -> list[tuple[str, str, str]]:
    return [(each.what, each.to, each.channel) for each in found]


@pytest.fixture
def visit(clinic: Clinic, next_week: datetime):
    return clinic.book(next_week)


def test_the_reminders_of_a_booked_visit_in_the_order_they_go(clinic, visit):
    found = of(clinic, visit)
    who = clinic.patient.full_name
    assert said(found)[:3] == [
        ("Reminder, three days before", who, "Text"),
        ("Reminder, the day before", who, "Text"),
        ("Reminder, on the day", who, "Text"),
    ]
    assert [each.at for each in found] == sorted(each.at for each in found)
    assert {each.message.pk for each in found} == set(Message.objects.values_list("pk", flat=True))
    assert {each.why for each in found} == {""}


def test_what_went_is_no_longer_to_come(clinic, visit):
    first = of(clinic, visit)[0]
    Message.objects.filter(pk=first.message.pk).update(
        status="sent", sent_at=first.at, sent_to=clinic.patient.phone, posted_at=first.at
    )
    assert said(of(clinic, visit, now=first.at))[0][0] == "Reminder, the day before"


def test_who_cannot_be_written_to_is_called_and_that_is_shown_too(clinic, visit):
    clinic.patient.phone = clinic.patient.email = ""
    Patient.objects.filter(pk=clinic.patient.pk).update(phone="", email="")
    Message.objects.update(status="void")
    found = of(clinic, visit)
    assert ("Reminder, the day before", clinic.patient.full_name, "Call") in said(found)
    assert {(each.is_call, each.message) for each in found} == {(True, None)}
    assert Alert.objects.count() == 0


def test_a_call_that_is_due_is_a_task_and_not_to_come(clinic, visit):
    Patient.objects.filter(pk=clinic.patient.pk).update(phone="", email="")
    Message.objects.update(status="void")
    call = of(clinic, visit)[0]
    assert call.key not in {each.key for each in of(clinic, visit, now=call.at)}


def test_what_the_outbox_lost_is_shown_with_the_reason_it_is_not_there_yet(clinic, visit):
    gone = of(clinic, visit)[1]
    Message.objects.filter(pk=gone.message.pk).delete()
    found = {each.key: each for each in of(clinic, visit)}[gone.key]
    assert (found.what, found.at, found.message) == (gone.what, gone.at, None)
    assert found.why == "It is put in line with the next round."


def test_what_waits_says_why_and_stands_where_it_will_be_tried_again(clinic, visit):
    first, second = of(clinic, visit)[:2]
    later = second.at + HOUR
    Message.objects.filter(pk=first.message.pk).update(
        next_try_at=later, error_class="http_503", error_text="The provider is busy."
    )
    found = of(clinic, visit, now=first.at)
    assert [each.key for each in found[:2]] == [second.key, first.key]
    assert found[1].at == later
    assert found[1].why.startswith("The provider is busy. Tries again ")


def test_a_message_beside_the_plan_is_among_them(clinic, visit, next_week):
    clinic.move(visit, next_week + DAY)
    assert "The time changed" in [each.what for each in of(clinic, visit)]


def test_it_costs_as_many_queries_with_four_helpers_as_with_one(clinic, visit):
    counts = []
    for name in ("Sam", "Lee", "Joan", "Patti"):
        clinic.named(name)
        fresh = clinic.fresh(visit)
        with CaptureQueriesContext(connection) as queries:
            found = coming.of(visit=fresh, now=clinic.now)
        counts.append(len(queries))
        assert name in " ".join(each.to for each in found)
    assert len(set(counts)) == 1
    assert counts[0] <= 10
