"""What the messages page finds, by what is asked, and that it stays quick however long the ledger is."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from messaging.enums import FAILED, MessageStatus
from messaging.models import Message
from support.domain import messages_page
from support.domain.messages_page import Asked
from tests.factories import DesignationFactory, PatientFactory, SiteFactory

S = MessageStatus
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def site(db):
    return SiteFactory()


@pytest.fixture
def post(site, now):
    numbers = iter(range(1, 1000))

    def message(status=S.PENDING, **fields):
        went = status in (S.SENT, S.DELIVERED, S.UNDELIVERED)
        at = fields.get("due_at", now - HOUR)
        values = {"sent_at": at, "sent_to": "+14105550123"} if went else {}
        values |= {"delivered_at": at} if status == S.DELIVERED else {}
        values |= {"error_text": "The number does not exist."} if status in FAILED else {}
        values |= {"subject": f"infusion:{next(numbers)}", "scope": "infusion:1", "recipient": "patient:0"}
        values |= {"kind": "patient_1_day", "channel": "sms", "due_at": at, "not_after": at + 30 * DAY}
        return Message.objects.create(**{"site": site, "status": status, **values, **fields})

    return message


def found(site, now, **asked):
    groups = messages_page.groups(site=site, asked=Asked(**asked), now=now)
    return {group.state: [line.message for line in group.lines] for group in groups}


def test_each_state_is_a_group_and_the_failed_are_first(site, post, now):
    sent, failed, waits = post(S.SENT), post(S.DEAD), post()
    post(S.VOID)
    assert list(found(site, now).items()) == [("failed", [failed]), ("waiting", [waits]), ("sent", [sent])]


def test_another_clinics_messages_are_not_there(site, post, now):
    post(site=SiteFactory())
    assert found(site, now) == {}


def test_what_failed_long_ago_is_shown_only_where_it_is_asked_for(site, post, now):
    old = post(S.DEAD, due_at=now - 15 * DAY)
    assert found(site, now) == {}
    assert found(site, now, state="failed") == {"failed": [old]}


def test_what_is_uncertain_comes_before_what_goes_next(site, post, now):
    due = post(due_at=now - 2 * HOUR)
    asked_about = post(S.UNKNOWN, posted_at=now, next_try_at=now, sent_to="+14105550123")
    assert found(site, now)["waiting"] == [asked_about, due]


@pytest.mark.parametrize("state", ["failed", "waiting", "sent", "dropped"])
def test_every_message_of_a_state_is_on_exactly_one_page(site, post, now, state, monkeypatch):
    monkeypatch.setattr(messages_page, "MANY", 3)
    status = {"failed": S.DEAD, "waiting": S.PENDING, "sent": S.SENT, "dropped": S.VOID}[state]
    # Three are due at one moment.
    rows = [post(status, due_at=now - hours * HOUR) for hours in (1, 2, 3, 3, 3, 4, 5, 6)]
    seen, after = [], None
    for _page in range(3):
        [group] = messages_page.groups(site=site, asked=Asked(state=state, after=after), now=now)
        seen += [line.message for line in group.lines]
        after = group.last
        assert group.more == (len(seen) < 8)
    assert len(seen) == 8
    assert set(seen) == set(rows)


def test_what_is_on_its_way_is_on_exactly_one_page_too_however_much_it_is(site, post, now, monkeypatch):
    """After a provider broke down: more is uncertain than stands on a page, and older matters wait behind it."""
    monkeypatch.setattr(messages_page, "MANY", 3)
    uncertain = {"posted_at": now, "next_try_at": now, "sent_to": "+14105550123"}
    rows = [post(S.UNKNOWN, due_at=now - hours * HOUR, **uncertain) for hours in (4, 3, 2, 1)]
    rows += [post(due_at=now - hours * HOUR) for hours in (9, 8, 2)]
    seen, after = [], None
    for _page in range(3):
        [group] = messages_page.groups(site=site, asked=Asked(state="waiting", after=after), now=now)
        seen += [line.message for line in group.lines]
        after = group.last
    assert (seen, group.more) == (rows, False)


def test_several_groups_show_a_few_lines_each_and_say_that_there_are_more(site, post, now, monkeypatch):
    monkeypatch.setattr(messages_page, "FEW", 2)
    for _each in range(3):
        post(S.SENT)
    [group] = messages_page.groups(site=site, asked=Asked(), now=now)
    assert (len(group.lines), group.more) == (2, True)


def test_a_helpers_own_name_finds_what_went_to_them(site, post, now):
    sam, other = (
        DesignationFactory(patient=PatientFactory(site=site), person__given_name=name, person__family_name=family)
        for name, family in (("Samuel", "Okoró"), ("Lee", "Marsh"))
    )
    to_sam = post(recipient=f"designation:{sam.pk}")
    post(recipient=f"designation:{other.pk}")
    for words in ("okoro", "Samuel Okoro", "samul"):
        assert found(site, now, who=words) == {"waiting": [to_sam]}
    assert found(site, now, who="nobody of that name") == {}


def test_a_patients_name_finds_their_helpers_messages_too(site, post, now):
    maya = PatientFactory(site=site, given_name="Maya", family_name="Gutierrez")
    named = DesignationFactory(patient=maya)
    both = [post(recipient=f"designation:{named.pk}"), post(recipient=f"patient:{maya.pk}", due_at=now)]
    assert found(site, now, who="Gutierrez") == {"waiting": both}


def test_one_visit_one_way_and_one_day_narrow_the_list(site, post, now):
    post()
    here = post(scope="infusion:7", channel="email", due_at=now + 3 * DAY)
    assert found(site, now, visit=7) == {"waiting": [here]}
    assert found(site, now, channel="email") == {"waiting": [here]}
    assert found(site, now, day=(now + 3 * DAY).date()) == {"waiting": [here]}


def test_a_day_is_the_clinics(site, post, now):
    """23:30 in New York is the next day in UTC."""
    late = (now - DAY).astimezone(site.zone).replace(hour=23, minute=30)
    message = post(S.SENT, due_at=late)
    assert found(site, now, day=late.date()) == {"sent": [message]}


MANY = """
INSERT INTO messaging_message (site_id, kind, scope, subject, about_at, recipient, channel, language, due_at, not_after,
    rule, zone, wall_time, plan_version, status, attempts, settle_rounds, unsure_times, send_key, provider_id, sent_to,
    email_subject, body, error_class, error_text, sent_at)
SELECT %(site)s, 'patient_1_day', 'infusion:' || n / 8, 'infusion:' || n, %(now)s, 'patient:' || n %% 2000,
    CASE WHEN n %% 9 = 0 THEN 'email' ELSE 'sms' END, 'en', %(now)s + (n - 15000) * interval '5 minutes',
    %(now)s + interval '99 days', '', '', '', 1,
    CASE WHEN n > 15000 THEN 'pending' WHEN n %% 50 = 0 THEN 'dead' WHEN n %% 5 = 0 THEN 'void' ELSE 'sent' END,
    0, 0, 0,
    gen_random_uuid(), '', '+14105550123', '', '', '', 'x',
    CASE WHEN n <= 15000 AND n %% 50 > 0 AND n %% 5 > 0 THEN %(now)s END
FROM generate_series(1, 20000) n;
ANALYZE messaging_message;
"""


def scanned(plan):
    """Every node of the plan that reads the ledger."""
    here = [plan] if plan.get("Relation Name") == "messaging_message" else []
    return here + [node for below in plan.get("Plans", []) for node in scanned(below)]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"state": "failed"},
        {"state": "waiting"},
        {"state": "sent"},
        {"state": "sent", "after": True},
        {"state": "waiting", "after": True},
        {"visit": 300},
        {"channel": "email"},
        {"day": True},
        {"who": "Gutierrez"},
    ],
    ids=str,
)
def test_no_question_reads_the_whole_ledger(site, now, asked):
    maya = PatientFactory(site=site, given_name="Maya", family_name="Gutierrez")
    with connection.cursor() as cursor:
        cursor.execute(MANY, {"site": site.pk, "now": now})
    Message.objects.filter(recipient="patient:7").update(recipient=f"patient:{maya.pk}")
    if asked.get("after"):
        status = {"sent": S.SENT, "waiting": S.PENDING}[asked["state"]]
        asked = asked | {"after": Message.objects.filter(status=status).order_by("pk")[300].pk}
    if asked.get("day"):
        asked = asked | {"day": now.date()}
    with CaptureQueriesContext(
        connection,
    ) as queries:
        groups = messages_page.groups(site=site, asked=Asked(**asked), now=now)
        messages_page.goes_later(site=site, now=now)
    assert groups
    read = []
    with connection.cursor() as cursor:
        for query in queries:
            if "messaging_message" in query["sql"]:
                cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query['sql']}")
                answer = cursor.fetchone()[0]
                plan = (answer if isinstance(answer, list) else json.loads(answer))[0]["Plan"]
                read += scanned(plan)
    assert not [node for node in read if node["Node Type"] == "Seq Scan"]
    rows = [(node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"] for node in read]
    assert max(rows) <= 600
