import json
import os
import subprocess
import sys
from collections.abc import Iterable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from clinic.models import ImportRun, ImportStatus, Patient, Site
from tests.clinic.fhir.samples import big_bundle, big_ndjson, bundle, ndjson, observation, patient
from tests.factories import SiteFactory

ROOT = Path(__file__).resolve().parents[3]
SOAK = bool(os.environ.get("HOMEWARD_SOAK"))
# Python, Django and one batch; a file's size must not show.
MOST_MEGABYTES = 150


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path: Path) -> None:
    settings.IMPORT_DIR = tmp_path / "imports"


def run(*files: Path, **options: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("import_fhir", *map(str, files), stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.django_db
def test_the_report_counts_every_patient(tmp_path: Path) -> None:
    SiteFactory()
    file = write(
        tmp_path / "export.ndjson",
        ndjson(patient(1), patient(2, deceasedBoolean=True), patient(3, birthDate="1987-02")),
    )
    out, _err = run(file)
    lines = out.splitlines()
    assert lines[0].startswith("export.ndjson: 3 read in ")
    assert lines[1:-1] == [
        "  created    1",
        "  updated    0",
        "  unchanged  0",
        "  skipped    1",
        "    1: The patient has died.",
        "  rejected   1",
    ]
    assert Path(lines[-1].split(" in ")[1]).name == "export.rejected.csv"


@pytest.mark.django_db
def test_several_files_are_read_whatever_their_names_say(tmp_path: Path) -> None:
    SiteFactory()
    one = write(tmp_path / "a.json", ndjson(patient(1)))
    two = write(tmp_path / "b.ndjson", json.dumps(bundle(observation(1), patient(2)), indent=2).encode())
    run(one, two)
    assert list(Patient.objects.values_list("family_name", flat=True)) == ["Monahan1", "Monahan2"]


@pytest.mark.django_db
def test_a_file_that_cannot_be_read_ends_with_an_error_after_the_others(tmp_path: Path) -> None:
    SiteFactory()
    bad = write(tmp_path / "bad.csv", b"name\nMaya\n")
    good = write(tmp_path / "good.ndjson", ndjson(patient(1)))
    with pytest.raises(SystemExit) as end:
        run(bad, tmp_path / "missing.ndjson", good)
    assert (end.value.code, Patient.objects.count()) == (1, 1)
    assert [run.status for run in ImportRun.objects.order_by("pk")] == [ImportStatus.FAILED, ImportStatus.DONE]


@pytest.mark.django_db
def test_without_a_site_one_is_begun(tmp_path: Path) -> None:
    _out, err = run(write(tmp_path / "export.ndjson", ndjson(patient(1))))
    assert err == "There was no site yet, so one called “Clinic” was made. Complete it at /setup/.\n"
    assert Patient.objects.get().site == Site.objects.get()


@pytest.mark.django_db
def test_with_several_sites_one_must_be_named(tmp_path: Path) -> None:
    SiteFactory(name="North")
    south = SiteFactory(name="South")
    file = write(tmp_path / "export.ndjson", ndjson(patient(1)))
    with pytest.raises(CommandError, match="North, South"):
        run(file)
    run(file, site="south")
    assert Patient.objects.get().site == south


def peak(dsn: str, file: Path, parts: Iterable[bytes]) -> tuple[int, str]:
    """Megabytes of resident memory at most, and what was printed, of an import in a process of its own."""
    with file.open("wb") as target:
        target.writelines(parts)
    script = (
        "import sys, django; django.setup()\n"
        "from django.core.management import call_command\n"
        "call_command('import_fhir', sys.argv[1])\n"
        # Not ru_maxrss: a process inherits that of the one that started it, here pytest's own.
        "print(next(int(l.split()[1]) for l in open('/proc/self/status') if l.startswith('VmHWM')) // 1024)\n"
    )
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": dsn, "HOMEWARD_LOCAL": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script, str(file)], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return int(done.stdout.splitlines()[-1]), done.stdout + done.stderr


@pytest.mark.soak
@pytest.mark.parametrize("content", [big_ndjson, big_bundle])
def test_memory_does_not_follow_the_size_of_the_file(content, pg_dsn: str, tmp_path: Path) -> None:
    SiteFactory()
    megabytes, report = peak(pg_dsn, tmp_path / "export.json", content(200 if SOAK else 20))
    assert "  rejected   0\n" in report
    assert megabytes <= MOST_MEGABYTES
