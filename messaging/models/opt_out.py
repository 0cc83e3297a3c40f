from django.db import models
from django.db.models import Q


class OptOut(models.Model):
    """An address that asked for no more messages. It holds for everybody who uses the address, until it ends; what
    ended is kept."""

    address = models.CharField(max_length=254)
    since = models.DateTimeField()
    how = models.CharField(max_length=120)
    # Who heard it, where it was spoken.
    recorded_by = models.ForeignKey(
        "clinic.StaffMember", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_how = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=models.F("since")),
                name="opt_out_ends_after_it_began",
            ),
            models.UniqueConstraint(fields=["address"], condition=Q(ended_at__isnull=True), name="opt_out_open_once"),
        ]

    def __str__(self) -> str:
        return f"opt-out {self.pk}"
