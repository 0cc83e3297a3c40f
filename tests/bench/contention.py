"""Fifty people at once for one place: one has it, nobody waits long, nothing locks up."""

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

from django.db import connection, connections

from clinic.domain import bookings
from clinic.domain.errors import Taken
from clinic.domain.slots import Slot
from clinic.enums import Role
from clinic.models import Course, Infusion, Patient, Room, StaffMember
from tests.factories import (
    CourseFactory,
    PatientFactory,
    PolicyFactory,
    ProtocolFactory,
    RoomFactory,
    SiteFactory,
    StaffFactory,
)

NOW = datetime(2026, 3, 3, 14, 41, tzinfo=UTC)
CLIENTS, ROUNDS, PROCESSES = 50, 200, 5
ROOMS, ROOM_ROUNDS = 10, 20

Job = Callable[[], str]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Of one request: its round, how it ended, and how long it took from the start of the round, in milliseconds."""

    round: int
    what: str
    took: float


class House:
    """One site with ``rooms`` rooms and clinicians, and a patient with an open course for each request."""

    def __init__(self, *, rooms: int, requests: int) -> None:
        self.site = SiteFactory()
        PolicyFactory(site=self.site)
        self.protocol = ProtocolFactory(site=self.site)
        self.desk = StaffFactory(sites=[self.site])
        self.rooms: list[Room] = [RoomFactory(site=self.site) for _number in range(rooms)]
        self.clinicians: list[StaffMember] = [
            StaffFactory(role=Role.CLINICIAN, sites=[self.site]) for _number in range(rooms)
        ]
        patients = Patient.objects.bulk_create(PatientFactory.build_batch(requests, site=self.site), batch_size=1000)
        self.courses = Course.objects.bulk_create(
            (
                CourseFactory.build(patient=patient, protocol=self.protocol, sessions=6, opened_by=self.desk)
                for patient in patients
            ),
            batch_size=1000,
        )

    def book(self, course: Course, starts_at: datetime, number: int) -> str:
        slot = Slot(starts_at, self.rooms[number % len(self.rooms)], self.clinicians[number % len(self.rooms)])
        bookings.place(course=course, slot=slot, actor=self.desk, now=NOW)
        return "booked"

    def book_any(self, course: Course, starts_at: datetime, number: int) -> str:
        """Whichever room is free at that time: where one was just taken, the next one that is offered."""
        slot = Slot(starts_at, self.rooms[number % len(self.rooms)], self.clinicians[number % len(self.rooms)])
        while True:
            try:
                bookings.place(course=course, slot=slot, actor=self.desk, now=NOW)
            except Taken as taken:
                others = [other for other in taken.alternatives if other.starts_at == starts_at]
                if not others:
                    raise
                slot = others[0]
            else:
                return "booked"


def run() -> dict[str, object]:
    """Leaves its rows: the audit trail cannot be emptied."""
    before = deadlocks()
    one, seconds = one_place(clients=CLIENTS, rounds=ROUNDS, processes=PROCESSES)
    winners = Counter(answer.round for answer in one if answer.what == "booked")
    many, _seconds = any_room(rooms=ROOMS, rounds=ROOM_ROUNDS, processes=PROCESSES)
    successes = Counter(answer.round for answer in many if answer.what == "booked")
    took = sorted(answer.took for answer in one)
    return {
        f"{CLIENTS} clients, one place: rounds": ROUNDS,
        "rounds with exactly one winner": sum(count == 1 for count in winners.values()),
        "requests that ended otherwise than booked or taken": sum(
            a.what not in {"booked", "Taken"} for a in one + many
        ),
        "slowest request, ms": round(took[-1]),
        "slowest after the first round, whose connections are new, ms": round(max(a.took for a in one if a.round)),
        "99 of 100 requests within, ms": round(took[int(len(took) * 0.99)]),
        "requests a second": round(len(one) / seconds),
        f"{ROOMS} rooms, {ROOMS + 5} requests for any: rounds with exactly {ROOMS}": sum(
            count == ROOMS for count in successes.values()
        ),
        f"of {ROOM_ROUNDS} rounds; slowest request, ms": round(max(answer.took for answer in many)),
        "deadlocks": deadlocks() - before,
    }


def one_place(*, clients: int, rounds: int, processes: int) -> tuple[list[Answer], float]:
    """One room and clinician, an empty day each round, starts a half hour apart: any two of them overlap."""
    house = House(rooms=1, requests=clients * rounds)

    def job(number: int, turn: int) -> str:
        course = house.courses[turn * clients + number]
        return house.book(course, day(turn) + timedelta(minutes=30 * (number % 3)), 0)

    found = at_once(job, clients=clients, rounds=rounds, processes=processes)
    assert Infusion.objects.filter(site=house.site).count() == rounds
    return found


def any_room(*, rooms: int, rounds: int, processes: int) -> tuple[list[Answer], float]:
    """Five more people than rooms, all for one time."""
    clients = rooms + 5
    house = House(rooms=rooms, requests=clients * rounds)

    def job(number: int, turn: int) -> str:
        return house.book_any(house.courses[turn * clients + number], day(turn), number)

    found = at_once(job, clients=clients, rounds=rounds, processes=processes)
    assert Infusion.objects.filter(site=house.site).count() == rooms * rounds
    return found


def day(turn: int) -> datetime:
    return datetime(2026, 3, 10, 14, tzinfo=UTC) + timedelta(days=turn)


def at_once(job: Callable[[int, int], str], *, clients: int, rounds: int, processes: int) -> tuple[list[Answer], float]:
    """Every client in a thread with its own connection, threads spread over processes, each round begun together."""
    connections.close_all()
    context = multiprocessing.get_context("fork")
    barrier, answers = context.Barrier(clients), context.SimpleQueue()
    shares = [range(first, clients, processes) for first in range(processes)]
    began = time.perf_counter()
    if processes == 1:
        return serve(job, shares[0], rounds, barrier), time.perf_counter() - began
    children = [
        context.Process(target=lambda share: answers.put(serve(job, share, rounds, barrier)), args=[share])
        for share in shares
    ]
    for child in children:
        child.start()
    found = [answer for _child in children for answer in answers.get()]
    for child in children:
        child.join()
    return found, time.perf_counter() - began


def serve(job: Callable[[int, int], str], numbers: range, rounds: int, barrier: Any) -> list[Answer]:
    found: list[Answer] = []

    def client(number: int) -> None:
        connection.ensure_connection()
        for turn in range(rounds):
            barrier.wait()
            began = time.perf_counter()
            try:
                what = job(number, turn)
            except Exception as error:
                what = type(error).__name__
            found.append(Answer(round=turn, what=what, took=(time.perf_counter() - began) * 1000))
        connection.close()

    threads = [Thread(target=client, args=[number]) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])
