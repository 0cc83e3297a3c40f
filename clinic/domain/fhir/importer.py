"""Takes the patients of a file in, batch by batch, and keeps the report on the run.

Each batch is one transaction with its share of the report, so a run that was cut off goes on where it stopped and
counts every patient once. A patient is taken in whole or not at all.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from itertools import islice
from typing import BinaryIO

import pghistory
from django.db import DataError, IntegrityError, transaction
from django.utils.translation import gettext as _

from clinic.domain import audit, times
from clinic.domain.fhir import matching, reader
from clinic.domain.fhir.mapping import Incoming, Skipped, Unusable, patient_from
from clinic.domain.fhir.reader import Found
from clinic.domain.fhir.rejects import Rejects
from clinic.models import ImportRun, ImportStatus

BATCH = 500
Progress = Callable[[ImportRun], None]


def import_file(
    *, run: ImportRun, file: BinaryIO, now: datetime, rejects: Rejects, progress: Progress | None = None
) -> None:
    """Fills ``run`` and ends it as done, or as failed with the reason when the file as a whole cannot be read.

    Called again for a run that was cut off it goes on where that stopped.
    """
    today = times.local_day(moment=now, zone=run.site.zone)
    met: set[int] = set()
    done = run.read
    rejects.keep(rows=run.rejected)
    try:
        patients = _patients(file)
        while batch := list(islice(patients, BATCH)):
            before, batch = batch[:done], batch[done:]
            done -= len(before)
            met |= _known(run, before, today)
            with transaction.atomic(), pghistory.context(import_run=run.pk, staff=run.started_by_id):
                _take_in(run, batch, today=today, met=met, rejects=rejects)
                run.save()
            if progress:
                progress(run)
    except reader.Unreadable as error:
        run.status, run.error = ImportStatus.FAILED, str(error)[:300]
    else:
        run.status = ImportStatus.DONE
    finish(run=run, now=now)


def finish(*, run: ImportRun, now: datetime) -> None:
    run.finished_at = now
    with transaction.atomic():
        run.save()
        actor = audit.staff(run.started_by) if run.started_by else "system"
        note = f"{run.created} created, {run.updated} updated"
        audit.record(actor=actor, verb="imported", now=now, subject=f"import:{run.pk}", note=note)


def _patients(file: BinaryIO) -> Iterator[Found]:
    """The patients among the resources, and the places that hold nothing readable."""
    for found in reader.read(file=file):
        if found.problem or found.resource.get("resourceType") == "Patient":
            yield found


def _read(run: ImportRun, found: Found, today: date) -> Incoming:
    if found.problem:
        raise Unusable(found.problem)
    return patient_from(resource=found.resource, today=today, region=run.site.region)


def _known(run: ImportRun, batch: list[Found], today: date) -> set[int]:
    """The patients that a part read before the run was cut off was about."""
    people = []
    for found in batch:
        try:
            people.append(_read(run, found, today))
        except (Skipped, Unusable):
            continue
    if not people:
        return set()
    with transaction.atomic():
        loaded = matching.load(site=run.site, batch=people, met=set())
    return {patient.pk for patient in loaded.owners.values()}


def _take_in(run: ImportRun, batch: list[Found], *, today: date, met: set[int], rejects: Rejects) -> None:
    usable: dict[int, Incoming] = {}
    refused: dict[int, str] = {}
    for number, found in enumerate(batch):
        try:
            usable[number] = _read(run, found, today)
        except Skipped as skip:
            run.skipped[str(skip)] = run.skipped.get(str(skip), 0) + 1
        except Unusable as error:
            refused[number] = str(error)
    refused |= _together(run, usable, met)
    run.read += len(batch)
    rejects.add(run=run, rows=[(batch[number].place, refused[number]) for number in sorted(refused)])


def _together(run: ImportRun, people: dict[int, Incoming], met: set[int]) -> dict[int, str]:
    """All in one go; only when the database objects to somebody, each by themselves."""
    try:
        return _write(run, people, met)
    except (IntegrityError, DataError):
        pass
    refused: dict[int, str] = {}
    for number, person in people.items():
        try:
            refused |= _write(run, {number: person}, met)
        except (IntegrityError, DataError):
            refused[number] = _("The database refused this patient: something about it clashes with another record.")
    return refused


def _write(run: ImportRun, people: dict[int, Incoming], met: set[int]) -> dict[int, str]:
    refused: dict[int, str] = {}
    outcomes: list[matching.Outcome] = []
    with transaction.atomic():
        batch = matching.load(site=run.site, batch=people.values(), met=met)
        for number, person in people.items():
            try:
                outcomes.append(batch.place(person))
            except Unusable as error:
                refused[number] = str(error)
        batch.write()
    for outcome in outcomes:
        setattr(run, outcome, getattr(run, outcome) + 1)
    return refused
