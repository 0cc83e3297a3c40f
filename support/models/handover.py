"""A patient given to a verified adult, or out by another allowed rung with its evidence."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.enums import ReleasedHow
from clinic.models.history import tracked
from support.enums import HandoverCheck


@tracked
class Handover(models.Model):
    """How one infusion ended. The two words are drawn when the patient is ready; staff match them at the desk."""

    infusion = models.OneToOneField("clinic.Infusion", on_delete=models.PROTECT, related_name="handover")
    how = models.CharField(max_length=16, choices=ReleasedHow.choices, default=ReleasedHow.HANDOVER)
    commitment = models.ForeignKey(
        "support.Commitment", on_delete=models.PROTECT, null=True, blank=True, related_name="handovers"
    )
    patient_word = models.CharField(max_length=20)
    helper_word = models.CharField(max_length=20)
    created_at = models.DateTimeField()

    # Set together when the patient leaves.
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey("clinic.StaffMember", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    check_by = models.CharField(max_length=12, choices=HandoverCheck.choices, blank=True)
    adult_seen = models.BooleanField(_("adult seen in person"), default=False)
    score = models.PositiveSmallIntegerField(_("discharge score"), null=True, blank=True)
    instructions_given = models.BooleanField(default=False)
    evidence = models.CharField(_("evidence"), max_length=300, blank=True)
    authorised_by = models.ForeignKey(
        "clinic.StaffMember", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # The helper read five lines and accepted, on their own phone or on paper.
    accepted_at = models.DateTimeField(null=True, blank=True)
    home_said_at = models.DateTimeField(null=True, blank=True)
    slept_well_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(done_at__isnull=True) | Q(done_by__isnull=False), name="handover_done_by_somebody"
            ),
            models.CheckConstraint(
                condition=Q(done_at__isnull=True)
                | ~Q(how=ReleasedHow.HANDOVER)
                | (Q(commitment__isnull=False, adult_seen=True) & ~Q(check_by="")),
                name="handover_to_a_verified_adult",
            ),
            models.CheckConstraint(
                condition=Q(done_at__isnull=True)
                | Q(how=ReleasedHow.HANDOVER)
                | (~Q(evidence="") & Q(authorised_by__isnull=False)),
                name="handover_other_rungs_have_evidence",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.infusion_id} {self.how}"
