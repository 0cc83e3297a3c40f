"""How a patient wants to be looked after: said on their page, read in the room and by staff."""

import pytest
from django.test import Client
from django.utils import timezone

from support.models import Comfort, Designation
from tests import world

pytestmark = pytest.mark.django_db

SAID = {"touch": "hand", "wishes": ["blanket", "quiet"], "note": "The window <open>"}


@pytest.fixture
def here():
    return world.build(now=timezone.now())


@pytest.fixture
def mine(here) -> Client:
    return world.theirs(Client(), here.patient_link)


def test_the_patient_says_it_and_finds_it_again(mine, here):
    address = f"/l/{here.patient_link.id}/comfort/"
    page = mine.post(address, SAID, follow=True).content.decode()
    assert "Thank you. We look after you like this." in page
    assert f'href="{address}"' in page
    assert mine.get(address).content.decode().count(" checked") == 3
    assert Comfort.objects.get().said_by == f"link:{here.patient_link.id}"


def test_touch_has_to_be_said(mine, here):
    answer = mine.post(f"/l/{here.patient_link.id}/comfort/", {"wishes": ["music"], "note": "By the window"})
    assert (answer.status_code, Comfort.objects.count()) == (422, 0)
    page = answer.content.decode()
    assert ["What you wrote is still here." in page, 'value="By the window"' in page] == [True, True]
    assert page.count(" checked") == 1


def test_whoever_sits_in_the_room_reads_it_and_nobody_else(mine, here):
    mine.post(f"/l/{here.patient_link.id}/comfort/", SAID)
    helper = world.theirs(Client(), here.helper_link)
    address = f"/l/{here.helper_link.id}/in-the-room/"
    assert helper.get(address).status_code == 404
    assert address not in helper.get(f"/l/{here.helper_link.id}/").content.decode()
    Designation.objects.filter(pk=here.designation.pk).update(roles=["ride", "presence"])
    page = helper.get(address).content.decode()
    assert "Holding my hand is fine" in page
    assert "“The window &lt;open&gt;”" in page
    for path in ("", "dates/"):
        assert f'href="{address}"' in helper.get(f"/l/{here.helper_link.id}/{path}").content.decode()


def test_staff_read_it_on_the_visit_and_on_the_record_and_write_it_down(here):
    nurse = Client()
    nurse.force_login(here.staff["nurse"])
    nurse.post(f"/patients/{here.patient.pk}/comfort/", SAID)
    assert Comfort.objects.get().said_by == f"staff:{here.staff['nurse'].pk}"
    for address in (f"/patients/{here.patient.pk}/", f"/infusions/{here.pks['infusions']}/"):
        assert "Holding my hand is fine" in nurse.get(address).content.decode()
    assert nurse.post(f"/patients/{here.patient.pk}/comfort/", {"note": ""}).status_code == 422
