"""What a helper says of their own time, by their own link."""

from datetime import date, time

import pytest
from django.test import Client
from django.utils import timezone

from clinic.models import AuditEntry
from support.domain import own_times
from support.models import Availability
from tests import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def here():
    return world.build(now=timezone.now())


@pytest.fixture
def address(here, client: Client) -> str:
    world.theirs(client, here.helper_link)
    return f"/l/{here.helper_link.id}/times/"


def said(here) -> list[Availability]:
    return list(here.designation.person.availability.all())


def test_never_on_thursdays(client, here, address) -> None:
    answer = client.post(address, {"weekdays": ["3"], "can": "no"}, follow=True)
    assert [(row.weekday, row.can, row.starts) for row in said(here)] == [(3, False, time(0))]
    page = answer.content.decode()
    assert ("Every Thursday: cannot" in page, "The clinic plans new dates with it." in page) == (True, True)
    entry = AuditEntry.objects.get(verb="person.availability_stated")
    assert entry.actor == f"link:{here.helper_link.id}"


def test_only_after_three(client, here, address) -> None:
    client.post(address, {"weekdays": ["0", "1"], "starts": "15:00", "can": "yes"})
    assert {(row.can, row.starts) for row in said(here)} == {(True, time(15))}


def test_away_for_some_days(client, here, address) -> None:
    client.post(address, {"first_day": "2030-06-03", "last_day": "2030-06-10", "can": "no"})
    assert [(row.first_day, row.last_day) for row in said(here)] == [(date(2030, 6, 3), date(2030, 6, 10))]


def test_what_was_said_is_taken_back(client, here, address) -> None:
    client.post(address, {"weekdays": ["3"], "can": "no"})
    client.post(address, {"remove": str(said(here)[0].pk)})
    assert said(here) == []


def test_somebody_elses_words_stay(client, here, address) -> None:
    other = world.build(now=timezone.now(), given_name="Elsewhere").designation
    (row,) = own_times.state(designation=other, can=False, weekdays=[1], actor="staff:1", now=timezone.now())
    client.post(address, {"remove": str(row.pk)})
    assert Availability.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("fields", [{}, {"can": "no"}, {"weekdays": ["3"]}, {"weekdays": ["9"], "can": "no"}])
def test_what_makes_no_sense_changes_nothing(client, here, address, fields: dict) -> None:
    page = client.post(address, fields, follow=True).content.decode()
    assert ("Nothing is changed yet." in page, said(here)) == (True, [])


def test_there_is_an_end_to_it(client, here, address) -> None:
    for hour in range(8):
        client.post(address, {"weekdays": list("0123456"), "starts": f"{hour:02}:00", "can": "no"})
    assert len(said(here)) == 56
    page = client.post(address, {"weekdays": list("0123456"), "starts": "09:00", "can": "no"}, follow=True)
    assert ("There are many times here already." in page.content.decode(), len(said(here))) == (True, 56)


def test_the_dates_lead_to_it(client, here, address) -> None:
    assert address in client.get(f"/l/{here.helper_link.id}/dates/").content.decode()
