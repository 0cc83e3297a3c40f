"""The supervisor looks after its children, and takes them with it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config.local.processes import LocalError
from config.local.supervisor import Child, Supervisor, run_to_its_end

ROOT = Path(__file__).resolve().parent.parent.parent.parent


def child(tmp_path: Path, code: str, name: str = "worker") -> Child:
    return Child(name, [sys.executable, "-c", code], log=tmp_path / f"{name}.log", env=dict(os.environ))


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_for(condition, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def pids(log: Path) -> list[int]:
    return [int(line) for line in log.read_text().splitlines() if line.isdecimal()] if log.exists() else []


def test_a_child_that_dies_is_started_again(tmp_path: Path) -> None:
    supervisor = Supervisor()
    supervisor.start(child(tmp_path, "import os, time; print(os.getpid(), flush=True); time.sleep(60)"))
    wait_for(lambda: pids(tmp_path / "worker.log"))
    os.kill(pids(tmp_path / "worker.log")[0], signal.SIGKILL)
    wait_for(lambda: supervisor.look_after() == ["worker"])
    wait_for(lambda: len(pids(tmp_path / "worker.log")) == 2)
    supervisor.stop()
    assert [alive(pid) for pid in pids(tmp_path / "worker.log")] == [False, False]


def test_a_child_that_dies_three_times_in_a_row_ends_it_with_its_last_words(tmp_path: Path) -> None:
    supervisor = Supervisor()
    supervisor.start(child(tmp_path, "raise SystemExit('the cable is cut')"))

    def give_up() -> bool:
        supervisor.look_after()
        return False

    with pytest.raises(LocalError, match=r"The worker ended 3 times in a row \(last with code 1\)") as stopped:
        wait_for(give_up)
    assert str(stopped.value).endswith("the cable is cut")
    supervisor.stop()


def test_a_child_that_ignores_the_request_is_ended_by_force_with_its_own_children(tmp_path: Path) -> None:
    code = (
        "import os, signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "grandchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(os.getpid(), flush=True); print(grandchild.pid, flush=True); time.sleep(60)\n"
    )
    supervisor = Supervisor(grace=0.3)
    supervisor.start(child(tmp_path, code))
    wait_for(lambda: len(pids(tmp_path / "worker.log")) == 2)
    supervisor.stop()
    wait_for(lambda: not any(alive(pid) for pid in pids(tmp_path / "worker.log")))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_however_it_ends_no_child_is_left(tmp_path: Path, number: signal.Signals) -> None:
    code = f"""
import os, sys, time
from pathlib import Path
from config.local.supervisor import Child, Stopped, Supervisor, stop_on_signal
supervisor = Supervisor()
try:
    with stop_on_signal():
        for name in ("one", "two"):
            sleeper = [sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(60)"]
            supervisor.start(Child(name, sleeper, log=Path({str(tmp_path)!r}) / name, env=dict(os.environ)))
        while True:
            supervisor.look_after(); time.sleep(0.05)
except Stopped:
    supervisor.stop(); print("stopped")
"""
    owner = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    wait_for(lambda: pids(tmp_path / "one") and pids(tmp_path / "two"))
    owner.send_signal(number)
    said, _ = owner.communicate(timeout=10)
    assert said == ("" if number == signal.SIGKILL else "stopped\n")
    wait_for(lambda: not any(alive(pid) for pid in pids(tmp_path / "one") + pids(tmp_path / "two")))


def test_a_step_that_fails_shows_the_end_of_its_output(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=r"^Preparing the database failed\. The end of .*:\n    no room left$"):
        run_to_its_end(
            [sys.executable, "-c", "raise SystemExit('no room left')"],
            what="Preparing the database",
            log=tmp_path / "setup.log",
            env=dict(os.environ),
        )
