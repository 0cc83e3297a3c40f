"""The sender walked through the nights on which the clocks change, five minutes at a time."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from messaging.domain import dispatch, quiet, settle
from messaging.models import Message

pytestmark = pytest.mark.django_db(transaction=True)
STEP = timedelta(minutes=5)
WALLS = [time(8), time(9, 30), time(13, 15), time(19, 55)]


@pytest.mark.parametrize(
    ("zone", "change"),
    [
        ("America/New_York", date(2026, 3, 8)),
        ("America/New_York", date(2026, 11, 1)),
        ("Australia/Lord_Howe", date(2026, 10, 4)),
        ("Australia/Adelaide", date(2026, 4, 5)),
        ("Asia/Kolkata", date(2026, 3, 8)),
    ],
)
def test_each_reminder_goes_once_at_its_wall_clock_time(plan, wants, provider, zone, change):
    """https://github.com/celery/celery/issues/1604, https://github.com/celery/django-celery-beat/issues/604"""
    here = ZoneInfo(zone)
    days = [change + timedelta(days=ahead) for ahead in (-1, 0, 1)]
    times = [(day, wall) for day in days for wall in WALLS]
    dues = [quiet.instant(day=day, wall=wall, zone=here) for day, wall in times]
    start = datetime.combine(days[0], time(0), tzinfo=here).astimezone(UTC)
    plan(
        *[
            wants(n, subject=f"visit:{n}", about_at=due, due_at=due, not_after=due + timedelta(hours=1), zone=zone)
            for n, due in enumerate(dues)
        ],
        at=start,
    )
    moment = start
    while moment < start + timedelta(days=3, hours=1):
        settle.expire(now=moment)
        dispatch.run(clock=lambda moment=moment: moment)
        moment += STEP
    sent = list(Message.objects.order_by("pk").values_list("sent_at", flat=True))
    assert [(at.astimezone(here).date(), at.astimezone(here).time()) for at in sent] == times
    assert len(provider.phones.all) == len(times)


@pytest.mark.parametrize("change", [date(2026, 3, 8), date(2026, 11, 1)])
def test_a_text_caught_by_the_night_of_the_change_goes_at_eight(plan, wants, provider, change):
    here = ZoneInfo("America/New_York")
    night = datetime.combine(change, time(0, 30), tzinfo=here).astimezone(UTC)
    plan(wants(7, due_at=night, not_after=night + timedelta(hours=12)), at=night)
    moment = night
    while moment < night + timedelta(hours=10):
        dispatch.run(clock=lambda moment=moment: moment)
        moment += STEP
    assert f"{Message.objects.get().sent_at.astimezone(here):%d %H:%M}" == f"{change:%d} 08:00"
