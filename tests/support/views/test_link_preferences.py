"""How somebody wants to hear from us, as they say it by their own link."""

from datetime import time

import pytest
from django.test import Client
from django.utils import timezone

from clinic.models import AuditEntry
from messaging.domain import opt_outs, standing
from messaging.models import Consent
from support.domain import links
from support.models import Commitment
from tests import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def here():
    return world.build(now=timezone.now())


@pytest.fixture(params=["helper", "patient"])
def who(request, here):
    """The link, and the person behind it."""
    if request.param == "helper":
        return here.helper_link, here.designation.person
    return here.patient_link, here.patient_link.patient


@pytest.fixture
def press(client: Client, who):
    """Presses a button and answers with what the page then says."""
    link, person = who
    client.get(f"/l/{links.token(link)}/", follow=True)

    def pressed(act: str, value: str = "", **fields: str) -> str:
        said = {"act": act, "value": value} | fields
        page = client.post(f"/l/{link.id}/preferences/", said, follow=True).content.decode()
        person.refresh_from_db()
        return page

    return pressed


def test_looking_changes_nothing_and_the_title_tells_nothing(client, who):
    link, _person = who
    before = Consent.objects.count(), AuditEntry.objects.exclude(verb="read").count()
    page = client.get(f"/l/{links.token(link)}/preferences/").content.decode()
    assert "<title>How we write to you ·" in page
    assert (Consent.objects.count(), AuditEntry.objects.exclude(verb="read").count()) == before


def test_every_page_behind_a_link_leads_there(client, who):
    link, _person = who
    page = world.theirs(client, link).get(f"/l/{link.id}/").content.decode()
    assert f'href="/l/{link.id}/preferences/"' in page


def test_another_way_is_chosen_with_one_tap(press, who):
    link, person = who
    page = press("way", "email")
    assert (person.prefers, "Now: by e-mail." in page) == ("email", True)
    entry = AuditEntry.objects.get(verb="preferences.changed")
    assert (entry.actor, entry.note) == (f"link:{link.id}", "prefers")


def test_a_phone_that_shows_no_texts_is_not_offered_them(press, who):
    page = press("landline", "yes")
    assert (who[1].is_landline, "By text" in page) == (True, False)


def test_the_language_changes_at_once(press, who):
    page = press("language", "es")
    assert (who[1].language, '<html lang="es"' in page) == ("es", True)


def test_quiet_hours_of_ones_own_and_none_again(press, who):
    person = who[1]
    press("quiet", begins="18:00", ends="10:00")
    assert (person.quiet_from, person.quiet_until) == (time(18), time(10))
    press("no-quiet")
    assert (person.quiet_from, person.quiet_until) == (None, None)


@pytest.mark.parametrize(
    ("begins", "ends", "why"),
    [
        ("18:00", "", "Give both times."),
        ("25:00", "10:00", "Give both times."),
        ("10:00", "10:00", "Give both times."),
        ("09:00", "23:00", "at least two hours"),
        ("00:00", "23:59", "at least two hours"),
        ("\x00", "x", "Give both times."),
    ],
)
def test_hours_that_cannot_be_kept_are_refused_in_a_sentence(press, who, begins, ends, why):
    assert why in press("quiet", begins=begins, ends=ends)
    assert who[1].quiet_from is None


def test_refused_hours_stand_in_their_fields_still(press):
    assert 'value="18:00" aria-describedby="refused hours"' in press("quiet", begins="18:00", ends="")


def test_less_often_and_all_again(press, who):
    press("less", "yes")
    less = who[1].texts_less
    press("less", "no")
    assert (less, who[1].texts_less) == (True, False)


def test_a_topic_is_ended_and_agreed_to_again_with_the_words_on_the_page(press, client, who):
    link, person = who
    kind = "person" if link.designation else "patient"
    name = f"{kind}:{person.pk}"
    page = press("take-back", "checkins")
    assert "checkins" not in {yes.purpose for yes in standing.of(people=[name], addresses=[]).agreed}
    press("agree", "checkins")
    row = Consent.objects.filter(person=name, purpose="checkins", withdrawn_at=None).first()
    assert (row.how, row.address, row.wording in page) == ("own_link", person.phone, True)


def test_the_page_says_that_a_patients_no_ends_texts_and_what_ends_e_mails(press, client, who):
    """A patient's e-mail is the clinic's ordinary post; a helper's needs a yes as their texts do."""
    link, _person = who
    told = "we write an e-mail instead" in press("take-back", "checkins")
    assert told == (link.designation is None)
    assert "we write an e-mail instead" not in press("way", "voice")
    press("way", "sms")
    assert "we write an e-mail instead" not in press("stop")


def test_a_topic_of_somebody_else_is_refused(press, who):
    other = "visits" if who[0].designation else "rides"
    press("agree", other)
    assert not Consent.objects.filter(purpose=other, how="own_link").exists()


def test_everything_stops_and_starts_with_one_tap(press, who):
    person = who[1]
    both = [person.phone, person.email]
    page = press("stop")
    stopped = opt_outs.among(addresses=both)
    assert (stopped, "We write nothing to you" in page) == (set(both), True)
    press("start")
    assert opt_outs.among(addresses=both) == set()


def test_the_button_of_a_mail_program_ends_e_mails_only(who):
    """RFC 8058: a POST from outside, to the address in the header, without a cookie, a form's key or a redirect."""
    link, person = who
    address = links.preferences_of(links.address(link)).removeprefix("http://testserver")
    path = address[address.index("/l/") :]
    answer = Client(enforce_csrf_checks=True).post(path, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert opt_outs.among(addresses=[person.phone, person.email]) == {person.email}


@pytest.mark.parametrize(("channel", "told"), [("sms", "no more texts"), ("email", "no more e-mails")])
def test_there_is_a_way_back_from_half_a_stop(press, who, now, channel, told):
    """An unsubscribed e-mail, or STOP by text: the other way goes on, and the way in use is told as it is."""
    person = who[1]
    address = {"sms": person.phone, "email": person.email}[channel]
    opt_outs.record(address=address, how="sms", now=now)
    page = press("less", "no")
    assert ("Write to me again" in page, f"You asked us to send {told}." in page) == (True, True)
    assert "We write nothing to you" not in page
    press("start")
    assert opt_outs.among(addresses=[address]) == set()


@pytest.mark.parametrize("why", ["stopped", "landline", "removed"])
def test_a_way_that_is_closed_is_neither_in_use_nor_offered(press, who, now, why):
    person = who[1]
    assert "Now: by text." in press("way", "sms")
    if why == "stopped":
        opt_outs.record(address=person.phone, how="sms", now=now)
    else:
        changed = {"landline": {"is_landline": True}, "removed": {"phone": ""}}[why]
        type(person)._default_manager.filter(pk=person.pk).update(**changed)
    page = press("less", "no")
    assert ("Now: by text." in page, "Now: by e-mail." in page, ">By text</button>" in page) == (False, True, False)


@pytest.mark.parametrize("act", ["", "nothing", "way", "language", "agree"])
def test_a_button_that_is_none_changes_nothing(press, who, act):
    before = AuditEntry.objects.exclude(verb="read").count()
    press(act, "nonsense")
    assert AuditEntry.objects.exclude(verb="read").count() == before


def test_whoever_takes_a_date_reads_that_we_write_about_it_until_they_agreed(client, here):
    words = "When you take a date, we text or e-mail you about it."
    address = f"/l/{here.helper_link.id}/dates/"
    world.theirs(client, here.helper_link)
    Commitment.objects.update(status="asked", answered_at=None, reconfirmed_at=None)
    agreed = words in client.get(address).content.decode()
    Consent.objects.all().delete()
    assert (agreed, words in client.get(address).content.decode()) == (False, True)
