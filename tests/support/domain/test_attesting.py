"""What is said before a first ride, whoever hears it; and what follows where somebody is under 18."""

from datetime import timedelta

import pytest

from clinic.domain.errors import Refused
from clinic.models import AuditEntry
from support.domain import attesting, commitments, helper_page, way_home
from support.enums import SupportRole
from support.models import Alert, Attestation, SupportPerson
from tests.factories import PolicyFactory

HOUR = timedelta(hours=1)


@pytest.fixture
def sam(clinic):
    return clinic.named("Sam", is_adult=None)


def test_it_is_needed_until_it_was_said_with_the_words_of_today(clinic, sam):
    assert attesting.needed(sam.person)
    said = attesting.attest(person=sam.person, stay_hours=8, via="link", now=clinic.now, actor="link:x")
    assert not attesting.needed(sam.person)
    sam.person.refresh_from_db()
    assert sam.person.is_adult is True
    assert "I am 18 or over." in said.wording
    assert AuditEntry.objects.get(verb="person.attested").actor == "link:x"
    Attestation.objects.update(edition="older words")
    assert attesting.needed(sam.person)


def test_it_is_said_once_for_everybody_who_named_them(clinic, sam):
    attesting.attest(person=sam.person, stay_hours=8, via="link", now=clinic.now)
    assert not attesting.needed(SupportPerson.objects.get(pk=sam.person_id))


def test_pressed_twice_it_is_said_once(clinic, sam):
    for _twice in range(2):
        attesting.attest(person=sam.person, stay_hours=8, via="link", now=clinic.now)
    assert Attestation.objects.count() == 1
    attesting.attest(person=sam.person, stay_hours=4, via="link", now=clinic.now)
    assert attesting.newest(people=[sam.person_id])[sam.person_id].stay_hours == 4


def test_nobody_who_does_it_for_a_living_is_asked(clinic, sam):
    sam.person.is_escort = True
    assert not attesting.needed(sam.person)


def test_only_a_ride_needs_it(clinic, sam, next_week):
    visit = clinic.book(next_week)
    jo = clinic.named("Jo", roles=(SupportRole.FOLLOWUP,))
    dates = [clinic.promise(jo, visit, SupportRole.FOLLOWUP).pk]
    assert not attesting.needed_for(designation=jo, dates=dates)
    assert attesting.needed_for(designation=sam, dates=[clinic.promise(sam, visit).pk])
    # Somebody else's date is none of theirs.
    assert not attesting.needed_for(designation=jo, dates=[clinic.promise(sam, visit).pk])


def test_staff_write_down_what_they_heard_by_phone(clinic, sam):
    attesting.attest(
        person=sam.person, stay_hours=4, travel_minutes=35, via="phone", now=clinic.now, recorded_by=clinic.desk
    )
    said = Attestation.objects.get()
    assert (said.via, said.recorded_by, said.stay_hours) == ("phone", clinic.desk, 4)
    sam.person.refresh_from_db()
    assert sam.person.travel_minutes == 35
    assert AuditEntry.objects.get(verb="person.attested").actor == f"staff:{clinic.desk.pk}"


@pytest.mark.parametrize("hours", [-1, 25])
def test_hours_no_day_has_are_refused(clinic, sam, hours):
    with pytest.raises(Refused):
        attesting.attest(person=sam.person, stay_hours=hours, via="link", now=clinic.now)
    assert not Attestation.objects.exists()


def test_who_is_noted_as_under_18_cannot_say_so_away(clinic, sam):
    SupportPerson.objects.filter(pk=sam.person_id).update(is_adult=False)
    with pytest.raises(Refused):
        attesting.attest(person=sam.person, stay_hours=8, via="link", now=clinic.now)
    assert not Attestation.objects.exists()


def test_who_can_stay_less_than_the_rules_ask_is_shown_with_the_hour_somebody_else_is_needed(clinic, sam, next_week):
    visit = clinic.book(next_week)
    assert "Has not read yet" in attesting.flag(said=None, visit=visit)
    said = attesting.attest(person=sam.person, stay_hours=2, via="link", now=clinic.now)
    ends = visit.ends_at.astimezone(visit.site.zone) + 2 * HOUR
    assert attesting.flag(said=said, visit=visit) == f"Can stay 2 of 8 hours: somebody else from {ends:%H:%M}."
    said.stay_hours = 8
    assert attesting.flag(said=said, visit=visit) == ""


def test_under_18_takes_nobody_home_and_the_others_are_asked(clinic, sam, next_week):
    jo = clinic.named("Jo")
    first, second = clinic.book(next_week), clinic.book(next_week + timedelta(days=2))
    clinic.yes(sam, first)
    assert clinic.promise(jo, first).status == "covered"
    for _twice in range(2):
        attesting.under_age(designation=sam, actor="link:x", now=clinic.now)
    assert (clinic.promise(sam, first).status, clinic.promise(sam, second).status) == ("withdrawn", "declined")
    assert clinic.promise(jo, first).status == "asked"
    assert Alert.objects.filter(key=f"under-age:{sam.person_id}").count() == 1
    assert helper_page.build(designation=sam, now=clinic.now).months == []
    assert way_home.of(infusions=[first], now=clinic.now)[first.pk].held is None


@pytest.mark.parametrize("one_at_a_time", [False, True])
def test_under_18_is_asked_for_no_ride_any_more_and_keeps_nobody_waiting(clinic, next_week, one_at_a_time):
    if one_at_a_time:
        signed = clinic.policy.signed_by
        PolicyFactory(site=clinic.site, version=1_000_000, signed_by=signed, ladder_first_to_take=False)
    sam, jo, pat = (clinic.named(name) for name in ("Sam", "Joanna", "Patricia"))
    attesting.under_age(designation=sam, actor="link:x", now=clinic.now)
    visit = clinic.book(next_week)
    assert not sam.commitments.filter(infusion=visit).exists()
    assert clinic.promise(jo, visit).status == "asked"
    assert pat.commitments.filter(infusion=visit).exists() is not one_at_a_time


def test_under_18_who_had_been_told_that_another_has_it_is_not_asked_when_they_step_back(clinic, next_week):
    sam, jo = clinic.named("Sam"), clinic.named("Joanna")
    visit = clinic.book(next_week)
    clinic.yes(jo, visit)
    attesting.under_age(designation=sam, actor="link:x", now=clinic.now)
    commitments.withdraw(commitment=clinic.promise(jo, visit), via="link", now=clinic.now)
    assert clinic.promise(sam, visit).status == "covered"


def test_under_18_can_still_be_there_in_the_evening(clinic, next_week):
    sam = clinic.named("Sam", roles=(SupportRole.RIDE, SupportRole.FOLLOWUP))
    visit = clinic.book(next_week)
    attesting.under_age(designation=sam, actor="link:x", now=clinic.now)
    (month,) = helper_page.build(designation=sam, now=clinic.now).months
    assert [row.value for row in month.rows] == [clinic.promise(sam, visit, SupportRole.FOLLOWUP).pk]


def test_what_they_read_tells_of_the_text_that_is_sent():
    """It goes when the patient is ready; whoever leaves only then comes late, so they are near before."""
    (told,) = [line for line in attesting.INVOLVES if "text you" in line]
    assert told.startswith("Be near: we text you when they are ready.")
