"""The waitlist at the desk, and an offer behind a patient's link."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from clinic.domain import bookings, infusions
from clinic.domain.slots import Slot
from clinic.enums import Role
from clinic.forms import slot_text
from clinic.models import Infusion
from support.domain import links, waitlist
from support.enums import OfferStatus
from support.models import Availability, PlaceOffer, WaitlistEntry
from tests.factories import (
    CourseFactory,
    DesignationFactory,
    PatientFactory,
    ProtocolFactory,
    RoomFactory,
    StaffFactory,
)

DAY = timedelta(days=1)


@pytest.fixture
def place(site, policy, now):
    """Next Tuesday at 10:00 in New York."""
    return Slot(
        starts_at=(now + 7 * DAY).replace(hour=14, minute=0),
        room=RoomFactory(site=site),
        clinician=StaffFactory(role=Role.CLINICIAN, sites=[site]),
    )


@pytest.fixture
def course(site):
    """Omar's, all to place; his helper can always drive on a Tuesday."""
    patient = PatientFactory(site=site, given_name="Omar", family_name="Pace")
    named = DesignationFactory(patient=patient)
    Availability.objects.create(person=named.person, can=True, weekday=1)
    return CourseFactory(patient=patient, protocol=ProtocolFactory(site=site))


def join(client, course, now, days=9):
    form = {"infusion": "", "first_day": now.date(), "last_day": now.date() + days * DAY}
    return client.post(reverse("waitlist_join", args=[course.pk]), form, follow=True)


@pytest.fixture
def offer(desk, course, place, site, now):
    """A place that became free, offered to Omar."""
    join(desk, course, now)
    visit = bookings.place(course=CourseFactory(patient__site=site), slot=place, actor=course.opened_by, now=now)
    infusions.cancel(infusion=visit, actor=course.opened_by, now=now, reason="Flu")
    return PlaceOffer.objects.get()


@pytest.fixture
def link(course, now):
    """Omar's page, with his browser."""
    browser = Client()
    browser.get(reverse("link", args=[links.token(links.for_patient(patient=course.patient, now=now))]))
    return browser, links.for_patient(patient=course.patient, now=now).pk


def tap(link, name, offer):
    browser, key = link
    return browser.post(reverse(name, args=[key, offer.pk]), follow=True)


def test_with_nobody_on_it_the_page_says_what_to_do(desk):
    assert "Nobody waits" in desk.get(reverse("waitlist")).content.decode()


def test_a_course_is_put_on_the_list_and_its_page_says_so(desk, course, now):
    page = join(desk, course, now).content.decode()
    assert "Omar P." in page
    assert "a visit without a time" in page
    assert (
        "Waits for a time that becomes free" in desk.get(reverse("patient", args=[course.patient_id])).content.decode()
    )


@pytest.mark.parametrize("days", [-1, -9])
def test_days_that_make_no_sense_come_back_with_a_sentence(desk, course, now, days):
    answer = join(desk, course, now, days)
    assert answer.status_code == 422
    assert not WaitlistEntry.objects.exists()


def test_the_list_shows_what_is_free_who_was_asked_and_until_when(desk, offer):
    page = desk.get(reverse("waitlist")).content.decode()
    assert "Tue 10 Mar, 10:00" in page
    assert "asked, has until 10:41" in page


def test_who_waits_without_an_offer_is_told_why_and_of_how_many_times(desk, course, place, site, now):
    Availability.objects.all().delete()
    join(desk, course, now)
    assert "No time has become free on these days." in desk.get(reverse("waitlist")).content.decode()
    for number in range(3):
        slot = Slot(starts_at=place.starts_at + number * DAY, room=place.room, clinician=place.clinician)
        held = bookings.place(course=CourseFactory(patient__site=site), slot=slot, actor=course.opened_by, now=now)
        infusions.cancel(infusion=held, actor=course.opened_by, now=now, reason="Flu")
    page = desk.get(reverse("waitlist")).content.decode()
    assert page.count("Nobody has said that they can drive then.") == 2
    assert f"Tue 10 Mar, 10:00, {place.room.name}: Nobody has said" in page
    assert "1 more free time does not fit either." in page


def test_a_yes_by_phone_books_the_place(desk, course, offer):
    desk.post(reverse("offer_take", args=[offer.pk]))
    assert Infusion.objects.get(course=course).starts_at == offer.starts_at


def test_a_no_by_phone_leaves_them_on_the_list(desk, offer):
    desk.post(reverse("offer_decline", args=[offer.pk]))
    offer.refresh_from_db()
    assert (offer.status, WaitlistEntry.objects.get().closed_at) == (OfferStatus.DECLINED, None)


def test_the_desk_gives_a_place_to_whom_it_fits(desk, offer, place):
    desk.post(reverse("offer_decline", args=[offer.pk]))
    answer = desk.post(reverse("waitlist_give", args=[offer.entry_id]), {"slot": slot_text.written(place)})
    visit = Infusion.objects.get(course=offer.entry.course)
    assert (answer.url, visit.starts_at) == (reverse("infusion", args=[visit.pk]), place.starts_at)


@pytest.mark.parametrize("slot", ["", "\x00", "2026-03-10T14:00:00+00:00~0~0", "9999-12-31T23:59:59+00:00~1~1"])
def test_nonsense_instead_of_a_place_is_no_500(desk, offer, slot):
    answer = desk.post(reverse("waitlist_give", args=[offer.entry_id]), {"slot": slot})
    assert answer.status_code == 422


def test_taking_somebody_off_the_list_ends_their_offer(desk, offer):
    desk.post(reverse("waitlist_leave", args=[offer.entry_id]))
    offer.refresh_from_db()
    assert offer.status == OfferStatus.GONE


def test_the_patients_page_shows_the_offer_and_looking_changes_nothing(link, offer):
    browser, key = link
    for _look in range(3):
        page = browser.get(reverse("link", args=[key])).content.decode()
    assert "A time is free for you" in page
    assert "Please answer by 10:41." in page
    offer.refresh_from_db()
    assert offer.status == OfferStatus.OPEN


def test_get_takes_nothing(link, offer):
    browser, key = link
    assert browser.get(reverse("link_offer_take", args=[key, offer.pk])).status_code == 405


def test_the_patient_takes_it_with_one_tap(link, offer):
    page = tap(link, "link_offer_take", offer).content.decode()
    assert "It is yours: Tue 10 Mar, 10:00." in page
    assert Infusion.objects.get(course=offer.entry.course).starts_at == offer.starts_at


def test_the_patient_leaves_it_with_one_tap(link, offer):
    page = tap(link, "link_offer_leave", offer).content.decode()
    assert "You stay on the list." in page
    assert "A time is free for you" not in page


def test_who_is_too_late_reads_so_and_stays_on_the_list(link, offer, site, place, now):
    bookings.place(course=CourseFactory(patient__site=site), slot=place, actor=offer.entry.created_by, now=now)
    page = tap(link, "link_offer_take", offer).content.decode()
    assert "This time has just been given to somebody else. You stay on the list." in page
    assert WaitlistEntry.objects.get().closed_at is None


def test_somebody_elses_offer_is_not_there(site, offer, now):
    other = links.for_patient(patient=PatientFactory(site=site), now=now)
    browser = Client()
    browser.get(reverse("link", args=[links.token(other)]))
    assert tap((browser, other.pk), "link_offer_take", offer).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_the_database_as_often_for_three_as_for_one(
    desk, site, course, place, now, count, django_assert_num_queries
):
    """As many who wait as places that became free."""
    for number in range(count):
        other = CourseFactory(patient__site=site, protocol=course.protocol)
        waitlist.join(
            course=other, first_day=now.date(), last_day=now.date() + 9 * DAY, actor=course.opened_by, now=now
        )
        slot = Slot(starts_at=place.starts_at + number * DAY, room=place.room, clinician=place.clinician)
        held = bookings.place(course=CourseFactory(patient__site=site), slot=slot, actor=course.opened_by, now=now)
        infusions.cancel(infusion=held, actor=course.opened_by, now=now, reason="Flu")
    desk.get(reverse("waitlist"))
    with django_assert_num_queries(26):
        desk.get(reverse("waitlist"))
