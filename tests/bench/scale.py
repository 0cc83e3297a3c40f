"""Five years of twenty sites, made in seconds: what diary, boards and pages are measured against.

Two sizes with the same near future and the same day at the first site; they differ in what lies behind and at the
other sites, which is just what must not be felt.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from django.apps import apps
from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test.utils import CaptureQueriesContext

from clinic.domain import premises
from clinic.enums import Role
from clinic.models import Patient, Protocol, Site, StaffMember
from tests.factories import PolicyFactory, ProtocolFactory, RoomFactory, SiteFactory, StaffFactory

TODAY = date(2026, 3, 3)
NOW = datetime(2026, 3, 3, 17, 5, tzinfo=UTC)  # 12:05 in New York, the fullest hour of the day
SMALL, LARGE = 1_000, 100_000
SITES = 20
PATIENTS = 600
# Rooms and clinicians of the first site (60 visits today), of the second (the widest), of the others.
FIRST, WIDE, PLAIN = (12, 12), (20, 12), (8, 6)
AHEAD_DAYS, AHEAD_A_DAY = 40, 5
# The audit trail keeps its head and its seals; nobody may empty it.
KEPT = {"clinic_auditentry", "clinic_auditseal", "clinic_audithead", "clinic_diarystamp"}

PEOPLE = """
INSERT INTO clinic_patient (site_id, given_name, family_name, preferred_name, birth_date, record_number, phone,
    phone_as_received, email, email_as_received, language, timezone, is_archived, imported, created_at)
SELECT %(site)s, (ARRAY['Maya', 'Omar', 'Ines', 'Raj', 'Ana', 'Kim'])[1 + n %% 6], 'Tran' || n, '', '1987-02-03',
    'R' || n, '+14105550' || (100 + n %% 100), '', '', '', 'en', '', false, '{}', %(now)s
FROM generate_series(0, %(patients)s - 1) n;
INSERT INTO clinic_course (patient_id, protocol_id, sessions, status, opened_at, opened_by_id)
SELECT id, %(protocol)s, 40, 'open', %(now)s - interval '4 years', %(desk)s FROM clinic_patient
WHERE site_id = %(site)s ORDER BY id;
INSERT INTO support_supportperson (site_id, given_name, family_name, phone, phone_as_received, email,
    email_as_received, language, timezone, is_adult, created_at)
SELECT %(site)s, (ARRAY['Sam', 'Lee', 'Jo', 'Pat'])[1 + n %% 4], 'Okoro' || n, '+14105550' || (100 + n %% 100), '', '',
    '', 'en', '', true, %(now)s
FROM generate_series(0, 2 * %(patients)s - 1) n;
INSERT INTO support_designation (patient_id, person_id, relationship, roles, may_know, rank, valid_from, consent_how,
    consent_at, consent_wording, witnessed_by_id)
SELECT patient.id, person.id, 'friend', '{ride,followup}', '{dates,progress,aftercare}', rank,
    %(now)s - interval '4 years', 'in_person', %(now)s - interval '4 years', 'I would like this person to help me.',
    %(desk)s
FROM (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM clinic_patient WHERE site_id = %(site)s) patient
CROSS JOIN generate_series(1, 2) rank
JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM support_supportperson
    WHERE site_id = %(site)s) person ON person.place = 2 * patient.place + rank - 1;
INSERT INTO messaging_consent (person, purpose, channel, address, language, wording, how, given_at, withdrawn_how)
SELECT person, purpose, 'sms', phone, 'en', 'May we text you?', 'spoken', %(now)s, ''
FROM (
    SELECT 'patient:' || id AS person, phone, unnest(ARRAY['visits', 'checkins', 'offers']) AS purpose
    FROM clinic_patient WHERE site_id = %(site)s
    UNION ALL
    SELECT 'person:' || id, phone, unnest(ARRAY['rides', 'checkins']) FROM support_supportperson
    WHERE site_id = %(site)s
) agreed;
"""

# ``visit``: the day, the slot of two hours from 08:00, the lane (room and clinician), the patient's place, the number.
VISITS = """
WITH course AS (
    SELECT course.id, patient_id, row_number() OVER (ORDER BY course.id) - 1 AS place
    FROM clinic_course course JOIN clinic_patient patient ON patient.id = patient_id WHERE site_id = %(site)s
), visit AS ({visits}), timed AS (
    SELECT course.id AS course_id, patient_id, number, status, lane,
        (day + time '08:00' + slot * interval '2 hours') AT TIME ZONE 'America/New_York' AS starts_at
    FROM visit JOIN course USING (place)
)
INSERT INTO clinic_infusion (site_id, course_id, patient_id, room_id, clinician_id, policy_id, number, is_walk_in,
    starts_at, pickup_from, ends_at, room_free_at, status, version, booked_at, booked_by_id, arrived_at, started_at,
    recovering_at, ready_at, released_at, home_at, stopped_early_reason, off_reason, released_how, override_reason)
SELECT %(site)s, course_id, patient_id, (%(rooms)s::bigint[])[1 + lane], (%(clinicians)s::bigint[])[1 + lane],
    %(policy)s, number, false, starts_at, starts_at + interval '85 minutes', starts_at + interval '100 minutes',
    starts_at + interval '115 minutes',
    status, 1, starts_at - interval '20 days', %(desk)s,
    CASE WHEN status <> 'booked' THEN starts_at END,
    CASE WHEN status NOT IN ('booked', 'arrived') THEN starts_at + interval '15 minutes' END,
    CASE WHEN status NOT IN ('booked', 'arrived') THEN starts_at + interval '55 minutes' END,
    CASE WHEN status IN ('ready', 'home') THEN starts_at + interval '90 minutes' END,
    CASE WHEN status = 'home' THEN starts_at + interval '100 minutes' END,
    CASE WHEN status = 'home' THEN starts_at + interval '140 minutes' END,
    '', '', CASE WHEN status = 'home' THEN 'handover' ELSE '' END, ''
FROM timed
"""
TODAYS = """
    SELECT %(today)s::date AS day, n / 12 AS slot, n %% 12 AS lane, n AS place, 20 AS number,
        (ARRAY['home', 'recovering', 'arrived', 'booked', 'booked'])[1 + n / 12] AS status
    FROM generate_series(0, 59) n
"""
AHEAD = """
    SELECT day::date, n AS slot, (ahead %% %(lanes)s)::int AS lane, (100 + 5 * (ahead - 1) + n)::int AS place,
        21 AS number, 'booked' AS status
    FROM (SELECT day, row_number() OVER (ORDER BY day) AS ahead
          FROM generate_series(%(today)s::date + 1, %(today)s::date + 90, interval '1 day') day
          WHERE extract(isodow FROM day) < 6 ORDER BY day LIMIT %(ahead_days)s) AS days
    CROSS JOIN generate_series(0, %(a_day)s - 1) n
"""
BEHIND = """
    SELECT day::date, (k %% 4)::int AS slot, (k / 4 %% %(lanes)s)::int AS lane, (k %% %(patients)s)::int AS place,
        (1 + k / %(patients)s)::int AS number, 'home' AS status
    FROM generate_series(0, %(behind)s - 1) k
    JOIN (SELECT day, row_number() OVER (ORDER BY day DESC) - 1 AS ago
          FROM generate_series(%(today)s::date - 1826, %(today)s::date - 1, interval '1 day') day
          WHERE extract(isodow FROM day) < 6) AS days ON ago = k / 4
"""

# The first helper of the patient drives; ahead, every third has not answered yet.
PROMISES = """
INSERT INTO support_commitment (infusion_id, designation_id, role, for_starts_at, status, asked_at, answered_at,
    answered_via, reconfirmed_at, car)
SELECT infusion.id, designation.id, 'ride', starts_at, answer, starts_at - interval '20 days',
    CASE WHEN answer NOT IN ('asked', 'covered') THEN starts_at - interval '10 days' END,
    CASE WHEN answer NOT IN ('asked', 'covered') THEN 'link' ELSE '' END,
    CASE WHEN answer IN ('reconfirmed', 'kept') THEN starts_at - interval '1 day' END, ''
FROM clinic_infusion infusion JOIN support_designation designation USING (patient_id)
CROSS JOIN LATERAL (SELECT CASE
    WHEN rank = 2 AND status = 'booked' AND infusion.id %% 3 = 0 THEN 'asked' WHEN rank = 2 THEN 'covered'
    WHEN status = 'home' THEN 'kept' WHEN status <> 'booked' THEN 'reconfirmed'
    WHEN infusion.id %% 3 = 0 THEN 'asked' ELSE 'accepted' END AS answer) AS said
WHERE rank = 1 OR status = 'booked';
INSERT INTO support_handover (infusion_id, how, commitment_id, patient_word, helper_word, created_at, done_at,
    done_by_id, check_by, adult_seen, score, instructions_given, evidence)
SELECT infusion.id, 'handover', commitment.id, 'river', 'lamp', ready_at, released_at, booked_by_id, 'code',
    true, 10, true, ''
FROM clinic_infusion infusion JOIN support_commitment commitment ON commitment.infusion_id = infusion.id
WHERE infusion.status = 'home' AND commitment.status = 'kept';
INSERT INTO messaging_message (site_id, kind, scope, subject, about_at, recipient, channel, language, due_at, not_after,
    rule, zone, wall_time, plan_version, status, attempts, settle_rounds, unsure_times, send_key, provider_id, sent_to,
    email_subject, body, error_class, error_text, posted_at, sent_at, delivered_at, created_at, updated_at)
SELECT site_id, 'patient_1_day', 'infusion:' || id, 'infusion:' || id, starts_at, 'patient:' || patient_id, 'sms', 'en',
    starts_at - interval '1 day', starts_at, '', '', '', 0, 'delivered', 1, 0, 0, gen_random_uuid(), 'SM' || id,
    '+14105550142', '', 'Northgate Care: see you tomorrow.', '', '', starts_at - interval '1 day',
    starts_at - interval '1 day', starts_at - interval '1 day', starts_at - interval '20 days',
    starts_at - interval '1 day'
FROM clinic_infusion WHERE status = 'home';
"""


@dataclass(frozen=True, kw_only=True)
class House:
    """A database of its own: the first site, the widest one, and who works at the first."""

    site: Site
    wide: Site
    protocols: dict[int, Protocol]
    desk: StaffMember
    patient: Patient
    connection: BaseDatabaseWrapper
    premises: dict[Any, Any]

    def enter(self) -> None:
        """From here on everything is asked of this database; cheap enough to do before each call."""
        connections["default"] = self.connection
        premises._kept = self.premises


@cache
def houses() -> tuple[House, House]:
    """With few visits and with many, side by side, so that both can be measured turn by turn."""
    return _build(SMALL), _build(LARGE)


@contextmanager
def visiting() -> Iterator[tuple[House, House]]:
    """Both, and afterwards the database from before."""
    before, kept = connections["default"], premises._kept
    try:
        yield houses()
    finally:
        connections["default"], premises._kept = before, kept


def _build(size: int) -> House:
    name = f"scale_{size}"
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE {name} TEMPLATE "{connection.settings_dict["NAME"]}"')
    own = type(connections["default"])({**connections["default"].settings_dict, "NAME": name}, "default")
    kept, connections["default"] = connections["default"], own
    try:
        return _fill(size, own)
    finally:
        connections["default"] = kept


def _fill(size: int, own: BaseDatabaseWrapper) -> House:
    _empty()
    sites = [SiteFactory(timezone="America/New_York") for _number in range(SITES)]
    protocols: dict[int, Protocol] = {}
    desks: list[StaffMember] = []
    ahead = AHEAD_DAYS * AHEAD_A_DAY
    near = 2 if size < LARGE else SITES
    behind = (size - 60 - near * ahead) // SITES
    for place, site in enumerate(sites):
        rooms, clinicians = FIRST if place == 0 else WIDE if place == 1 else PLAIN
        protocols[site.pk] = ProtocolFactory(site=site)
        desks.append(StaffFactory(sites=[site]))
        values: dict[str, Any] = {
            "site": site.pk,
            "protocol": protocols[site.pk].pk,
            "policy": PolicyFactory(site=site, version=1).pk,
            "desk": desks[-1].pk,
            "rooms": [RoomFactory(site=site, name=f"Room {number:02d}").pk for number in range(rooms)],
            "clinicians": [StaffFactory(role=Role.CLINICIAN, sites=[site]).pk for _number in range(clinicians)],
            "lanes": min(rooms, clinicians),
            "patients": PATIENTS,
            "today": TODAY,
            "now": NOW,
            "ahead_days": AHEAD_DAYS,
            "a_day": AHEAD_A_DAY,
            "behind": behind + (size - 60 - near * ahead - behind * SITES if place == 2 else 0),
        }
        parts = [BEHIND, *([TODAYS] if place == 0 else []), *([AHEAD] if place < near else [])]
        _run(PEOPLE, *(VISITS.format(visits=part) for part in parts), values=values)
    _run(PROMISES, values={})
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM clinic_infusion")
        assert cursor.fetchone() == (size,)
        cursor.execute("VACUUM ANALYZE")
    patient = Patient.objects.filter(site=sites[0]).order_by("pk")[0]
    return House(
        site=sites[0],
        wide=sites[1],
        protocols=protocols,
        desk=desks[0],
        patient=patient,
        connection=own,
        premises={},
    )


def _empty() -> None:
    tables = {model._meta.db_table for model in apps.get_models() if model._meta.app_label in {"clinic", "support"}}
    tables |= {
        table for table in connection.introspection.table_names() if table.startswith(("messaging_", "education_"))
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(f"TRUNCATE {', '.join(sorted(tables - KEPT))} CASCADE")


def _run(*statements: str, values: dict[str, Any]) -> None:
    """Past the triggers: history and audit of made-up rows would only take time."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement, values)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Milliseconds of one call, those Python itself was at work in (which a busy machine changes least), and how many
    statements it sends."""

    median: float
    p95: float
    python: float
    queries: int


def measure(work: Callable[[int], object], *, calls: int = 200) -> Measured:
    """``work`` gets the number of the call."""
    return measure_each({"": work}, calls=calls)[""]


def measure_each(works: dict[str, Callable[[int], object]], *, calls: int = 200) -> dict[str, Measured]:
    """Turn by turn, so that whatever else the machine does falls on all of them. A tenth of the calls warms up."""
    spent: dict[str, list[float]] = {name: [] for name in works}
    worked: dict[str, list[float]] = {name: [] for name in works}
    queries = {}
    for name, work in works.items():
        for number in range(calls // 10 + 1):
            work(number)
        with CaptureQueriesContext(connection) as asked:
            work(0)
            queries[name] = len(asked)
    for number in range(calls):
        for name, work in works.items():
            began, busy = time.perf_counter(), time.process_time()
            work(number)
            spent[name].append((time.perf_counter() - began) * 1000)
            worked[name].append((time.process_time() - busy) * 1000)
    return {
        name: Measured(
            median=round(statistics.median(times), 2),
            p95=round(statistics.quantiles(times, n=20)[-1], 2),
            python=round(statistics.median(worked[name]), 2),
            queries=queries[name],
        )
        for name, times in spent.items()
    }
