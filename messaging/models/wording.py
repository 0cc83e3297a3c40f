import pgtrigger
from django.db import models
from django.db.models import F, Q

from messaging.enums import Channel


class Wording(models.Model):
    """One version of a clinic's own words for a message. What was written stays; a newer version retires it."""

    site = models.ForeignKey("clinic.Site", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=40)
    channel = models.CharField(max_length=8, choices=Channel.choices)
    language = models.CharField(max_length=10)
    version = models.PositiveIntegerField()
    # Of an e-mail; a text has none.
    subject = models.CharField(max_length=200, blank=True)
    text = models.TextField()
    made_by = models.ForeignKey("clinic.StaffMember", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["site", "kind", "channel", "language", "version"], name="wording_version_once"
            ),
            models.UniqueConstraint(
                fields=["site", "kind", "channel", "language"],
                condition=Q(retired_at__isnull=True),
                name="wording_current_once",
            ),
            models.CheckConstraint(
                condition=Q(retired_at__isnull=True) | Q(retired_at__gte=F("made_at")),
                name="wording_retired_after_made",
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(name="written_is_final", exclude=["retired_at"]),
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.channel} {self.language} v{self.version}"
