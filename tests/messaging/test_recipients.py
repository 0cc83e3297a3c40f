from datetime import timedelta

import pytest

from messaging.domain import recipients
from messaging.models import Message
from tests.factories import SiteFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def said(now):
    site = SiteFactory()

    def row(to: str, subject: str, status: str = "pending") -> Message:
        sent = {"sent_at": now, "sent_to": "+14105550142"} if status == "sent" else {}
        return Message.objects.create(
            site=site,
            kind="patient_1_day",
            scope=subject,
            subject=subject,
            recipient=to,
            channel="sms",
            due_at=now,
            not_after=now + timedelta(days=1),
            status=status,
            plan_version=1,
            **sent,
        )

    return row


def state(row: Message) -> tuple[str, str, int]:
    row.refresh_from_db()
    return row.recipient, row.status, row.plan_version


def test_what_waits_and_what_was_said_follow_the_person(said, now):
    waits, gone, other = said("patient:2", "v:1"), said("patient:2", "v:2", "sent"), said("patient:3", "v:3")
    assert recipients.rename(was="patient:2", to="patient:1", now=now) == 2
    assert [state(row) for row in (waits, gone, other)] == [
        ("patient:1", "pending", 1),
        ("patient:1", "sent", 1),
        ("patient:3", "pending", 1),
    ]


def test_what_both_were_to_hear_is_said_once(said, now):
    ours, theirs = said("patient:1", "v:1", "sent"), said("patient:2", "v:1")
    assert recipients.rename(was="patient:2", to="patient:1", now=now) == 0
    assert (state(ours), state(theirs)) == (("patient:1", "sent", 1), ("patient:2", "void", 2))


@pytest.mark.parametrize("count", [1, 3])
def test_it_takes_as_many_queries_for_three_messages_as_for_one(count, said, now, django_assert_num_queries):
    for number in range(count):
        said("patient:2", f"v:{number}")
    with django_assert_num_queries(6):
        recipients.rename(was="patient:2", to="patient:1", now=now)
