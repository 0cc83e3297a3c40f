"""A time for a visit that waits to be placed, and somebody who just came in, over HTTP."""

import re
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode

import pytest
from django.urls import reverse

from clinic.domain import bookings, wishes
from clinic.domain.slots import Slot
from clinic.enums import InfusionStatus, Role
from clinic.forms import slot_text
from clinic.models import Infusion, OpeningHours, RuleOverride, StaffMember
from tests.factories import (
    CourseFactory,
    DesignationFactory,
    PatientFactory,
    ProtocolFactory,
    RoomFactory,
    StaffFactory,
)

TOMORROW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)  # 10:00 in New York
DAY = timedelta(days=1)


@pytest.fixture
def clinic(site, policy):
    """One room, one clinician."""
    return RoomFactory(site=site, name="Room 1"), StaffFactory(role=Role.CLINICIAN, sites=[site])


@pytest.fixture
def course(site, clinic, now):
    """Two visits; the first is tomorrow."""
    made = CourseFactory(patient__site=site, protocol=ProtocolFactory(site=site, stages=[(2, 2, 3, 9)]))
    bookings.place(course=made, slot=slot(clinic, TOMORROW), actor=StaffFactory(sites=[site]), now=now)
    return made


def slot(clinic, at):
    return Slot(starts_at=at, room=clinic[0], clinician=clinic[1])


def place(client, course, clinic, at, **more):
    return client.post(reverse("course_place", args=[course.pk]), {"slot": slot_text.written(slot(clinic, at))} | more)


def look(client, course, **asked):
    return client.get(f"{reverse('course_place', args=[course.pk])}?{urlencode(asked)}")


def test_the_desk_reads_whom_no_message_asks(desk, course, clinic):
    DesignationFactory(patient=course.patient, person__given_name="Marta", person__agreed=False)
    answer = place(desk, course, clinic, TOMORROW + 2 * DAY)
    page = desk.get(answer.url).content.decode()
    assert "Booked. Invited, not written to again until they answer: Marta. Please call." in page


def test_a_visit_without_a_time_is_placed(desk, course, clinic):
    at = TOMORROW + 2 * DAY
    assert place(desk, course, clinic, at).status_code == 302
    assert course.infusions.get(number=2).starts_at == at


def test_a_time_in_the_address_is_shown_before_it_is_booked(desk, course, clinic):
    page = look(desk, course, slot=slot_text.written(slot(clinic, TOMORROW + 2 * DAY))).content.decode()
    assert "Book and ask the helpers" in page
    assert course.infusions.count() == 1


def test_days_too_near_another_visit_are_marked(desk, course):
    page = desk.get(reverse("course_place", args=[course.pk]) + "?from=2026-03-05").content.decode()
    marked = page.count("Wednesday 4 March and Thursday 5 March are too close")
    assert (marked, page.count("are too close")) == (1, 1)


def test_the_times_begin_where_the_days_between_visits_allow(desk, course):
    page = desk.get(reverse("course_place", args=[course.pk]))
    assert (page.context["first"], "Against a rule" in page.content.decode()) == (date(2026, 3, 6), False)


def test_the_last_visit_of_a_course_begins_after_the_one_before_it(desk, site, clinic, now):
    made = CourseFactory(patient__site=site, protocol=ProtocolFactory(site=site, stages=[(3, 2, 3, 9)]))
    for days in (3, 9):
        bookings.place(course=made, slot=slot(clinic, TOMORROW + days * DAY), actor=StaffFactory(sites=[site]), now=now)
    assert desk.get(reverse("course_place", args=[made.pk])).context["first"] == date(2026, 3, 15)


def test_each_time_says_who_could_drive_and_what_does_not_suit(desk, site, course, clinic, now):
    ride = DesignationFactory(patient=course.patient, person__given_name="Marta", roles=["ride"])
    wishes.add(
        patient=course.patient, weekdays=[4], starts=time(8), ends=time(11), suits=False, actor=clinic[1], now=now
    )
    friday = desk.get(reverse("course_place", args=[course.pk])).context["days"][0]
    assert [mark.word for mark in friday["rides"]] == [f"to ask: {ride.person.first_name}"]
    bad = {f"{one.starts_at.astimezone(site.zone):%H:%M}": is_bad for _value, one, _rides, is_bad in friday["times"]}
    assert (bad["08:00"], bad["10:30"], bad["11:00"]) == (True, True, False)
    page = look(desk, course, slot=slot_text.written(slot(clinic, TOMORROW + 2 * DAY))).content.decode()
    assert "to ask: Marta" in page
    assert "The patient said that they cannot come at this time." in page


def test_another_time_is_chosen_from_the_same_days(desk, course, clinic):
    at = slot_text.written(slot(clinic, TOMORROW + 6 * DAY))
    assert "?from=2026-03-08" in look(desk, course, slot=at, **{"from": "2026-03-08"}).content.decode()
    assert "?from=2026-03-10" in look(desk, course, slot=at).content.decode()


def test_all_that_speaks_against_a_time_is_listed(desk, course, clinic, site, now):
    at = TOMORROW + DAY
    other = CourseFactory(patient__site=site, protocol=course.protocol)
    bookings.place(course=other, slot=slot(clinic, at), actor=StaffFactory(sites=[site]), now=now)
    page = look(desk, course, slot=slot_text.written(slot(clinic, at))).content.decode()
    assert f"Room 1 is taken by {other.patient.short_name} from 10:00 to 11:55." in page
    assert "Wednesday 4 March and Thursday 5 March are too close: visits are at least 2 days apart." in page
    assert "Book and ask the helpers" not in page


def test_a_soft_rule_refuses_the_desk_and_asks_the_clinician_why(desk, sign_in, course, clinic):
    response = place(desk, course, clinic, TOMORROW + DAY)
    assert (response.status_code, 'name="override_reason"' in response.content.decode()) == (422, False)
    clinician = sign_in(Role.CLINICIAN)
    response = place(clinician, course, clinic, TOMORROW + DAY)
    assert (response.status_code, 'name="override_reason"' in response.content.decode()) == (422, True)
    assert place(clinician, course, clinic, TOMORROW + DAY, override_reason="Flies on Friday.").status_code == 302
    assert RuleOverride.objects.get().reason == "Flies on Friday."


def test_any_time_can_be_written_down(desk, course, clinic):
    asked = {"day": "2026-03-07", "time": "13:20", "room": clinic[0].pk, "clinician": clinic[1].pk}
    assert "2026-03-07T18:20:00+00:00~" in look(desk, course, **asked).content.decode()


@pytest.mark.parametrize("asked", [{"slot": "nonsense"}, {"slot": "\x00"}, {"day": "9999-12-31", "time": "10:00"}])
def test_what_is_no_time_is_refused(desk, course, asked):
    assert look(desk, course, **asked).status_code == 422


def test_a_course_without_anything_to_place_says_so(desk, course, clinic):
    place(desk, course, clinic, TOMORROW + 2 * DAY)
    page = look(desk, course, slot=slot_text.written(slot(clinic, TOMORROW + 4 * DAY)))
    assert (page.status_code, "All visits of this course have a date." in page.content.decode()) == (422, True)


def test_somebody_who_just_came_in_begins_now(desk, site, clinic, course):
    patient = PatientFactory(site=site)
    data = {"protocol": course.protocol.pk, "room": clinic[0].pk, "clinician": clinic[1].pk}
    response = desk.post(reverse("infusion_walk_in", args=[patient.pk]), data)
    walked_in = patient.infusions.get()
    assert response.headers["Location"] == reverse("infusion", args=[walked_in.pk])
    assert (walked_in.is_walk_in, walked_in.state) == (True, InfusionStatus.ARRIVED)


def walk_in_page(client, patient, **asked):
    html = client.get(reverse("infusion_walk_in", args=[patient.pk]), asked).content.decode()
    form = html[html.rindex('method="post"') :]
    return re.findall(r"<option[^>]*selected>([^<]*)<", form), re.findall(r"<option[^>]*>([^<]*)<", form), html


def test_who_is_free_now_is_chosen_already_and_who_is_not_says_from_when(desk, site, clinic, course, book, now):
    two = RoomFactory(site=site, name="Room 2")
    ida = StaffFactory(role=Role.CLINICIAN, sites=[site], full_name="Ida Lindgren")
    clinic[1].full_name = "Abe Stern"
    clinic[1].save()
    book(at=now - timedelta(minutes=11), room=clinic[0], clinician=clinic[1])
    StaffMember.objects.filter(role=Role.CLINICIAN).exclude(pk__in=[ida.pk, clinic[1].pk]).update(is_active=False)
    chosen, every, html = walk_in_page(desk, PatientFactory(site=site))
    assert chosen == [course.protocol.name, f"{two.name} · free now", f"{ida.full_name} · free now"]
    assert every[2:] == [
        "Room 1 · free from 11:25",
        "Room 2 · free now",
        "Abe Stern · free from 11:10",
        "Ida Lindgren · free now",
    ]
    assert "free together" not in html


def test_where_nothing_is_free_now_it_says_so_and_from_when(desk, site, clinic, course, book, now):
    book(at=now - timedelta(minutes=11), room=clinic[0], clinician=clinic[1])
    _chosen, _every, html = walk_in_page(desk, PatientFactory(site=site))
    assert "Nothing is free now. The first room and clinician are free together from 11:25" in html


def test_a_room_that_is_free_too_shortly_for_this_protocol_is_not_free_now(desk, site, clinic, course, book, now):
    quick = ProtocolFactory(site=site, name="Spray", prep_minutes=0, infusion_minutes=10, recovery_minutes=40)
    book(at=now + timedelta(minutes=90), room=clinic[0], clinician=clinic[1])
    patient = PatientFactory(site=site)
    assert "Room 1 · free from 13:06" in walk_in_page(desk, patient, protocol=course.protocol.pk)[1]
    assert "Room 1 · free now" in walk_in_page(desk, patient, protocol=quick.pk)[1]


def test_somebody_with_a_visit_to_place_came_for_that(desk, site, clinic, course):
    ProtocolFactory(site=site, name="A first one")
    chosen, _every, _html = walk_in_page(desk, course.patient)
    assert chosen[0] == course.protocol.name


def test_a_walk_in_after_hours_is_told_before_it_is_sent(desk, site, clinic, course):
    OpeningHours.objects.filter(site=site, weekday=1).delete()
    assert "The clinic is closed on Tuesday 3 March." in walk_in_page(desk, PatientFactory(site=site))[2]


def test_a_walk_in_without_a_room_is_refused_and_kept(desk, site, clinic, course):
    patient = PatientFactory(site=site)
    data = {"protocol": course.protocol.pk, "room": "", "clinician": clinic[1].pk}
    response = desk.post(reverse("infusion_walk_in", args=[patient.pk]), data)
    assert (response.status_code, "form-errors" in response.content.decode()) == (422, True)


def test_a_walk_in_out_of_hours_needs_the_role_and_a_reason(sign_in, site, clinic, course):
    OpeningHours.objects.filter(site=site, weekday=1).delete()
    patient = PatientFactory(site=site)
    data = {"protocol": course.protocol.pk, "room": clinic[0].pk, "clinician": clinic[1].pk}
    client = sign_in(Role.CLINICIAN)
    response = client.post(reverse("infusion_walk_in", args=[patient.pk]), data)
    assert (response.status_code, 'name="override_reason"' in response.content.decode()) == (422, True)
    client.post(reverse("infusion_walk_in", args=[patient.pk]), data | {"override_reason": "Came from far."})
    assert Infusion.objects.get(patient=patient).rule_overrides.get().reason == "Came from far."
