"""A patient given to a verified adult, or out by another allowed rung with its evidence."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.enums import DischargeItem, ReleasedHow
from clinic.models.history import tracked
from support.enums import HandoverCheck, NotHandedOver


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
    # Two words that did not match: after five, only a photo ID or a face staff know will do.
    wrong_words = models.PositiveSmallIntegerField(default=0)
    # The slip for somebody whose phone is dead.
    slip_printed_at = models.DateTimeField(null=True, blank=True)

    # Set together when the patient leaves.
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey("clinic.StaffMember", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    check_by = models.CharField(max_length=12, choices=HandoverCheck.choices, blank=True)
    adult_seen = models.BooleanField(_("adult seen in person"), default=False)
    score = models.PositiveSmallIntegerField(_("discharge score"), null=True, blank=True)
    checked = ArrayField(models.CharField(max_length=12, choices=DischargeItem.choices), default=list, blank=True)
    instructions_given = models.BooleanField(default=False)
    evidence = models.CharField(_("evidence"), max_length=300, blank=True)
    authorised_by = models.ForeignKey(
        "clinic.StaffMember", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # Leaving against advice: who saw it besides whoever recorded it.
    witness = models.ForeignKey("clinic.StaffMember", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # The helper read five lines and accepted, on their own phone or on paper.
    accepted_at = models.DateTimeField(null=True, blank=True)
    # Each line as it was accepted, in the language of whoever did.
    accepted_words = models.TextField(blank=True)
    home_said_at = models.DateTimeField(null=True, blank=True)
    slept_well_at = models.DateTimeField(null=True, blank=True)
    # The last night that was not so well.
    slept_badly_at = models.DateTimeField(null=True, blank=True)

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
            models.CheckConstraint(
                condition=Q(done_at__isnull=True)
                | ~Q(how=ReleasedHow.AGAINST_ADVICE)
                | (Q(witness__isnull=False) & ~Q(witness=models.F("done_by"))),
                name="handover_against_advice_has_a_witness",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.infusion_id} {self.how}"


@tracked
class NotHandedOverTo(models.Model):
    """Somebody stood there and the patient was not given to them: who, why, and who decided so."""

    infusion = models.ForeignKey("clinic.Infusion", on_delete=models.PROTECT, related_name="not_handed_over")
    commitment = models.ForeignKey(
        "support.Commitment", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    why = models.CharField(max_length=16, choices=NotHandedOver.choices)
    note = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey("clinic.StaffMember", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.infusion_id} {self.why}"
