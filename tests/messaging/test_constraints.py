"""Half-written rows, which PostgreSQL refuses whoever writes them."""

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F

from messaging.models import Message, OptOut

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("message_sending_has_a_lease", {"status": "sending"}),
        ("message_sending_has_a_lease", {"lease_until": F("due_at")}),
        ("message_sent_has_time_and_address", {"status": "sent"}),
        ("message_sent_has_time_and_address", {"status": "sent", "sent_at": F("due_at")}),
        ("message_delivered_has_a_time", {"status": "delivered", "sent_at": F("due_at"), "sent_to": "+1"}),
        ("message_unknown_can_be_asked_about", {"status": "unknown", "sent_to": "+1"}),
        ("message_failed_says_why", {"status": "dead"}),
        ("message_failed_says_why", {"status": "blocked"}),
        ("message_failed_says_why", {"status": "expired"}),
    ],
)
def test_a_half_written_row_is_refused(plan, wants, name, values):
    plan(wants(7))
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Message.objects.update(**values)


def test_the_same_thing_cannot_be_said_twice(plan, wants):
    [message] = plan(wants(7, about_at=None))
    message.pk = None
    message.send_key = "6a1d3c1e-0000-4000-8000-000000000001"
    with pytest.raises(IntegrityError, match="message_said_once"), transaction.atomic():
        message.save(force_insert=True)


def test_an_opt_out_cannot_end_before_it_began(now):
    opt_out = OptOut.objects.create(address="+1", since=now, how="text")
    with pytest.raises(IntegrityError, match="opt_out_ends"), transaction.atomic():
        OptOut.objects.filter(pk=opt_out.pk).update(ended_at="2020-01-01T00:00Z")
