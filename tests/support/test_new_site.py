"""What a new site begins with, and what a new version brings to those that are there."""

from io import StringIO

import pytest
from django.core.management import call_command

from clinic.domain import sites
from education.models import HelpNumber, Page
from tests.factories import SiteFactory

pytestmark = pytest.mark.django_db


def test_a_new_site_has_pages_to_approve_and_help_numbers(now):
    site = sites.begin(now=now)
    pages = Page.objects.filter(site=site)
    assert (pages.filter(language="en").count(), pages.exclude(current=None).count()) == (6, 0)
    assert HelpNumber.objects.filter(number="988").exists()


def test_a_new_version_brings_its_pages_to_every_site_once():
    SiteFactory()
    said = StringIO()
    call_command("sync_library", stdout=said)
    call_command("sync_library", stdout=said)
    assert said.getvalue().splitlines() == ["12 new wordings.", "0 new wordings."]
