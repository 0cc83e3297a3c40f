"""Runs of the import: files people send in, files on the command line, and going on after a worker was lost."""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils.text import get_valid_filename
from django.utils.translation import gettext as _

from clinic.domain.fhir import importer
from clinic.domain.fhir.rejects import Rejects
from clinic.models import ImportRun, ImportStatus, Site, StaffMember

UPLOAD = "upload"
# A run that is still not finished after so long is given up; its file is gone or breaks the worker.
GIVEN_UP_AFTER = timedelta(hours=6)
# The first half of the advisory lock's key: "import".
_LOCK = 0x696D70


def start(*, site: Site, file_name: str, now: datetime, started_by: StaffMember | None = None) -> ImportRun:
    return ImportRun.objects.create(
        site=site, file_name=Path(file_name).name[-200:], started_at=now, started_by=started_by
    )


def folder(*, run: ImportRun) -> Path:
    return Path(settings.IMPORT_DIR) / str(run.pk)


def rejects(*, run: ImportRun) -> Rejects:
    name = get_valid_filename(f"file-{Path(run.file_name).stem}")[:100].removeprefix("file-") or "file"
    return Rejects(folder(run=run) / f"{name}.rejected.csv")


def receive(
    *, site: Site, file_name: str, chunks: Iterable[bytes], now: datetime, started_by: StaffMember
) -> ImportRun:
    """Keep a file until it is read. Only this process's own user may open it; it goes when the run ends."""
    run = start(site=site, file_name=file_name, now=now, started_by=started_by)
    place = folder(run=run)
    place.mkdir(parents=True, mode=0o700)
    part = place / f"{UPLOAD}.part"
    with open(part, "wb", opener=_private) as kept:
        for chunk in chunks:
            kept.write(chunk)
    # Only a whole file has the name the worker looks for.
    part.rename(place / UPLOAD)
    return run


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def read_file(*, run: ImportRun, path: Path, now: datetime, progress: importer.Progress | None = None) -> None:
    """Take a file in, in this process. However it ends, the run says so."""
    try:
        with path.open("rb") as file:
            importer.import_file(run=run, file=file, now=now, rejects=rejects(run=run), progress=progress)
    except BaseException:
        run.refresh_from_db()
        _fail(run, _("The import was stopped. Start it again: nobody is taken in twice."), now)
        raise


def carry_out(*, run_id: int, now: datetime) -> bool:
    """Read a received file. False where another worker is at it, or where there is nothing left to do."""
    with _alone(run_id) as alone:
        run = ImportRun.objects.select_related("site", "started_by").get(pk=run_id)
        path = folder(run=run) / UPLOAD
        if not alone or run.status != ImportStatus.RUNNING or not path.exists():
            return False
        with path.open("rb") as file:
            importer.import_file(run=run, file=file, now=now, rejects=rejects(run=run))
        path.unlink()
    return True


def unfinished(*, now: datetime) -> list[int]:
    """Received files that wait or whose worker was lost. Gives up what has waited too long."""
    running = ImportRun.objects.filter(status=ImportStatus.RUNNING)
    for run in running.filter(started_at__lt=now - GIVEN_UP_AFTER):
        shutil.rmtree(folder(run=run), ignore_errors=True)
        _fail(run, _("The import did not finish. Please send the file again: nobody is taken in twice."), now)
    return [
        run.pk for run in running.filter(started_at__gte=now - GIVEN_UP_AFTER) if (folder(run=run) / UPLOAD).exists()
    ]


def _fail(run: ImportRun, sentence: str, now: datetime) -> None:
    run.status, run.error = ImportStatus.FAILED, sentence
    importer.finish(run=run, now=now)


@contextmanager
def _alone(run_id: int) -> Iterator[bool]:
    """A lock that PostgreSQL lets go of when the worker's connection ends, in whatever way."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK, run_id])
        [taken] = cursor.fetchone()
        try:
            yield taken
        finally:
            if taken:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK, run_id])
