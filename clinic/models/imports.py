"""Runs of the patient import, with their report."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ImportStatus(models.TextChoices):
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Could not be read")


class ImportRun(models.Model):
    """One import of one file. Counts are patients; ``rejects`` holds the first rejected lines' numbers and reasons,
    never the lines themselves."""

    site = models.ForeignKey("clinic.Site", on_delete=models.PROTECT, related_name="imports")
    started_by = models.ForeignKey(
        "clinic.StaffMember", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    file_name = models.CharField(max_length=200)
    status = models.CharField(max_length=8, choices=ImportStatus.choices, default=ImportStatus.RUNNING)
    error = models.CharField(max_length=300, blank=True)
    read = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    skipped = models.JSONField(default=dict)
    rejects = models.JSONField(default=list)

    class Meta:
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.file_name} {self.status}"

    @property
    def rejected(self) -> int:
        return self.read - self.created - self.updated - self.unchanged - sum(self.skipped.values())
