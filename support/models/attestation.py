"""What a helper read and said before a first ride, and how a patient wants to be looked after."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.models.history import tracked
from support.enums import AnsweredVia, ComfortWish, PendingKind, TouchWish


@tracked
class Attestation(models.Model):
    """ "I am 18 or over, I will be sober, I can stay": said once by a person, with the words they read. The newest
    counts; ``edition`` tells which words."""

    person = models.ForeignKey("support.SupportPerson", on_delete=models.CASCADE, related_name="attestations")
    at = models.DateTimeField()
    edition = models.CharField(max_length=24)
    wording = models.TextField()
    stay_hours = models.PositiveSmallIntegerField(_("can stay (hours)"))
    via = models.CharField(max_length=8, choices=AnsweredVia.choices)
    recorded_by = models.ForeignKey(
        "clinic.StaffMember", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(via__in=[AnsweredVia.PHONE, AnsweredVia.DESK]) | Q(recorded_by__isnull=False),
                name="attestation_recorded_by",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.edition}"


@tracked
class Comfort(models.Model):
    """How a patient wants to be looked after in the room; shown to staff and to whoever sits with them."""

    patient = models.OneToOneField("clinic.Patient", on_delete=models.CASCADE, related_name="comfort")
    touch = models.CharField(_("touch"), max_length=8, choices=TouchWish.choices, default=TouchWish.ASK)
    wishes = ArrayField(models.CharField(max_length=12, choices=ComfortWish.choices), default=list, blank=True)
    note = models.CharField(_("anything else"), max_length=300, blank=True)
    said_at = models.DateTimeField()
    # As in the audit trail: "patient:7", "staff:3".
    said_by = models.CharField(max_length=40)

    def __str__(self) -> str:
        return f"{self.patient_id}"


@tracked
class QuietWord(models.Model):
    """ "I don't want to leave with this person", said by one tap that nobody beside the patient sees. Nobody is handed
    over until somebody has spoken with the patient alone."""

    infusion = models.ForeignKey("clinic.Infusion", on_delete=models.PROTECT, related_name="quiet_words")
    said_at = models.DateTimeField()
    heard_at = models.DateTimeField(null=True, blank=True)
    heard_by = models.ForeignKey(
        "clinic.StaffMember", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    outcome = models.CharField(_("what was agreed"), max_length=300, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["infusion"], condition=Q(heard_at__isnull=True), name="quiet_word_waits_once"
            ),
            models.CheckConstraint(
                condition=Q(heard_at__isnull=True, heard_by__isnull=True, outcome="")
                | (Q(heard_at__isnull=False, heard_by__isnull=False) & ~Q(outcome="")),
                name="quiet_word_heard_with_an_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.infusion_id}"


@tracked
class PendingChange(models.Model):
    """Asked for while the medicine may still have been at work: kept, and asked again when it is over."""

    patient = models.ForeignKey("clinic.Patient", on_delete=models.PROTECT, related_name="pending_changes")
    infusion = models.ForeignKey("clinic.Infusion", on_delete=models.PROTECT, related_name="+", null=True)
    kind = models.CharField(max_length=16, choices=PendingKind.choices)
    designation = models.ForeignKey("support.Designation", on_delete=models.CASCADE, null=True, related_name="+")
    # The fields as they were asked for, by the names of the domain function that will make them.
    asked_for = models.JSONField()
    asked_at = models.DateTimeField()
    # From when it can be confirmed (UTC); null where a guardian has to agree, which staff record.
    confirm_from = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    is_confirmed = models.BooleanField(null=True)
    # As in the audit trail: "patient:7", "staff:3", "system".
    decided_by = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_at__isnull=True, is_confirmed__isnull=True, decided_by="")
                | (Q(decided_at__isnull=False, is_confirmed__isnull=False) & ~Q(decided_by="")),
                name="pending_change_decided_by_somebody",
            ),
        ]
        indexes = [
            models.Index(fields=["patient"], name="pending_change_open", condition=Q(decided_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.patient_id} {self.kind}"
