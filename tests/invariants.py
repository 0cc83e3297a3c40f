"""What must hold after every test, whatever it was about. ``test_invariants.py`` shows that each check can fail."""

from datetime import time

from django.db.backends.base.base import BaseDatabaseWrapper

from clinic.domain.audit import BROKEN as BROKEN_CHAIN
from messaging.domain import kinds, quiet
from messaging.domain.kinds import Kind

# What may have reached a number that a clinic's rules count, with the widest of them: which rules held when it went is
# not written down.
COUNTED = """
    SELECT message.id, message.sent_to, posted_at, per_day, per_week, apart,
        starts_with(rule, 'resent: ') AS asked_for_now
    FROM messaging_message message JOIN (
        SELECT site_id, max(texts_per_day) per_day, max(texts_per_week) per_week,
            make_interval(mins => min(texts_apart_minutes)) apart
        FROM clinic_policy GROUP BY site_id
    ) rules ON rules.site_id = message.site_id
    WHERE channel = 'sms' AND posted_at IS NOT NULL AND NOT kind = ANY([free])
        AND (status IN ('sending', 'unknown', 'sent', 'delivered', 'undelivered') OR error_class = 'unclear')
"""
# Each question answers with the rows that should not be. [free] and [despite_stop] are kinds of messages.
CHECKS = {
    "no_live_overlaps": """
        SELECT one.id FROM clinic_infusion one JOIN clinic_infusion other ON one.id < other.id
        WHERE one.status NOT IN ('cancelled', 'no_show') AND other.status NOT IN ('cancelled', 'no_show')
          AND ((one.room_id = other.room_id AND one.occupies && other.occupies)
            OR (one.clinician_id = other.clinician_id AND one.during && other.during)
            OR (one.patient_id = other.patient_id AND one.during && other.during))
    """,
    "no_empty_visits": """
        SELECT id FROM clinic_infusion WHERE isempty(during) OR isempty(occupies)
    """,
    "nothing_starts_without_signed_rules": """
        SELECT infusion.id FROM clinic_infusion infusion LEFT JOIN clinic_policy policy ON policy.id = policy_id
        WHERE started_at IS NOT NULL AND policy.signed_at IS NULL
    """,
    "nobody_leaves_without_a_handover": """
        SELECT infusion.id FROM clinic_infusion infusion LEFT JOIN support_handover handover
            ON handover.infusion_id = infusion.id AND handover.how = infusion.released_how AND done_at IS NOT NULL
        WHERE infusion.status IN ('released', 'home') AND handover.id IS NULL
    """,
    "one_ride_for_one_visit": """
        SELECT infusion_id FROM support_commitment
        WHERE role = 'ride' AND status IN ('accepted', 'reconfirmed', 'kept')
        GROUP BY infusion_id HAVING count(*) > 1
    """,
    "a_commitment_belongs_to_its_time": """
        SELECT commitment.id FROM support_commitment commitment JOIN clinic_infusion infusion
            ON infusion.id = infusion_id
        WHERE commitment.status IN ('asked', 'accepted', 'reconfirmed') AND for_starts_at <> starts_at
    """,
    "no_message_both_waiting_and_sent": """
        SELECT id FROM messaging_message WHERE status IN ('pending', 'sending', 'void') AND sent_at IS NOT NULL
    """,
    "no_message_too_late": """
        SELECT id FROM messaging_message WHERE posted_at > not_after
    """,
    "nothing_after_a_stop": """
        SELECT message.id FROM messaging_message message JOIN messaging_optout stop
            ON stop.address = lower(regexp_replace(message.sent_to, '\\s', '', 'g'))
            AND posted_at > since AND (ended_at IS NULL OR posted_at < ended_at)
        WHERE NOT kind = ANY([despite_stop])
    """,
    "no_number_over_its_budget": f"""
        SELECT id FROM (
            SELECT id, per_day, per_week, count(*) OVER last_day AS day, count(*) OVER last_week AS week
            FROM ({COUNTED}) AS counted
            WINDOW last_day AS (
                PARTITION BY sent_to ORDER BY posted_at RANGE BETWEEN '23:59:59' PRECEDING AND CURRENT ROW
            ), last_week AS (
                PARTITION BY sent_to ORDER BY posted_at RANGE BETWEEN '167:59:59' PRECEDING AND CURRENT ROW
            )
        ) AS summed WHERE day > per_day OR week > per_week
    """,
    "no_two_texts_too_near": f"""
        SELECT id FROM (
            SELECT id, posted_at, apart, asked_for_now,
                lag(posted_at) OVER (PARTITION BY sent_to ORDER BY posted_at) AS before
            FROM ({COUNTED}) AS counted
        ) AS pairs WHERE posted_at < before + apart AND NOT asked_for_now
    """,
    "the_audit_trail_is_whole": BROKEN_CHAIN,
}
ALL_IN_ONE = " UNION ALL ".join(f"(SELECT '{name}', id FROM ({sql}) AS rows(id))" for name, sql in CHECKS.items())
# Texts with the hours in which they may go: the widest of the site's rules, on the reader's clock.
HOURS = """
    SELECT kind, posted_at, message.zone, site.timezone,
        coalesce(nullif(patient.timezone, ''), nullif(person.timezone, ''), ''),
        (SELECT min(texts_from) FROM clinic_policy WHERE site_id = site.id),
        (SELECT max(texts_until) FROM clinic_policy WHERE site_id = site.id)
    FROM messaging_message message JOIN clinic_site site ON site.id = message.site_id
    LEFT JOIN clinic_patient patient ON recipient = 'patient:' || patient.id
    LEFT JOIN support_designation designation ON recipient = 'designation:' || designation.id
    LEFT JOIN support_supportperson person ON person.id = designation.person_id
    WHERE channel = 'sms' AND posted_at IS NOT NULL
"""


def broken(connection: BaseDatabaseWrapper) -> list[str]:
    """The names of the checks that found something."""
    # What PostgreSQL checks on commit, it checks now: tests mostly do not commit.
    connection.check_constraints()
    every: list[Kind] = [kinds.get(name) for name in kinds.names()]
    sql = ALL_IN_ONE.replace("[free]", names([kind for kind in every if not kind.counts]))
    sql = sql.replace("[despite_stop]", names([kind for kind in every if kind.despite_stop]))
    with connection.cursor() as cursor:
        cursor.execute(sql)
        found = {name for name, _row in cursor.fetchall()}
        cursor.execute(HOURS)
        if any(is_by_night(*row) for row in cursor.fetchall()):
            found.add("no_text_by_night")
    return sorted(found)


def names(some: list[Kind]) -> str:
    return f"ARRAY[{', '.join(repr(str(kind.name)) for kind in some)}]::text[]"


def is_by_night(kind, posted_at, zone, site_zone, reader_zone, opens, closes) -> bool:
    """Unless it may go at any hour."""
    if kind in kinds.names() and kinds.get(kind).quiet_exempt:
        return False
    local = posted_at.astimezone(quiet.zone_or(name=reader_zone or zone, fallback=site_zone))
    return not (opens or time(8)) <= local.time() < (closes or time(20))


def check_all(connection: BaseDatabaseWrapper) -> None:
    found = broken(connection)
    assert found == [], f"broken after this test: {', '.join(found)}"
