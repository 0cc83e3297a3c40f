from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import pytest
from django.db import connection

from clinic.domain import imports, merging
from clinic.domain.fhir import importer
from clinic.domain.fhir.rejects import Rejects
from clinic.models import AuditEntry, ImportRun, ImportStatus, Patient, PatientIdentifier, Site
from tests.clinic.fhir.samples import RECORDS, SYSTEM, Resource, identifier, ndjson, patient
from tests.factories import PatientFactory, SiteFactory, StaffFactory

NOW = datetime(2026, 3, 3, 14, 41, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def site() -> Site:
    return SiteFactory()


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path: Path) -> None:
    settings.IMPORT_DIR = tmp_path


def take_in(site: Site, *resources: Resource, content: bytes = b"") -> ImportRun:
    run = imports.start(site=site, file_name="export.ndjson", now=NOW)
    file = BytesIO(content or ndjson(*resources))
    importer.import_file(run=run, file=file, now=NOW, rejects=imports.rejects(run=run))
    run.refresh_from_db()
    return run


def report(run: ImportRun) -> tuple[int, int, int, int, int, int]:
    """Read, created, updated, unchanged, skipped, rejected."""
    return run.read, run.created, run.updated, run.unchanged, sum(run.skipped.values()), run.rejected


def reasons(run: ImportRun) -> list[tuple[int, str]]:
    return [(reject["line"], reject["reason"]) for reject in run.rejects]


def test_patients_are_created_with_their_numbers(site: Site) -> None:
    run = take_in(site, patient(1), patient(2))
    assert report(run) == (2, 2, 0, 0, 0, 0)
    assert run.status == ImportStatus.DONE
    first = Patient.objects.get(family_name="Monahan1")
    assert (first.site, first.record_number, first.language) == (site, "4000001", "es")
    assert first.identifiers.count() == 2


def test_a_second_run_finds_everything_unchanged(site: Site) -> None:
    take_in(site, patient(1), patient(2))
    assert report(take_in(site, patient(1), patient(2))) == (2, 0, 0, 2, 0, 0)


def test_what_changed_in_the_other_system_is_taken_over(site: Site) -> None:
    take_in(site, patient(1))
    changed = patient(1, birthDate="1986-07-07", telecom=[{"system": "phone", "value": "410-555-0199"}])
    assert report(take_in(site, changed)) == (1, 0, 1, 0, 0, 0)
    ours = Patient.objects.get()
    assert (ours.birth_date, ours.phone, ours.email) == (date(1986, 7, 7), "+14105550199", "agatha1@example.org")


def test_a_number_that_staff_corrected_stays(site: Site) -> None:
    take_in(site, patient(1))
    Patient.objects.update(phone="+14105550177")
    news = patient(1, telecom=[{"system": "phone", "value": "410-555-0199"}])
    assert report(take_in(site, news)) == (1, 0, 0, 1, 0, 0)
    assert Patient.objects.get().phone == "+14105550177"


def test_a_number_that_staff_took_out_is_not_put_back(site: Site) -> None:
    take_in(site, patient(1))
    Patient.objects.update(phone="")
    take_in(site, patient(1))
    assert Patient.objects.get().phone == ""


def test_what_a_file_leaves_out_is_kept(site: Site) -> None:
    take_in(site, patient(1))
    assert report(take_in(site, patient(1, telecom=None, communication=None))) == (1, 0, 0, 1, 0, 0)
    assert Patient.objects.get().phone == "+14105550142"


def test_a_number_that_can_be_dialled_at_last_replaces_the_one_that_could_not(site: Site) -> None:
    take_in(site, patient(1, telecom=[{"system": "phone", "value": "555-975-1082"}]))
    take_in(site, patient(1))
    ours = Patient.objects.get()
    assert (ours.phone, ours.phone_as_received) == ("+14105550142", "")


def test_an_archived_patient_stays_archived(site: Site) -> None:
    take_in(site, patient(1))
    Patient.objects.update(is_archived=True)
    take_in(site, patient(1, birthDate="1986-07-07"))
    assert Patient.objects.get().is_archived


def test_a_new_identifier_of_a_known_patient_is_added(site: Site) -> None:
    take_in(site, patient(1))
    more = [*patient(1)["identifier"], identifier("https://insurer.example.org", "77")]
    assert report(take_in(site, patient(1, identifier=more))) == (1, 0, 1, 0, 0, 0)
    assert PatientIdentifier.objects.count() == 3


def test_a_patient_whom_staff_entered_by_hand_is_recognised_by_the_record_number(site: Site) -> None:
    ours = PatientFactory(
        site=site,
        given_name="agatha may",
        family_name="Monahan1",
        birth_date=date(1986, 7, 6),
        record_number="4000001",
        phone="+14105550177",
    )
    assert report(take_in(site, patient(1))) == (1, 0, 1, 0, 0, 0)
    ours.refresh_from_db()
    assert (ours.phone, ours.identifiers.count(), Patient.objects.count()) == ("+14105550177", 2, 1)


def test_a_record_number_of_another_patient_is_refused(site: Site) -> None:
    PatientFactory(site=site, record_number="4000001")
    run = take_in(site, patient(1))
    assert reasons(run) == [(1, "Its record number belongs to another patient here.")]
    assert PatientIdentifier.objects.count() == 0


def test_a_record_that_was_joined_with_another_is_that_other_one(site: Site) -> None:
    """By its identifiers and by its record number, which is no news of the record that is left."""
    name = patient(1)["name"]
    take_in(site, patient(1), patient(2, name=name))
    keep, away = Patient.objects.order_by("pk")
    desk = StaffFactory(sites=[site])
    merging.join(keep=keep, away=away, actor=desk, now=NOW)
    by_number = patient(3, name=name, identifier=[identifier(RECORDS, "4000002", "MR")])
    assert report(take_in(site, patient(2, name=name)))[1] == 0
    assert report(take_in(site, by_number))[1] == 0
    keep.refresh_from_db()
    assert (keep.record_number, Patient.objects.count()) == ("4000001", 2)


def test_two_patients_with_one_identifier_are_not_mixed_up(site: Site) -> None:
    twin = patient(1, name=[{"family": "Someone", "given": ["Else"]}])
    run = take_in(site, patient(1), twin)
    assert report(run) == (2, 1, 0, 0, 0, 1)
    assert reasons(run) == [(2, "An earlier patient in this file has the same identifier.")]


def test_the_same_patient_twice_in_a_file_is_unchanged_the_second_time(site: Site) -> None:
    assert report(take_in(site, patient(1), patient(1))) == (2, 1, 0, 1, 0, 0)


def test_the_same_identifier_far_apart_in_a_file_is_found_too(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "BATCH", 1)
    run = take_in(site, patient(1), patient(2), patient(1, birthDate="1990-01-01"))
    assert reasons(run) == [(3, "An earlier patient in this file has the same identifier.")]


def test_an_identifier_that_now_belongs_to_somebody_else_entirely_is_refused(site: Site) -> None:
    take_in(site, patient(1))
    stranger = patient(1, name=[{"family": "Someone", "given": ["Else"]}], birthDate="2001-01-01")
    assert reasons(take_in(site, stranger)) == [
        (1, "Its identifier belongs to somebody with another name and another date of birth here.")
    ]
    assert Patient.objects.get().family_name == "Monahan1"


def test_identifiers_of_two_patients_in_one_are_refused(site: Site) -> None:
    take_in(site, patient(1), patient(2))
    both = patient(3, identifier=[identifier(SYSTEM, "p1"), identifier(SYSTEM, "p2")])
    assert reasons(take_in(site, both)) == [(1, "Its identifiers belong to two different patients here.")]


def test_a_patient_without_any_identifier_is_known_again_by_name_and_birth(site: Site) -> None:
    bare = patient(1, id=None, identifier=None)
    assert report(take_in(site, bare)) == (1, 1, 0, 0, 0, 0)
    assert report(take_in(site, bare)) == (1, 0, 0, 1, 0, 0)


def test_two_people_may_share_a_number(site: Site) -> None:
    take_in(site, patient(1), patient(2))
    assert Patient.objects.filter(phone="+14105550142").count() == 2


def test_the_same_identifier_at_another_site_is_another_patient(site: Site) -> None:
    take_in(site, patient(1))
    assert report(take_in(SiteFactory(), patient(1))) == (1, 1, 0, 0, 0, 0)


def test_bad_lines_are_listed_and_the_others_are_taken_in(site: Site) -> None:
    content = ndjson(patient(1), patient(2, birthDate="1987-02"), patient(3, deceasedBoolean=True)) + b"{cut"
    run = take_in(site, content=content)
    assert report(run) == (4, 1, 0, 0, 1, 2)
    assert run.skipped == {"The patient has died.": 1}
    assert imports.rejects(run=run).path.read_text(encoding="utf-8").splitlines() == [
        "line,entry,reason",
        '2,,"The date of birth is not complete: year, month and day are needed."',
        "4,,The line breaks off. The file may not have been copied whole.",
    ]


def test_nothing_of_a_rejected_line_is_repeated(site: Site) -> None:
    run = take_in(site, patient(1, birthDate="1987-02"))
    written = f"{run.rejects} {imports.rejects(run=run).path.read_text(encoding='utf-8')}"
    assert not any(secret in written for secret in ("Monahan", "1987", "999-10", "4000001", "410-555"))


def test_secret_numbers_reach_no_table(site: Site) -> None:
    take_in(site, patient(1))
    stored = f"{list(Patient.objects.values())} {list(PatientIdentifier.objects.values())}"
    assert not any(secret in stored for secret in ("999-10-0001", "S991400001", "X7143X"))


def test_a_file_of_another_kind_fails_with_its_reason(site: Site) -> None:
    run = take_in(site, content=b"name,born\n")
    assert (run.status, run.error) == (
        ImportStatus.FAILED,
        "The file is not JSON. Ask for the FHIR export as JSON or NDJSON.",
    )


def test_when_the_database_refuses_one_the_others_of_the_batch_are_taken_in(site: Site) -> None:
    """The clash is made by the database itself, as a second import at the same moment would."""
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE clinic_patient ADD CONSTRAINT no_number_two CHECK (family_name <> 'Monahan2') NOT VALID"
        )
    run = take_in(site, patient(1), patient(2), patient(3))
    assert report(run) == (3, 2, 0, 0, 0, 1)
    assert reasons(run) == [(2, "The database refused this patient: something about it clashes with another record.")]
    assert PatientIdentifier.objects.count() == 4


def test_a_run_that_was_cut_off_goes_on_and_counts_everybody_once(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(importer, "BATCH", 2)
    content = ndjson(*(patient(number) for number in range(1, 4)), patient(4, birthDate="1987"), patient(5))
    run = imports.start(site=site, file_name="export.ndjson", now=NOW)
    rejects = Rejects(tmp_path / "rejects.csv")

    class Killed(Exception):
        pass

    def kill(run: ImportRun) -> None:
        if run.read == 4:
            raise Killed

    with pytest.raises(Killed):
        importer.import_file(run=run, file=BytesIO(content), now=NOW, rejects=rejects, progress=kill)
    again = ImportRun.objects.get(pk=run.pk)
    importer.import_file(run=again, file=BytesIO(content), now=NOW, rejects=rejects)
    assert report(ImportRun.objects.get(pk=run.pk)) == (5, 4, 0, 0, 0, 1)
    assert len(rejects.path.read_text(encoding="utf-8").splitlines()) == 2


def test_an_import_leaves_a_trace(site: Site) -> None:
    run = take_in(site, patient(1))
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.subject, entry.note) == ("imported", f"import:{run.pk}", "1 created, 0 updated")


def test_a_file_without_patients_takes_in_nobody(site: Site) -> None:
    assert report(take_in(site, {"resourceType": "Observation", "id": "o1"})) == (0, 0, 0, 0, 0, 0)


def test_the_number_of_queries_follows_the_batches_not_the_patients(site: Site, django_assert_num_queries) -> None:
    people = [patient(number) for number in range(40)]
    with django_assert_num_queries(15):
        take_in(site, *people)
