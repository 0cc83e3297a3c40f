"""The database and the broker of a checkout: one owner, no leftovers, a sentence when something stands in the way."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from config.local import services
from config.local.postgres import OS_USER, Postgres
from config.local.processes import LocalError
from config.local.services import Home
from config.local.valkey import Valkey

ROOT = Path(__file__).resolve().parent.parent.parent.parent


@pytest.fixture
def home() -> Iterator[Home]:
    """A short folder; pytest's own are too long for sockets."""
    folder = Path(tempfile.mkdtemp(prefix="hw-"))
    folder.chmod(0o711)
    yield Home(folder)
    shutil.rmtree(folder)


def test_both_services_run_inside_and_stop_after(home: Home) -> None:
    with services.running(home):
        assert home.postgres.running()
        assert home.valkey.running()
    assert not home.postgres.running()
    assert not home.valkey.running()


def test_the_data_is_there_the_next_time(home: Home) -> None:
    with services.running(home):
        execute(home, "CREATE TABLE kept (id int)")
    with services.running(home):
        execute(home, "SELECT * FROM kept")


def test_the_second_one_uses_the_firsts_and_leaves_it_running(home: Home) -> None:
    with services.running(home):
        with services.running(Home(home.folder)):
            execute(home, "SELECT 1")
        assert home.postgres.running()


def test_the_owner_waits_for_those_who_still_work(home: Home) -> None:
    code = (
        "import sys, time; from pathlib import Path; from config.local import services\n"
        "with services.running(services.Home(Path(sys.argv[1]))):\n"
        "    print('in', flush=True); time.sleep(float(sys.argv[2]))\n"
    )
    with services.running(home):
        guest = subprocess.Popen(
            [sys.executable, "-c", code, str(home.folder), "1"], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert guest.stdout is not None
        assert guest.stdout.readline() == "in\n"
    assert guest.wait(timeout=5) == 0
    guest.stdout.close()


def test_a_killed_owner_leaves_no_server(home: Home) -> None:
    code = (
        "import sys, time; from pathlib import Path; from config.local import services\n"
        "with services.running(services.Home(Path(sys.argv[1]))):\n"
        "    print('in', flush=True); time.sleep(60)\n"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", code, str(home.folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == "in\n"
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    deadline = time.monotonic() + 10
    while (home.postgres.running() or home.valkey.running()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not home.postgres.running()
    assert not home.valkey.running()


def test_the_next_command_waits_until_a_killed_owners_servers_are_gone(home: Home) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from config.local import services\n"
        "with services.running(services.Home(Path(sys.argv[1]))):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    for _ in range(3):
        subprocess.run([sys.executable, "-c", code, str(home.folder)], cwd=ROOT)
        with services.running(home):
            execute(home, "SELECT 1")


def test_a_server_without_an_owner_is_ended_before_the_next_start(home: Home) -> None:
    leftover = Home(home.folder)
    leftover.postgres.start()
    leftover.valkey.start()
    with services.running(home):
        execute(home, "SELECT 1")
    # Both have ended; this only collects them.
    leftover.valkey.stop()
    leftover.postgres.stop()


def test_a_guest_may_call_a_command_of_its_own_while_the_owner_waits(home: Home) -> None:
    code = (
        "import subprocess, sys, time; from pathlib import Path; from config.local import services\n"
        "with services.running(services.Home(Path(sys.argv[1]))):\n"
        "    print('in', flush=True); time.sleep(0.5)\n"
        "    if len(sys.argv) == 3: subprocess.run([sys.executable, '-c', sys.argv[2], sys.argv[1]], timeout=20)\n"
    )
    with services.running(home):
        guest = subprocess.Popen(
            [sys.executable, "-c", code, str(home.folder), code], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert guest.stdout is not None
        assert guest.stdout.readline() == "in\n"
    assert guest.wait(timeout=30) == 0
    guest.stdout.close()


def test_a_first_start_that_was_broken_off_is_begun_anew(home: Home) -> None:
    (home.folder / "pg" / "base").mkdir(parents=True)
    (home.folder / "pg" / "PG_VERSION").write_text("18\n")
    with services.running(home):
        execute(home, "SELECT 1")


@pytest.mark.parametrize("service", [Postgres, Valkey])
def test_a_folder_too_deep_for_a_socket_is_refused_in_a_sentence(tmp_path: Path, service: type) -> None:
    deep = tmp_path / ("d" * 120)
    with pytest.raises(LocalError, match=r"^This folder's path is too long: .* Move the checkout to a shorter path"):
        service(deep, log=tmp_path / "log").start()
    assert not deep.exists()


def test_a_command_works_on_what_was_started_last(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "VAR", home.folder)
    monkeypatch.setattr(services, "_LAST", home.folder / "last")
    assert services.last().folder == home.folder
    services.remember(services.clinic())
    assert services.last().folder == home.folder / "clinic"
    services.remember(services.demo())
    assert services.last().folder == home.folder


def test_the_database_never_runs_as_root(home: Home) -> None:
    with services.running(home):
        process = int((home.folder / "pg" / "postmaster.pid").read_text().splitlines()[0])
        account = pwd.getpwnam(OS_USER).pw_uid if os.geteuid() == 0 else os.geteuid()
        assert Path(f"/proc/{process}").stat().st_uid == account


def execute(home: Home, statement: str) -> None:
    session = psycopg2.connect(home.postgres.url)
    session.autocommit = True
    session.cursor().execute(statement)
    session.close()
