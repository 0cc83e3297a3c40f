"""Closing for a while, and the page that says whom it hits."""

import re
from contextlib import closing
from datetime import UTC, datetime, timedelta

import psycopg2
import pytest
from django.test import Client
from django.urls import reverse

from clinic.domain import bookings, locks
from clinic.domain.slots import Slot
from clinic.enums import Role
from clinic.forms import slot_text
from clinic.models import Closure, Course, Infusion, Patient, Protocol, Room, StaffMember
from messaging.models import Message
from support.domain import links
from support.models import Availability
from tests.factories import (
    CourseFactory,
    DesignationFactory,
    InfusionFactory,
    PatientFactory,
    ProtocolFactory,
    RoomFactory,
    StaffFactory,
    SupportPersonFactory,
)

TUESDAY = datetime(2026, 3, 10, 14, 0, tzinfo=UTC)  # 10:00 in New York
DAY = timedelta(days=1)
WHOLE_DAY = {"first_day": "2026-03-10", "last_day": "2026-03-10", "reason": "Snow"}


@pytest.fixture
def place(site, policy):
    return RoomFactory(site=site), StaffFactory(role=Role.CLINICIAN, sites=[site])


@pytest.fixture
def visit(site, place, now):
    return visit_at(site, place, TUESDAY, now)


def visit_at(site, place, at, now):
    protocol = Protocol.objects.filter(site=site).first() or ProtocolFactory(site=site, stages=[(2, 1, 3, 9)])
    course = CourseFactory(patient__site=site, protocol=protocol)
    slot = Slot(starts_at=at, room=place[0], clinician=place[1])
    return bookings.place(course=course, slot=slot, actor=StaffFactory(sites=[site]), now=now)


def closed(client):
    """The page that comes after closing Tuesday."""
    return client.post(reverse("closures"), WHOLE_DAY, follow=True)


def act(client, name, **data):
    return client.post(reverse(name, args=[Closure.objects.get().pk]), data, follow=True)


def act_of(client, name):
    """The page that asks first."""
    return client.get(reverse(name, args=[Closure.objects.get().pk])).content.decode()


def offer(visit, place, at, version=None):
    slot = Slot(starts_at=at, room=place[0], clinician=place[1])
    return f"{visit.pk}~{version or visit.version}~{slot_text.written(slot)}"


def test_a_closed_day_is_a_whole_day_on_the_clinics_calendar(desk, site):
    """14 March 2027 has 23 hours in New York."""
    desk.post(reverse("closures"), {"first_day": "2027-03-14", "last_day": "2027-03-14", "reason": "Spring"})
    closure = Closure.objects.get()
    assert (closure.starts_at, closure.ends_at) == (
        datetime(2027, 3, 14, 5, tzinfo=UTC),
        datetime(2027, 3, 15, 4, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"first_day": "2027-03-14", "last_day": "2027-03-12"}, "The end must be after the beginning."),
        ({"first_day": "2027-03-14", "last_day": "9999-12-31"}, "Look at the year again."),
        ({"first_day": "0001-01-01", "last_day": "2027-03-12"}, "Look at the year again."),
        ({**WHOLE_DAY, "reason": "Sno\x00w"}, "Null characters are not allowed."),
    ],
)
def test_days_that_make_no_sense_are_refused(desk, form, sentence):
    answer = desk.post(reverse("closures"), form)
    assert (answer.status_code, Closure.objects.count()) == (422, 0)
    assert sentence in answer.content.decode()


def test_closing_twice_by_a_double_press_is_one_closure(desk):
    for _press in range(2):
        closed(desk)
    assert Closure.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["closures", "closure_lift"])
def test_while_somebody_books_for_too_long_it_is_refused_in_words(desk, pg_dsn, name):
    if name == "closure_lift":
        closed(desk)
    form, address = WHOLE_DAY, reverse("closures")
    if name == "closure_lift":
        form, address = {}, reverse("closure_lift", args=[Closure.objects.get().pk])
    with closing(psycopg2.connect(pg_dsn)) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, 0)", [locks.PREMISES])
        answer = desk.post(address, form, follow=True)
    assert "Many people are booking at this moment. Please try again." in answer.content.decode()
    assert Closure.objects.count() == (name == "closure_lift")


def test_another_clinics_room_cannot_be_closed(desk):
    assert desk.post(reverse("closures"), {**WHOLE_DAY, "room": RoomFactory().pk}).status_code == 422


def test_an_administrator_closes_without_seeing_who_is_hit(sign_in, visit):
    page = closed(sign_in(Role.ADMIN)).content.decode()
    assert "Closed. 1 visit is booked in this time." in page
    assert visit.patient.short_name not in page


@pytest.mark.parametrize("role", Role.values)
def test_every_link_of_the_list_of_closed_times_opens_for_whoever_sees_it(sign_in, visit, role):
    """An administrator came from the opening hours, and its links led to pages of others."""
    client = sign_in(role)
    page = closed(client).content.decode() and client.get(reverse("closures")).content.decode()
    main = page[page.index("<main") : page.index("</main>")]
    links = set(re.findall(r'href="(/[^"#]*)"', main))
    assert links
    assert {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200)


def test_the_button_says_what_it_closes(desk):
    assert "Close this time</button>" in " ".join(desk.get(reverse("closures")).content.decode().split()).replace(
        " </button>", "</button>"
    )


def test_after_closing_the_page_shows_who_is_hit_and_where_they_could_go(desk, visit):
    page = closed(desk).content.decode()
    assert visit.patient.short_name in page
    assert "Wed 11 Mar, 10:00" in page


def test_one_tap_moves_a_visit_out_of_the_closed_time(desk, visit, place):
    closed(desk)
    page = act(desk, "closure_move", offer=offer(visit, place, TUESDAY + DAY)).content.decode()
    visit.refresh_from_db()
    assert visit.starts_at == TUESDAY + DAY
    assert "comes on Wednesday 11 March at 10:00 now" in page
    assert "1 of 1 visit has been dealt with" in page
    assert "Nobody is left in this time" in page


def test_a_tap_on_a_page_from_before_a_change_is_told_what_changed(desk, visit, place):
    closed(desk)
    Infusion.objects.filter(pk=visit.pk).update(version=5)
    answer = act(desk, "closure_move", offer=offer(visit, place, TUESDAY + DAY, version=1))
    assert answer.status_code == 422
    assert "Somebody changed this visit meanwhile." in answer.content.decode()


@pytest.mark.parametrize("text", ["", "x", "1~2", "99999999999999999999~1~x", "~~", "1~1~2026-03-10~0~\x00"])
def test_nonsense_instead_of_an_offer_is_no_500(desk, visit, text):
    closed(desk)
    assert act(desk, "closure_move", offer=text.replace("1~", f"{visit.pk}~", 1)).status_code in {404, 422}
    assert act(desk, "closure_move_all", first=text).status_code in {404, 422}
    assert act(desk, "closure_take_off", visit=text).status_code in {404, 422}


def test_before_all_are_moved_the_page_asks_and_says_where_each_would_go(desk, site, place, visit, now):
    """One press had moved twelve visits and told everybody, with no question and no way back."""
    other = visit_at(site, place, TUESDAY + timedelta(hours=3), now)
    sam = DesignationFactory(patient=visit.patient, person=SupportPersonFactory(site=site, given_name="Sam"))
    Availability.objects.create(person=sam.person, can=True, weekday=(TUESDAY + DAY).weekday())
    closed(desk)
    address = reverse("closure_move_all", args=[Closure.objects.get().pk])
    assert f'href="{address}"' in desk.get(reverse("closure", args=[Closure.objects.get().pk])).content.decode()
    page = desk.get(address).content.decode()
    words = ["Move 2 visits?", "1 can drive, 1 with nobody to drive", "Tue 10 Mar, 10:00", "Wed 11 Mar, 10:00"]
    assert [word for word in [*words, "can drive: Sam", "undone for 10 minutes"] if word not in page] == []
    assert set(Infusion.objects.values_list("version", flat=True)) == {1}
    desk.post(address, {"first": re.findall(r'name="first" value="([^"]+)"', page)})
    visit.refresh_from_db()
    other.refresh_from_db()
    assert (visit.starts_at, other.starts_at > TUESDAY + DAY) == (TUESDAY + DAY, True)
    assert "Nothing to move" in desk.get(address).content.decode()


def test_who_has_no_time_to_go_to_is_named_before_all_are_moved(desk, site, place, visit, now):
    other = visit_at(site, (RoomFactory(site=site), place[1]), TUESDAY + timedelta(hours=3), now)
    Infusion.objects.filter(pk=other.pk).update(status="arrived", arrived_at=now)
    closed(desk)
    page = act_of(desk, "closure_move_all")
    assert "1 stays, because no time keeps the days between visits:" in page
    assert f"{other.patient.short_name}." in page


def test_move_all_moves_everybody_and_says_what_became_of_each(desk, site, place, visit, now):
    other = visit_at(site, place, TUESDAY + timedelta(hours=3), now)
    closed(desk)
    firsts = [offer(visit, place, TUESDAY + DAY), offer(other, place, TUESDAY + DAY)]
    page = act(desk, "closure_move_all", first=firsts).content.decode()
    assert page.count("status--ok") == 1
    assert "just been taken" in page
    assert "from Tue 10 Mar, 10:00 to <b>Wed 11 Mar, 10:00</b>" in page
    assert f'href="{reverse("infusion", args=[visit.pk])}"' in page
    visit.refresh_from_db()
    assert visit.starts_at == TUESDAY + DAY
    again = act_of(desk, "closure")
    assert ("Moved just now" in again, "from Tue 10 Mar, 10:00 to <b>Wed 11 Mar, 10:00</b>" in again) == (True, True)


def test_each_of_all_that_were_moved_can_be_undone(desk, visit, place):
    closed(desk)
    page = act(desk, "closure_move_all", first=offer(visit, place, TUESDAY + DAY)).content.decode()
    undo = reverse("infusion_move_undo", args=[visit.pk])
    [version] = re.findall(rf'action="{undo}".*?name="version" value="(\d+)"', page, re.S)
    answer = desk.post(undo, {"version": version}, follow=True)
    assert "Undone" in answer.content.decode()
    visit.refresh_from_db()
    assert visit.starts_at == TUESDAY


def test_taking_off_leaves_the_visit_to_place(desk, visit):
    closed(desk)
    act(desk, "closure_take_off", visit=f"{visit.pk}~{visit.version}")
    visit.refresh_from_db()
    assert (visit.status, visit.off_reason) == ("cancelled", "Snow")


def test_tell_them_all_sends_once_however_often_it_is_pressed(desk, visit):
    closed(desk)
    for _press in range(2):
        act(desk, "closure_tell")
    assert Message.objects.filter(kind="patient_closed").count() == 1


def test_the_patients_page_says_that_the_time_is_off_once_they_were_told(desk, visit, now):
    closed(desk)
    address = reverse("link", args=[links.token(links.for_patient(patient=visit.patient, now=now))])
    browser = Client()
    assert "This time is off" not in browser.get(address, follow=True).content.decode()
    act(desk, "closure_tell")
    assert "This time is off" in browser.get(address, follow=True).content.decode()
    act(desk, "closure_lift")
    assert "This time is off" not in browser.get(address, follow=True).content.decode()


def test_opening_again_says_what_it_does_not_do(desk, visit):
    closed(desk)
    page = act(desk, "closure_lift").content.decode()
    assert "Visits that were moved or cancelled stay as they are." in page
    assert not Closure.objects.exists()


def test_a_long_list_comes_in_pages(desk, site, place, now):
    for _number in range(26):
        visit_at(site, (RoomFactory(site=site), StaffFactory(role=Role.CLINICIAN, sites=[site])), TUESDAY, now)
    page = closed(desk).content.decode()
    assert page.count('class="panel" id="visit-') == 25
    assert "page 1 of 2" in page


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_asks_the_database_as_often_for_three_as_for_one(
    desk, site, place, now, count, django_assert_num_queries
):
    for number in range(count):
        visit_at(site, place, TUESDAY + timedelta(hours=2 * number), now)
    closed(desk)
    address = reverse("closure", args=[Closure.objects.get().pk])
    desk.get(address)
    with django_assert_num_queries(20):
        desk.get(address)


def test_what_was_told_is_counted_in_words_that_hold_for_one(desk, site, place, visit, now):
    other = visit_at(site, place, TUESDAY + timedelta(hours=3), now)
    other.patient.phone = other.patient.email = ""
    other.patient.save()
    closed(desk)
    assert "1 message goes out; 1 to call." in act(desk, "closure_tell").content.decode()
    assert "1 is told that their time holds; 1 to call." in act(desk, "closure_lift").content.decode()


def test_a_closed_time_with_hundreds_of_visits_shows_its_first_page(
    desk, site, place, visit, django_assert_num_queries
):
    closed(desk)
    address = reverse("closure", args=[Closure.objects.get().pk])
    desk.get(address)
    with django_assert_num_queries(20):
        desk.get(address)
    rooms = Room.objects.bulk_create(RoomFactory.build_batch(300, site=site))
    people = StaffMember.objects.bulk_create(StaffFactory.build_batch(300, role=Role.CLINICIAN, password="!"))
    patients = Patient.objects.bulk_create(PatientFactory.build_batch(300, site=site))
    courses = Course.objects.bulk_create(
        CourseFactory.build(patient=one, protocol=visit.course.protocol, sessions=2, opened_by=visit.booked_by)
        for one in patients
    )
    Infusion.objects.bulk_create(
        InfusionFactory.build(
            course=course,
            room=room,
            clinician=person,
            site=site,
            policy=visit.policy,
            booked_by=visit.booked_by,
            number=1,
            starts_at=TUESDAY,
        )
        for course, room, person in zip(courses, rooms, people, strict=True)
    )
    desk.get(address)
    with django_assert_num_queries(20):
        page = desk.get(address).content.decode()
    assert "0 of 301 visits have been dealt with" in page
    assert page.count('class="panel" id="visit-') == 25
    assert "page 1 of 13" in page
