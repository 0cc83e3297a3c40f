from django.db import models


class OptOut(models.Model):
    """An address that asked for no more messages. It holds for everybody who uses the address."""

    address = models.CharField(max_length=254, unique=True)
    since = models.DateTimeField()
    how = models.CharField(max_length=120)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True) | models.Q(ended_at__gte=models.F("since")),
                name="opt_out_ends_after_it_began",
            ),
        ]

    def __str__(self) -> str:
        return f"opt-out {self.pk}"
