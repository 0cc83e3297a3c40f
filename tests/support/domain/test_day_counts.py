from datetime import timedelta

import pytest

from messaging.models import Message
from support.domain import day_counts
from tests.factories import SiteFactory

DAY = timedelta(days=1)


@pytest.fixture
def site(db):
    return SiteFactory()


@pytest.fixture
def post(site):
    numbers = iter(range(1000))

    def messages(count, status, at, **fields):
        went = {"sent_at": at, "sent_to": "+14105550123", "delivered_at": at, "error_text": "x"}
        values = {"site": site, "kind": "k", "recipient": "patient:1", "scope": "x", "channel": "sms"} | fields
        for _each in range(count):
            subject = f"x:{next(numbers)}"
            Message.objects.create(
                **values,
                status=status,
                subject=subject,
                due_at=at,
                not_after=at + DAY,
                **went if status != "void" else {},
            )

    return messages


def test_each_day_has_its_three_figures(site, post, now):
    post(2, "delivered", now)
    post(1, "sent", now)
    for failed in ("dead", "blocked", "expired", "undelivered"):
        post(1, failed, now - DAY)
    post(3, "void", now)
    counts = day_counts.of(site=site, now=now)
    assert len(counts.days) == 14
    assert [(day.delivered, day.sent, day.failed) for day in counts.days[-2:]] == [(0, 0, 4), (2, 1, 0)]
    assert (counts.delivered, counts.sent, counts.failed) == (2, 1, 4)


def test_a_day_is_the_clinics_and_what_is_older_or_elsewhere_does_not_count(site, post, now):
    late = now.astimezone(site.zone).replace(hour=23, minute=59) - DAY
    post(1, "sent", late)
    post(1, "sent", now - 14 * DAY)
    post(1, "sent", now, site=SiteFactory())
    counts = day_counts.of(site=site, now=now)
    assert [day.day for day in counts.days if day.sent] == [late.date()]


def test_the_bars_stand_on_the_ground_and_even_one_of_many_is_seen(site, post, now):
    post(120, "delivered", now)
    post(1, "dead", now)
    parts = day_counts.of(site=site, now=now).days[-1].parts
    assert [part.level for part in parts] == ["ok", "stop"]
    assert parts[0].y + parts[0].height == 100
    assert parts[1].y + parts[1].height == parts[0].y
    assert parts[1].height >= 3
    assert parts[1].y >= 0


def test_it_is_one_query(site, post, now, django_assert_num_queries):
    post(3, "sent", now)
    with django_assert_num_queries(1):
        day_counts.of(site=site, now=now)
