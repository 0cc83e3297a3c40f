import time

import pytest
from django.test import Client
from django.urls import reverse

from clinic.enums import Role
from clinic.models import AuditEntry, Site, StaffMember
from tests.factories import StaffFactory

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery staple"
PIN = "4917"


@pytest.fixture
def nurse(site: Site) -> StaffMember:
    return StaffFactory(sites=[site], role=Role.NURSE, full_name="Kim Lee")


@pytest.fixture
def tablet(nurse: StaffMember, site: Site) -> Client:
    """A device on which Kim and Dana have signed in; Dana has it now. Both chose a PIN."""
    client = Client()
    for staff in (nurse, StaffFactory(sites=[site], full_name="Dana Rivera")):
        client.post(reverse("account_login"), {"login": staff.email, "password": PASSWORD})
        client.post(reverse("pin"), {"password": PASSWORD, "pin": PIN, "again": PIN})
        client.post(reverse("account_logout"))
    client.post(reverse("account_login"), {"login": staff.email, "password": PASSWORD})
    return client


def take_over(client: Client, staff: StaffMember, pin: str = PIN):
    return client.post(reverse("switch_person"), {"staff": staff.pk, "pin": pin})


def who(client: Client) -> str | None:
    return client.session.get("_auth_user_id")


def test_a_name_and_a_pin_change_hands(tablet: Client, nurse: StaffMember) -> None:
    before = tablet.session.session_key
    answer = take_over(tablet, nurse)
    assert (answer.url, who(tablet)) == (reverse("today"), str(nurse.pk))
    assert tablet.session.session_key != before
    assert AuditEntry.objects.latest("pk").verb == "signed_in.pin"


def test_the_page_that_was_left_opens_for_whoever_took_over(tablet: Client, nurse: StaffMember) -> None:
    address = f"{reverse('switch_person')}?next={reverse('schedule')}"
    assert tablet.post(address, {"staff": nurse.pk, "pin": PIN}).url == reverse("schedule")


def test_a_page_of_somebody_else_does_not_open(tablet: Client, nurse: StaffMember) -> None:
    address = f"{reverse('switch_person')}?next=https://example.org/"
    assert tablet.post(address, {"staff": nurse.pk, "pin": PIN}).url == reverse("today")


def test_whoever_has_the_device_is_not_offered_to_take_it_over(tablet: Client, nurse: StaffMember) -> None:
    page = tablet.get(reverse("switch_person"))
    assert list(page.context["form"].fields["staff"].queryset) == [nurse]


def test_somebody_new_to_the_device_signs_in_with_a_password_and_goes_on(tablet: Client, site: Site) -> None:
    """The sign-in page sends whoever is signed in straight back: their session ends first."""
    clinician = StaffFactory(sites=[site], role=Role.CLINICIAN)
    door = tablet.post(f"{reverse('switch_person')}?next={reverse('schedule')}", {"password": "yes"}).url
    assert tablet.get(door).status_code == 200
    answer = tablet.post(door, {"login": clinician.email, "password": PASSWORD, "next": reverse("schedule")})
    assert (answer.url, who(tablet)) == (reverse("schedule"), str(clinician.pk))


def test_it_works_after_the_session_of_the_person_before_has_ended(tablet: Client, nurse: StaffMember) -> None:
    tablet.post(reverse("account_logout"))
    take_over(tablet, nurse)
    assert who(tablet) == str(nurse.pk)


def test_a_wrong_pin_changes_nothing(tablet: Client, nurse: StaffMember) -> None:
    before = who(tablet)
    answer = take_over(tablet, nurse, "0000")
    assert (answer.status_code, who(tablet)) == (422, before)


def test_after_five_wrong_pins_only_the_password_helps(tablet: Client, nurse: StaffMember) -> None:
    answers = [take_over(tablet, nurse, f"100{number}").status_code for number in range(6)]
    assert answers == [422] * 5 + [429]
    assert take_over(tablet, nurse).status_code == 422
    assert nurse.pk not in [
        staff.pk for staff in tablet.get(reverse("switch_person")).context["form"].fields["staff"].queryset
    ]


def test_colleagues_who_take_turns_all_day_are_never_locked_out(tablet: Client, nurse: StaffMember) -> None:
    dana = StaffMember.objects.get(full_name="Dana Rivera")
    assert [take_over(tablet, staff).status_code for staff in [nurse, dana] * 8] == [302] * 16


def test_a_device_on_which_nobody_signed_in_knows_nobody(nurse: StaffMember, tablet: Client) -> None:
    stranger = Client()
    assert (take_over(stranger, nurse).status_code, who(stranger)) == (422, None)
    assert "Kim Lee" not in stranger.get(reverse("switch_person")).content.decode()


def test_twelve_hours_later_the_device_has_forgotten(tablet: Client, nurse: StaffMember, time_machine) -> None:
    time_machine.move_to(time.time() + 12 * 3600 + 60)
    assert take_over(tablet, nurse).status_code == 422


@pytest.mark.parametrize("value", ["[[1, 9999999999]]", "x:y:z", ""])
def test_a_forged_cookie_is_no_memory(value: str, nurse: StaffMember, tablet: Client) -> None:
    tablet.cookies["people"] = value.replace("1", str(nurse.pk), 1)
    assert take_over(tablet, nurse).status_code == 422


def test_the_cookie_is_out_of_reach_for_scripts(tablet: Client) -> None:
    assert (tablet.cookies["people"]["httponly"], tablet.cookies["people"]["samesite"]) == (True, "Lax")


def test_a_closed_account_cannot_take_over(tablet: Client, nurse: StaffMember) -> None:
    StaffMember.objects.filter(pk=nurse.pk).update(is_active=False)
    assert take_over(tablet, nurse).status_code == 422


def test_somebody_without_a_pin_is_no_choice(tablet: Client, nurse: StaffMember) -> None:
    StaffMember.objects.filter(pk=nurse.pk).update(quick_pin="")
    assert take_over(tablet, nurse, "").status_code == 422


def test_looking_at_the_page_keeps_the_person(tablet: Client) -> None:
    before = who(tablet)
    tablet.get(reverse("switch_person"))
    assert who(tablet) == before


@pytest.mark.parametrize("pin", ["1234", "0000", "9876", "123", "1234567", "12a4", "١٢٤٩"])
def test_a_pin_that_is_guessed_first_is_refused(pin: str, desk: Client) -> None:
    answer = desk.post(reverse("pin"), {"password": PASSWORD, "pin": pin, "again": pin})
    assert (answer.status_code, StaffMember.objects.get(pk=desk.staff.pk).quick_pin) == (422, "")


def test_a_pin_is_chosen_with_the_password_only(desk: Client) -> None:
    answer = desk.post(reverse("pin"), {"password": "wrong", "pin": PIN, "again": PIN})
    assert (answer.status_code, StaffMember.objects.get(pk=desk.staff.pk).quick_pin) == (422, "")


def test_a_pin_is_never_kept_as_it_is(tablet: Client, nurse: StaffMember) -> None:
    nurse.refresh_from_db()
    assert PIN not in nurse.quick_pin
