import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from clinic import tasks
from clinic.enums import Role
from clinic.models import AuditEntry, Site, StaffMember
from tests.factories import StaffFactory

pytestmark = pytest.mark.django_db

ADA = {"full_name": "Ada Moss", "email": "ada@example.org", "role": Role.CLINICIAN}
PASSWORD = "seven green lanterns"


def invited(director: Client) -> str:
    """Invites Ada and gives the path from her e-mail."""
    director.post(reverse("staff_invite"), ADA)
    tasks.send_invitations()
    return re.search(r"http://localhost:8000(/\S+)", mail.outbox[-1].body).group(1)


def join(path: str, password: str = PASSWORD, again: str | None = None):
    return Client().post(path, {"password": password, "again": again or password})


def test_an_invitation_leaves_once(director: Client) -> None:
    director.post(reverse("staff_invite"), ADA)
    tasks.send_invitations()
    tasks.send_invitations()
    assert [(message.subject, message.to) for message in mail.outbox] == [
        ("Your account at Northgate Care", ["ada@example.org"])
    ]


def test_whoever_was_invited_chooses_a_password_and_is_in(director: Client, site: Site) -> None:
    answer = join(invited(director))
    ada = StaffMember.objects.get(email="ada@example.org")
    assert (answer.url, answer.cookies["session"].value != "") == (reverse("today"), True)
    assert (ada.check_password(PASSWORD), list(ada.sites.all()), ada.role) == (True, [site], Role.CLINICIAN)


def test_an_invitation_works_once(director: Client) -> None:
    path = invited(director)
    join(path)
    answer = join(path, password="another long password")
    assert (answer.status_code, StaffMember.objects.get(email="ada@example.org").check_password(PASSWORD)) == (
        404,
        True,
    )


def test_opening_an_invitation_uses_nothing_up(director: Client) -> None:
    path = invited(director)
    for _number in range(10):
        Client().get(path)
        Client().head(path)
    assert join(path).status_code == 302


def test_an_invitation_gets_old(director: Client, time_machine, now) -> None:
    time_machine.move_to(now)
    path = invited(director)
    time_machine.shift(4 * 24 * 3600)
    assert Client().get(path).status_code == 404


@pytest.mark.parametrize("token", ["1-abc", "abc", "-", "1", "99999999999999999999-a-b", "١-a", "%00"])
def test_an_invitation_nobody_sent_leads_nowhere(token: str) -> None:
    answer = Client().get(f"/setup/join/{token}/")
    assert (answer.status_code, "no longer in use" in answer.content.decode()) == (404, True)


def test_one_persons_invitation_does_not_fit_another(director: Client) -> None:
    path = invited(director)
    other = StaffFactory(password=None)
    secret = path.split("-", 1)[1]
    assert Client().get(f"/setup/join/{other.pk}-{secret}").status_code == 404


@pytest.mark.parametrize("password", ["short", "password1234", "ada@example.org"])
def test_a_weak_password_is_refused(password: str, director: Client) -> None:
    assert join(invited(director), password=password).status_code == 422


def test_two_different_passwords_are_refused(director: Client) -> None:
    assert join(invited(director), again="something else entirely").status_code == 422


def test_somebody_on_the_list_is_not_invited_twice(director: Client) -> None:
    director.post(reverse("staff_invite"), ADA)
    answer = director.post(reverse("staff_invite"), {**ADA, "email": "ADA@example.org"})
    assert (answer.status_code, "Ada Moss is on the list already." in answer.content.decode()) == (422, True)


def test_a_colleague_of_another_site_is_added_and_keeps_role_and_password(director: Client, site: Site) -> None:
    known = StaffFactory(email="ada@example.org", role=Role.NURSE)
    director.post(reverse("staff_invite"), ADA)
    tasks.send_invitations()
    known.refresh_from_db()
    assert (known.role, list(known.sites.all()), mail.outbox) == (Role.NURSE, [site], [])


def test_the_address_is_shown_on_request_and_that_is_written_down(director: Client) -> None:
    invited(director)
    ada = StaffMember.objects.get(email="ada@example.org")
    page = director.post(reverse("staff_address", args=[ada.pk])).content.decode()
    path = re.search(r"http://localhost:8000(/setup/join/[^\"]+)", page).group(1)
    assert join(path).status_code == 302
    assert AuditEntry.objects.filter(verb="staff.address_shown", subject=f"staff:{ada.pk}").count() == 1


def test_an_invitation_can_be_sent_again(director: Client) -> None:
    invited(director)
    ada = StaffMember.objects.get(email="ada@example.org")
    director.post(reverse("staff_invite_again", args=[ada.pk]))
    tasks.send_invitations()
    assert len(mail.outbox) == 2


def test_an_e_mail_that_could_not_leave_is_tried_again(director: Client, settings) -> None:
    director.post(reverse("staff_invite"), ADA)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    tasks.send_invitations()
    assert StaffMember.objects.get(email="ada@example.org").invited_at is None


def test_a_role_is_changed_and_an_account_closed(director: Client, colleague: StaffMember) -> None:
    form = {"full_name": "Kim Lee-Park", "role": Role.CLINICIAN}
    director.post(reverse("staff_edit", args=[colleague.pk]), form)
    colleague.refresh_from_db()
    assert (colleague.full_name, colleague.role, colleague.is_active) == ("Kim Lee-Park", Role.CLINICIAN, False)


def test_nobody_locks_themselves_out(director: Client) -> None:
    form = {"full_name": "Dr. Ines Koch", "role": Role.NURSE, "is_active": "on"}
    answer = director.post(reverse("staff_edit", args=[director.staff.pk]), form)
    assert (answer.status_code, StaffMember.objects.get(pk=director.staff.pk).role) == (422, Role.DIRECTOR)


def test_an_administrator_does_not_change_a_director(sign_in, director: Client) -> None:
    form = {"full_name": "X", "role": Role.NURSE, "is_active": "on"}
    answer = sign_in(Role.ADMIN).post(reverse("staff_edit", args=[director.staff.pk]), form)
    assert answer.status_code == 422


@pytest.mark.parametrize("name", ["staff_edit", "staff_hours"])
def test_another_clinics_colleague_is_not_found(name: str, director: Client) -> None:
    assert director.get(reverse(name, args=[StaffFactory().pk])).status_code == 404


def test_working_hours_are_kept(director: Client, colleague: StaffMember) -> None:
    director.post(reverse("staff_hours", args=[colleague.pk]), {"from_1": "09:00", "to_1": "15:00"})
    assert [str(hours) for hours in colleague.working_hours.all()] == ["1 09:00-15:00"]
    director.post(reverse("staff_hours", args=[colleague.pk]), {"save": "Save"})
    assert colleague.working_hours.count() == 0


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_the_database_as_often_for_three_as_for_one(
    count: int, director: Client, site: Site, django_assert_num_queries
) -> None:
    StaffFactory.create_batch(count, sites=[site])
    director.get(reverse("staff"))
    with django_assert_num_queries(5):
        director.get(reverse("staff"))
