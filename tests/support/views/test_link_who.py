"""A forwarded link: "are you Sam?" before anything is shown or taken."""

import pytest
from django.test import Client
from django.utils import timezone

from clinic.models import AuditEntry
from support.domain import links
from support.enums import CommitmentStatus
from support.models import Alert, Commitment
from tests import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def here():
    built = world.build(now=timezone.now())
    Commitment.objects.update(status=CommitmentStatus.ASKED, answered_at=None, answered_via="")
    return built


@pytest.fixture
def address(here) -> str:
    return f"/l/{links.token(here.helper_link)}/"


def html(response) -> str:
    return response.content.decode()


def test_a_browser_that_is_new_reads_a_question_and_nothing_of_anybody_else(client, here, address):
    name = here.designation.person.first_name
    page = html(client.get(address, follow=True))
    assert f"Are you {name}?" in page
    assert (here.patient.first_name in page, 'name="date"' in page) == (False, False)
    here.helper_link.refresh_from_db()
    assert here.helper_link.last_opened_at is None
    assert not AuditEntry.objects.filter(actor=f"link:{here.helper_link.id}").exists()


@pytest.mark.parametrize("path", ["", "dates/", "what-it-involves/", "in-the-room/"])
def test_no_page_of_theirs_comes_before_the_answer(client, here, address, path):
    client.get(address)
    page = html(client.get(f"/l/{here.helper_link.id}/{path}"))
    assert ("Are you " in page, here.patient.first_name in page) == (True, False)


@pytest.mark.parametrize("path", ["dates/", "what-it-involves/"])
def test_nothing_is_taken_before_the_answer(client, here, address, path):
    client.get(address)
    said = {"answer": "take", "date": here.commitment.pk, "adult": "yes", "sober": "yes", "stay": "yes"}
    assert client.post(f"/l/{here.helper_link.id}/{path}", said).status_code == 409
    here.commitment.refresh_from_db()
    assert here.commitment.status == CommitmentStatus.ASKED


@pytest.mark.parametrize("act", ["step-back", "confirm", "on-my-way", "outside", "accept", "home"])
def test_no_button_of_a_date_does_anything_before_the_answer(client, here, address, act):
    client.get(address)
    before = Commitment.objects.values().get(pk=here.commitment.pk)
    path = f"/l/{here.helper_link.id}/visit/{here.commitment.infusion_id}/{act}/"
    assert client.post(path, {"minutes": "10"}).status_code == 409
    assert Commitment.objects.values().get(pk=here.commitment.pk) == before


@pytest.mark.parametrize("path", ["stop/", "still-all-right/"])
def test_nothing_is_given_back_before_the_answer(client, here, address, path):
    client.get(address)
    assert client.post(f"/l/{here.helper_link.id}/{path}", {"answer": "step_back"}).status_code == 409
    here.designation.refresh_from_db()
    assert (here.designation.withdrawn_at, here.designation.load_answer) == (None, "")


def test_yes_is_asked_once_on_each_phone(client, here, address):
    client.get(address)
    page = html(client.post(f"/l/{here.helper_link.id}/whose/", {"me": "yes"}, follow=True))
    assert f"{here.patient.first_name} asked for your help" in page
    # The same message, opened again, and a reload.
    for again in (address, f"/l/{here.helper_link.id}/"):
        assert "Are you " not in html(client.get(again, follow=True))
    assert "Are you " in html(Client().get(address, follow=True))
    here.helper_link.refresh_from_db()
    assert here.helper_link.last_opened_at is not None


def test_one_round_trip_from_then_on(here):
    phone = world.theirs(Client(), here.helper_link)
    assert phone.get(f"/l/{here.helper_link.id}/").status_code == 200


def test_somebody_else_reads_a_kind_word_and_the_desk_calls(client, here, address):
    client.get(address)
    page = html(client.post(f"/l/{here.helper_link.id}/whose/", {"me": "no"}))
    assert "Thank you for telling us" in page
    assert here.patient.first_name not in page
    name = here.designation.person.first_name
    alert = Alert.objects.get(key=f"somebody-else:{here.designation.pk}")
    assert alert.says == (f"Somebody else opened the page meant for {name}. Please call {name} and check the number.")
    # What they had in the browser opens nothing any more.
    assert client.get(f"/l/{here.helper_link.id}/").status_code == 404
    assert "Are you " in html(client.get(address, follow=True))


def test_said_twice_it_is_one_call(client, here, address):
    for _twice in range(2):
        client.get(address)
        client.post(f"/l/{here.helper_link.id}/whose/", {"me": "no"})
    assert Alert.objects.filter(key=f"somebody-else:{here.designation.pk}").count() == 1


def test_one_phone_of_two_helpers_keeps_both_answers(here):
    other = world.build(now=timezone.now(), given_name="Noa")
    phone = world.theirs(Client(), here.helper_link)
    phone.get(f"/l/{links.token(other.helper_link)}/")
    phone.post(f"/l/{other.helper_link.id}/whose/", {"me": "yes"})
    for built in (here, other):
        assert built.patient.first_name in html(phone.get(f"/l/{built.helper_link.id}/"))


def test_a_browser_without_cookies_is_asked_once_too(here, address):
    client = Client(enforce_csrf_checks=True)
    client.get(address)
    client.cookies.clear()
    assert "Are you " in html(client.get(address))
    client.cookies.clear()
    assert client.post(f"{address}whose/", {"me": "yes"}).status_code == 302
    client.cookies.clear()
    assert here.patient.first_name in html(client.get(address))


def test_another_page_cannot_answer_in_my_name(here, address):
    client = Client(enforce_csrf_checks=True)
    client.get(address)
    assert client.post(f"/l/{here.helper_link.id}/whose/", {"me": "yes"}).status_code == 403


def test_a_patient_is_not_asked(client, here):
    page = html(client.get(f"/l/{links.token(here.patient_link)}/", follow=True))
    assert "Are you " not in page
    assert client.post(f"/l/{here.patient_link.id}/whose/", {"me": "yes"}).status_code == 404
