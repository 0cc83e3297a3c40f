"""Questions due at one time to one person, and the answers."""

from django.db import models
from django.db.models import F, Q

from clinic.models.history import tracked
from support.enums import CheckInKind, CheckInStatus


@tracked
class CheckIn(models.Model):
    """``designation`` null: asked of the patient. ``answer`` is one word of PatientAnswer or HelperAnswer."""

    infusion = models.ForeignKey("clinic.Infusion", on_delete=models.PROTECT, related_name="checkins")
    designation = models.ForeignKey(
        "support.Designation", on_delete=models.PROTECT, null=True, blank=True, related_name="checkins"
    )
    kind = models.CharField(max_length=10, choices=CheckInKind.choices)
    due_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=CheckInStatus.choices, default=CheckInStatus.PLANNED)
    answer = models.CharField(max_length=12, blank=True)
    note = models.TextField(max_length=1000, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["due_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["infusion", "kind", "designation"], name="checkin_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=~Q(status=CheckInStatus.ANSWERED) | (Q(answered_at__isnull=False) & ~Q(answer="")),
                name="checkin_answered",
            ),
            models.CheckConstraint(condition=Q(closes_at__gt=F("due_at")), name="checkin_closes_after_due"),
        ]
        indexes = [
            # Asked by the sweep: what is due or to be closed.
            models.Index(
                fields=["due_at"],
                name="checkin_pending",
                condition=Q(status__in=[CheckInStatus.PLANNED, CheckInStatus.OPEN]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.infusion_id} {self.kind} {self.status}"
