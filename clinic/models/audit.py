"""Who read or did what, when: append-only, each row chained to the one before."""

import pgtrigger
from django.db import models

from clinic.models.history import append_only_triggers


class AuditHead(models.Model):
    """The newest hash of the chain. One row; writers queue on it, so the chain never forks."""

    hash = models.BinaryField(default=bytes)
    entry_id = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return bytes(self.hash).hex()


class AuditEntry(models.Model):
    """One thing somebody read or did. No names, no free text about a patient.

    ``actor`` is "staff:7", "link:Zk3…" (the link's id, not its token) or "system".
    """

    at = models.DateTimeField()
    actor = models.CharField(max_length=64)
    verb = models.CharField(max_length=40)
    patient_id = models.BigIntegerField(null=True)
    subject = models.CharField(max_length=64)
    note = models.CharField(max_length=300, blank=True)
    previous = models.BinaryField(default=bytes, editable=False)
    hash = models.BinaryField(default=bytes, editable=False)

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
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("head", "bytea")],
                func="""
                    INSERT INTO clinic_audithead (id, hash, entry_id) VALUES (1, ''::bytea, 0)
                        ON CONFLICT (id) DO NOTHING;
                    SELECT hash INTO head FROM clinic_audithead WHERE id = 1 FOR UPDATE;
                    NEW.previous = head;
                    NEW.hash = sha256(head || convert_to(concat_ws(
                        '|', NEW.id, extract(epoch from NEW.at), NEW.actor, NEW.verb,
                        coalesce(NEW.patient_id::text, ''), NEW.subject, NEW.note
                    ), 'UTF8'));
                    UPDATE clinic_audithead SET hash = NEW.hash, entry_id = NEW.id WHERE id = 1;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor} {self.verb} {self.subject}"
