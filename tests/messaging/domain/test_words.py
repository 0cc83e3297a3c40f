"""Whose words a message goes out with, and what becomes of what is put into them."""

from dataclasses import replace

import pytest

from messaging.domain import compile, dispatch, kinds, words
from messaging.domain.kinds import Draft, Facts, Slot
from messaging.models import Message, Wording
from tests import factories
from tests.messaging.kinds import REMINDER

pytestmark = pytest.mark.django_db
LINK = "http://localhost:8000/l/abc"
FACTS = Facts(
    to="+14105550107",
    wording=REMINDER.name,
    values={"site": "Northgate Care", "phone": "+14105550142", "about": "Tue 10:00"},
    link=LINK,
)


@pytest.fixture
def site():
    return factories.SiteFactory()


def own(site, text: str, *, subject: str = "", channel: str = "sms", language: str = "en") -> Wording:
    editor = factories.StaffFactory()
    fields = {"site": site, "kind": REMINDER.name, "channel": channel, "language": language, "version": 1}
    return Wording.objects.create(**fields, subject=subject, text=text, made_by=editor, made_at=factories.NOW)


def draft(site, *, channel: str = "sms", language: str = "en", kind: kinds.Kind = REMINDER, **facts) -> Draft:
    message = Message(site=site, kind=REMINDER.name, channel=channel, language=language)
    return words.draft(message=message, kind=kind, facts=replace(FACTS, **facts))


def test_the_words_of_the_product_where_the_clinic_has_none(site):
    found = draft(site)
    assert (found.body, found.link, found.wording_id) == (
        f"Northgate Care: we see you on Tue 10:00. {LINK} STOP to opt out",
        LINK,
        None,
    )
    assert found.uses == {"site", "about"}


def test_the_clinics_own_words_and_which_they_were(site):
    mine = own(site, "Hello from {{ site }}!")
    found = draft(site)
    assert (found.body, found.link, found.wording_id) == ("Hello from Northgate Care!", "", mine.pk)


def test_words_that_were_retired_or_are_anothers_are_not_used(site):
    mine = own(site, "Hello!")
    Wording.objects.filter(pk=mine.pk).update(retired_at=factories.NOW)
    own(factories.SiteFactory(), "Hello!")
    own(site, "Hello!", channel="email")
    assert draft(site).wording_id is None


def test_one_question_is_asked_for_the_words(site, django_assert_num_queries):
    with django_assert_num_queries(1):
        draft(site)


def test_a_language_we_do_not_have_is_read_in_the_first_one(site):
    mine = own(site, "Hello!")
    assert draft(site, language="de").wording_id == mine.pk


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{{ site }} {{ diagnosis }}", "“diagnosis” cannot be used in this message."),
        ("{% for n in site %}x{% endfor %}", "Only names and “if” can be used, not “{% for n in site %}”."),
    ],
)
def test_words_that_cannot_be_used_are_no_message(site, text, sentence):
    own(site, text)
    with pytest.raises(compile.Faulty, match=sentence[:20]):
        draft(site)


def test_what_is_too_long_for_its_place_is_cut(site):
    short = replace(REMINDER, slots={**REMINDER.slots, "site": Slot(longest="W" * 30)})
    found = draft(site, kind=short, values={**FACTS.values, "site": "N" * 200})
    assert found.body.startswith("N" * 30 + ": we see you")


def test_a_link_is_never_cut_and_is_not_a_value_of_its_own(site):
    long = "http://localhost:8000/l/" + "a" * 90
    assert draft(site, link=long).link == long


def test_a_text_is_written_in_the_letters_every_phone_has_and_keeps_the_rest(site):
    own(site, "“Hola” – ¿qué tal el sábado? Łódź 🙂")
    assert draft(site).body == '"Hola" - ¿qué tal el sabado? Łodz 🙂'


def test_an_email_is_set_into_the_same_frame_whoever_wrote_it(site):
    mine = own(site, "See you {{ about }}: {{ link }}", subject="A date · {{ site }}", channel="email")
    found = draft(site, channel="email", values={**FACTS.values, "about": "<b>Tue</b>"})
    assert (found.subject, found.wording_id) == ("A date · Northgate Care", mine.pk)
    assert found.body.startswith(f"See you <b>Tue</b>: {LINK}\n\nNorthgate Care\nPhone: +14105550142")
    assert "<p>See you &lt;b&gt;Tue&lt;/b&gt;:</p>" in found.html
    assert f'<a href="{LINK}">' in found.html


@pytest.mark.parametrize(
    ("language", "said", "else_said"),
    [
        ("en", "Change or stop these e-mails", "To stop these e-mails, call us."),
        ("es", "Cambiar o dejar de recibir estos correos", "Para no recibir más, llámanos."),
    ],
)
def test_an_email_leads_to_where_it_is_stopped_whatever_its_words(site, language, said, else_said):
    own(site, "Hello", subject="Hello", channel="email", language=language)
    page = f"{LINK}/preferences/"
    found = draft(site, channel="email", language=language, preferences=page)
    assert (f"{said}: {page}" in found.body, f'<a href="{page}">{said}</a>' in found.html) == (True, True)
    assert (found.preferences, dispatch.masked(found).count("http"), else_said in found.body) == (page, 0, False)
    without = draft(site, channel="email", language=language)
    assert (else_said in without.body, else_said in without.html, said in without.body) == (True, True, False)


def test_a_subject_holds_no_link(site):
    own(site, "Hello", subject="Open {{ link }}", channel="email")
    with pytest.raises(compile.Faulty, match="“link” cannot be used"):
        draft(site, channel="email")
