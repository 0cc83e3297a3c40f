"""``make demo`` on a copy of this checkout: it starts, prints true things, and leaves no process however it ends."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent.parent
pytestmark = pytest.mark.crash


class Demo:
    """One run of the supervisor in a checkout of its own."""

    def __init__(self, checkout: Path, *arguments: str, **env: str) -> None:
        self.port = free_port()
        self.said = checkout / f"said-{self.port}.txt"
        ours = {
            "DATABASE_URL",
            "REDIS_URL",
            "DJANGO_SETTINGS_MODULE",
            "MAKELEVEL",
            "PYTHONPATH",
            "DJANGO_ALLOW_ASYNC_UNSAFE",
        }
        inherited = {name: value for name, value in os.environ.items() if name not in ours}
        with self.said.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "config.local.demo", *arguments],
                cwd=checkout,
                env={**inherited, "PORT": str(self.port), **env},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_ready(self, seconds: float = 600) -> float:
        """The seconds it says it took."""
        wait_for(lambda: "is ready after" in self.output() or self.process.poll() is not None, seconds)
        found = re.search(r"is ready after ([\d.]+) s", self.output())
        assert found, self.output()
        return float(found[1])

    def output(self) -> str:
        return self.said.read_text(encoding="utf-8")

    def get(self, address: str) -> int:
        """What a browser gets, cookies kept and redirects followed."""
        with build_opener(HTTPCookieProcessor()).open(address, timeout=10) as answer:
            return int(answer.status)

    def processes(self) -> list[int]:
        """Everything it started, with the children's children."""
        return descendants(self.process.pid)

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=30)


@pytest.fixture(scope="module")
def checkout() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="hw-"))
    folder.chmod(0o711)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def demo(checkout: Path) -> Iterator[Callable[..., Demo]]:
    started: list[Demo] = []

    def start(*arguments: str, **env: str) -> Demo:
        started.append(Demo(checkout, *arguments, **env))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.end(signal.SIGTERM)


def test_what_it_prints_is_true_and_ctrl_c_leaves_no_process(demo, checkout: Path) -> None:
    run = demo()
    run.wait_until_ready()
    told = json.loads((checkout / "var" / "demo.json").read_text(encoding="utf-8"))
    assert told["url"] == f"http://localhost:{run.port}/"
    addresses = [one["address"] for one in told["links"]]
    assert len(addresses) == 3
    for address in [f"{told['url']}healthz", f"{told['url']}readyz", told["url"], told["outbox"], *addresses]:
        assert run.get(address) == 200, address
    for one in told["sign_ins"]:
        assert {word for word in one.values() if word not in run.output()} == set()
    processes = run.processes()
    assert len(processes) > 8
    assert run.end(signal.SIGINT) == 0
    assert [pid for pid in processes if alive(pid)] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_second_start_is_quick_and_however_it_ends_no_process_is_left(demo, number: signal.Signals) -> None:
    run = demo()
    # Ten seconds on a machine with nothing else to do; the rest of the tests runs beside this one.
    assert run.wait_until_ready() < 30
    processes = run.processes()
    run.end(number)
    wait_for(lambda: not [pid for pid in processes if alive(pid)], 30)


def test_a_part_that_dies_is_started_again(demo) -> None:
    run = demo()
    run.wait_until_ready()
    (beat,) = [pid for pid in run.processes() if b"beat" in command(pid)]
    os.kill(beat, signal.SIGKILL)
    wait_for(lambda: "The beat had ended and was started again" in run.output(), 20)
    wait_for(lambda: [pid for pid in run.processes() if b"beat" in command(pid)], 20)


def test_a_second_demo_in_the_same_checkout_is_told_so(demo) -> None:
    first = demo()
    first.wait_until_ready()
    second = Demo(first.said.parent, PORT=str(free_port()))
    assert second.process.wait(timeout=30) == 1
    assert second.output() == f"This checkout is already running (process {first.process.pid}). Stop it first.\n"


def test_a_port_in_use_is_told_with_another_to_try(demo) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = demo(PORT=str(port))
        assert run.process.wait(timeout=30) == 1
    assert run.output().startswith(f"Port {port} is not free")
    assert f"make demo PORT={port + 1}" in run.output()


def test_the_empty_clinic_keeps_apart_from_the_demo(demo, checkout: Path) -> None:
    run = demo("run")
    run.wait_until_ready()
    assert "set up your clinic" in run.output()
    assert run.get(f"http://localhost:{run.port}/") == 200
    assert (checkout / "var" / "clinic" / "pg" / "PG_VERSION").exists()


def test_a_command_alone_starts_what_it_needs_and_stops_it(checkout: Path) -> None:
    count = "from clinic.models import Patient; print('patients', Patient.objects.count())"
    env = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    told = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", count],
        cwd=checkout,
        env=env,
        capture_output=True,
        text=True,
    )
    assert re.fullmatch(r"patients \d+\n", told.stdout), told.stderr
    assert not list((checkout / "var").glob("**/postmaster.pid"))


def wait_for(condition: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def descendants(pid: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents.setdefault(parent, []).append(int(stat.parent.name))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found
