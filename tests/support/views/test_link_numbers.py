"""The numbers in need on a patient's and a helper's page: calls are dialled, texts are written."""

import re

import pytest
from django.utils import timezone

from support.domain import links
from tests import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def here():
    return world.build(now=timezone.now())


def dials(html: str) -> list[tuple[str, str]]:
    """Where each number of the list leads, and how it reads."""
    listed = "".join(re.findall(r'<dl class="numbers">.*?</dl>', html, re.DOTALL))
    return re.findall(r'href="([^"]+)">([^<]+)</a>', listed)


def test_a_line_that_only_reads_texts_is_no_phone_call_on_the_patients_page(client, here):
    html = client.get(f"/l/{links.token(here.patient_link)}/", follow=True).content.decode()
    assert dials(html)[:3] == [("tel:911", "911"), ("tel:988", "988"), ("sms:741741", "Text 741741")]
    assert "Text HOME, any hour, free." in html


def test_nor_on_the_page_a_patient_sees_who_says_it_is_urgent(client, here):
    client.get(f"/l/{links.token(here.patient_link)}/")
    html = client.post(f"/l/{here.patient_link.id}/how-are-you/", {"answer": "urgent"}).content.decode()
    assert ("sms:741741", "Text 741741") in dials(html)


def test_nor_on_a_helpers(client, here):
    client.get(f"/l/{links.token(here.helper_link)}/")
    html = client.get(f"/l/{here.helper_link.id}/check-in/{here.checkin.pk}/").content.decode()
    assert dials(html) == [("tel:911", "911"), ("tel:988", "988"), ("sms:741741", "Text 741741")]
