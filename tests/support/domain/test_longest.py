"""Every wording, in every way and language, with the longest that can stand in each of its places."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from zoneinfo import ZoneInfo, available_timezones

import pytest

from clinic.models import Patient, Site
from education.directory import shipped as numbers
from messaging.domain import kinds, segments, words
from messaging.domain.kinds import Facts, Kind
from messaging.models import Message
from support.domain import links, wording
from support.domain.wording_slots import NEWS, SLOTS
from support.enums import MayKnow

LANGUAGES = ["en", "es"]
LINK = "https://" + "c" * 9 + ".org/l/" + "0" * links.TOKEN_LENGTH + "/"
NAMES = {
    "two hundred letters": ("Maximiliana" * 20)[:200],
    "in capitals": "W" * 200,
    "with accents": "Ángélïçâ-Mârïañá Ñúñez",
    "with pictures": "🙂👩‍👩‍👧 Maya 🎉",
    "only pictures": "🙂" * 50,
    "with signs of two places": "{[~]}" * 40,
}


def kind_of(name: str) -> Kind:
    """Words that belong to no kind of their own stand for any of a helper's."""
    return replace(kinds.get("helper_new_dates"), name=NEWS, slots=SLOTS[NEWS]) if name == NEWS else kinds.get(name)


def bodies(wanted: str, *, language: str, channel: str, **changes: str) -> list[str]:
    """With every way its ifs can go."""
    kind = kind_of(wanted)
    asked = [slot for slot, each in kind.slots.items() if isinstance(each.longest, bool)]
    found = []
    for answers in product([True, False], repeat=len(asked)):
        values = {slot: each.longest for slot, each in kind.slots.items()} | changes
        values |= dict(zip(asked, answers, strict=True))
        facts = Facts(to="somebody", wording=wanted, values=values, link=LINK, permits=frozenset(MayKnow.values))
        message = Message(site=Site(), kind=wanted, channel=channel, language=language)
        found.append(words.written(message=message, kind=kind, facts=facts, own=None).body)
    return found


# Drinks stop some hours before: on the day before only where a visit begins right after midnight.
AS_IT_OCCURS = {"drinks": "23:30"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(SLOTS))
def test_a_text_fits_with_the_longest_of_everything(name, language):
    assert len(LINK) == segments.LINK_ROOM
    sizes = [segments.measure(body) for body in bodies(name, language=language, channel="sms", **AS_IT_OCCURS)]
    assert {size.odd for size in sizes} == {""}
    assert max(size.segments for size in sizes) <= kind_of(name).max_segments


@pytest.mark.parametrize("who", sorted(NAMES))
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(name for name in SLOTS if "name" in SLOTS[name]))
def test_a_text_fits_whatever_somebody_is_called(name, language, who):
    called = wording.short(Patient(given_name=NAMES[who], family_name="Tran").first_name, language=language)
    sizes = [segments.measure(body) for body in bodies(name, language=language, channel="sms", name=called)]
    assert {size.odd for size in sizes} == {""}
    assert max(size.segments for size in sizes) <= kind_of(name).max_segments


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(SLOTS))
def test_an_email_holds_a_long_name_once_and_cut(name, language):
    for body in bodies(name, language=language, channel="email", site="N" * 200):
        assert "N" * 30 in body
        assert "N" * 31 not in body


def test_a_picture_in_a_clinics_own_words_costs_what_it_costs():
    """https://github.com/twilio/twilio-node/issues/353: one character halves what a text holds."""
    assert segments.measure("a" * 70).segments == 1
    assert segments.measure("a" * 67 + "🙂").segments == 1
    assert segments.measure("a" * 69 + "🙂") == segments.Size(segments=2, units=71, odd="🙂")
    # Five signs to the eye, eleven units to the phone.
    assert segments.measure("👩‍👩‍👧").units == 8


def test_no_number_to_call_in_danger_is_ever_cut():
    room = len(SLOTS["checkin_evening"]["danger"].longest)
    by_kind: dict[tuple[str, str], list[str]] = {}
    for key, values in numbers():
        if not values.get("by_text"):
            by_kind.setdefault((key["region"], key["kind"]), []).append(str(values["number"]))
    regions = {region for region, _kind in by_kind}
    spoken = {
        region: f" {wording.OR['en']} ".join(found[0] for (at, _kind), found in by_kind.items() if at == region)
        for region in regions
    }
    assert {region: text for region, text in spoken.items() if len(text) > room} == {}


@pytest.mark.parametrize("who", sorted(NAMES))
def test_a_name_takes_no_more_room_than_its_place(who):
    called = wording.short(NAMES[who], language="en")
    assert segments.measure(called).units <= len(SLOTS["helper_news"]["name"].longest)
    assert called


def test_every_time_there_is_fits_its_place():
    """In every zone, with its name or number: a time that is cut is a wrong time."""
    room = len(SLOTS["patient_1_day"]["when"].longest)
    moment = datetime(2026, 9, 23, 12, 30, tzinfo=UTC)
    for name in sorted(available_timezones()):
        site = Site(timezone=name)
        for zone in ("UTC", "America/New_York"):
            who = wording.Addressee(
                site=site, patient=Patient(), designation=None, phone="", email="", zone=ZoneInfo(zone)
            )
            for language in LANGUAGES:
                assert len(wording.when(moment, who, language)) <= room, name
