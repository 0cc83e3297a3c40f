from io import StringIO
from pathlib import Path
from threading import Barrier, Thread

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic.domain import setup_code, sites
from clinic.domain.errors import Refused
from clinic.enums import Role
from clinic.models import Site, StaffMember
from tests.factories import SiteFactory, StaffFactory

INES = {
    "full_name": "Dr. Ines Koch",
    "email": "ines@example.org",
    "role": Role.DIRECTOR,
    "password": "seven green lanterns",
    "again": "seven green lanterns",
}


@pytest.fixture(autouse=True)
def code_file(settings, tmp_path: Path) -> Path:
    settings.SETUP_CODE_PATH = tmp_path / "setup-code"
    return settings.SETUP_CODE_PATH


def printed() -> str:
    out = StringIO()
    call_command("first_admin", stdout=out)
    return out.getvalue()


def begin(client: Client, code: str, **more: str):
    return client.post(reverse("setup_begin"), {**INES, "code": code, **more})


@pytest.mark.django_db
def test_the_first_person_comes_in_with_the_printed_code(client: Client, code_file: Path) -> None:
    text = printed()
    assert text.splitlines()[0] == "http://localhost:8000/setup/begin/"
    answer = begin(client, text.split()[-1])
    ines = StaffMember.objects.get()
    assert (answer.url, client.get(answer.url).status_code) == (reverse("setup"), 200)
    assert (ines.role, ines.sites.get().name, code_file.exists()) == (Role.DIRECTOR, sites.UNNAMED, False)


@pytest.mark.django_db
def test_the_first_person_works_at_the_site_an_import_has_begun(client: Client) -> None:
    site = SiteFactory()
    begin(client, setup_code.ensure())
    assert list(StaffMember.objects.get().sites.all()) == [site]


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["", "wrong", "\x00", "é" * 12])
def test_without_the_code_nobody_comes_in(code: str, client: Client) -> None:
    setup_code.ensure()
    assert (begin(client, code).status_code, StaffMember.objects.count(), Site.objects.count()) == (422, 0, 0)


@pytest.mark.django_db
def test_as_long_as_no_code_was_made_nobody_comes_in(client: Client) -> None:
    assert begin(client, "anything").status_code == 422


@pytest.mark.django_db
def test_a_code_from_the_environment_counts(client: Client, settings) -> None:
    settings.SETUP_CODE = "from-the-environment"
    assert printed().endswith("One-time code: from-the-environment\n")
    assert begin(client, "From-The-Environment").status_code == 302


@pytest.mark.django_db
def test_guessing_the_code_is_slowed_down(client: Client) -> None:
    code = setup_code.ensure()
    assert [begin(client, f"guess{number}").status_code for number in range(21)][-2:] == [422, 429]
    assert begin(client, code).status_code == 429


@pytest.mark.django_db
def test_once_somebody_is_there_the_door_is_gone(client: Client) -> None:
    code = setup_code.ensure()
    StaffFactory()
    assert (client.get(reverse("setup_begin")).status_code, begin(client, code).status_code) == (404, 404)
    assert printed().startswith("Somebody can sign in already.")


@pytest.mark.django_db
def test_a_nurse_is_not_the_first_person(client: Client) -> None:
    assert begin(client, setup_code.ensure(), role=Role.NURSE).status_code == 422


@pytest.mark.django_db(transaction=True)
def test_of_two_first_people_at_once_one_comes_in() -> None:
    start, results = Barrier(4), []

    def come_in(number: int) -> None:
        start.wait()
        try:
            sites.first_administrator(
                full_name="X", email=f"x{number}@example.org", role=Role.ADMIN, password="x", now=timezone.now()
            )
            results.append("in")
        except Refused:
            results.append("refused")
        finally:
            connection.close()

    threads = [Thread(target=come_in, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sorted(results), StaffMember.objects.count()) == (["in", *["refused"] * 3], 1)
