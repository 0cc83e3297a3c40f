"""Every kind in every language, with the longest names there are."""

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.urls import resolve

from clinic.models import Patient
from education.directory import sync
from messaging.domain import firewall, kinds, segments, words
from messaging.models import Message
from support.domain import helper_dates, promise_rows, wording
from support.enums import MayKnow, SupportRole
from support.models import Commitment
from tests import factories
from tests.messaging import written

pytestmark = pytest.mark.django_db
NOW = factories.NOW
KINDS = sorted(name for name in kinds.names() if name.startswith(("patient_", "helper_", "checkin_")))
LANGUAGES = ["en", "es"]


@pytest.fixture
def longest(settings):
    """The longest of everything: site, names, a far reader's zone, an address of 55 characters."""
    settings.PUBLIC_URL = "https://" + "c" * 9 + ".org"
    site = factories.SiteFactory(public_name="Northgate Care of Annapolis MD", timezone="Australia/Adelaide")
    sync(now=NOW)
    assert len(site.public_name) == 30
    patient = factories.PatientFactory(
        site=site, given_name="Maximiliana-Alejandra", family_name="Gutiérrez", timezone="America/New_York"
    )
    infusion = factories.InfusionFactory(
        course__patient=patient, course__protocol__site=site, starts_at=datetime(2026, 9, 23, 13, 30, tzinfo=UTC)
    )
    person = factories.SupportPersonFactory(
        site=site, timezone="America/New_York", given_name="Wolfeschlegelsteinhausen"
    )
    named = factories.DesignationFactory(patient=patient, person=person)
    factories.CommitmentFactory(infusion=infusion, designation=named)
    return infusion, named


def message(kind, infusion, named, *, language, channel):
    return Message(
        site=infusion.site,
        kind=kind,
        scope=f"designation:{named.pk}"
        if kind in {"helper_invitation", "helper_new_dates"}
        else f"infusion:{infusion.pk}",
        subject=f"infusion:{infusion.pk}",
        about_at=infusion.starts_at,
        recipient=f"designation:{named.pk}" if kind.startswith("helper") else f"patient:{infusion.patient_id}",
        channel=channel,
        language=language,
        zone=infusion.site.timezone,
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_text_fits_and_passes_the_firewall_with_the_longest_names(longest, kind, language):
    row = message(kind, *longest, language=language, channel="sms")
    kind = kinds.get(kind)
    facts = kind.facts(row, NOW)
    draft = words.draft(message=row, kind=kind, facts=facts)
    if draft.link:
        assert len(draft.link) == 55
    size = segments.measure(draft.body)
    assert (size.odd, size.segments <= kind.max_segments) == ("", True), (size, draft.body)
    noon = datetime(2026, 9, 21, 16, 0, tzinfo=UTC)
    verdict = firewall.check(draft=draft, facts=facts, kind=kind, message=row, now=noon)
    assert (verdict.wanted, verdict.reason) == (True, "")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_email_has_a_neutral_subject_and_both_bodies(longest, kind, language):
    row = message(kind, *longest, language=language, channel="email")
    facts = kinds.get(kind).facts(row, NOW)
    draft = words.draft(message=row, kind=kinds.get(kind), facts=facts)
    assert draft.subject
    assert "STOP" not in draft.body
    verdict = firewall.check(draft=draft, facts=facts, kind=kinds.get(kind), message=row, now=NOW)
    assert (verdict.wanted, verdict.reason) == (True, "")
    assert f'<html lang="{language}">' in draft.html
    assert longest[0].site.public_name in draft.body


@pytest.mark.parametrize("kind", ["patient_1_day", "helper_reconfirm"])
def test_an_email_leads_to_its_readers_own_page_of_preferences(longest, kind):
    draft = written.draft(message(kind, *longest, language="en", channel="email"), NOW)
    assert draft.preferences.removeprefix(draft.link) == "preferences/"
    assert draft.preferences in draft.body
    assert resolve(urlsplit(draft.preferences).path).view_name == "link_preferences"


def test_each_kind_has_words_in_both_languages():
    folder = Path(settings.BASE_DIR) / "templates" / "messages"
    missing = [
        name
        for kind in KINDS
        for language in LANGUAGES
        for name in (f"{kind}.{language}.txt", f"{kind}.subject.{language}.txt")
        if not (folder / name).exists()
    ]
    assert missing == []


def test_the_same_message_is_written_with_the_same_words_and_link_twice(longest):
    row = message("helper_reconfirm", *longest, language="en", channel="sms")
    assert written.draft(row, NOW) == written.draft(row, NOW)


def test_a_helper_elsewhere_reads_the_clinics_time_with_its_name():
    """https://github.com/nextcloud/calendar/issues/6407, https://github.com/calcom/cal.diy/issues/29868"""
    infusion = factories.InfusionFactory()
    person = factories.SupportPersonFactory(site=infusion.site, timezone="Europe/Berlin")
    named = factories.DesignationFactory(patient=infusion.patient, person=person, roles=[SupportRole.PRESENCE])
    factories.CommitmentFactory(infusion=infusion, designation=named, role=SupportRole.PRESENCE)
    text = written.draft(message("helper_reconfirm", infusion, named, language="en", channel="sms"), NOW).body
    assert "Wed 4 Mar 10:30 EST?" in text
    mail = written.draft(message("helper_reconfirm", infusion, named, language="en", channel="email"), NOW)
    assert "Wed 4 Mar 10:30 EST?" in mail.body


@pytest.mark.parametrize("role", SupportRole.values)
def test_a_text_names_the_hour_from_which_their_page_needs_them(role):
    """Page, calendar and text say one time."""
    infusion = factories.InfusionFactory()
    named = factories.DesignationFactory(patient=infusion.patient, roles=[role])
    row = factories.CommitmentFactory(infusion=infusion, designation=named, role=role)
    local = helper_dates.own_window(row)[0].astimezone(infusion.site.zone)
    text = written.draft(message("helper_reconfirm", infusion, named, language="en", channel="sms"), NOW).body
    assert f"Wed 4 Mar {local:%H:%M}" in text


def test_an_unknown_zone_is_read_as_the_clinics():
    """https://github.com/parcelvoy/platform/issues/610"""
    infusion = factories.InfusionFactory(course__patient__timezone="Mars/Olympus")
    named = factories.DesignationFactory(patient=infusion.patient)
    text = written.draft(message("patient_1_day", infusion, named, language="en", channel="sms"), NOW).body
    assert text.startswith("Northgate Care: Wed 4 Mar 10:30. No food after 04:30, no drinks after 08:30. http")


def test_a_helper_who_may_not_know_dates_reads_none():
    commitment = factories.CommitmentFactory(designation__may_know=[MayKnow.REPORT])
    row = message("helper_reconfirm", commitment.infusion, commitment.designation, language="en", channel="sms")
    text = written.draft(row, NOW).body
    assert "there is something new on your page about Maya" in text
    assert "10:30" not in text


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("María José", "Maria"),
        ("Zoë", "Zoe"),
        ("Łukasz", "ukasz"),
        ("李", "your friend"),
        ("محمد", "your friend"),
        ("🙂", "your friend"),
        ("Ñ", "Ñ"),
        ("<b>Bobby</b>", "<b>Bobby</b>"),
    ],
)
def test_names_are_written_in_letters_every_phone_has(name, written):
    patient = Patient(given_name=name, family_name="Tran")
    assert wording.short(patient.first_name, language="en") == written


def test_a_name_with_markup_cannot_become_markup_in_an_email():
    infusion = factories.InfusionFactory(course__patient__given_name="<b>Bobby</b>")
    named = factories.DesignationFactory(patient=infusion.patient)
    draft = written.draft(message("helper_come_in", infusion, named, language="en", channel="email"), NOW)
    assert "<b>" not in draft.html
    assert "&lt;b&gt;Bobby&lt;/b&gt;" in draft.html


def test_the_fasting_times_name_the_day_before_where_they_fall_on_it():
    infusion = factories.InfusionFactory(starts_at=datetime(2026, 3, 4, 10, 30, tzinfo=UTC))
    infusion.policy.solids_hours = 8
    named = factories.DesignationFactory(patient=infusion.patient)
    Commitment.objects.all().delete()
    assert promise_rows.holder(infusion) is None
    text = written.draft(message("patient_1_day", infusion, named, language="en", channel="sms"), NOW).body
    assert "No food after Tue 23:30, no drinks after 03:30." in text
