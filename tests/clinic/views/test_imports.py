import json
from base64 import b64decode
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis import Redis

from clinic import tasks
from clinic.domain import imports
from clinic.models import ImportRun, ImportStatus, Site
from tests.clinic.fhir.samples import ndjson, patient
from tests.factories import SiteFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path: Path) -> Path:
    settings.IMPORT_DIR = tmp_path / "imports"
    return settings.IMPORT_DIR


def send(client: Client, content: bytes = b"", name: str = "export.ndjson") -> ImportRun:
    file = SimpleUploadedFile(name, content or ndjson(patient(1), patient(2, birthDate="1987-02")))
    answer = client.post(reverse("patient_import"), {"file": file})
    run = ImportRun.objects.latest("pk")
    assert answer.url == reverse("patient_import_run", args=[run.pk])
    return run


def test_a_file_that_was_sent_is_read_by_a_worker_and_deleted(desk: Client, folder: Path) -> None:
    run = send(desk)
    assert (folder / str(run.pk) / "upload").stat().st_mode & 0o777 == 0o600
    tasks.import_file(run.pk)
    run.refresh_from_db()
    assert (run.status, run.created, run.rejected, run.started_by) == (ImportStatus.DONE, 1, 1, desk.staff)
    assert [path.name for path in (folder / str(run.pk)).iterdir()] == ["export.rejected.csv"]


def test_the_page_refreshes_itself_until_the_file_is_read(desk: Client) -> None:
    run = send(desk)
    address = reverse("patient_import_run", args=[run.pk])
    assert "every 2s" in desk.get(address).content.decode()
    tasks.import_file(run.pk)
    page = desk.get(address).content.decode()
    assert ("every 2s" in page, "The date of birth is not complete" in page) == (False, True)


def test_the_list_of_what_was_left_out_can_be_downloaded(desk: Client) -> None:
    run = send(desk)
    tasks.import_file(run.pk)
    answer = desk.get(reverse("patient_import_rejects", args=[run.pk]))
    assert answer.content.decode().splitlines() == [
        "line,entry,reason",
        '2,,"The date of birth is not complete: year, month and day are needed."',
    ]


def test_without_a_broker_the_file_waits_for_the_clock(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*args: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(tasks.import_file, "apply_async", unreachable)
    run = send(desk)
    assert imports.unfinished(now=timezone.now()) == [run.pk]


def test_a_file_is_not_read_twice(desk: Client) -> None:
    run = send(desk)
    assert imports.carry_out(run_id=run.pk, now=timezone.now())
    assert not imports.carry_out(run_id=run.pk, now=timezone.now())
    assert imports.unfinished(now=timezone.now()) == []


def test_a_file_that_waits_too_long_is_given_up_and_deleted(desk: Client, folder: Path) -> None:
    run = send(desk)
    assert imports.unfinished(now=timezone.now() + imports.GIVEN_UP_AFTER * 1.1) == []
    run.refresh_from_db()
    assert (run.status, (folder / str(run.pk)).exists()) == (ImportStatus.FAILED, False)


def test_a_file_of_another_kind_gets_its_reason_on_the_page(desk: Client) -> None:
    run = send(desk, b"name,born\nMaya,1987-02-03\n", name="patients.csv")
    tasks.import_file(run.pk)
    page = desk.get(reverse("patient_import_run", args=[run.pk])).content.decode()
    assert "The file is not JSON. Ask for the FHIR export as JSON or NDJSON." in page


@pytest.mark.parametrize("name", ["../../etc/passwd", "<b>.json", "x" * 190 + ".json", "Ünïcode 🙂.ndjson", "$$$.json"])
def test_no_file_name_leads_out_of_the_folder(name: str, desk: Client, folder: Path) -> None:
    run = send(desk, name=name)
    tasks.import_file(run.pk)
    assert imports.rejects(run=run).path.parent == folder / str(run.pk)
    assert desk.get(reverse("patient_import_run", args=[run.pk])).status_code == 200


@pytest.mark.parametrize("content", [None, b""])
def test_a_missing_or_empty_file_is_refused_on_the_form(content: bytes | None, desk: Client) -> None:
    files = {} if content is None else {"file": SimpleUploadedFile("export.ndjson", content)}
    answer = desk.post(reverse("patient_import"), files)
    assert (answer.status_code, ImportRun.objects.count()) == (422, 0)


@pytest.mark.parametrize("name", ["patient_import_run", "patient_import_rejects"])
def test_another_clinics_import_is_not_found(name: str, desk: Client) -> None:
    theirs = imports.start(site=SiteFactory(), file_name="x.json", now=timezone.now())
    assert desk.get(reverse(name, args=[theirs.pk])).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_asks_the_database_as_often_for_three_files_as_for_one(
    count: int, desk: Client, site: Site, django_assert_num_queries
) -> None:
    for _number in range(count):
        imports.start(site=site, file_name="x.json", now=timezone.now(), started_by=desk.staff)
    desk.get(reverse("patient_import"))
    with django_assert_num_queries(5):
        desk.get(reverse("patient_import"))


def test_the_clock_rings_for_what_waits(desk: Client, broker_url: str) -> None:
    run = send(desk)
    with Redis.from_url(broker_url.replace("redis+socket://", "unix://")) as broker:
        broker.delete("celery")
        tasks.resume_imports()
        [message] = broker.lrange("celery", 0, -1)
        broker.delete("celery")
    body = b64decode(json.loads(message)["body"])
    assert json.loads(body)[0] == [run.pk]
