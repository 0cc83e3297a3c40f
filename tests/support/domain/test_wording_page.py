"""From the page where words are written to the phone that shows them."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.core import mail

from clinic.domain.errors import Refused
from clinic.enums import Role
from clinic.models import AuditEntry
from messaging.domain import dispatch, kinds
from messaging.enums import Channel
from messaging.models import Message, Wording
from support.domain import links, wording_about, wording_changes, wording_look, wording_page
from support.domain.wording_look import Which
from tests.support.conftest import Clinic, Phones


@pytest.fixture
def say(clinic: Clinic):
    def write(name, text, *, channel="sms", language="en", subject="", based_on=0):
        which = wording_page.find(site=clinic.site, name=name, channel=channel, language=language)
        actor = clinic.staff[Role.CLINICIAN]
        return wording_page.write(
            which=which, subject=subject, text=text, based_on=based_on, actor=actor, now=clinic.now
        )

    return write


@pytest.fixture
def due(clinic: Clinic, next_week):
    """The moments at which the reminders of the day before go, of two visits. Only they wait."""
    clinic.book(next_week, next_week + timedelta(days=7))
    Message.objects.exclude(kind="patient_1_day").delete()
    return [row.due_at for row in Message.objects.order_by("due_at")]


def test_the_next_message_says_it_in_the_clinics_words_and_the_one_before_keeps_its_own(phones: Phones, say, due):
    first, second = due
    say("patient_1_day", "{{ site }}: nothing to eat from {{ food }}. {{ link }}")
    dispatch.run(clock=lambda: first)
    say("patient_1_day", "{{ site }}: empty stomach from {{ food }}! {{ link }}", based_on=1)
    dispatch.run(clock=lambda: second)
    assert [re.sub(r"\d\d:\d\d", "…", text) for text in phones.texts()] == [
        "Northgate Care: nothing to eat from …. [link]",
        "Northgate Care: empty stomach from …! [link]",
    ]
    assert [row.wording.version for row in Message.objects.order_by("due_at")] == [1, 2]


def test_words_changed_while_a_message_waits_are_what_it_says(phones: Phones, clinic: Clinic, say, due):
    first, _second = due
    mine = say("patient_1_day", "{{ site }}: hello. {{ link }}").own
    which = Which(site=clinic.site, name="patient_1_day", channel="sms", language="en")
    actor = clinic.staff[Role.CLINICIAN]
    wording_page.reset(which=which, based_on=mine.version, actor=actor, now=clinic.now)
    dispatch.run(clock=lambda: first)
    assert [text.partition(":")[2][:5] for text in phones.texts()] != [" hell"]
    assert Message.objects.get(sent_at__isnull=False).wording is None


def test_an_e_mail_takes_the_clinics_subject_and_words(phones: Phones, say, due):
    first, _second = due
    Message.objects.update(channel=Channel.EMAIL)
    say("patient_1_day", "Nothing from {{ food }}, please.", channel="email", subject="Tomorrow at {{ site }}")
    dispatch.run(clock=lambda: first)
    assert [(sent.subject, sent.body.partition(",")[0][:12]) for sent in mail.outbox] == [
        ("Tomorrow at Northgate Care", "Nothing from")
    ]


def test_words_for_one_language_are_not_another_ones(phones: Phones, say, due):
    first, _second = due
    say("patient_1_day", "{{ site }}: hola. {{ link }}", language="es")
    dispatch.run(clock=lambda: first)
    assert "hola" not in phones.texts()[0]


def test_a_refused_wording_leaves_no_trace(clinic: Clinic, say):
    with pytest.raises(Refused, match="ketamin"):
        say("patient_1_day", "{{ site }}: ketamine at {{ when }}")
    assert not Wording.objects.exists()
    assert AuditEntry.objects.filter(verb__startswith="wording").count() == 0


def test_every_message_that_can_be_sent_can_be_reworded():
    ours = {name for name in kinds.names() if kinds.get(name).facts.__module__.startswith("support.")}
    assert ours - wording_about.ABOUT.keys() == set()
    assert [name for name in ours if not wording_page.title(name=name)] == []


@pytest.mark.parametrize("name", sorted({*wording_about.PAGES.values(), "Your next visit", wording_about.HELPER_PAGE}))
def test_a_page_is_called_on_the_lock_screen_what_it_calls_itself(name):
    folder = Path(settings.BASE_DIR) / "templates" / "support"
    blocks = [
        re.search(r"\{% block title %\}(.*?)\{% endblock %\}", file.read_text(encoding="utf-8"))
        for file in [*folder.glob("helper/*.html"), *folder.glob("patient/*.html")]
    ]
    titles = "\n".join(block[1] for block in blocks if block)
    assert name.replace("%(name)s", "{{ name }}") in titles


def test_a_page_is_called_in_the_readers_language():
    title = wording_about.page_title(name="helper_ask_again", is_helper=True, language="es")
    assert title == "¿Es tuya esta página?"


def test_a_phone_that_fetches_a_helpers_page_is_told_what_the_lock_screen_shows(client, clinic):
    link = links.for_designation(designation=clinic.named("Sam"), now=clinic.now)
    with time_machine.travel(clinic.now, tick=False):
        page = client.get(f"/l/{links.token(link)}/", follow=True).content.decode()
    title = wording_about.page_title(name="helper_invitation", is_helper=True, language="en")
    assert f"<title>{title} · {clinic.site.public_name}" in page


def test_changes_are_told_word_by_word():
    pieces = wording_changes.changes(before="See you {{ when }}.", after="See you soon, {{ when }}.")
    assert [(piece.how, piece.text) for piece in pieces] == [
        ("same", "See you "),
        ("new", "soon, "),
        ("same", "{{ when }}."),
    ]


def test_both_ways_of_an_if_are_looked_at(clinic: Clinic):
    which = Which(site=clinic.site, name="helper_3_hours", channel="sms", language="en")
    text = "{% if to_confirm %}A{% else %}B{% endif %}{% if is_ride %}C{% else %}D{% endif %} {{ link }}"
    readings = wording_look.look(which=which, subject="", text=text).readings
    assert {reading[:2] for reading in readings} == {"AC", "AD", "BC", "BD"}


def test_a_look_asks_the_database_nothing(clinic: Clinic, django_assert_num_queries):
    which = Which(site=clinic.site, name="checkin_evening", channel="email", language="es")
    with django_assert_num_queries(0):
        assert wording_look.look(which=which, subject="Hola", text="{{ site }} {{ link }}").fault == ""


def test_what_is_said_where_there_is_no_link_is_looked_at_too(clinic: Clinic):
    which = Which(site=clinic.site, name="reply_link", channel="sms", language="en")
    text = "{% if link %}{{ link }}{% else %}infusion{% endif %}"
    assert "infusion" in wording_look.look(which=which, subject="", text=text).fault


def test_an_answer_to_a_text_is_a_text(clinic: Clinic):
    with pytest.raises(LookupError):
        wording_page.find(site=clinic.site, name="reply_help", channel="email", language="en")
    assert wording_page.find(site=clinic.site, name="reply_help", channel="sms", language="en")


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_offer_of_a_free_time_is_one_text_with_the_longest_name_of_a_clinic_and_a_far_reader(clinic, language):
    clinic.site.public_name, clinic.site.timezone = "Northgate Care of Annapolis MD", "Asia/Kathmandu"
    which = Which(site=clinic.site, name="waitlist_offer", channel="sms", language=language)
    words = wording_page.shipped(which=which)
    assert wording_look.look(which=which, subject="", text=words.text).fault == ""
