"""A visit from booking to the day after, walked by a fake clock over real sending: plan, outbox, HTTP, phones."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail

from clinic.domain import infusions
from messaging.domain import dispatch, settle
from messaging.models import Message
from support.domain import commitments, watch
from support.models import Alert, Commitment, Designation
from tests.support.conftest import Clinic, Phones

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def tick(now):
    watch.run(now=now)
    settle.expire(now=now)
    dispatch.run(clock=lambda: now)


def walk(start, end, *, step=6 * HOUR):
    """Ticks every ``step``, and at each due moment with a minute on either side: what is early or twice would show."""
    at = start
    while at < end:
        tick(at)
        ahead = Message.objects.filter(status="pending", due_at__gt=at, due_at__lte=at + step)
        for due in sorted(set(ahead.values_list("due_at", flat=True))):
            for moment in (due - MINUTE, due, due + MINUTE):
                if at < moment < min(at + step, end):
                    tick(moment)
        at += step


def sent(clinic, zone):
    rows = Message.objects.filter(sent_at__isnull=False).order_by("sent_at", "kind")
    return [(row.kind, f"{row.sent_at.astimezone(zone):%a %H:%M}") for row in rows]


@pytest.mark.parametrize(
    ("zone", "starts_at"),
    [
        ("America/New_York", datetime(2026, 3, 9, 13, 30)),  # the night of 8 March has 23 hours
        ("America/New_York", datetime(2026, 11, 2, 13, 30)),  # the night of 1 November has 25
        ("Asia/Kolkata", datetime(2026, 3, 9, 13, 30)),
        ("Australia/Adelaide", datetime(2026, 4, 6, 13, 30)),
        ("Australia/Adelaide", datetime(2026, 10, 5, 13, 30)),
    ],
)
def test_each_message_goes_once_at_its_hour_on_the_clinics_clock(phones: Phones, clinic: Clinic, zone, starts_at):
    """https://github.com/celery/celery/issues/1604, https://github.com/openemr/openemr/issues/11477"""
    local = ZoneInfo(zone)
    starts_at = starts_at.replace(tzinfo=local).astimezone(UTC)
    clinic.site.timezone = zone
    clinic.site.save()
    clinic.now = starts_at - 6 * DAY
    sam = clinic.named("Sam", phone="+14105550123", email="")
    clinic.yes(sam, visit := clinic.book(starts_at))

    walk(clinic.now, starts_at - 20 * HOUR)
    commitments.reconfirm(commitment=clinic.promise(sam, visit), via="link", now=starts_at - 20 * HOUR)
    walk(starts_at - 20 * HOUR, starts_at)
    visit = clinic.until(visit, "ready")
    walk(visit.ready_at, visit.ready_at + 4 * MINUTE, step=MINUTE)
    clinic.hand_over(visit, clinic.promise(sam, visit), now=visit.ready_at + 5 * MINUTE)
    infusions.home(infusion=visit, actor="link:abc", now=visit.ready_at + 30 * MINUTE)
    walk(visit.ready_at + 31 * MINUTE, starts_at + 2 * DAY)

    days = {-3: None, -1: None, 0: None, 1: None}
    for offset in days:
        days[offset] = f"{(starts_at.astimezone(local) + offset * DAY):%a}"
    assert [row for row in sent(clinic, local) if row[0] != "helper_invitation"] == [
        ("patient_3_days", f"{days[-3]} 10:00"),
        ("helper_reconfirm", f"{days[-1]} 10:00"),
        ("patient_1_day", f"{days[-1]} 10:00"),
        ("helper_3_hours", f"{days[0]} 10:30"),
        ("patient_3_hours", f"{days[0]} 10:30"),
        ("helper_come_in", f"{days[0]} 15:10"),
        ("checkin_evening", f"{days[0]} 19:00"),
        ("helper_checkin_evening", f"{days[0]} 19:00"),
        ("checkin_next_day", f"{days[1]} 15:15"),
        ("helper_checkin_next_day", f"{days[1]} 15:15"),
    ]
    assert (len(phones.texts()), len(mail.outbox)) == (11, 0)
    assert f"{starts_at.astimezone(local):%a} {starts_at.astimezone(local).day}" in phones.texts("+14105550199")[0]
    assert " 13:30" in phones.texts("+14105550199")[0]


def test_a_series_has_its_reminders_for_each_visit(phones: Phones, clinic: Clinic, next_week):
    """https://github.com/openemr/openemr/issues/11480: one mark for the series silenced all but the first."""
    clinic.book(next_week, next_week + 2 * DAY, next_week + 4 * DAY)
    walk(clinic.now, next_week + 5 * DAY)
    kinds = [row.kind for row in Message.objects.filter(sent_at__isnull=False)]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "patient_3_days": 3,
        "patient_1_day": 3,
        "patient_3_hours": 3,
    }


def test_after_a_move_only_the_new_time_is_ever_read(phones: Phones, clinic: Clinic, next_week):
    """https://github.com/calcom/cal.diy/issues/6905"""
    visit = clinic.book(next_week)
    walk(clinic.now, next_week - 2 * DAY)
    clinic.now = next_week - 2 * DAY
    clinic.move(visit, next_week + DAY + HOUR)
    before = len(phones.texts())
    walk(clinic.now, next_week + 2 * DAY)
    assert phones.texts()[before:] == [
        "Northgate Care: your visit is now Thu 12 Mar 14:30. All times: [link] STOP to opt out",
        "Northgate Care: Thu 12 Mar 14:30. No food after 08:30, no drinks after 12:30. [link]",
        "Northgate Care: see you Thu 12 Mar 14:30. No drinks after 12:30. Your way home: [link]",
    ]


def test_after_a_cancellation_the_phones_stay_silent(phones: Phones, clinic: Clinic, next_week):
    sam = clinic.named("Sam", phone="+14105550123", email="")
    clinic.yes(sam, visit := clinic.book(next_week))
    walk(clinic.now, next_week - 2 * DAY)
    infusions.cancel(infusion=visit, actor=clinic.desk, now=next_week - 2 * DAY, reason="rest")
    before = len(phones.texts())
    walk(next_week - 2 * DAY, next_week + 2 * DAY)
    assert sorted(phones.texts()[before:]) == [
        "Northgate Care: Maya does not need you Wed 11 Mar 14:55. Thank you! Questions? +14105550142",
        "Northgate Care: your visit Wed 11 Mar 13:30 is off. Questions or a new day? Call +14105550142",
    ]


def test_a_cancellation_between_the_claim_and_the_request_stops_the_message(phones: Phones, clinic: Clinic, next_week):
    """https://github.com/betagouv/rdv-service-public/issues/3144"""
    visit = clinic.book(next_week)
    due = Message.objects.get(kind="patient_3_days").due_at
    [claim] = dispatch.claim(limit=5, now=due)
    infusions.cancel(infusion=visit, actor=clinic.desk, now=due, reason="rest")
    dispatch.send(claim=claim, now=due)
    assert (phones.texts(), Message.objects.get(kind="patient_3_days").status) == ([], "void")


def test_a_move_between_the_claim_and_the_request_sends_nothing_about_the_old_time(
    phones: Phones, clinic: Clinic, next_week
):
    visit = clinic.book(next_week)
    due = Message.objects.get(kind="patient_3_days").due_at
    [claim] = dispatch.claim(limit=5, now=due)
    clinic.now = due
    clinic.move(visit, next_week + 7 * DAY)
    dispatch.send(claim=claim, now=due)
    tick(due)
    assert phones.texts() == ["Northgate Care: your visit is now Wed 18 Mar 13:30. All times: [link] STOP to opt out"]


def test_a_provider_that_is_down_for_days_reminds_nobody_after_the_visit_and_tells_the_desk(
    phones: Phones, clinic: Clinic, next_week
):
    """https://github.com/betagouv/rdv-service-public/issues/4351"""
    clinic.patient.email = ""
    clinic.patient.save()
    clinic.book(next_week)
    phones.provider.control({"status": 503})
    walk(next_week - 4 * DAY, next_week)
    phones.provider.control({"status": 0})
    walk(next_week + MINUTE, next_week + 6 * HOUR)
    assert phones.texts() == []
    assert set(Message.objects.values_list("status", flat=True)) == {"expired"}
    alert = clinic.patient.alerts.get(kind="message_failed")
    assert alert.says == "A message to Maya did not arrive. It could not go in time to be of use."


def test_a_week_without_a_sweep_is_made_up_while_it_is_of_use(phones: Phones, clinic: Clinic, next_week):
    """https://github.com/anoadragon453/matrix-reminder-bot/issues/9"""
    clinic.book(next_week)
    tick(next_week - 20 * HOUR)
    assert phones.texts() == ["Northgate Care: Wed 11 Mar 13:30. No food after 07:30, no drinks after 11:30. [link]"]


def test_nobody_who_has_agreed_to_nothing_gets_more_than_the_invitation(phones: Phones, clinic: Clinic, next_week):
    lee = clinic.named("Lee", agreed=False, phone="+14105550123")
    clinic.book(next_week)
    walk(clinic.now, next_week + DAY)
    assert phones.texts("+14105550123") == [
        "Northgate Care: Maya asked if you could help on some dates, such as a lift home. See them and choose: [link] "
        "Not for you? Just ignore this. STOP to opt out"
    ]
    assert [message.to for message in mail.outbox] == [["lee@example.org"]]
    assert Commitment.objects.get(designation=lee).status == "lapsed"


def test_who_does_not_say_home_is_texted_then_called_then_looked_for(phones: Phones, clinic: Clinic, next_week):
    clinic.now = next_week - 6 * DAY
    jo, sam = clinic.named("Joanna"), clinic.named("Sam", phone="+14105550123", email="")
    Designation.objects.filter(pk=jo.pk).update(call_first=True, may_know=["contact"])
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    visit = clinic.until(visit, "ready")
    left = visit.ready_at
    clinic.hand_over(visit, clinic.promise(sam, visit), now=left)
    walk(left + MINUTE, left + 4 * HOUR, step=5 * MINUTE)
    asked = Message.objects.filter(kind__in=["helper_home", "patient_home"]).order_by("kind")
    assert [(row.kind, row.status, row.sent_at - left) for row in asked] == [
        ("helper_home", "sent", 90 * MINUTE),
        ("patient_home", "sent", 90 * MINUTE),
    ]
    assert [text for text in phones.texts("+14105550123") if "home" in text][-1].startswith(
        f"{clinic.site.public_name}: are you home with Maya? [link] Or call: "
    )
    unknown = Alert.objects.filter(kind="home_unknown").order_by("pk")
    assert [(row.opened_at - left) // MINUTE for row in unknown] == [106, 136]
    assert [row.designation for row in unknown] == [sam, jo]
