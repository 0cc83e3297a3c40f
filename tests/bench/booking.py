"""How many different visits are booked in a second, and how much of what PostgreSQL itself can do that is."""

import gc
import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from statistics import median

from django.db import connection, transaction

from clinic.domain import bookings, locks
from clinic.domain.slots import Slot
from clinic.enums import Role
from clinic.models import Course, Infusion, Patient
from messaging.models import Message
from tests.factories import (
    CourseFactory,
    DesignationFactory,
    PatientFactory,
    PolicyFactory,
    ProtocolFactory,
    RoomFactory,
    SiteFactory,
    StaffFactory,
    SupportPersonFactory,
)

NOW = datetime(2026, 3, 3, 14, 41, tzinfo=UTC)
CLIENTS = 8
EACH = 75
WARM = 15
ROUNDS = 3

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
# What a patient nobody stands by is told of a visit: three days, one day and three hours before.
MESSAGES = """
INSERT INTO messaging_message (site_id, plan_version, created_at, updated_at, scope, kind, subject, about_at, recipient,
    channel, due_at, not_after, language, rule, zone, wall_time, status, attempts, settle_rounds, unsure_times,
    send_key, provider_id, sent_to, email_subject, body, error_class, error_text)
SELECT %(site)s, 1, %(now)s, %(now)s, %(subject)s, kind, %(subject)s, %(start)s, 'patient:' || %(patient)s, 'sms',
    %(start)s - ahead, %(start)s, 'en', '3 days before', 'America/New_York', '10:00', 'pending', 0, 0, 0,
    gen_random_uuid(), '', '', '', '', '', ''
FROM (VALUES ('patient_3_days', interval '3 days'), ('patient_1_day', interval '1 day'),
    ('patient_3_hours', interval '3 hours')) AS reminder(kind, ahead)
"""
AUDIT = """
INSERT INTO clinic_auditentry (at, actor, verb, patient_id, subject, note)
VALUES (%(now)s, 'staff:1', 'infusion.booked', %(patient)s, %(subject)s, '')
"""

Work = Callable[[Course, Slot], None]


class House:
    """Eight rooms and clinicians, one for each client, and a course for every booking."""

    def __init__(self, helpers: int = 0) -> None:
        self.site = SiteFactory()
        self.policy = PolicyFactory(site=self.site)
        protocol = ProtocolFactory(site=self.site)
        self.desk = StaffFactory(sites=[self.site])
        self.lanes: list[list[tuple[Course, Slot]]] = []
        for _client in range(CLIENTS):
            room = RoomFactory(site=self.site)
            clinician = StaffFactory(role=Role.CLINICIAN, sites=[self.site])
            starts = (
                datetime(2026, 3, 10, 13 + 2 * turn, tzinfo=UTC) + timedelta(days=day)
                for day in itertools.count()
                for turn in range(4)
            )
            patients = Patient.objects.bulk_create(PatientFactory.build_batch(EACH, site=self.site))
            for patient in patients * helpers:
                person = SupportPersonFactory(site=self.site)
                DesignationFactory(patient=patient, person=person, witnessed_by=self.desk)
            courses = Course.objects.bulk_create(
                CourseFactory.build(patient=patient, protocol=protocol, sessions=6, opened_by=self.desk)
                for patient in patients
            )
            self.lanes.append(
                [(course, Slot(start, room, clinician)) for course, start in zip(courses, starts, strict=False)]
            )

    def by_domain(self, course: Course, slot: Slot) -> None:
        bookings.place(course=course, slot=slot, actor=self.desk, now=NOW)

    def by_sql(self, course: Course, slot: Slot) -> None:
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
        keys = [locks.PREMISES, locks.ROOM, locks.CLINICIAN, locks.PATIENT], [0, room, clinician, patient]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(locks.TAKE, [locks.PREMISES, *keys])
            cursor.execute(INSERT, values)
            values["subject"] = f"infusion:{cursor.fetchone()[0]}"
            cursor.execute(MESSAGES, values)
            cursor.execute(AUDIT, values)


def run() -> dict[str, float]:
    """Wants a migrated database; leaves its rows there, since the audit trail cannot be emptied."""
    domain, raw, helped = [], [], []
    for _round in range(ROUNDS):
        house = House()
        raw.append(per_second(house, house.by_sql))
        house = House()
        domain.append(per_second(house, house.by_domain))
        house = House(helpers=2)
        helped.append(per_second(house, house.by_domain))
    assert Message.objects.filter(site=house.site).count() >= 3 * CLIENTS * EACH
    return {
        "bookings a second, with everything that follows": round(median(domain)),
        "raw SQL, the same locks, writes and commits": round(median(raw)),
        "ratio (bar 0.60)": round(median(one / other for one, other in zip(domain, raw, strict=True)), 2),
        "bookings a second where two helpers are asked": round(median(helped)),
    }


def per_second(house: House, work: Work) -> float:
    """Every client is a process of its own, as a web worker is; they begin together."""
    before = Infusion.objects.count()
    connection.close()
    # What was here before the fork is not a worker's own: walking through it would copy its pages.
    gc.collect()
    gc.freeze()
    fork = get_context("fork")
    ready = fork.Barrier(CLIENTS + 1, timeout=60)

    def lane(pairs: list[tuple[Course, Slot]]) -> None:
        connection.ensure_connection()
        for course, slot in pairs[:WARM]:
            work(course, slot)
        ready.wait()
        for course, slot in pairs[WARM:]:
            work(course, slot)
        connection.close()

    clients = [fork.Process(target=lane, args=[pairs]) for pairs in house.lanes]
    for client in clients:
        client.start()
    ready.wait()
    began = time.perf_counter()
    for client in clients:
        client.join()
    seconds = time.perf_counter() - began
    gc.unfreeze()
    assert Infusion.objects.count() - before == CLIENTS * EACH
    return CLIENTS * (EACH - WARM) / seconds
