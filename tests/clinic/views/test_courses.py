from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from clinic.enums import Role
from clinic.models import Course, Infusion, Patient, Protocol, Room, Site
from tests.factories import PatientFactory, ProtocolFactory, RoomFactory, StaffFactory

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


def offered(client: Client, patient: Patient, protocol: Protocol, **more: str) -> dict[str, str]:
    """What the page's form would post."""
    page = client.get(reverse("course_new", args=[patient.pk]), wish(protocol, **more)).context
    return {"slots": page["offer"].written, "form_key": str(page["form_key"])}


def book(client: Client, patient: Patient, protocol: Protocol, form: dict[str, str]):
    return client.post(reverse("course_new", args=[patient.pk], query=wish(protocol)), form)


def starts() -> list[datetime]:
    return list(Infusion.objects.order_by("starts_at").values_list("starts_at", flat=True))


def test_six_dates_are_offered_at_the_time_that_was_wished_for(desk: Client, patient, protocol) -> None:
    page = desk.get(reverse("course_new", args=[patient.pk]), wish(protocol))
    local = [f"{slot.starts_at.astimezone(patient.site.zone):%d %H:%M}" for slot in page.context["offer"].slots]
    assert local == ["05 10:30", "08 10:30", "11 10:30", "14 10:30", "17 10:30", "20 10:30"]
    assert starts() == []


def test_all_six_are_booked_in_one_go(desk: Client, patient, protocol) -> None:
    answer = book(desk, patient, protocol, offered(desk, patient, protocol))
    assert answer.url == reverse("patient", args=[patient.pk])
    assert (Course.objects.get().sessions, len(starts())) == (6, 6)
    # The clocks change on 8 March: the same time on the wall is an hour earlier in UTC.
    assert starts()[:2] == [datetime(2026, 3, 5, 15, 30, tzinfo=UTC), datetime(2026, 3, 8, 14, 30, tzinfo=UTC)]


def test_pressing_twice_books_once(desk: Client, patient, protocol) -> None:
    form = offered(desk, patient, protocol)
    book(desk, patient, protocol, form)
    again = book(desk, patient, protocol, form)
    assert (again.status_code, Course.objects.count(), len(starts())) == (302, 1, 6)


def test_when_somebody_was_faster_nothing_is_booked_and_fresh_dates_are_offered(
    desk: Client, patient, protocol, site: Site
) -> None:
    form = offered(desk, patient, protocol)
    book(desk, PatientFactory(site=site), protocol, offered(desk, PatientFactory(site=site), protocol))
    answer = book(desk, patient, protocol, form)
    page = answer.content.decode()
    assert (answer.status_code, patient.courses.count(), len(starts())) == (422, 0, 6)
    assert ("Nothing was booked" in page, 'value="2026-03-05"' in page) == (True, True)
    assert len(answer.context["offer"].slots) == 6


def test_a_course_that_does_not_fit_says_why_and_when_it_would(desk: Client, patient, protocol, site: Site) -> None:
    site.opening_hours.filter(weekday=3).delete()
    page = desk.get(reverse("course_new", args=[patient.pk]), wish(protocol))
    assert page.context["offer"].reasons == ["The clinic is closed on Thursday 5 March."]
    assert "Begin on Friday 6 March" in page.content.decode()


def test_a_day_that_is_over_is_refused_on_the_form(desk: Client, patient, protocol) -> None:
    page = desk.get(reverse("course_new", args=[patient.pk]), wish(protocol, first_day="2026-03-02"))
    assert (page.status_code, page.context["form"].errors["first_day"]) == (
        422,
        ["This day is over. Choose today or later."],
    )


def test_another_clinics_protocol_is_no_choice(desk: Client, patient) -> None:
    page = desk.get(reverse("course_new", args=[patient.pk]), wish(ProtocolFactory()))
    assert "protocol" in page.context["form"].errors


@pytest.mark.parametrize(
    "slots",
    ["", "nonsense", "2026-03-05T15:30:00+00:00~999999~999999", "2026-03-05T15:30:00~1~1", "x~y~z", "~~", "9" * 9000],
)
def test_times_that_nobody_offered_are_refused(slots: str, desk: Client, patient, protocol) -> None:
    form = offered(desk, patient, protocol)
    answer = book(desk, patient, protocol, {**form, "slots": slots})
    assert (answer.status_code, starts()) == (422, [])


def test_fewer_times_than_the_protocol_has_visits_are_refused(desk: Client, patient, protocol) -> None:
    form = offered(desk, patient, protocol)
    answer = book(desk, patient, protocol, {**form, "slots": form["slots"].rsplit(" ", 1)[0]})
    assert (answer.status_code, starts()) == (422, [])


def test_another_clinics_room_is_refused(desk: Client, patient, protocol) -> None:
    form = offered(desk, patient, protocol)
    ours, theirs = Room.objects.get(site=patient.site), RoomFactory()
    answer = book(desk, patient, protocol, {**form, "slots": form["slots"].replace(f"~{ours.pk}~", f"~{theirs.pk}~")})
    assert (answer.status_code, starts()) == (422, [])


def test_posting_without_a_wish_books_nothing(desk: Client, patient, protocol) -> None:
    form = offered(desk, patient, protocol)
    answer = desk.post(reverse("course_new", args=[patient.pk]), form)
    assert (answer.status_code, starts()) == (200, [])


def test_the_form_that_only_looks_carries_no_token_in_its_address(desk: Client, patient, protocol) -> None:
    page = desk.get(reverse("course_new", args=[patient.pk])).content.decode()
    assert "csrfmiddlewaretoken" not in page.split('method="get" novalidate')[1].split("</form>")[0]
