"""Who did or read what, when. The chain of hashes shows whether a row was forged, altered or taken out."""

from datetime import datetime

from django.db import connection, transaction

from clinic.domain import rows
from clinic.models import AuditEntry, StaffMember

# The name PostgreSQL knows the trigger by; the migration has it.
CHAIN = "pgtrigger_chain_6fbb4"

BROKEN = """
    WITH chain AS (
        SELECT entry.id, seal.position, seal.hash, seal.previous,
               row_number() OVER sealed AS place,
               lag(seal.hash, 1, ''::bytea) OVER sealed AS before,
               sha256(seal.previous || convert_to(jsonb_build_array(
                   seal.position, entry.id, extract(epoch from entry.at), entry.actor, entry.verb, entry.patient_id,
                   entry.subject, entry.note
               )::text, 'UTF8')) AS expected
        FROM clinic_auditentry entry LEFT JOIN clinic_auditseal seal ON seal.entry_id = entry.id
        WINDOW sealed AS (ORDER BY seal.position NULLS LAST, entry.id)
    ), broken AS (
        SELECT id, place FROM chain
        WHERE position IS DISTINCT FROM place OR hash <> expected OR previous <> before
        UNION ALL
        -- Entries taken off the end leave the head behind.
        SELECT coalesce(max(id), 0), count(*) + 1 FROM chain
        HAVING (SELECT max(length) FROM clinic_audithead) IS DISTINCT FROM nullif(count(*), 0)
            OR (SELECT hash FROM clinic_audithead WHERE id = 1) IS DISTINCT FROM
               (SELECT hash FROM chain ORDER BY position DESC NULLS LAST LIMIT 1)
    )
    SELECT id FROM broken ORDER BY place LIMIT 1
"""


def staff(actor: StaffMember) -> str:
    return f"staff:{actor.pk}"


def record(
    *, actor: str, verb: str, now: datetime, patient_id: int | None = None, subject: str = "", note: str = ""
) -> AuditEntry:
    """Adds one entry in the caller's transaction; it is sealed when that commits. No names, no free text about a
    patient."""
    return rows.insert(
        AuditEntry(at=now, actor=actor, verb=verb, patient_id=patient_id, subject=subject, note=note[:300])
    )


def verify_chain() -> int | None:
    """The id of the first entry that does not fit, 0 if all are gone; None while the chain is whole.

    Entries of the caller's own open transaction are sealed first.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET CONSTRAINTS {CHAIN} IMMEDIATE")
        cursor.execute(f"SET CONSTRAINTS {CHAIN} DEFERRED")
        cursor.execute(BROKEN)
        row = cursor.fetchone()
    return None if row is None else int(row[0])
