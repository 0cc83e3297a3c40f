"""Bookings over HTTP: gunicorn with two workers, eight people at their desks, every guarantee on."""

import os
import re
import secrets
import socket
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from threading import Thread
from urllib.parse import urlencode

from django.conf import settings
from django.test import Client

from clinic.domain.slots import Slot
from clinic.forms import slot_text
from clinic.models import Course, Infusion
from tests.bench.contention import House
from tests.factories import StaffFactory

CLIENTS, EACH, ROUNDS, WARM_UP = 8, 60, 3, 4
HOURS = (14, 16, 18, 20)


@dataclass(frozen=True, kw_only=True)
class Answer:
    course: Course
    slot: Slot
    status: int
    took: float


def run() -> dict[str, object]:
    """Leaves its rows: the audit trail cannot be emptied. Counts what the server said yes to and then looks it up."""
    answers: list[Answer] = []
    rates = []
    with Server() as server:
        lanes(server, house=House(rooms=CLIENTS, requests=CLIENTS * WARM_UP), each=WARM_UP)
        for _round in range(ROUNDS):
            house = House(rooms=CLIENTS, requests=CLIENTS * EACH)
            found, seconds = lanes(server, house=house, each=EACH)
            rates.append(len(found) / seconds)
            answers += found
    took = sorted(answer.took for answer in answers)
    said_yes = [answer for answer in answers if answer.status == 302]
    booked = set(
        Infusion.objects.filter(course__in=[answer.course for answer in said_yes]).values_list(
            "course_id", "starts_at", "room_id", "clinician_id"
        )
    )
    there = [(a.course.pk, a.slot.starts_at, a.slot.room.pk, a.slot.clinician.pk) in booked for a in said_yes]
    return {
        f"bookings a second, {CLIENTS} clients, 2 workers, best of {ROUNDS}": round(max(rates)),
        "bookings a second, median": round(statistics.median(rates)),
        "asked for": len(answers),
        "said yes": len(said_yes),
        "of these in the database": sum(there),
        "one booking: median, ms": round(statistics.median(took), 1),
        "one booking: 99 of 100 within, ms": round(took[int(len(took) * 0.99)], 1),
    }


class Server:
    """gunicorn as ``make run`` starts it, on a port of its own."""

    def __enter__(self) -> "Server":
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "python:config.server", "config.wsgi"],
            cwd=settings.BASE_DIR,
            env={
                **os.environ,
                "BIND": f"127.0.0.1:{self.port}",
                "PUBLIC_URL": f"http://127.0.0.1:{self.port}",
                "WEB_WORKERS": "2",
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with socket.socket() as door:
                if door.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.1)
        raise TimeoutError("gunicorn does not answer")

    def __exit__(self, *_error: object) -> None:
        self.process.terminate()
        self.process.wait(30)


def lanes(server: Server, *, house: House, each: int) -> tuple[list[Answer], float]:
    """Each client signed in by themselves, with a room and a clinician of their own."""
    found: list[Answer] = []
    first = datetime.combine(date.today() + timedelta(days=30), datetime.min.time(), tzinfo=UTC)
    jobs = []
    for lane in range(CLIENTS):
        room, clinician = house.rooms[lane], house.clinicians[lane]
        starts = [first + timedelta(days=n // len(HOURS), hours=HOURS[n % len(HOURS)]) for n in range(each)]
        courses = house.courses[lane * each : (lane + 1) * each]
        desk = Client()
        desk.force_login(StaffFactory(sites=[house.site]))
        session = desk.cookies[settings.SESSION_COOKIE_NAME].value
        pairs = [(course, Slot(start, room, clinician)) for course, start in zip(courses, starts, strict=True)]
        jobs.append(Thread(target=book_all, args=[server, session, pairs, found]))
    began = time.perf_counter()
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    return found, time.perf_counter() - began


def book_all(server: Server, session: str, pairs: list[tuple[Course, Slot]], found: list[Answer]) -> None:
    """On one kept connection. The client shares the machine with the server, so it does no more than it must."""
    # The form's key: the same secret in the cookie and in the form, as a browser would send it.
    key = re.sub(r"[^A-Za-z0-9]", "x", secrets.token_urlsafe(24))[:32]
    asked = [request(server, session, key, course, slot) for course, slot in pairs]
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
        for (course, slot), sent in zip(pairs, asked, strict=True):
            began = time.perf_counter()
            line.sendall(sent)
            status = answer(line)
            took = (time.perf_counter() - began) * 1000
            found.append(Answer(course=course, slot=slot, status=status, took=took))


def request(server: Server, session: str, key: str, course: Course, slot: Slot) -> bytes:
    body = urlencode({"slot": slot_text.written(slot), "csrfmiddlewaretoken": key})
    lines = [
        f"POST /courses/{course.pk}/place/ HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        f"Origin: http://127.0.0.1:{server.port}",
        f"Cookie: {settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={key}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", body]).encode()


def answer(line: socket.socket) -> int:
    """The status, once the whole answer has come."""
    read = b""
    while b"\r\n\r\n" not in read:
        read += line.recv(65536)
    head, _blank, body = read.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    missing = int(length[1]) - len(body) if length else 0
    while missing > 0:
        missing -= len(line.recv(65536))
    return int(head.split(b" ", 2)[1])
