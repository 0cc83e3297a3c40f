"""Something a human must answer: owner, deadline, outcome."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.models.history import tracked
from support.enums import AlertKind, AlertStatus


@tracked
class Alert(models.Model):
    """``key`` names what it is about, so that the same thing never opens two: "checkin:12", "reconfirm:7"."""

    site = models.ForeignKey("clinic.Site", on_delete=models.PROTECT, related_name="alerts")
    # Null only where it is about no patient: a stranger's text, texts that do not go.
    patient = models.ForeignKey(
        "clinic.Patient", on_delete=models.PROTECT, null=True, blank=True, related_name="alerts"
    )
    infusion = models.ForeignKey(
        "clinic.Infusion", on_delete=models.PROTECT, null=True, blank=True, related_name="alerts"
    )
    designation = models.ForeignKey(
        "support.Designation", on_delete=models.PROTECT, null=True, blank=True, related_name="alerts"
    )
    kind = models.CharField(max_length=16, choices=AlertKind.choices)
    key = models.CharField(max_length=64)
    says = models.CharField(_("what happened"), max_length=300)
    # What to read out to somebody who is called instead of written to.
    script = models.TextField(blank=True)
    opened_at = models.DateTimeField()
    owner = models.ForeignKey("clinic.StaffMember", on_delete=models.PROTECT, related_name="alerts")
    deadline = models.DateTimeField()
    status = models.CharField(max_length=12, choices=AlertStatus.choices, default=AlertStatus.OPEN)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        "clinic.StaffMember", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    outcome = models.CharField(_("what was done"), max_length=300, blank=True)

    class Meta:
        ordering = ["deadline", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["key"], condition=~Q(status=AlertStatus.CLOSED), name="alert_open_once"),
            models.CheckConstraint(
                condition=~Q(status=AlertStatus.CLOSED)
                | (Q(closed_at__isnull=False, closed_by__isnull=False) & ~Q(outcome="")),
                name="alert_closed_with_outcome",
            ),
            models.CheckConstraint(
                condition=Q(patient__isnull=False) | Q(kind__in=[AlertKind.TEXT_CAME, AlertKind.TEXTS_STOPPED]),
                name="alert_about_a_patient",
            ),
        ]
        indexes = [
            # Asked by the board and by the hand-on of unread alerts.
            models.Index(fields=["site", "deadline"], name="alert_open", condition=~Q(status=AlertStatus.CLOSED))
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"

    @property
    def who(self) -> str:
        """Whom it is about, for a line; what it is about where that is no patient."""
        return self.patient.short_name if self.patient is not None else str(self.get_kind_display())
