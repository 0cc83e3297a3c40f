from django.db import models
from django.db.models import F, Q

from messaging.enums import Channel


class Consent(models.Model):
    """A person's yes to being written to at one address, for one purpose, with the words they were shown.

    ``person`` and ``purpose`` are opaque here. It belongs to the address: a corrected or reassigned number has none.
    """

    person = models.CharField(max_length=64)
    purpose = models.CharField(max_length=16)
    channel = models.CharField(max_length=8, choices=Channel.choices)
    address = models.CharField(max_length=254)
    language = models.CharField(max_length=10)
    wording = models.TextField()
    # How it was given: by link, by text, spoken, imported.
    how = models.CharField(max_length=16)
    given_at = models.DateTimeField()
    recorded_by = models.ForeignKey(
        "clinic.StaffMember", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_how = models.CharField(max_length=16, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "purpose", "channel", "address"],
                condition=Q(withdrawn_at__isnull=True),
                name="consent_open_once",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gte=F("given_at")),
                name="consent_ends_after_it_began",
            ),
            models.CheckConstraint(condition=~Q(address="") & ~Q(wording=""), name="consent_says_to_what"),
        ]
        indexes = [
            # Whose number is it: who else agreed at this address?
            models.Index(fields=["address"], condition=Q(withdrawn_at__isnull=True), name="consent_address"),
        ]

    def __str__(self) -> str:
        return f"consent {self.pk}"
