from datetime import UTC, date, datetime, time

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic.domain import standing, wishes
from clinic.enums import Role
from clinic.models import (
    Course,
    Infusion,
    Patient,
    Protocol,
    Room,
    RuleOverride,
    Site,
    StaffMember,
    WorkingHours,
)
from support.domain import own_times
from tests.factories import (
    CourseFactory,
    DesignationFactory,
    PatientFactory,
    PolicyFactory,
    ProtocolFactory,
    RoomFactory,
    StaffFactory,
    SupportPersonFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tuesday(time_machine, now: datetime) -> None:
    time_machine.move_to(now, tick=False)


@pytest.fixture
def protocol(site: Site) -> Protocol:
    RoomFactory(site=site, name="Room 1")
    StaffFactory(role=Role.CLINICIAN, sites=[site], full_name="Dr. Ada Moss")
    return ProtocolFactory(site=site)


@pytest.fixture
def patient(site: Site) -> Patient:
    return PatientFactory(site=site)


def wish(protocol: Protocol, **more: str) -> dict[str, str]:
    return {"protocol": str(protocol.pk), "first_day": "2026-03-05", "prefer": "10:30", **more}


def look(client: Client, patient: Patient, protocol: Protocol, **more: str):
    return client.get(reverse("course_new", args=[patient.pk]), wish(protocol, **more))


def chosen(client: Client, patient: Patient, protocol: Protocol, which: int = 0, **more: str) -> dict[str, str]:
    """What the page's form would post."""
    page = look(client, patient, protocol, **more).context
    return {"slots": page["cards"][which].value, "form_key": str(page["form_key"])}


def book(client: Client, patient: Patient, protocol: Protocol, form: dict[str, str]):
    return client.post(reverse("course_new", args=[patient.pk], query=wish(protocol)), form)


def starts() -> list[datetime]:
    return list(Infusion.objects.order_by("starts_at").values_list("starts_at", flat=True))


def test_three_plans_say_what_they_are_good_at(desk: Client, patient, protocol) -> None:
    page = look(desk, patient, protocol)
    assert [card.offer.good_at for card in page.context["cards"]] == [
        ("Always Thu/Sun 10:30",),
        ("Done soonest: Sunday 15 March",),
        ("Or in the afternoon: Always Thu/Sun 12:00",),
    ]
    text = page.content.decode()
    assert (text.count('type="radio" name="slots"'), text.count(" checked>")) == (3, 1)
    assert "Nobody is named for the way home" in text
    assert starts() == []


def test_a_plan_names_who_could_drive_and_who_could_not(desk: Client, patient, protocol, now: datetime) -> None:
    sam = DesignationFactory(patient=patient, person=SupportPersonFactory(site=patient.site, given_name="Sam"))
    own_times.state(designation=sam, can=False, weekdays=[6], actor="staff:1", now=now)
    best = look(desk, patient, protocol).context["cards"][0].offer
    assert best.good_at == ("Somebody could drive for all 6 visits", "Always Mon/Fri 10:30")
    assert {driver.name for visit in best.visits for driver in visit.drivers} == {"Sam"}
    own_times.state(designation=sam, can=False, weekdays=range(7), starts=time(14), actor="staff:1", now=now)
    page = look(desk, patient, protocol, prefer="15:00").content.decode()
    assert ("6 to ask<" in page, "to ask: Sam" in page, "nobody can drive" in page) == (True, True, True)
    own_times.state(designation=sam, can=True, weekdays=[0], ends=time(14), actor="staff:1", now=now)
    page = look(desk, patient, protocol).content.decode()
    assert ("can drive, " in page, "can drive: Sam" in page) == (True, True)


def test_an_untouched_form_begins_when_there_is_still_time_to_ask(desk: Client, patient, protocol) -> None:
    """By the rules helpers are asked again 72 hours before; it is Tuesday 3 March."""
    page = desk.get(reverse("course_new", args=[patient.pk]))
    assert page.context["form"]["first_day"].value() == date(2026, 3, 7)
    page = desk.get(reverse("course_new", args=[patient.pk], query={"first_day": "2026-03-04"}))
    assert page.context["form"]["first_day"].value() == date(2026, 3, 4)


@pytest.mark.parametrize("helpers", [1, 3])
def test_a_literal_number_of_queries(desk: Client, patient, protocol, helpers: int, now: datetime) -> None:
    for _helper in range(helpers):
        named = DesignationFactory(patient=patient)
        own_times.state(designation=named, can=False, weekdays=[6, 2], actor="staff:1", now=now)
    look(desk, patient, protocol)
    with CaptureQueriesContext(connection) as asked:
        assert look(desk, patient, protocol).status_code == 200
    assert len(asked) == 21


def test_all_six_are_booked_in_one_go(desk: Client, patient, protocol) -> None:
    answer = book(desk, patient, protocol, chosen(desk, patient, protocol))
    assert answer.url == reverse("patient", args=[patient.pk])
    assert (Course.objects.get().sessions, len(starts())) == (6, 6)
    # The clocks change on 8 March: the same time on the wall is an hour earlier in UTC.
    assert starts()[:2] == [datetime(2026, 3, 5, 15, 30, tzinfo=UTC), datetime(2026, 3, 8, 14, 30, tzinfo=UTC)]


def test_any_of_the_plans_can_be_booked(desk: Client, patient, protocol) -> None:
    book(desk, patient, protocol, chosen(desk, patient, protocol, which=1))
    assert (starts()[-1].date() - starts()[0].date()).days == 10


def without(client: Client, patient: Patient, protocol: Protocol, *visits: int, which: int = 0) -> dict[str, object]:
    """The same with boxes ticked: these visits of the plan get no date."""
    page = look(client, patient, protocol).context
    card = page["cards"][which]
    marks = [card.visits[visit - 1][1] for visit in visits]
    return {"slots": card.value, "form_key": str(page["form_key"]), "left_out": marks}


def test_a_date_that_is_left_out_stays_to_place(desk: Client, patient, protocol) -> None:
    """The others keep their numbers, and so the days between them."""
    planned = [slot.starts_at for slot in look(desk, patient, protocol).context["cards"][0].offer.slots]
    assert book(desk, patient, protocol, without(desk, patient, protocol, 3)).status_code == 302
    course = Course.objects.get()
    numbers = list(course.infusions.order_by("starts_at").values_list("number", flat=True))
    assert (numbers, starts()) == ([1, 2, 4, 5, 6], planned[:2] + planned[3:])
    assert (course.sessions, standing.of(course=course).to_place) == (6, [3])
    where = reverse("course_place", args=[course.pk])
    answer = desk.post(where, {"slot": as_written(planned[2])})
    assert (answer.status_code, course.infusions.get(starts_at=planned[2]).number) == (302, 3)


def as_written(moment: datetime) -> str:
    visit = Infusion.objects.first()
    return f"{moment.isoformat()}~{visit.room_id}~{visit.clinician_id}"


def test_a_box_counts_for_its_own_plan_only(desk: Client, patient, protocol) -> None:
    other = without(desk, patient, protocol, 1, which=1)["left_out"]
    book(desk, patient, protocol, without(desk, patient, protocol) | {"left_out": other})
    assert len(starts()) == 6


def test_a_plan_with_every_date_left_out_is_no_plan(desk: Client, patient, protocol) -> None:
    answer = book(desk, patient, protocol, without(desk, patient, protocol, *range(1, 7)))
    assert (answer.status_code, starts()) == (422, [])
    assert "Every date of this plan is left out. Keep at least one." in answer.content.decode()


def test_what_was_chosen_and_left_out_stays_where_booking_failed(desk: Client, patient, protocol) -> None:
    form = without(desk, patient, protocol, 2, 4, which=1)
    answer = book(desk, patient, protocol, form | {"form_key": "no key"})
    cards = answer.context["cards"]
    assert (answer.status_code, [card.is_chosen for card in cards]) == (422, [False, True, False])
    assert [number for number, (_visit, _box, is_out, _rides) in enumerate(cards[1].visits, start=1) if is_out] == [
        2,
        4,
    ]
    assert answer.content.decode().count('name="left_out"') == sum(len(card.visits) for card in cards)


def hours_change(site: Site) -> None:
    """After the look: nobody works on a Sunday any more."""
    clinician = StaffMember.objects.get(role=Role.CLINICIAN)
    for weekday in (0, 1, 2, 3, 4, 5):
        WorkingHours.objects.create(site=site, staff=clinician, weekday=weekday, starts=time(7), ends=time(20))


def test_what_goes_against_a_rule_only_when_it_is_booked_takes_a_reason(sign_in, patient, protocol, site: Site) -> None:
    PolicyFactory(site=site, override_roles=[Role.NURSE])
    nurse = sign_in(Role.NURSE)
    form = without(nurse, patient, protocol, 3)
    hours_change(site)
    page = book(nurse, patient, protocol, form)
    text = page.content.decode()
    assert (page.status_code, starts()) == (422, [])
    assert (text.count('name="override_reason"'), "Book what you had chosen" in text) == (1, True)
    again = {"form_key": str(page.context["form_key"]), "override_reason": "Comes in on Sunday for it"}
    again |= {"slots": page.context["chosen_before"], "left_out": page.context["left_out_before"]}
    assert book(nurse, patient, protocol, again).status_code == 302
    assert (len(starts()), RuleOverride.objects.exists()) == (5, True)


def test_who_may_not_book_against_it_reads_what_speaks_against_it(desk: Client, patient, protocol, site: Site) -> None:
    PolicyFactory(site=site, override_roles=[Role.NURSE])
    form = chosen(desk, patient, protocol)
    hours_change(site)
    text = book(desk, patient, protocol, form).content.decode()
    assert ("Your role may not book against the rules." in text, 'name="override_reason"' in text) == (True, False)
    assert starts() == []


def test_pressing_twice_books_once(desk: Client, patient, protocol) -> None:
    form = chosen(desk, patient, protocol)
    book(desk, patient, protocol, form)
    again = book(desk, patient, protocol, form)
    assert (again.status_code, Course.objects.count(), len(starts())) == (302, 1, 6)


def test_when_somebody_was_faster_nothing_is_booked_and_fresh_plans_are_offered(
    desk: Client, patient, protocol, site: Site
) -> None:
    form = chosen(desk, patient, protocol)
    book(desk, PatientFactory(site=site), protocol, chosen(desk, PatientFactory(site=site), protocol))
    answer = book(desk, patient, protocol, form)
    page = answer.content.decode()
    assert (answer.status_code, patient.courses.count(), len(starts())) == (422, 0, 6)
    assert ("Nothing was booked" in page, 'value="2026-03-05"' in page) == (True, True)
    assert "Visit 1 on Thursday 5 March at 10:30 was just taken." in page
    assert len(answer.context["cards"]) == 3


def test_a_room_closed_between_look_and_booking_books_nothing(desk: Client, patient, protocol, site: Site) -> None:
    form = chosen(desk, patient, protocol)
    site.closures.create(
        room=Room.objects.get(),
        starts_at=datetime(2026, 3, 8, 5, tzinfo=UTC),
        ends_at=datetime(2026, 3, 9, 4, tzinfo=UTC),
    )
    answer = book(desk, patient, protocol, form)
    assert (answer.status_code, starts()) == (422, [])
    assert "Room 1 is closed at that time on Sunday 8 March." in answer.content.decode()


def test_a_protocol_changed_between_look_and_booking_books_nothing(desk: Client, patient, protocol) -> None:
    form = chosen(desk, patient, protocol)
    Protocol.objects.filter(pk=protocol.pk).update(is_active=False)
    answer = book(desk, patient, protocol, form)
    assert (answer.status_code, starts()) == (422, [])
    assert answer.context["form"].errors["protocol"] == [
        "This protocol was changed meanwhile, or is not offered. Choose again."
    ]


def test_a_course_beyond_the_horizon_keeps_the_rest_to_place(desk: Client, patient, protocol, site: Site) -> None:
    long = ProtocolFactory(site=site, stages=[(6, 2, 3, 5), (10, 21, 28, 42)])
    page = look(desk, patient, long)
    assert "9 more visits lie further ahead than we plan." in page.content.decode()
    book(desk, patient, long, chosen(desk, patient, long))
    assert (len(starts()), Course.objects.get().sessions) == (7, 16)


def test_no_plan_says_why_and_leads_to_what_would_help(desk: Client, patient, protocol, site: Site) -> None:
    site.closures.create(
        starts_at=datetime(2026, 3, 5, 5, tzinfo=UTC), ends_at=datetime(2026, 3, 19, 4, tzinfo=UTC), reason="moving"
    )
    page = look(desk, patient, protocol)
    assert page.context["outlook"].reasons[1] == "The clinic is closed on each of these days."
    ((way, address),) = page.context["ways_out"]
    assert way.sentence == "Beginning later, on Thursday 19 March, gives 3 plans."
    later = desk.get(reverse("course_new", args=[patient.pk]) + address)
    assert (len(later.context["cards"]), "Something gives way" in later.content.decode()) == (3, True)


def test_bad_times_stand_beside_the_question(desk: Client, patient, protocol, now: datetime) -> None:
    by = {"actor": StaffFactory(), "now": now}
    wishes.add(patient=patient, weekdays=[3], starts=time(8), ends=time(12), suits=False, **by)
    page = look(desk, patient, protocol)
    assert "Thursday 08:00 to 12:00 does not suit" in page.content.decode()
    assert {card.offer.slots[0].starts_at.day for card in page.context["cards"]} >= {6}


def test_a_day_that_is_over_is_refused_on_the_form(desk: Client, patient, protocol) -> None:
    page = look(desk, patient, protocol, first_day="2026-03-02")
    assert (page.status_code, page.context["form"].errors["first_day"]) == (
        422,
        ["This day is over. Choose today or later."],
    )


@pytest.mark.parametrize(
    "more",
    [{"first_day": "9999-12-31"}, {"wider": "9"}, {"weekdays": "8"}, {"prefer": "25:00"}],
)
def test_what_cannot_be_planned_comes_back_on_the_form(desk: Client, patient, protocol, more: dict) -> None:
    assert look(desk, patient, protocol, **more).status_code == 422


def test_another_clinics_protocol_is_no_choice(desk: Client, patient) -> None:
    assert "protocol" in look(desk, patient, ProtocolFactory()).context["form"].errors


@pytest.mark.parametrize(
    "slots",
    ["", "nonsense", "2026-03-05T15:30:00+00:00~999999~999999", "2026-03-05T15:30:00~1~1", "x~y~z", "~~", "9" * 9000],
)
def test_times_that_nobody_offered_are_refused(slots: str, desk: Client, patient, protocol) -> None:
    form = chosen(desk, patient, protocol)
    answer = book(desk, patient, protocol, {**form, "slots": slots})
    assert (answer.status_code, starts()) == (422, [])


def test_fewer_times_than_the_plan_has_visits_are_refused(desk: Client, patient, protocol) -> None:
    form = chosen(desk, patient, protocol)
    answer = book(desk, patient, protocol, {**form, "slots": form["slots"].rsplit(" ", 1)[0]})
    assert (answer.status_code, starts()) == (422, [])


def test_another_clinics_room_is_refused(desk: Client, patient, protocol) -> None:
    form = chosen(desk, patient, protocol)
    ours, theirs = Room.objects.get(site=patient.site), RoomFactory()
    answer = book(desk, patient, protocol, {**form, "slots": form["slots"].replace(f"~{ours.pk}~", f"~{theirs.pk}~")})
    assert (answer.status_code, starts()) == (422, [])


def test_posting_without_a_wish_books_nothing(desk: Client, patient, protocol) -> None:
    form = chosen(desk, patient, protocol)
    answer = desk.post(reverse("course_new", args=[patient.pk]), form)
    assert (answer.status_code, starts()) == (200, [])


def test_the_form_that_only_looks_carries_no_token_in_its_address(desk: Client, patient, protocol) -> None:
    page = desk.get(reverse("course_new", args=[patient.pk])).content.decode()
    assert "csrfmiddlewaretoken" not in page.split('method="get" novalidate')[1].split("</form>")[0]


def only_tuesdays_and_fridays(patient: Patient, site: Site) -> Protocol:
    """Three or four days apart; the protocol wants five or six."""
    site.opening_hours.exclude(weekday__in=[1, 4]).delete()
    PolicyFactory(site=site, override_roles=[Role.NURSE])
    return ProtocolFactory(site=site, stages=[(3, 5, 5, 6)])


def test_a_plan_against_the_protocol_takes_a_reason_by_somebody_who_may(sign_in, patient, protocol, site: Site) -> None:
    narrow = only_tuesdays_and_fridays(patient, site)
    nurse = sign_in(Role.NURSE)
    way, address = look(nurse, patient, narrow).context["ways_out"][0]
    assert way.sentence == "Allowing 7 days between visits gives 2 plans."
    where = reverse("course_new", args=[patient.pk]) + address
    page = nurse.get(where)
    assert 'name="override_reason"' in page.content.decode()
    form = {"slots": page.context["cards"][0].value, "form_key": str(page.context["form_key"])}
    refused = nurse.post(where, form)
    assert (refused.status_code, starts()) == (422, [])
    assert nurse.post(where, form | {"override_reason": "Away every second week"}).status_code == 302
    assert (len(starts()), RuleOverride.objects.count()) == (3, 2)


def test_who_may_not_go_against_the_protocol_sees_the_plans_and_no_button(
    desk: Client, patient, protocol, site: Site
) -> None:
    narrow = only_tuesdays_and_fridays(patient, site)
    _way, address = look(desk, patient, narrow).context["ways_out"][0]
    page = desk.get(reverse("course_new", args=[patient.pk]) + address).content.decode()
    assert ("Your role may not book one of them." in page, "Book this plan" in page) == (True, False)


def test_the_rest_of_a_course_is_planned_and_booked_together(desk: Client, patient, protocol, site: Site) -> None:
    long = ProtocolFactory(site=site, stages=[(3, 2, 3, 5), (4, 14, 21, 28)])
    book(desk, patient, long, chosen(desk, patient, long))
    course = Course.objects.get()
    assert len(starts()) == 5
    assert reverse("course_plan", args=[course.pk]) in desk.get(reverse("patient", args=[patient.pk])).content.decode()
    where = reverse("course_plan", args=[course.pk])
    page = desk.get(where)
    assert [len(card.visits) for card in page.context["cards"]] == [2, 2, 2]
    form = {"slots": page.context["cards"][0].value, "form_key": str(page.context["form_key"])}
    for _press in range(2):
        assert desk.post(where, form).url == reverse("patient", args=[patient.pk])
    assert len(starts()) == 7


def test_dates_of_the_rest_can_be_left_out_too(desk: Client, patient, protocol, site: Site) -> None:
    long = ProtocolFactory(site=site, stages=[(3, 2, 3, 5), (4, 14, 21, 28)])
    book(desk, patient, long, chosen(desk, patient, long))
    where = reverse("course_plan", args=[Course.objects.get().pk])
    page = desk.get(where).context
    card = page["cards"][0]
    form = {"slots": card.value, "form_key": str(page["form_key"]), "left_out": [card.visits[0][1]]}
    for _press in range(2):
        assert desk.post(where, form).status_code == 302
    assert standing.of(course=Course.objects.get()).to_place == [6]


def test_a_course_with_a_gap_leads_to_its_single_places(desk: Client, patient, protocol) -> None:
    book(desk, patient, protocol, chosen(desk, patient, protocol))
    course = Course.objects.get()
    course.infusions.filter(number=2).update(status="cancelled", cancelled_at=starts()[0], off_reason="ill")
    answer = desk.get(reverse("course_plan", args=[course.pk]))
    assert answer.url == reverse("course_place", args=[course.pk])


def test_a_plan_that_was_booked_can_be_undone_from_the_patients_page(desk, patient, protocol, now, time_machine):
    book(desk, patient, protocol, chosen(desk, patient, protocol))
    course = Course.objects.get()
    page = desk.get(reverse("patient", args=[patient.pk])).content.decode()
    assert "6 visits were booked at 09:41. This can be undone until 09:51." in page
    address, data = reverse("course_undo", args=[course.pk]), {"at": now.isoformat()}
    page = desk.post(address, data, follow=True).content.decode()
    assert "Undone: 6 visits are off." in page
    assert "Undo the booking" not in page
    assert set(course.infusions.values_list("status", flat=True)) == {"cancelled"}


@pytest.mark.parametrize("at", ["", "yesterday", "2026-03-03T09:41"])
def test_an_undo_of_nothing_we_know_changes_nothing(desk, patient, protocol, at):
    book(desk, patient, protocol, chosen(desk, patient, protocol))
    page = desk.post(reverse("course_undo", args=[Course.objects.get().pk]), {"at": at}, follow=True).content.decode()
    assert ("undone for ten minutes" in page, Infusion.objects.filter(status="booked").count()) == (True, 6)


def test_a_course_of_another_clinic_cannot_be_undone(desk, now):
    elsewhere = PatientFactory()
    course = CourseFactory(patient=elsewhere)
    assert desk.post(reverse("course_undo", args=[course.pk]), {"at": now.isoformat()}).status_code == 404
