import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from tests.factories import StaffFactory

pytestmark = pytest.mark.django_db


def test_the_address_for_a_new_password_is_ours_whatever_host_was_asked(client: Client, settings) -> None:
    settings.PUBLIC_URL = "https://homeward.example"
    staff = StaffFactory()
    client.post(reverse("account_reset_password"), {"email": staff.email}, headers={"host": "127.0.0.1"})
    [address] = re.findall(r"https?://[^/\s]+/account/\S+", mail.outbox[0].body)
    assert address.startswith("https://homeward.example/account/password/reset/key/")
    assert client.get(address.removeprefix("https://homeward.example"), follow=True).status_code == 200
