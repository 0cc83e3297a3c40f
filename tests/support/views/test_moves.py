from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from clinic.domain import bookings
from clinic.domain.slots import Slot
from clinic.enums import InfusionStatus, Role
from clinic.forms import slot_text
from support.enums import CommitmentStatus
from tests.factories import CommitmentFactory, CourseFactory, PatientFactory, ProtocolFactory, RoomFactory, StaffFactory

TOMORROW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)  # 10:00 in New York


@pytest.fixture
def clinic(site, policy):
    """One room, one clinician."""
    return RoomFactory(site=site), StaffFactory(role=Role.CLINICIAN, sites=[site])


@pytest.fixture
def course(site, clinic):
    return CourseFactory(patient__site=site, protocol=ProtocolFactory(site=site, stages=[(2, 1, 3, 9)]))


def slot(clinic, at):
    return Slot(starts_at=at, room=clinic[0], clinician=clinic[1])


@pytest.fixture
def visit(course, clinic, now):
    actor = StaffFactory(role=Role.FRONT_DESK, sites=[course.patient.site])
    return bookings.book(course=course, slot=slot(clinic, TOMORROW), actor=actor, now=now)


def move(client, visit, clinic, at, version=None):
    data = {"slot": slot_text.written(slot(clinic, at)), "version": visit.version if version is None else version}
    return client.post(reverse("infusion_move", args=[visit.pk]), data)


def test_the_page_offers_free_times_but_not_the_present_one(desk, visit):
    page = desk.get(reverse("infusion_move", args=[visit.pk])).content.decode()
    assert "2026-03-04T15:30:00+00:00~" in page
    assert "2026-03-04T15:00:00+00:00~" not in page


def test_moving_voids_every_yes_and_asks_again(desk, visit, clinic, now):
    row = CommitmentFactory(
        infusion=visit, status=CommitmentStatus.ACCEPTED, answered_at=now, for_starts_at=visit.starts_at
    )
    assert move(desk, visit, clinic, TOMORROW + timedelta(hours=3)).status_code == 302
    row.refresh_from_db()
    visit.refresh_from_db()
    assert (row.status, visit.starts_at) == (CommitmentStatus.VOID, TOMORROW + timedelta(hours=3))


def test_a_form_that_shows_an_older_state_is_told_what_changed(desk, visit, clinic):
    move(desk, visit, clinic, TOMORROW + timedelta(hours=3))
    response = move(desk, visit, clinic, TOMORROW + timedelta(hours=5), version=visit.version)
    visit.refresh_from_db()
    assert (response.status_code, visit.starts_at) == (422, TOMORROW + timedelta(hours=3))
    assert "13:00" in response.content.decode()


def test_a_time_that_was_just_taken_offers_the_next_ones(desk, visit, clinic, site, now):
    other = CourseFactory(patient__site=site, protocol=visit.course.protocol)
    at = TOMORROW + timedelta(hours=3)
    bookings.book(course=other, slot=slot(clinic, at), actor=visit.booked_by, now=now)
    response = move(desk, visit, clinic, at)
    assert response.status_code == 422
    assert "The next free times" in response.content.decode()


NO_TIMES = ["", "nonsense", "2026-03-04T15:00:00~1~1", "2026-03-04T15:00:00+00:00~0~0", "~~", "a~b~c~d"]


@pytest.mark.parametrize("text", NO_TIMES)
def test_a_time_nobody_offered_is_refused(desk, visit, text):
    data = {"slot": text, "version": visit.version}
    response = desk.post(reverse("infusion_move", args=[visit.pk]), data)
    assert (response.status_code, "Pick one of the times." in response.content.decode()) == (422, True)


def test_a_room_of_another_clinic_is_no_time(desk, visit, clinic):
    strange = Slot(starts_at=TOMORROW, room=RoomFactory(), clinician=clinic[1])
    data = {"slot": slot_text.written(strange), "version": visit.version}
    assert desk.post(reverse("infusion_move", args=[visit.pk]), data).status_code == 422


def test_a_visit_without_a_time_is_placed(desk, visit, course, clinic):
    at = TOMORROW + timedelta(days=2)
    response = desk.post(reverse("course_place", args=[course.pk]), {"slot": slot_text.written(slot(clinic, at))})
    assert response.status_code == 302
    assert course.infusions.get(number=2).starts_at == at


def test_somebody_who_just_came_in_begins_now(desk, site, clinic, course, now):
    patient = PatientFactory(site=site)
    data = {"protocol": course.protocol.pk, "room": clinic[0].pk, "clinician": clinic[1].pk}
    response = desk.post(reverse("infusion_walk_in", args=[patient.pk]), data)
    walked_in = patient.infusions.get()
    assert response.headers["Location"] == reverse("infusion", args=[walked_in.pk])
    assert (walked_in.is_walk_in, walked_in.state) == (True, InfusionStatus.ARRIVED)


def test_a_walk_in_without_a_room_is_refused_and_kept(desk, site, clinic, course):
    patient = PatientFactory(site=site)
    data = {"protocol": course.protocol.pk, "room": "", "clinician": clinic[1].pk}
    response = desk.post(reverse("infusion_walk_in", args=[patient.pk]), data)
    assert (response.status_code, "form-errors" in response.content.decode()) == (422, True)
