from collections.abc import Callable
from datetime import UTC, datetime, time

import pytest
from django.test import Client
from django.urls import reverse

from clinic.domain import sites
from clinic.enums import Role
from clinic.models import OpeningHours, Room, Site
from tests.factories import ProtocolFactory, RoomFactory, SiteFactory, StaffFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def new_clinic() -> Client:
    """An administrator at a site where nothing is set up."""
    client = Client()
    client.site = sites.begin(now=datetime(2026, 3, 3, tzinfo=UTC))
    client.force_login(StaffFactory(role=Role.ADMIN, sites=[client.site]))
    return client


def done(site: Site) -> list[str]:
    return [step.name for step in sites.steps(site=site) if step.done]


def test_a_new_clinic_is_led_from_one_step_to_the_next(new_clinic: Client) -> None:
    page = new_clinic.get(reverse("setup"))
    assert (done(new_clinic.site), page.context["following"].name) == ([], "site")
    assert "0 of 6 steps are done." in page.content.decode()


def test_there_are_as_many_numbered_lines_as_steps(director: Client) -> None:
    page = director.get(reverse("setup"))
    html = page.content.decode()
    assert html.split("<ol")[1].split("</ol>")[0].count("<li") == len(page.context["steps"]) == 6
    assert "of 6 steps are done." in html


def test_every_staff_page_says_that_the_rules_are_not_signed(new_clinic: Client, director: Client) -> None:
    sentence = "nothing can be started until the medical director has signed"
    assert sentence in new_clinic.get(reverse("setup")).content.decode()
    assert sentence not in director.get(reverse("setup")).content.decode()


def test_the_whole_set_up_is_done_step_by_step(new_clinic: Client) -> None:
    site = new_clinic.site
    address = {"name": "Northgate", "public_name": "Northgate Care", "timezone": "America/New_York", "region": "US"}
    new_clinic.post(reverse("setup_site"), {**address, "phone": "410-555-0142", "street": "12 Elm Street"})
    new_clinic.post(reverse("setup_rooms"), {"name": "Room 1", "guest_places": "1", "is_active": "on"})
    new_clinic.post(
        reverse("setup_hours"), {"from_0": "08:00", "to_0": "12:00", "again_0": "13:00", "until_0": "18:00"}
    )
    new_clinic.post(reverse("protocol_presets"), {"names": ["IV, 6 in 3 weeks"]})
    for number, role in enumerate([Role.CLINICIAN, Role.DIRECTOR]):
        person = {"full_name": "Ada Moss", "email": f"ada{number}@example.org", "role": role}
        new_clinic.post(reverse("staff_invite"), person)
    site.refresh_from_db()
    assert done(site) == ["site", "rooms", "hours", "staff", "protocols"]
    assert (site.phone, str(site.zone)) == ("+14105550142", "America/New_York")
    assert list(site.opening_hours.values_list("opens", "closes")) == [(time(8), time(12)), (time(13), time(18))]


def test_a_number_nobody_can_dial_is_refused_and_the_page_keeps_its_name(director: Client, site: Site) -> None:
    form = {
        "name": "New name",
        "public_name": "N",
        "timezone": "Asia/Kolkata",
        "phone": "12",
        "street": "x",
        "region": "US",
    }
    answer = director.post(reverse("setup_site"), form)
    page = answer.content.decode()
    site.refresh_from_db()
    assert (answer.status_code, site.name == "New name", 'value="New name"' in page) == (422, False, True)


def named(site: Site, **changes: str) -> dict[str, str]:
    plain = ("name", "public_name", "timezone", "phone", "street", "city", "region")
    return {field: getattr(site, field) for field in plain} | changes


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        (
            {"public_name": "Northgate Infusion"},
            "public_name",
            "“infusion” tells a stranger what a visit is about. Choose a neutral name.",
        ),
        (
            {"public_name": "Salud Mental Norte"},
            "public_name",
            "“mental” tells a stranger what a visit is about. Choose a neutral name.",
        ),
        (
            {"public_name": "Willow House", "never_say": "willow"},
            "public_name",
            "“willow” tells a stranger what a visit is about. Choose a neutral name.",
        ),
        (
            {"never_say": "willow, visit"},
            "never_say",
            "“visit” stands in the messages themselves: they could not be sent.",
        ),
        ({"never_say": "it"}, "never_say", "A word has three letters or more: shorter ones stand in too many others."),
    ],
)
def test_a_clinics_words_for_strangers_are_neutral(changes, field, sentence, director: Client, site: Site) -> None:
    answer = director.post(reverse("setup_site"), named(site, **changes))
    assert (answer.status_code, dict(answer.context["form"].errors)) == (422, {field: [sentence]})


def test_a_clinic_names_words_no_message_may_hold(director: Client, site: Site) -> None:
    director.post(reverse("setup_site"), named(site, never_say="Willow  House, ,dr. vega, willow house"))
    site.refresh_from_db()
    assert site.never_say == ["willow house", "dr. vega"]
    assert 'value="willow house,dr. vega"' in director.get(reverse("setup_site")).content.decode()


def test_a_second_room_with_the_same_name_is_refused(director: Client, site: Site) -> None:
    RoomFactory(site=site, name="Room 1")
    answer = director.post(reverse("setup_rooms"), {"name": "room 1", "guest_places": "1"})
    assert (answer.status_code, answer.context["form"].errors["name"]) == (
        422,
        ["There is one with this name already."],
    )


def test_a_room_is_renamed_and_taken_out_of_use(director: Client, site: Site) -> None:
    room = RoomFactory(site=site)
    form = {"name": "Garden", "guest_places": "2", "equipment": ["pump", "bed"]}
    director.post(reverse("setup_room", args=[room.pk]), form)
    room.refresh_from_db()
    assert (room.name, room.guest_places, room.equipment, room.is_active) == ("Garden", 2, ["pump", "bed"], False)
    assert "Infusion pump, Bed" in director.get(reverse("setup_rooms")).content.decode()


@pytest.mark.parametrize(
    ("hours", "field", "sentence"),
    [
        ({"from_0": "08:00"}, "to_0", "Fill in both times, or neither."),
        ({"from_0": "10:00", "to_0": "08:00"}, "to_0", "This must be later than the time before it."),
        ({"again_0": "10:00", "until_0": "12:00"}, "from_0", "Fill in the hours before the break first."),
        (
            {"from_0": "08:00", "to_0": "12:00", "again_0": "11:00", "until_0": "13:00"},
            "again_0",
            "The break must end after it begins.",
        ),
    ],
)
def test_hours_that_make_no_sense_are_refused(
    hours: dict[str, str], field: str, sentence: str, director: Client, site: Site
) -> None:
    answer = director.post(reverse("setup_hours"), hours)
    assert (answer.status_code, answer.context["form"].errors[field]) == (422, [sentence])
    assert OpeningHours.objects.filter(site=site).count() == 7


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(
    ("name", "make", "queries"),
    [("setup_rooms", RoomFactory, 5), ("protocols", ProtocolFactory, 8)],
)
def test_the_lists_ask_the_database_as_often_for_three_as_for_one(
    name: str, make: Callable, queries: int, count: int, director: Client, site: Site, django_assert_num_queries
) -> None:
    make.create_batch(count, site=site)
    director.get(reverse(name))
    with django_assert_num_queries(queries):
        director.get(reverse(name))


@pytest.mark.parametrize(("name", "make"), [("setup_room", RoomFactory), ("protocol_edit", ProtocolFactory)])
def test_another_clinics_things_are_not_found(name: str, make: Callable, director: Client) -> None:
    assert director.get(reverse(name, args=[make().pk])).status_code == 404


def test_the_front_desk_does_not_set_up(desk: Client) -> None:
    names = ["setup", "setup_site", "setup_rooms", "setup_hours", "protocols", "staff", "policy_edit"]
    assert {name: desk.get(reverse(name)).status_code for name in names} == dict.fromkeys(names, 403)


def test_a_director_without_a_site_begins_one(client: Client) -> None:
    director = StaffFactory(role=Role.DIRECTOR)
    client.force_login(director)
    assert client.get(reverse("patients")).url == reverse("setup")
    assert client.get(reverse("setup_rooms")).url == reverse("setup")
    assert director.sites.count() == 0
    client.post(reverse("setup"))
    assert director.sites.count() == 1


def test_a_nurse_without_a_site_is_told_whom_to_ask(client: Client) -> None:
    SiteFactory()
    client.force_login(StaffFactory(role=Role.NURSE))
    answer = client.get(reverse("patients"))
    assert (answer.status_code, "Ask the administrator" in answer.content.decode()) == (403, True)


def test_rooms_of_the_site_only_are_listed(director: Client, site: Site) -> None:
    RoomFactory(site=site, name="Ours")
    RoomFactory(name="Theirs")
    assert [room.name for room in director.get(reverse("setup_rooms")).context["rooms"]] == ["Ours"]
    assert Room.objects.count() == 2
