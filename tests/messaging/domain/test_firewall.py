from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from messaging.domain import consents, firewall, opt_outs
from messaging.domain.kinds import Draft, Facts, Slot, Verdict
from messaging.domain.quiet import Window
from messaging.domain.standing import Standing
from messaging.models import Message
from tests.factories import SiteFactory
from tests.messaging.kinds import COME_IN, REMINDER

LINK = "http://localhost:8000/l/abc"
FACTS = Facts(to="+14105550107", wording="test-reminder", values={}, link=LINK, person="patient:7", purpose="visits")
GOOD = Draft(to="+14105550107", body=f"Northgate Care: see you at 08:00. {LINK} STOP to opt out", link=LINK)


def check(
    draft: Draft = GOOD,
    *,
    kind=REMINDER,
    channel="sms",
    opted_out=False,
    agreed=True,
    row_zone="",
    now=None,
    **facts,
) -> Verdict:
    message = Message(site=SiteFactory.build(), channel=channel, zone=row_zone)
    now = now or datetime(2026, 3, 3, 14, 41, tzinfo=UTC)
    said = replace(FACTS, **facts)
    yes = consents.yes(person=said.person, purpose=said.purpose, channel=channel, address=said.to)
    known = Standing(stopped=frozenset({said.to} if opted_out else ()), agreed=frozenset({yes} if agreed else ()))
    return firewall.check(draft=draft, facts=said, kind=kind, message=message, now=now, known=known)


def test_a_plain_text_passes():
    assert check() == Verdict(wanted=True)


def test_no_drug_diagnosis_or_scale_on_a_screen():
    assert check(replace(GOOD, body=f"Your infusión {LINK}")).reason == (
        "It holds a word that must not be seen on a screen: “infusion”."
    )


def test_a_clinic_may_forbid_more():
    assert check(replace(GOOD, body=f"Willow House {LINK}"), never=("willow",)).reason == (
        "It holds a word that must not be seen on a screen: “willow”."
    )


def test_what_the_reader_may_not_know_is_not_said_whoever_wrote_it():
    kind = replace(REMINDER, slots={"site": Slot(), "when": Slot(data_class="dates", says="the day and time")})
    told = replace(GOOD, uses=frozenset({"site", "when"}))
    assert check(told, kind=kind).reason == "It tells what this person may not know: the day and time."
    assert check(told, kind=kind, permits=frozenset({"dates"})).wanted
    assert check(replace(GOOD, uses=frozenset({"site"})), kind=kind).wanted


def test_the_rules_are_asked_in_one_order():
    """What is wrong with the address comes before what is wrong with the words, and both before the hour."""
    kind = replace(REMINDER, slots={"when": Slot(data_class="dates", says="the day")})
    bad = replace(GOOD, body="ketamine https://evil.example/ " + "á" * 90, uses=frozenset({"when"}), link="")
    rest = {"kind": kind, "now": datetime(2026, 3, 4, 2, 0, tzinfo=UTC)}
    heard = [
        check(bad, **rest, to="", opted_out=True, agreed=False).reason,
        check(bad, **rest, opted_out=True, agreed=False).reason,
        check(bad, **rest, agreed=False).reason,
        check(bad, **rest).reason,
        check(bad, **rest, permits=frozenset({"dates"})).reason,
        check(replace(bad, body=bad.body[9:]), **rest, permits=frozenset({"dates"})).reason,
        check(replace(bad, body="á" * 90), **rest, permits=frozenset({"dates"})).reason,
        check(replace(bad, body="Hello"), **rest, permits=frozenset({"dates"})).reason,
    ]
    assert [sentence.split()[:4] for sentence in heard] == [
        ["There", "is", "no", "number"],
        ["This", "number", "has", "asked"],
        ["They", "have", "not", "agreed"],
        ["It", "tells", "what", "this"],
        ["It", "holds", "a", "word"],
        ["It", "holds", "a", "link"],
        ["It", "is", "2", "texts"],
        ["It", "is", "too", "early"],
    ]


def test_an_e_mail_may_say_inside_what_a_locked_phone_does_not_show():
    """Phones show the first 120 characters beside the subject."""
    inside = replace(GOOD, body=f"{'Hello. ' * 20}Your infusion {LINK}", subject="Your visit")
    assert check(inside, channel="email").wanted
    assert not check(replace(inside, subject="Your infusion"), channel="email").wanted
    assert not check(replace(inside, body=f"Your infusion {LINK}"), channel="email").wanted
    assert not check(replace(inside, body=f"Willow House {LINK}"), channel="email", never=("willow",)).wanted


def test_the_addresses_in_an_e_mail_are_not_read_as_words():
    link = "http://localhost:8000/l/x_phq-score/"
    page = f"{link}preferences/"
    draft = Draft(to="sam@example.org", body=f"Hi {link} {page}", subject="Hi", link=link, preferences=page)
    assert check(draft, channel="email").wanted
    assert draft.without_addresses("[link]") == "Hi [link] [link]"


def test_a_drugs_name_in_a_link_is_seen():
    link = "http://localhost:8000/ketamine/abc"
    assert not check(Draft(to="+14105550107", body=f"Hello {link}", link=link)).wanted


def test_a_token_that_happens_to_hold_a_short_word_passes():
    link = "http://localhost:8000/l/x_phqocd-score"
    assert check(Draft(to="+14105550107", body=f"Hello {link}", link=link)).wanted


@pytest.mark.parametrize(
    "link",
    ["https://evil.example/l/a", "http://localhost:8000.evil.example/l/a", "http://localhost:8001/l/a"],
)
def test_only_the_clinics_own_links_leave(link):
    assert check(Draft(to="+14105550107", body=f"Hello {link}", link=link)).reason == (
        "It holds a link that is not the clinic's own."
    )


@pytest.mark.parametrize(
    "address",
    [
        "www.evil.example",
        "evil.example/l/a",
        "bit.ly/3xYz",
        "Evil-Care.com",
        "evil.co",
        "evil.co.uk",
        "HTTPS://evil.example",
        "evil.org.",
    ],
)
def test_a_second_link_in_the_words_is_found_however_it_is_written(address):
    assert "not the clinic's own" in check(replace(GOOD, body=f"{GOOD.body} {address}")).reason
    mail = {"channel": "email"}
    assert "not the clinic's own" in check(replace(GOOD, subject=f"See {address}"), **mail).reason
    assert "not the clinic's own" in check(replace(GOOD, html=f"<p>See {address}</p>"), **mail).reason


@pytest.mark.parametrize("words", ["9 a.m./10 a.m.", "at 9:30.See you", "St.Mary", "desk@northgate.org", "3.5/4 full"])
def test_what_no_phone_makes_a_link_of_is_no_link(words):
    assert check(replace(GOOD, body=f"{words} {LINK}")).wanted


@pytest.mark.parametrize("link", ["http://localhost:8000/l/somebody-else/", f"{LINK}more", "http://localhost:8000/"])
def test_a_page_of_ours_that_is_not_the_readers_does_not_leave(link):
    """Somebody's own page, copied into the words, would open it to everybody who gets them."""
    assert check(replace(GOOD, body=f"{GOOD.body} {link}")).reason == "It holds a link that is not its reader's."
    assert check(replace(GOOD, body=f"See {link}", link="")).reason == "It holds a link that is not its reader's."


def test_our_own_link_may_end_a_sentence():
    assert check(replace(GOOD, body=f"Your page: {LINK}.")).wanted


def test_a_link_that_is_not_in_the_words_is_a_mistake():
    assert check(replace(GOOD, body="Hello")).reason == "Its link is missing from its words."


def test_a_number_that_opted_out_gets_nothing():
    assert check(opted_out=True).reason == "This number has asked for no more texts."


@pytest.mark.parametrize(
    ("channel", "why"),
    [("sms", "They have not agreed to texts on this number."), ("email", "They have not said yes to e-mails.")],
)
def test_who_has_not_agreed_gets_nothing(channel, why):
    assert check(replace(GOOD, subject="Your visit"), channel=channel, agreed=False).reason == why


@pytest.mark.parametrize(
    "changed",
    [
        {"person": "patient:8"},
        {"purpose": "offers"},
        {"address": "+14105550108"},
        {"channel": "email"},
    ],
)
def test_a_yes_covers_one_person_one_purpose_one_way_and_one_address(changed):
    agreed = {"person": "patient:7", "purpose": "visits", "channel": "sms", "address": FACTS.to} | changed
    known = Standing(agreed=frozenset({consents.yes(**agreed)}))
    message = Message(site=SiteFactory.build(), channel="sms")
    noon = datetime(2026, 3, 3, 17, tzinfo=UTC)
    given = {"draft": GOOD, "facts": FACTS, "kind": REMINDER, "message": message, "now": noon, "known": known}
    assert firewall.check(**given).reason == "They have not agreed to texts on this number."


def test_what_needs_no_yes_asks_for_none():
    assert check(agreed=False, purpose="").wanted


def test_the_answer_to_a_stop_goes_to_a_number_that_just_sent_it():
    assert check(opted_out=True, purpose="", kind=replace(REMINDER, despite_stop=True)).wanted


@pytest.mark.django_db
def test_what_is_not_known_is_asked_in_one_query(django_assert_num_queries, now):
    yes = {
        "person": "patient:7",
        "channel": "sms",
        "address": FACTS.to,
        "language": "en",
        "wording": "Yes",
        "how": "link",
    }
    consents.give(**yes, purposes=["visits"], now=now)
    message = Message(site=SiteFactory.build(), channel="sms")
    noon = datetime(2026, 3, 3, 17, tzinfo=UTC)
    given = {"draft": GOOD, "facts": FACTS, "kind": REMINDER, "message": message, "now": noon}
    with django_assert_num_queries(1):
        assert firewall.check(**given).wanted
    opt_outs.record(address=FACTS.to, how="text", now=now)
    assert firewall.check(**given).reason == "This number has asked for no more texts."


def test_somebody_without_a_number_is_named_as_such():
    assert check(to="").reason == "There is no number or address to send it to."


def test_a_text_longer_than_its_kind_allows_is_stopped():
    assert check(replace(GOOD, body=LINK + " a" * 80)).reason == "It is 2 texts long; 1 is the limit."
    assert check(replace(GOOD, body=LINK + " a" * 80), kind=replace(REMINDER, max_segments=2)).wanted


def test_the_characters_that_make_a_text_long_are_named():
    assert "“á”" in check(replace(GOOD, body=LINK + " " + "á" * 60)).reason


def test_a_text_at_night_waits_for_the_morning():
    night = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)  # 21:00 in New York
    assert check(now=night).retry_at == datetime(2026, 3, 4, 13, 0, tzinfo=UTC)


def test_the_night_is_the_recipients_own():
    evening = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)  # 21:00 in New York, 18:00 in Los Angeles
    assert check(row_zone="America/Los_Angeles", now=evening).wanted
    assert check(zone="America/Los_Angeles", now=evening).wanted


def test_the_hours_are_those_the_clinic_signed():
    short = Window(opens=time(9, 30), closes=time(17), evening=time(16, 30))
    morning, evening = datetime(2026, 3, 3, 14, 0, tzinfo=UTC), datetime(2026, 3, 3, 22, 0, tzinfo=UTC)
    assert check(window=short, now=morning).retry_at == morning + timedelta(minutes=30)
    assert check(window=short, now=evening).retry_at == datetime(2026, 3, 4, 14, 30, tzinfo=UTC)
    late = Window(opens=time(8), closes=time(22))
    assert check(window=late, now=datetime(2026, 3, 4, 2, 0, tzinfo=UTC)).wanted


def test_come_in_now_and_e_mails_know_no_night():
    night = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
    assert check(kind=COME_IN, now=night).wanted
    assert check(replace(GOOD, subject="Your visit"), channel="email", now=night + timedelta(hours=1)).wanted
