from django.db import models
from django.db.models import F, Q

from messaging.enums import Reply


class InboundText(models.Model):
    """A text somebody sent us, exactly as it came. Each is kept once, whatever it says.

    It waits for a person until ``done_at``. ``keyword`` is what was understood, in small letters without signs.
    """

    provider_id = models.CharField(max_length=64, unique=True)
    from_number = models.CharField(max_length=32, db_index=True)
    to_number = models.CharField(max_length=32, blank=True)
    body = models.TextField(blank=True)
    received_at = models.DateTimeField()
    handled = models.CharField(max_length=16, choices=Reply.choices)
    keyword = models.CharField(max_length=16, blank=True)
    # Whose inbox it lies in; null where nobody of ours has this number.
    site = models.ForeignKey("clinic.Site", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # The message it answers, where that is certain.
    question = models.ForeignKey(
        "messaging.Message", on_delete=models.PROTECT, null=True, blank=True, related_name="answers"
    )
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey("clinic.StaffMember", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(provider_id=""), name="inbound_text_has_a_name"),
        ]
        indexes = [
            # The inbox: what nobody has dealt with yet, newest first.
            models.Index(
                F("site"), F("received_at").desc(), condition=Q(done_at__isnull=True), name="inbound_text_open"
            ),
        ]

    def __str__(self) -> str:
        return f"inbound text {self.pk}"
