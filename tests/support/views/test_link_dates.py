"""What a helper taps on the dates of a series: maybe, no, never on a Thursday, less often."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from support.domain import attesting, links
from support.enums import CommitmentStatus, SupportRole
from support.models import Alert, Availability, Commitment, Designation
from tests import world

pytestmark = pytest.mark.django_db
QUERIES = 9


@pytest.fixture
def named(clinic) -> Designation:
    found = clinic.named("Sam", roles=(SupportRole.RIDE, SupportRole.PRESENCE))
    attesting.attest(person=found.person, stay_hours=8, via="link", now=clinic.now)
    return found


@pytest.fixture
def visits(clinic, named, next_week):
    first = clinic.book(next_week, next_week + timedelta(days=2), next_week + timedelta(days=7))
    return list(first.course.infusions.order_by("starts_at"))


@pytest.fixture
def link(clinic, named, visits, clock_at):
    return links.for_designation(designation=named, now=clinic.now)


@pytest.fixture
def clock_at(clinic):
    with time_machine.travel(clinic.now, tick=False):
        yield


@pytest.fixture
def phone(link) -> Client:
    return world.theirs(Client(), link)


def post(phone, link, path, **fields) -> str:
    return phone.post(f"/l/{link.id}/{path}", fields, follow=True).content.decode()


def test_maybe_is_noted_and_asked_again(clinic, phone, link, named, visits):
    row = clinic.promise(named, visits[0])
    page = post(phone, link, "dates/", answer="maybe", date=[row.pk])
    assert "Noted as maybe." in page
    assert "You said maybe. Do you know by now?" in page
    assert {r.maybe_at for r in Commitment.objects.filter(infusion=visits[0])} == {clinic.now}
    page = post(phone, link, "dates/", answer="take", date=[row.pk])
    assert "You have this date now" in page
    assert "You said maybe" not in page


def test_never_on_a_wednesday_is_one_tap_and_nobody_waits_for_the_dates_on_it(clinic, phone, link, named, visits):
    page = post(phone, link, "never/", weekday="2")
    assert "We do not ask you for that day of the week. You can still take a date below." in page
    assert Availability.objects.get().weekday == 2
    assert [clinic.promise(named, visit).status for visit in visits] == ["covered", "asked", "covered"]


def test_a_day_no_week_has_is_answered_in_words(phone, link):
    assert "Say on which day of the week." in post(phone, link, "never/", weekday="9")
    assert not Availability.objects.exists()


def test_nothing_ticked_is_said(phone, link):
    for answer in ("take", "maybe", "no", ""):
        assert "No date is ticked yet." in post(phone, link, "dates/", answer=answer)


def test_a_third_guest_hears_that_the_room_is_full_and_keeps_the_ride(clinic, phone, link, named, visits):
    clinic.room.guest_places = 0
    clinic.room.save()
    page = post(phone, link, "dates/", answer="take", date=[clinic.promise(named, visits[0]).pk])
    assert "The room has no place left for another guest on one of these dates." in page
    assert clinic.promise(named, visits[0]).status == CommitmentStatus.ACCEPTED
    assert clinic.promise(named, visits[0], SupportRole.PRESENCE).status == CommitmentStatus.ASKED


@pytest.fixture
def asked(clinic, named):
    Designation.objects.filter(pk=named.pk).update(load_asked_at=clinic.now)


def test_after_some_rides_the_page_asks_whether_it_is_still_all_right(clinic, asked, phone, link, named):
    assert "Is it still all right for you?" in phone.get(f"/l/{link.id}/").content.decode()
    page = post(phone, link, "still-all-right/", answer="less", most="2")
    assert "We ask you for at most 2 in four weeks." in page
    assert "Is it still all right for you?" not in page
    named.refresh_from_db()
    assert named.most_rides == 2


@pytest.mark.parametrize("most", ["", "many", "0", "400"])
def test_less_often_without_a_number_is_asked_for_in_words(asked, phone, link, named, most):
    assert "number" in post(phone, link, "still-all-right/", answer="less", most=most)
    named.refresh_from_db()
    assert (named.most_rides, named.load_answer) == (None, "")


def test_going_on_is_thanked(asked, phone, link):
    assert "Thank you. That helps a lot." in post(phone, link, "still-all-right/", answer="go_on")


def test_stopping_needs_no_reason_and_says_first_what_it_means(clinic, asked, phone, link, named, visits):
    clinic.yes(named, visits[0])
    page = phone.get(f"/l/{link.id}/").content.decode()
    assert "You then have none of your dates any more, and we tell Maya kindly." in page
    page = post(phone, link, "still-all-right/", answer="step_back")
    assert ("We won’t ask you again" in page, "We do not write to you about Maya any more." in page) == (True, True)
    assert Alert.objects.filter(says__contains="and had dates. Please tell the patient.").count() == 1
    assert phone.get(f"/l/{link.id}/").status_code == 410


def test_the_patient_never_reads_a_rejection(clinic, phone, link, named, visits):
    """Somebody who stepped back is no news to the patient: the clinic asks somebody else."""
    clinic.yes(named, visits[0])
    post(phone, link, f"visit/{visits[0].pk}/step-back/")
    theirs = links.for_patient(patient=clinic.patient, now=clinic.now)
    page = world.theirs(Client(), theirs).get(f"/l/{theirs.id}/").content.decode()
    assert "Nobody is asked right now." in page
    assert not any(word in page for word in ("stepped back", "said no", "declined"))


def test_the_page_costs_the_same_with_one_date_and_with_three(clinic, phone, link, visits, django_assert_num_queries):
    address = f"/l/{link.id}/"
    with django_assert_num_queries(QUERIES):
        phone.get(address)
    Commitment.objects.filter(infusion__in=visits[1:]).delete()
    with django_assert_num_queries(QUERIES):
        phone.get(address)
