"""Who did or read what, when. The chain of hashes shows whether a row was forged or taken out."""

from datetime import datetime

from django.db import connection

from clinic.models import AuditEntry, StaffMember

BROKEN = """
    WITH chain AS (
        SELECT id, previous, hash,
               lag(hash, 1, ''::bytea) OVER (ORDER BY id) AS before,
               sha256(previous || convert_to(concat_ws(
                   '|', id, extract(epoch from at), actor, verb, coalesce(patient_id::text, ''), subject, note
               ), 'UTF8')) AS expected
        FROM clinic_auditentry
    )
    SELECT id FROM chain WHERE hash <> expected OR previous <> before ORDER BY id LIMIT 1
"""


def staff(actor: StaffMember) -> str:
    return f"staff:{actor.pk}"


def record(
    *, actor: str, verb: str, now: datetime, patient_id: int | None = None, subject: str = "", note: str = ""
) -> AuditEntry:
    """Adds one entry to the chain, in the caller's transaction. No names and no free text about a patient."""
    return AuditEntry.objects.create(
        at=now, actor=actor, verb=verb, patient_id=patient_id, subject=subject, note=note[:300]
    )


def verify_chain() -> int | None:
    """The id of the first broken entry; None while the chain is whole."""
    with connection.cursor() as cursor:
        cursor.execute(BROKEN)
        row = cursor.fetchone()
    return None if row is None else int(row[0])
