"""Whether messages go out: seen in the database alone, told before patients notice, and told when they go again."""

import json
from collections import Counter
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.enums import Role
from messaging.domain import rounds, traffic
from messaging.models import Message
from support import tasks
from support.domain import flow
from support.models import Alert
from tests.factories import SiteFactory, StaffFactory
from tests.support.domain.test_messages_page import MANY, scanned

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def site(db):
    site = SiteFactory()
    StaffFactory(sites=[site], role=Role.FRONT_DESK)
    return site


@pytest.fixture
def post(site, now):
    def message(minutes, **fields):
        """Due so many minutes from now."""
        due = now + minutes * MINUTE
        values = {"site": site, "kind": "patient_1_day", "recipient": "patient:1", "scope": "x", "channel": "sms"}
        return Message.objects.create(
            **values | {"subject": f"x:{Message.objects.count()}", "due_at": due, "not_after": due + HOUR} | fields
        )

    return message


def took(now, minutes, channel="sms", **outcomes):
    traffic.note(channel=channel, outcomes=Counter(outcomes), now=now + minutes * MINUTE)


def texts(site, now):
    return flow.of(site=site, now=now)[0]


def test_where_nothing_was_ever_to_be_sent_nothing_is_claimed(site, now):
    assert (texts(site, now).level, texts(site, now).sentence) == ("calm", "")


def test_while_they_go_the_last_one_is_told(site, post, now):
    took(now, -1, accepted=3)
    post(10)
    assert (texts(site, now).level, texts(site, now).sentence) == ("ok", "The last one went at 09:40.")


def test_of_a_few_no_share_is_told(site, now):
    took(now, -1, accepted=1, later=1)
    assert (texts(site, now).level, texts(site, now).sentence) == ("ok", "The last one went at 09:40.")
    took(now, 0, accepted=2, later=1)
    assert texts(site, now).sentence == "40% of the last 5 did not go or did not arrive. The last one went at 09:41."


STOPPED = [
    (-4, {}, True),
    (-4, {"accepted": 1}, True),
    (-2, {}, True),
    (-2, {"accepted": 1}, False),
    (-1, {}, False),
    (1, {}, False),
    (1, {"accepted": 3, "later": 2}, True),
    (1, {"accepted": 2, "later": 2}, False),
    (1, {"accepted": 7, "unclear": 3}, False),
    (1, {"accepted": 9, "undelivered": 5}, True),
]


@pytest.mark.parametrize(("due", "lately", "stopped"), STOPPED, ids=str)
def test_what_counts_as_stopped(site, post, now, due, lately, stopped):
    """Due for over 3 minutes and never tried, over 30 % trouble of at least 5, or nothing taken since it was due."""
    post(due)
    if lately:
        took(now, 0, **lately)
    assert flow.watch(now=now) == stopped
    assert (texts(site, now).level == "stop") == stopped


TURNED_AWAY = {"error_class": "busy", "attempts": 4}


def test_one_that_is_turned_away_while_others_go_is_its_own_trouble_alone(site, post, now):
    post(-10, next_try_at=now + MINUTE, **TURNED_AWAY)
    took(now, -1, accepted=1, later=1)
    post(0)
    assert (flow.watch(now=now), texts(site, now).level) == (0, "ok")


def test_the_only_one_there_is_speaks_for_all(site, post, now):
    took(now, -20, accepted=1)
    post(-10, next_try_at=now + MINUTE, **TURNED_AWAY)
    assert (flow.watch(now=now), texts(site, now).word) == (1, "Do not go out")


def test_what_nobody_tried_is_late_behind_one_that_is_turned_away(site, post, now):
    post(-10, next_try_at=now + MINUTE, **TURNED_AWAY)
    post(-4)
    took(now, -1, accepted=1)
    assert flow.watch(now=now) == 1


@pytest.mark.parametrize(
    ("due", "lately", "says"),
    [
        (-4, {"accepted": 1}, "Texts do not all go out as they should. 1 should have gone, at 09:37."),
        (1, {"accepted": 9, "undelivered": 5}, "Texts do not all go out as they should. 56% of the last 9"),
        (-4, {}, "Texts do not go out. 1 should have gone, at 09:37."),
    ],
)
def test_where_some_go_that_none_go_is_not_said(site, post, now, due, lately, says):
    post(due)
    took(now, 0, **lately)
    flow.watch(now=now)
    assert Alert.objects.get().says.startswith(says)
    assert texts(site, now).word == ("Not all go out" if "all" in says else "Do not go out")


def test_what_waits_for_the_morning_is_no_trouble(site, post, now):
    post(-60, next_try_at=now + HOUR)
    assert flow.watch(now=now) == 0


def test_the_clinic_is_told_once_with_an_owner_and_a_deadline(site, post, now):
    post(-4)
    for minute in range(3):
        flow.watch(now=now + minute * MINUTE)
    alert = Alert.objects.get()
    assert (alert.kind, alert.site, alert.patient) == ("texts_stopped", site, None)
    assert alert.owner.role == Role.FRONT_DESK
    assert alert.deadline > now
    assert alert.says == ("Texts do not go out. 1 should have gone, at 09:37. Please call those who must know today.")


def test_a_great_many_are_not_counted_to_the_last(site, post, now, monkeypatch):
    monkeypatch.setattr(traffic, "MOST", 2)
    for _each in range(3):
        post(-4)
    assert texts(site, now).sentence == "At least 2 should have gone, the oldest at 09:37."


def test_a_clinic_with_nothing_to_send_is_not_told(site, post, now):
    elsewhere = SiteFactory()
    StaffFactory(sites=[elsewhere])
    post(-4)
    post(2 * 24 * 60, site=elsewhere)
    flow.watch(now=now)
    assert Alert.objects.get().site == site


def test_that_they_go_again_is_said_and_the_rest_is_left_to_a_person(site, post, now):
    message = post(-4)
    flow.watch(now=now)
    Message.objects.update(status="sent", sent_at=now, sent_to="+14105550123")
    for minute in (1, 2):
        flow.watch(now=now + minute * MINUTE)
    alert = Alert.objects.get()
    assert (alert.status, alert.says.count("They go out again.")) == ("open", 1)
    Message.objects.filter(pk=message.pk).update(status="pending", sent_at=None)
    for minute in (3, 4):
        flow.watch(now=now + minute * MINUTE)
    assert Alert.objects.get().says.endswith("They go out again. They stopped again.")


def test_that_they_stopped_again_is_said_to_no_other_clinic(site, post, now):
    """Whose number begins with the same figures."""
    other = SiteFactory(pk=site.pk * 10 + 1)
    StaffFactory(sites=[other])
    post(-4, site=other)
    flow.watch(now=now)
    Message.objects.update(status="sent", sent_at=now, sent_to="+14105550123")
    post(-3)
    flow.watch(now=now + MINUTE)
    told = {alert.site: alert.says for alert in Alert.objects.all()}
    assert set(told) == {site, other}
    Message.objects.filter(status="pending").update(status="sent", sent_at=now, sent_to="+14105550123")
    flow.watch(now=now + 2 * MINUTE)
    post(-3)
    flow.watch(now=now + 3 * MINUTE)
    assert [Alert.objects.get(site=one).says.count("They stopped again.") for one in (site, other)] == [1, 0]


def test_who_has_dealt_with_it_is_told_again_only_after_an_hour(site, post, now):
    post(-4)
    flow.watch(now=now)
    done = {"status": "closed", "closed_at": now, "outcome": "Called the provider.", "closed_by": StaffFactory()}
    Alert.objects.update(**done)
    assert flow.watch(now=now + 59 * MINUTE) == 0
    assert flow.watch(now=now + 61 * MINUTE) == 1


def test_e_mails_that_stop_are_not_hidden_by_texts_that_go(site, post, now):
    post(-4, channel="email")
    took(now, 0, accepted=100)
    flow.watch(now=now)
    assert [(each.channel, each.level) for each in flow.of(site=site, now=now)] == [
        ("Texts", "ok"),
        ("E-mails", "stop"),
    ]
    assert Alert.objects.get().says.startswith("E-mails do not go out.")


def test_what_waits_for_the_months_ahead_is_not_looked_at(site, now):
    with connection.cursor() as cursor:
        cursor.execute(MANY, {"site": site.pk, "now": now})
        # Not by what happens to be known of the table while other tests fill it.
        cursor.execute("ANALYZE messaging_message")
        # Nor by how few pages five thousand rows are.
        cursor.execute("SET LOCAL enable_seqscan = off")
        with CaptureQueriesContext(connection) as queries:
            flow.of(site=site, now=now)
        plans = []
        for query in list(queries):
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query['sql']}")
            answer = cursor.fetchone()[0]
            plans += scanned((answer if isinstance(answer, list) else json.loads(answer))[0]["Plan"])
    assert plans
    assert max(node["Actual Rows"] + node.get("Rows Removed by Filter", 0) for node in plans) <= 10


def test_the_plain_loop_watches_too_with_broker_and_worker_gone(phones, site, post, now):
    phones.provider.control({"status": 503})
    message = post(0, not_after=now + 9 * HOUR)
    for minute in (0, 4):
        with time_machine.travel(now + minute * MINUTE, tick=False):
            call_command("messaging_loop", once=True)
    message.refresh_from_db()
    assert (message.status, Alert.objects.get().kind) == ("pending", "texts_stopped")


def test_a_watcher_that_fails_keeps_nobody_from_looking(monkeypatch, now):
    seen = []

    def fails(*, now):
        raise ValueError

    monkeypatch.setattr(rounds, "on_round", [fails, lambda *, now: seen.append(now)])
    rounds.look(now=now)
    assert seen == [now]


def test_the_clock_rings_for_it(site, post, now):
    post(-4)
    with time_machine.travel(now, tick=False):
        tasks.look_at_the_flow()
    assert Alert.objects.filter(kind="texts_stopped").exists()
    assert "support.flow" in {bell["task"] for bell in settings.CELERY_BEAT_SCHEDULE.values()}
