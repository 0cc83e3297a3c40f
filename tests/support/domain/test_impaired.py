from datetime import timedelta

import pytest

from clinic.domain import infusions
from clinic.domain.errors import Refused
from messaging.domain import opt_outs
from messaging.models import Consent
from support.domain import driving, impaired, links, pending, place_offers, preferences, waitlist
from support.enums import Purpose
from support.models import PlaceOffer
from tests.factories import PolicyFactory
from tests.support.conftest import Clinic


@pytest.fixture
def visit(clinic: Clinic, next_week):
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    return visit


def until(clinic: Clinic, now):
    return impaired.until(patient=clinic.patient, now=now)


def test_before_the_treatment_everything_counts(clinic: Clinic, visit, next_week):
    assert until(clinic, next_week) is None
    clinic.until(visit, "arrived")
    assert until(clinic, next_week + timedelta(minutes=14)) is None


def test_it_begins_with_the_treatment_and_is_at_least_as_long_as_if_they_left_in_time(clinic: Clinic, visit, next_week):
    started = clinic.until(visit, "started")
    now = next_week + timedelta(minutes=15)
    hours = timedelta(hours=started.policy.drive_block_hours)
    assert until(clinic, now) == started.ends_at + hours


def test_whoever_stays_longer_is_clear_later(clinic: Clinic, visit):
    started = clinic.until(visit, "started")
    late = started.ends_at + timedelta(hours=2)
    assert until(clinic, late) == late + timedelta(hours=started.policy.drive_block_hours)


def test_after_leaving_it_is_the_time_of_the_driving_clock_to_the_minute(clinic: Clinic, visit):
    ready = clinic.until(visit, "ready")
    left = ready.ends_at
    clinic.hand_over(ready, ready.commitments.get(), now=left)
    clear = driving.drive_from(infusion=clinic.fresh(visit))
    assert until(clinic, left) == clear == left + timedelta(hours=24)
    assert until(clinic, clear - timedelta(minutes=1)) == clear
    assert until(clinic, clear) is None


def test_a_nights_sleep_counts_where_the_rules_ask_for_it(clinic: Clinic, next_week):
    PolicyFactory(site=clinic.site, signed_at=clinic.now, drive_block_hours=2, sleep_required=True)
    visit = clinic.book(next_week)
    clinic.confirmed(clinic.named("Sam"), visit)
    ready = clinic.until(visit, "ready")
    clinic.hand_over(ready, ready.commitments.get(), now=ready.ends_at)
    local = until(clinic, ready.ends_at).astimezone(clinic.site.zone)
    assert (local.date(), f"{local:%H:%M}") == (ready.ends_at.date() + timedelta(days=1), "08:00")


def test_a_visit_that_was_stopped_early_counts_too(clinic: Clinic, visit):
    started = clinic.until(visit, "started")
    now = started.starts_at + timedelta(minutes=20)
    infusions.stop_early(infusion=started, reason="Felt unwell", actor=clinic.nurse, now=now)
    assert until(clinic, now) is not None


def test_one_question_however_many_visits(clinic: Clinic, visit, django_assert_num_queries):
    clinic.until(visit, "started")
    with django_assert_num_queries(1):
        until(clinic, visit.starts_at + timedelta(minutes=20))


def test_a_yes_to_messages_waits_and_a_no_counts_at_once(clinic: Clinic, visit, next_week):
    clinic.until(visit, "started")
    during = next_week + timedelta(minutes=30)
    link = links.for_patient(patient=clinic.patient, now=clinic.now)
    says = {"link": link, "about": Purpose.VISITS, "actor": "link:abc"}
    preferences.say_yes(**says, now=next_week)
    preferences.say_no(**says, now=during)
    with pytest.raises(Refused, match="You can say yes from Thursday 12 March at"):
        preferences.say_yes(**says, now=during)
    yes = Consent.objects.filter(person=f"patient:{clinic.patient.pk}", purpose=Purpose.VISITS, withdrawn_at=None)
    assert not yes.exists()


def test_messages_that_were_stopped_start_again_only_once_a_yes_counts(clinic: Clinic, visit, next_week):
    clinic.until(visit, "started")
    says = {"link": links.for_patient(patient=clinic.patient, now=clinic.now), "actor": "link:abc"}
    preferences.stop(**says, now=next_week + timedelta(minutes=30))
    with pytest.raises(Refused, match="nothing new is agreed to"):
        preferences.start(**says, now=next_week + timedelta(minutes=31))
    assert opt_outs.among(addresses=[clinic.patient.phone]) == {clinic.patient.phone}


def test_a_helper_agrees_to_messages_whenever_they_like(clinic: Clinic, visit, next_week):
    sam = clinic.patient.designations.get()
    clinic.until(visit, "started")
    link = links.for_designation(designation=sam, now=clinic.now)
    during = next_week + timedelta(minutes=30)
    says = {"link": link, "about": Purpose.RIDES, "actor": "link:abc", "now": during}
    preferences.say_no(**says)
    preferences.say_yes(**says)
    assert Consent.objects.filter(person=f"person:{sam.person_id}", purpose=Purpose.RIDES, withdrawn_at=None).exists()


def test_a_free_place_is_not_taken_by_link_and_staff_may_give_it(clinic: Clinic, visit, next_week):
    started = clinic.until(visit, "started")
    day = next_week.date() + timedelta(days=7)
    by = {"actor": clinic.desk, "now": clinic.now}
    entry = waitlist.join(course=visit.course, infusion=None, first_day=day, last_day=day, **by)
    offer = PlaceOffer.objects.create(
        entry=entry,
        site=clinic.site,
        room=clinic.room,
        clinician=visit.clinician,
        starts_at=next_week + timedelta(days=7),
        offered_at=started.started_at,
        expires_at=started.started_at + timedelta(hours=2),
    )
    with pytest.raises(Refused, match="Please call us about this time"):
        place_offers.take(offer=offer, now=started.started_at, by="link:abc")
    offer.refresh_from_db()
    assert offer.status == "open"
    assert place_offers.take(offer=offer, now=started.started_at, by="staff:1", actor=clinic.desk)


def test_what_staff_hear_waits_too_unless_they_may_judge_it(clinic: Clinic, visit, next_week):
    now, said = clinic.until(visit, "started").started_at, pending.refuse_if_it_waits
    with pytest.raises(Refused, match="agrees to nothing new before Thursday 12 March at 15:10"):
        said(patient=clinic.patient, now=now, by=clinic.nurse)
    with pytest.raises(Refused):
        said(patient=clinic.patient, now=now, by=clinic.desk, said_on=next_week.date())
    said(patient=clinic.patient, now=now, by=clinic.desk, said_on=next_week.date() - timedelta(days=1))
    said(patient=clinic.patient, now=now, by=clinic.staff["clinician"])
    said(patient=clinic.patient, now=next_week, by=clinic.desk)
