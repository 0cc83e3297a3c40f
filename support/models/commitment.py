"""This person, for this infusion, in this role."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.models.history import tracked
from support.enums import HOLDING, AnsweredVia, CommitmentStatus, SupportRole


@tracked
class Commitment(models.Model):
    """An answer that belongs to a time: ``for_starts_at`` is the start of the infusion it was given for.

    Move the infusion and it is void.
    """

    infusion = models.ForeignKey("clinic.Infusion", on_delete=models.PROTECT, related_name="commitments")
    designation = models.ForeignKey("support.Designation", on_delete=models.PROTECT, related_name="commitments")
    role = models.CharField(max_length=12, choices=SupportRole.choices)
    for_starts_at = models.DateTimeField()
    status = models.CharField(max_length=12, choices=CommitmentStatus.choices, default=CommitmentStatus.ASKED)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_via = models.CharField(max_length=8, choices=AnsweredVia.choices, blank=True)
    recorded_by = models.ForeignKey(
        "clinic.StaffMember", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reconfirmed_at = models.DateTimeField(null=True, blank=True)
    # "Maybe" is no yes: they are asked on, the desk sees it.
    maybe_at = models.DateTimeField(null=True, blank=True)
    # The day itself, as the helper taps it.
    eta_minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    on_the_way_at = models.DateTimeField(null=True, blank=True)
    outside_at = models.DateTimeField(null=True, blank=True)
    car = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering = ["for_starts_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["infusion", "designation", "role"],
                condition=~Q(status=CommitmentStatus.VOID),
                name="commitment_once",
            ),
            # Two helpers never both drive.
            models.UniqueConstraint(
                fields=["infusion"],
                condition=Q(role=SupportRole.RIDE, status__in=HOLDING),
                name="commitment_one_ride",
                violation_error_message=_("Somebody else has this date."),
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=[
                        CommitmentStatus.ASKED,
                        CommitmentStatus.LAPSED,
                        CommitmentStatus.VOID,
                        CommitmentStatus.COVERED,
                    ]
                )
                | Q(answered_at__isnull=False),
                name="commitment_answered_at",
            ),
            models.CheckConstraint(
                condition=~Q(status=CommitmentStatus.RECONFIRMED) | Q(reconfirmed_at__isnull=False),
                name="commitment_reconfirmed_at",
            ),
            models.CheckConstraint(
                condition=~Q(answered_via__in=[AnsweredVia.PHONE, AnsweredVia.DESK]) | Q(recorded_by__isnull=False),
                name="commitment_recorded_by",
            ),
        ]
        indexes = [models.Index(fields=["designation", "for_starts_at"], name="commitment_designation")]

    def __str__(self) -> str:
        return f"{self.infusion_id} {self.role} {self.status}"
