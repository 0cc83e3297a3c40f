"""One message as its reader sees it, before it goes and after."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from clinic.enums import Role
from clinic.models import AuditEntry
from messaging.domain import dispatch, opt_outs
from messaging.models import Message
from support.domain import message_look, wording_page
from support.domain.wording_look import Which
from support.models import Designation, Link
from tests.support.conftest import Clinic, Phones


@pytest.fixture
def reminder(clinic: Clinic, next_week) -> Message:
    """The patient's of the day before. Only that waits."""
    clinic.book(next_week)
    Message.objects.exclude(kind="patient_1_day").delete()
    return Message.objects.select_related("site").get()


def again(message: Message) -> Message:
    return Message.objects.select_related("site", "wording").get(pk=message.pk)


def test_what_waits_is_shown_as_it_would_go_and_what_went_as_it_went(phones: Phones, clinic: Clinic, reminder):
    before = message_look.of(message=reminder, now=clinic.now)
    dispatch.run(clock=lambda: reminder.due_at)
    after = message_look.of(message=again(reminder), now=clinic.now)
    assert (before.went, after.went) == (False, True)
    assert before.words == after.words == phones.texts()[0]
    assert before.screen.words == after.screen.words


def test_it_is_shown_in_the_clinics_own_words(clinic: Clinic, reminder):
    which = Which(site=clinic.site, name="patient_1_day", channel="sms", language="en")
    text = "{{ site }}: nothing from {{ food }}. {{ link }}"
    actor = clinic.staff[Role.DIRECTOR]
    wording_page.write(which=which, subject="", text=text, based_on=0, actor=actor, now=clinic.now)
    look = message_look.of(message=reminder, now=clinic.now)
    assert (look.words[:28], look.own.version) == ("Northgate Care: nothing from", 1)


def test_why_it_would_be_stopped_stands_beside_it(clinic: Clinic, reminder):
    opt_outs.record(address=clinic.patient.phone, how="text", now=clinic.now)
    look = message_look.of(message=reminder, now=clinic.now)
    assert look.why == "This number has asked for no more texts."


def test_night_is_no_reason_to_say_it_would_be_stopped(clinic: Clinic, reminder):
    night = reminder.due_at + timedelta(hours=12)
    assert message_look.of(message=reminder, now=night).why == ""


def test_who_may_not_know_dates_is_shown_the_neutral_words(clinic: Clinic, next_week):
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.yes(sam, visit)
    Designation.objects.update(may_know=[])
    message = Message.objects.select_related("site").get(kind="helper_reconfirm")
    look = message_look.of(message=message, now=clinic.now)
    assert look.name == "helper_news"
    assert look.screen.page_title == "Is this page yours?"


def test_looking_makes_no_link(clinic: Clinic, reminder):
    before = Link.objects.count()
    message_look.of(message=reminder, now=clinic.now)
    assert Link.objects.count() == before


def test_somebody_who_is_gone_is_said_so(clinic: Clinic, reminder):
    reminder.recipient = "designation:999999"
    assert message_look.of(message=reminder, now=clinic.now).why == "This person is no longer on the list."


def test_the_page_is_read_by_the_desk_and_leaves_a_trace(clinic: Clinic, reminder):
    client = Client()
    client.force_login(clinic.desk)
    page = client.get(reverse("message_look", args=[reminder.pk]))
    assert page.status_code == 200
    assert "What it would say now" in page.content.decode()
    assert AuditEntry.objects.filter(
        verb="read", patient_id=clinic.patient.pk, subject=f"message:{reminder.pk}"
    ).exists()


def test_the_list_of_messages_leads_to_it(clinic: Clinic, reminder):
    client = Client()
    client.force_login(clinic.desk)
    page = client.get(reverse("messages"), {"state": "waiting"}).content.decode()
    assert f'href="{reverse("message_look", args=[reminder.pk])}"' in page
