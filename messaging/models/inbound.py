from django.db import models

from messaging.enums import Reply


class InboundText(models.Model):
    """A text somebody sent us, exactly as it came. Each is kept once, whatever it says."""

    provider_id = models.CharField(max_length=64, unique=True)
    from_number = models.CharField(max_length=32, db_index=True)
    body = models.TextField(blank=True)
    received_at = models.DateTimeField()
    handled = models.CharField(max_length=16, choices=Reply.choices)

    def __str__(self) -> str:
        return f"inbound text {self.pk}"
