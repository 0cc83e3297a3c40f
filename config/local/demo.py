"""``make demo`` and ``make run``: everything the clinic needs on one machine, started and stopped together.

``python -m config.local.demo`` fills a believable clinic; ``python -m config.local.demo run`` starts with an empty one.
``PORT`` chooses the port, ``FRESH=1`` starts over.
"""

import fcntl
import json
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from config import probe
from config.local import services
from config.local.processes import LocalError, follow_parent
from config.local.services import VAR, Home
from config.local.supervisor import Child, Stopped, Supervisor, run_to_its_end, stop_on_signal

ROOT = VAR.parent
LARGE_LOG = 5_000_000


def main() -> None:
    empty = sys.argv[1:] == ["run"]
    if os.environ.get("MAKELEVEL"):
        # Run by make, end with it, also when make is killed without a word.
        follow_parent(signal.SIGTERM)
    home = services.clinic() if empty else services.demo()
    try:
        with stop_on_signal():
            run(home, port=wanted_port(), fresh=os.environ.get("FRESH", "") not in {"", "0"}, empty=empty)
    except Stopped:
        say("Stopped. The data is kept." if not empty else "Stopped. Your clinic's data is kept.")
    except LocalError as error:
        sys.exit(str(error))


def run(home: Home, *, port: int, fresh: bool, empty: bool) -> None:
    """Start everything, say where it is, and look after it until ``Stopped``."""
    began = time.monotonic()
    with ExitStack() as at_the_end:
        at_the_end.enter_context(the_only_one(home))
        check_port(port)
        take_over(home, fresh=fresh, at_the_end=at_the_end)
        services.remember(home)
        env = environment(home, port=port, empty=empty)
        prepare(home, env, empty=empty)
        supervisor = Supervisor()
        at_the_end.callback(supervisor.stop)
        start_all(supervisor, home, env)
        supervisor.wait_until(lambda: probe.ready(port), seconds=60, what="The web server did not become ready")
        say(welcome(port, empty=empty, seconds=time.monotonic() - began))
        if empty:
            say(the_first_person(home, env))
        while True:
            for name in supervisor.look_after():
                say(f"The {name} had ended and was started again (see {home.logs}).")
            time.sleep(0.5)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def wanted_port() -> int:
    value = os.environ.get("PORT") or "8000"
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise LocalError(f"PORT must be a number from 1 to 65535, not {value!r}.")
    return int(value)


def check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise LocalError(
                f"Port {port} is not free ({error.strerror}). Choose another: make demo PORT={port + 1}"
            ) from error


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def the_only_one(home: Home) -> Iterator[None]:
    """Hold the checkout; a second start learns who holds it."""
    home.folder.mkdir(parents=True, exist_ok=True)
    with (home.folder / "running.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise LocalError(
                f"This checkout is already running (process {lock.read().strip()}). Stop it first."
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def take_over(home: Home, *, fresh: bool, at_the_end: ExitStack) -> None:
    """Become the owner of the services, after a command that started them for itself has ended, and start them."""
    deadline = time.monotonic() + 60
    while True:
        with services.starting(home):
            if services.own(home, at_the_end):
                if fresh:
                    start_over(home)
                keep_logs_small(home.logs)
                say("Local PostgreSQL and broker ask for no password: made-up people only.")
                services.start(home, at_the_end)
                return
        if time.monotonic() > deadline:
            raise LocalError(f"A command still uses the database in {home.folder}. Wait for it or stop it.")
        time.sleep(0.2)


def start_over(home: Home) -> None:
    home.postgres.end_leftover()
    home.valkey.end_leftover()
    for name in ("pg", "valkey", "mail", "files", "imports"):
        shutil.rmtree(home.folder / name, ignore_errors=True)
    for name in ("demo.json", "beat"):
        (home.folder / name).unlink(missing_ok=True)


def keep_logs_small(folder: Path) -> None:
    for log in folder.glob("*.log"):
        if log.stat().st_size > LARGE_LOG:
            log.replace(log.with_suffix(".old"))


def environment(home: Home, *, port: int, empty: bool) -> dict[str, str]:
    """What the processes see: this machine's own services, whatever else the terminal's environment names."""
    env = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL_FILE", "REDIS_URL_FILE"}}
    env |= home.env()
    env |= {"HOMEWARD_DEMO": "0" if empty else "1", "DEBUG": "0", "PYTHONUNBUFFERED": "1"}
    env |= {"PUBLIC_URL": f"http://localhost:{port}", "BIND": f"127.0.0.1:{port}"}
    if not (empty and env.get("SMS_API_URL")):
        env["FAKE_PROVIDER_PORT"] = str(free_port())
        env["SMS_API_URL"] = f"http://127.0.0.1:{env['FAKE_PROVIDER_PORT']}"
    return env


def prepare(home: Home, env: dict[str, str], *, empty: bool) -> None:
    """Tables, files and, for the demo, people; each step repeats safely."""
    manage = [sys.executable, str(ROOT / "manage.py")]
    log = home.logs / "setup.log"
    say("Preparing the database …")
    run_to_its_end([*manage, "migrate", "--noinput"], what="Preparing the database", log=log, env=env)
    run_to_its_end([*manage, "sync_library"], what="Bringing in new wordings", log=log, env=env)
    stamp, state = VAR / "static" / ".state", static_state()
    if not stamp.exists() or stamp.read_text() != state:
        say("Collecting styles and scripts …")
        command = [*manage, "collectstatic", "--noinput", "--clear", "-v", "0"]
        run_to_its_end(command, what="Collecting styles and scripts", log=log, env=env)
        stamp.write_text(state)
    if not empty:
        say("Filling the demo clinic for today …")
        run_to_its_end([*manage, "seed_demo"], what="Filling the demo clinic", log=log, env=env)


def static_state() -> str:
    """Changes when a file of ours or an installed package does."""
    digest = sha256()
    for file in sorted((ROOT / "static").rglob("*")):
        digest.update(f"{file.relative_to(ROOT)} {file.stat().st_mtime_ns} {file.stat().st_size}\n".encode())
    for file in sorted((ROOT / "requirements").glob("*.txt")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def start_all(supervisor: Supervisor, home: Home, env: dict[str, str]) -> None:
    celery = [sys.executable, "-m", "celery", "-A", "config"]
    commands: dict[str, list[str]] = {
        "web": [sys.executable, "-m", "gunicorn", "-c", "python:config.server", "config.wsgi"],
        "worker": [*celery, "worker", "--concurrency=2", "--without-gossip", "--without-mingle", "--loglevel=INFO"],
        "beat": [*celery, "beat", f"--schedule={home.folder / 'beat'}", "--pidfile=", "--loglevel=INFO"],
        "sender": [sys.executable, str(ROOT / "manage.py"), "messaging_loop", "--pause=15", "--skip-checks"],
    }
    if "FAKE_PROVIDER_PORT" in env:
        provider = [sys.executable, "-m", "messaging.fake_provider", "--port", env["FAKE_PROVIDER_PORT"]]
        commands = {"provider": provider, **commands}
    for name, command in commands.items():
        supervisor.start(Child(name, command, log=home.logs / f"{name}.log", env=env))


def welcome(port: int, *, empty: bool, seconds: float) -> str:
    lines = ["", f"Homeward is ready after {seconds:.1f} s:  http://localhost:{port}/"]
    if empty:
        lines += ["", "Open it to set up your clinic. Texts stay on this machine unless SMS_API_URL names a provider."]
    else:
        lines += made_up_people(json.loads((VAR / "demo.json").read_text(encoding="utf-8")))
    return "\n".join([*lines, "", "Ctrl-C stops everything and keeps the data; FRESH=1 starts over.", ""])


def the_first_person(home: Home, env: dict[str, str]) -> str:
    """Where the first administrator signs up and with which code; or that somebody has."""
    told = home.logs / "first-person.txt"
    told.unlink(missing_ok=True)
    manage = [sys.executable, str(ROOT / "manage.py")]
    run_to_its_end([*manage, "first_admin"], what="Looking for the first administrator", log=told, env=env)
    text = told.read_text(encoding="utf-8")
    told.unlink()
    return text


def made_up_people(demo: dict[str, Any]) -> list[str]:
    sign_ins, links = demo["sign_ins"], demo["links"]
    widths = {key: max(len(one[key]) for one in sign_ins) for key in ("role", "name")}
    lines = ["", "Sign in as (everybody is made up):"]
    lines += [f"  {one['role']:<{widths['role']}}  {one['name']:<{widths['name']}}  {one['email']}" for one in sign_ins]
    lines += [
        "",
        f"Everybody's password: {sign_ins[0]['password']}",
        f"Everybody's PIN, to switch person: {sign_ins[0]['pin']}",
    ]
    lines += ["", "Open on a phone, no account needed:"]
    for one in links:
        lines += [f"  {one['who']}", f"    {one['address']}"]
    lines += ["", f"What the phones received, once you are signed in: {demo['outbox']}"]
    return [*lines, f"All of this is also in {VAR / 'demo.json'}"]


if __name__ == "__main__":
    main()
