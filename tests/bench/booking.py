"""How many different visits are booked in a second, and how much of what PostgreSQL itself can do that is."""

import itertools
import time
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Thread

from django.db import connection, transaction

from clinic.domain import bookings, followers, locks
from clinic.domain.slots import Slot
from clinic.enums import Role
from clinic.models import Course, Infusion, Patient
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
THREADS = 8
EACH = 25
ROUNDS = 2

LOCK = "SELECT pg_advisory_xact_lock(k, v) FROM unnest(%s::int[], %s::int[]) AS keys(k, v)"
INSERT = """
INSERT INTO clinic_infusion (
    site_id, course_id, patient_id, room_id, clinician_id, policy_id, number, is_walk_in, starts_at, pickup_from,
    ends_at, room_free_at, status, version, booked_at, booked_by_id, stopped_early_reason, off_reason, released_how,
    override_reason
) VALUES (
    %(site)s, %(course)s, %(patient)s, %(room)s, %(clinician)s, %(policy)s, 1, false, %(start)s,
    %(start)s + interval '85 minutes', %(start)s + interval '100 minutes', %(start)s + interval '115 minutes',
    'booked', 1, %(now)s, %(by)s, '', '', '', ''
) RETURNING id
"""
AUDIT = """
INSERT INTO clinic_auditentry (at, actor, verb, patient_id, subject, note)
VALUES (%(now)s, 'staff:1', 'infusion.booked', %(patient)s, %(subject)s, '')
"""

# What a booking asks before it writes: the signed rules, who and what may be booked, and when.
QUESTIONS = (
    "SELECT * FROM clinic_policy WHERE site_id = %(site)s AND signed_at IS NOT NULL ORDER BY version DESC LIMIT 1",
    "SELECT * FROM clinic_room WHERE site_id = %(site)s AND is_active ORDER BY name, id",
    "SELECT staff.* FROM clinic_staffmember staff JOIN clinic_staffmember_sites sites ON staffmember_id = staff.id"
    " WHERE site_id = %(site)s AND role = 'clinician' AND is_active ORDER BY full_name, staff.id",
    "SELECT * FROM clinic_openinghours WHERE site_id = %(site)s ORDER BY weekday, opens",
    "SELECT * FROM clinic_workinghours WHERE site_id = %(site)s ORDER BY weekday, starts",
    "SELECT * FROM clinic_closure WHERE site_id = %(site)s AND ends_at > %(start)s ORDER BY starts_at",
)
STILL_OPEN = (
    "SELECT status FROM clinic_course WHERE id = %(course)s",
    "SELECT number FROM clinic_infusion WHERE course_id = %(course)s AND NOT status IN ('cancelled', 'no_show')",
)

Work = Callable[[Course, Slot], None]


class House:
    """Eight rooms and clinicians, one for each thread, and a course for every booking."""

    def __init__(self) -> None:
        self.site = SiteFactory()
        self.policy = PolicyFactory(site=self.site)
        protocol = ProtocolFactory(site=self.site)
        self.desk = StaffFactory(sites=[self.site])
        self.lanes: list[list[tuple[Course, Slot]]] = []
        for _thread in range(THREADS):
            room = RoomFactory(site=self.site)
            clinician = StaffFactory(role=Role.CLINICIAN, sites=[self.site])
            starts = (
                datetime(2026, 3, 10, 13 + 2 * turn, tzinfo=UTC) + timedelta(days=day)
                for day in itertools.count()
                for turn in range(4)
            )
            patients = Patient.objects.bulk_create(PatientFactory.build_batch(EACH, site=self.site))
            courses = Course.objects.bulk_create(
                CourseFactory.build(patient=patient, protocol=protocol, sessions=6, opened_by=self.desk)
                for patient in patients
            )
            self.lanes.append(
                [(course, Slot(start, room, clinician)) for course, start in zip(courses, starts, strict=False)]
            )

    def by_domain(self, course: Course, slot: Slot) -> None:
        bookings.book(course=course, slot=slot, actor=self.desk, now=NOW)

    def by_sql(self, course: Course, slot: Slot, asking: bool = False) -> None:
        room, clinician, patient = slot.room.pk, slot.clinician.pk, course.patient_id
        values = {
            "site": self.site.pk,
            "course": course.pk,
            "patient": patient,
            "room": room,
            "clinician": clinician,
            "policy": self.policy.pk,
            "start": slot.starts_at,
            "now": NOW,
            "by": self.desk.pk,
        }
        with transaction.atomic(), connection.cursor() as cursor:
            for question in QUESTIONS if asking else ():
                cursor.execute(question, values)
                cursor.fetchall()
            cursor.execute(LOCK, [[locks.ROOM, locks.CLINICIAN, locks.PATIENT], [room, clinician, patient]])
            for question in STILL_OPEN if asking else ():
                cursor.execute(question, values)
                cursor.fetchall()
            cursor.execute(INSERT, values)
            values["subject"] = f"infusion:{cursor.fetchone()[0]}"
            cursor.execute(AUDIT, values)


def run() -> dict[str, float]:
    """Wants a migrated database; leaves its rows there, since the audit trail cannot be emptied."""
    whole, own, same, bare = [], [], [], []
    for _round in range(ROUNDS):
        house = House()
        whole.append(per_second(house, house.by_domain))
        house = House()
        with nobody_follows():
            own.append(per_second(house, house.by_domain))
        house = House()
        same.append(per_second(house, partial(house.by_sql, asking=True)))
        house = House()
        bare.append(per_second(house, house.by_sql))
    return {
        "bookings a second, with everything that follows": round(max(whole)),
        "bookings a second, the booking itself": round(max(own)),
        "raw SQL, the same questions, locks, writes and commits": round(max(same)),
        "raw SQL, the same locks, writes and commits": round(max(bare)),
        "ratio of the booking itself to raw SQL that does the same": round(max(own) / max(same), 2),
        "ratio of the booking itself to raw SQL that only writes": round(max(own) / max(bare), 2),
    }


def per_second(house: House, work: Work) -> float:
    before = Infusion.objects.count()

    def lane(pairs: list[tuple[Course, Slot]]) -> None:
        for course, slot in pairs:
            work(course, slot)
        connection.close()

    threads = [Thread(target=lane, args=[pairs]) for pairs in house.lanes]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    assert Infusion.objects.count() - before == THREADS * EACH
    return THREADS * EACH / seconds


@contextmanager
def nobody_follows():
    kept = followers._followers[:]
    followers._followers.clear()
    try:
        yield
    finally:
        followers._followers.extend(kept)
