"""What is asked and measured before the treatment, and consent to it. An answer is a flag; a person decides."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.enums import AskedWhen, HoldQuestion, PressurePoint
from clinic.models.history import tracked


@tracked
class HoldAnswer(models.Model):
    """One answer to one question; that of the arrival outweighs that of the evening before, but for a patient's own no
    to a yes. ``is_yes`` is a flag until somebody who may clears it, with a word on why."""

    infusion = models.ForeignKey("clinic.Infusion", on_delete=models.PROTECT, related_name="hold_answers")
    question = models.CharField(max_length=12, choices=HoldQuestion.choices)
    asked_when = models.CharField(max_length=8, choices=AskedWhen.choices)
    is_yes = models.BooleanField()
    answered_at = models.DateTimeField()
    # As in the audit trail: "patient:7", "staff:3".
    answered_by = models.CharField(max_length=40)
    cleared_at = models.DateTimeField(null=True, blank=True)
    cleared_by = models.ForeignKey(
        "clinic.StaffMember", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    cleared_note = models.CharField(_("why it may go on"), max_length=200, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["infusion", "question", "asked_when"], name="hold_answer_once"),
            models.CheckConstraint(
                condition=Q(cleared_at__isnull=True, cleared_by__isnull=True, cleared_note="")
                | (Q(cleared_at__isnull=False, cleared_by__isnull=False, is_yes=True) & ~Q(cleared_note="")),
                name="hold_answer_cleared_with_a_word",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.infusion_id} {self.question}"


@tracked
class BloodPressure(models.Model):
    """In mmHg. Three points of a visit, no chart."""

    infusion = models.ForeignKey("clinic.Infusion", on_delete=models.PROTECT, related_name="pressures")
    point = models.CharField(max_length=8, choices=PressurePoint.choices)
    systolic = models.PositiveSmallIntegerField(_("upper"))
    diastolic = models.PositiveSmallIntegerField(_("lower"))
    taken_at = models.DateTimeField()
    taken_by = models.ForeignKey("clinic.StaffMember", on_delete=models.PROTECT, related_name="+")
    # A reading above the clinic's limit is a flag, as a yes is.
    cleared_at = models.DateTimeField(null=True, blank=True)
    cleared_by = models.ForeignKey(
        "clinic.StaffMember", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    cleared_note = models.CharField(_("why it may go on"), max_length=200, blank=True)

    class Meta:
        ordering = ["taken_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["infusion", "point"], name="pressure_once"),
            models.CheckConstraint(
                condition=Q(systolic__gte=50, systolic__lte=300, diastolic__gte=20, diastolic__lt=models.F("systolic")),
                name="pressure_sane",
                violation_error_message=_("The upper number is the larger one; both are in mmHg."),
            ),
            models.CheckConstraint(
                condition=Q(cleared_at__isnull=True, cleared_by__isnull=True, cleared_note="")
                | (Q(cleared_at__isnull=False, cleared_by__isnull=False) & ~Q(cleared_note="")),
                name="pressure_cleared_with_a_word",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.infusion_id} {self.point} {self.systolic}/{self.diastolic}"


@tracked
class TreatmentConsent(models.Model):
    """The paper itself is kept elsewhere; here is that it was signed, and when."""

    patient = models.ForeignKey("clinic.Patient", on_delete=models.PROTECT, related_name="treatment_consents")
    signed_on = models.DateField(_("signed on"))
    recorded_by = models.ForeignKey("clinic.StaffMember", on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-signed_on", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["patient", "signed_on"], name="treatment_consent_once_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.patient_id} {self.signed_on}"


@tracked
class SecondSignature(models.Model):
    """Who else stands for a start against the rules, where the rules want two."""

    infusion = models.OneToOneField("clinic.Infusion", on_delete=models.PROTECT, related_name="second_signature")
    by = models.ForeignKey("clinic.StaffMember", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.infusion_id}"
