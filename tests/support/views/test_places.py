import re
from datetime import UTC, date, datetime
from html import unescape
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from django.urls import reverse

from clinic.enums import CourseStatus, Role
from tests.factories import (
    CourseFactory,
    InfusionFactory,
    ProtocolFactory,
    RoomFactory,
    SiteFactory,
    StaffFactory,
)

AT = datetime(2026, 3, 4, 15, 15, tzinfo=UTC)
WALL = "2026-03-04T10:15"  # the same in New York


@pytest.fixture
def room(site, policy):
    return RoomFactory(site=site, name="Room 1")


@pytest.fixture
def kim(site):
    return StaffFactory(role=Role.CLINICIAN, sites=[site], full_name="Kim Larsen")


@pytest.fixture
def course(site, kim):
    return CourseFactory(patient__site=site, protocol=ProtocolFactory(site=site))


def asked_of(response):
    return {name: values[0] for name, values in parse_qs(urlsplit(response.headers["Location"]).query).items()}


def test_who_waits_for_a_time_is_offered_it(desk, room, course):
    CourseFactory(patient__site=course.patient.site, protocol=course.protocol, status=CourseStatus.FINISHED)
    html = desk.get(reverse("schedule_book"), {"room": room.pk, "at": WALL}).content.decode()
    assert "Wednesday 4 March, Room 1." in html
    assert html.count("Place the next visit") == 1


def test_another_clinics_patients_do_not_wait_here(desk, room):
    CourseFactory(patient__site=SiteFactory())
    html = desk.get(reverse("schedule_book"), {"room": room.pk, "at": WALL}).content.decode()
    assert "Every visit has a time" in html


def found(desk, room):
    html = desk.get(reverse("schedule_book"), {"room": room.pk, "at": WALL, "q": "maya"}).content.decode()
    return [unescape(href) for href in re.findall(r'href="([^"]*/course/new/[^"]*)"', html)]


def test_a_patient_found_by_name_takes_day_time_and_room_along_to_a_series(desk, room, course):
    hrefs = found(desk, room)
    assert [dict(parse_qsl(urlsplit(href).query)) for href in hrefs] == [
        {"first_day": "2026-03-04", "prefer": "10:15", "at": WALL, "room": str(room.pk)}
    ]
    page = desk.get(hrefs[0])
    assert (page.context["form"]["prefer"].value(), page.context["form"]["first_day"].value()) == (
        "10:15",
        date(2026, 3, 4),
    )
    plans = desk.get(f"{hrefs[0]}&protocol={course.protocol_id}")
    assert {visit.slot.room for visit in plans.context["cards"][0].offer.visits} == {room}


def test_a_single_visit_goes_into_the_place_that_was_clicked(desk, site, room, kim, course):
    other = RoomFactory(site=site, name="Room 0")
    booster = ProtocolFactory(site=site, name="One booster", stages=[(1, 1, 1, 1)])
    single, _series = found(desk, room)
    page = desk.get(single)
    card = page.context["cards"][0]
    assert (card.is_chosen, card.offer.good_at) == (True, ("The time you chose on the schedule",))
    assert "Leave this one out" not in page.content.decode()
    desk.post(single, {"slots": card.value, "form_key": str(page.context["form_key"])})
    booked = course.patient.infusions.get()
    assert (booked.course.protocol, booked.starts_at, booked.room) == (booster, AT, room)
    assert other != room


def test_a_single_visit_that_does_not_fit_there_says_so(desk, site, room, kim, course):
    ProtocolFactory(site=site, name="One booster", stages=[(1, 1, 1, 1)])
    for hour in (13, 16):
        InfusionFactory(course__patient__site=site, room=room, starts_at=AT.replace(hour=hour))
    page = desk.get(found(desk, room)[0])
    assert "No room is free long enough at this time." in page.content.decode()
    assert "The time you chose" not in page.content.decode()


def test_the_time_goes_along_to_the_course(desk, room, kim, course):
    response = desk.get(reverse("schedule_book"), {"room": room.pk, "at": WALL, "course": course.pk})
    assert response.headers["Location"].startswith(reverse("course_place", args=[course.pk]))
    assert asked_of(response) == {"from": "2026-03-04", "slot": f"{AT.isoformat()}~{room.pk}~{kim.pk}"}


def test_a_clinicians_free_time_finds_a_room(desk, room, kim, course):
    response = desk.get(reverse("schedule_book"), {"clinician": kim.pk, "at": WALL, "course": course.pk})
    assert asked_of(response)["slot"] == f"{AT.isoformat()}~{room.pk}~{kim.pk}"


def test_a_time_too_late_for_a_whole_visit_becomes_the_last_that_fits(desk, room, kim, course):
    asked = {"room": room.pk, "at": "2026-03-04T17:15", "course": course.pk}
    response = desk.get(reverse("schedule_book"), asked, follow=True)
    # The visit takes 100 minutes, the clinic closes at 18:00.
    assert "slot=2026-03-04T21%3A15" in response.redirect_chain[0][0]
    html = response.content.decode()
    assert "From 17:15 this visit does not fit. 16:15 is the last start that does." in html
    assert "Against a rule" not in html


def test_where_a_whole_visit_finds_no_room_other_times_are_shown_with_the_reason(desk, room, kim, course):
    for hour in (13, 16):
        InfusionFactory(course__patient__site=room.site, room=room, starts_at=AT.replace(hour=hour))
    response = desk.get(reverse("schedule_book"), {"room": room.pk, "at": WALL, "course": course.pk}, follow=True)
    assert "No room is free long enough" in response.content.decode()
    assert response.redirect_chain[0][0] == reverse("course_place", args=[course.pk]) + "?from=2026-03-04"


def test_a_course_of_another_clinic_is_not_there(desk, room):
    elsewhere = CourseFactory(patient__site=SiteFactory())
    asked = {"room": room.pk, "at": WALL, "course": elsewhere.pk}
    assert desk.get(reverse("schedule_book"), asked).status_code == 404


@pytest.mark.parametrize("at", ["", "tomorrow", "2026-13-45T10:15", "2026-03-08T02:30", "1066-10-14T09:00"])
@pytest.mark.parametrize("name", ["schedule_book", "schedule_drop"])
def test_a_time_the_clock_never_shows_leads_back_to_the_schedule(desk, book, name, at):
    asked = {"at": at, "visit": book(at=AT).pk}
    response = desk.get(reverse(name), asked)
    assert response.headers["Location"] == reverse("schedule")


def test_a_visit_put_down_leads_to_what_would_change(desk, site, book):
    visit, other = book(at=AT), RoomFactory(site=site)
    response = desk.get(
        reverse("schedule_drop"), {"visit": visit.pk, "version": "3", "at": "2026-03-04T11:30", "room": other.pk}
    )
    assert response.headers["Location"].startswith(reverse("infusion_move_preview", args=[visit.pk]))
    assert asked_of(response) == {"slot": f"2026-03-04T16:30:00+00:00~{other.pk}~{visit.clinician_id}", "version": "3"}


def test_a_visit_of_another_clinic_cannot_be_put_down(desk, policy):
    elsewhere = InfusionFactory(starts_at=AT)
    assert desk.get(reverse("schedule_drop"), {"visit": elsewhere.pk, "at": WALL}).status_code == 404
