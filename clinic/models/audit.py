"""Who read or did what, when: append-only, each entry sealed into a chain."""

import pgtrigger
from django.db import models

from clinic.models.history import append_only_triggers


class AuditHead(models.Model):
    """The newest hash of the chain and how long it is. One row; transactions queue on it as they commit, so the chain
    never forks."""

    hash = models.BinaryField(default=bytes)
    length = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.length}: {bytes(self.hash).hex()}"


class AuditEntry(models.Model):
    """``actor`` is "staff:7", "link:Zk3…" (the link's id, not its token) or "system". No names, no free text about a
    patient."""

    at = models.DateTimeField()
    actor = models.CharField(max_length=64)
    verb = models.CharField(max_length=40)
    patient_id = models.BigIntegerField(null=True)
    subject = models.CharField(max_length=64)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["pk"]
        indexes = [
            # Asked by "who has seen this record?"
            models.Index(fields=["patient_id", "at"], name="audit_patient_at"),
        ]
        triggers = [
            *append_only_triggers,
            pgtrigger.Trigger(
                name="chain",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                declare=[("head", "clinic_audithead%ROWTYPE"), ("sealed", "bytea")],
                func="""
                    INSERT INTO clinic_audithead (id, hash, length) VALUES (1, ''::bytea, 0)
                    ON CONFLICT (id) DO NOTHING;
                    SELECT * INTO head FROM clinic_audithead WHERE id = 1 FOR UPDATE;
                    sealed = sha256(head.hash || convert_to(jsonb_build_array(
                        head.length + 1, NEW.id, extract(epoch from NEW.at), NEW.actor, NEW.verb, NEW.patient_id,
                        NEW.subject, NEW.note
                    )::text, 'UTF8'));
                    INSERT INTO clinic_auditseal (position, entry_id, previous, hash)
                    VALUES (head.length + 1, NEW.id, head.hash, sealed);
                    UPDATE clinic_audithead SET hash = sealed, length = head.length + 1 WHERE id = 1;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor} {self.verb} {self.subject}"


class AuditSeal(models.Model):
    """The place of one entry in the chain.

    PostgreSQL writes it when the entry's transaction commits: chained any earlier, two transactions that log in the
    middle of their work could wait for each other.
    """

    position = models.BigIntegerField(primary_key=True)
    entry = models.OneToOneField(AuditEntry, on_delete=models.PROTECT, related_name="seal")
    previous = models.BinaryField()
    hash = models.BinaryField()

    class Meta:
        triggers = append_only_triggers

    def __str__(self) -> str:
        return f"{self.position}: {bytes(self.hash).hex()}"
