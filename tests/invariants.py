"""What must hold after every test, whatever it was about. ``test_invariants.py`` shows that each check can fail."""

from django.db.backends.base.base import BaseDatabaseWrapper

from clinic.domain.audit import BROKEN as BROKEN_CHAIN

# Each question answers with the rows that should not be.
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
    "the_audit_trail_is_whole": BROKEN_CHAIN,
}
ALL_IN_ONE = " UNION ALL ".join(f"(SELECT '{name}', id FROM ({sql}) AS rows(id))" for name, sql in CHECKS.items())


def broken(connection: BaseDatabaseWrapper) -> list[str]:
    """The names of the checks that found something."""
    # What PostgreSQL checks on commit, it checks now: tests mostly do not commit.
    connection.check_constraints()
    with connection.cursor() as cursor:
        cursor.execute(ALL_IN_ONE)
        return sorted({name for name, _row in cursor.fetchall()})


def check_all(connection: BaseDatabaseWrapper) -> None:
    found = broken(connection)
    assert found == [], f"broken after this test: {', '.join(found)}"
