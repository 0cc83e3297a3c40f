"""Protocols and the courses that run under them."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinic.enums import CourseStatus, Route
from clinic.models.history import tracked


@tracked
class Protocol(models.Model):
    """A template of a course.

    Days count from one visit's calendar day to the next; minutes are what a visit is expected to take.
    """

    site = models.ForeignKey("clinic.Site", on_delete=models.PROTECT, related_name="protocols")
    name = models.CharField(_("name"), max_length=80)
    route = models.CharField(_("route"), max_length=8, choices=Route.choices, default=Route.IV)
    sessions = models.PositiveSmallIntegerField(_("visits"))
    min_days = models.PositiveSmallIntegerField(_("days between visits, at least"))
    target_days = models.PositiveSmallIntegerField(_("days between visits, best"))
    max_days = models.PositiveSmallIntegerField(_("days between visits, at most"))
    prep_minutes = models.PositiveSmallIntegerField(_("getting ready (minutes)"), default=15)
    infusion_minutes = models.PositiveSmallIntegerField(_("treatment (minutes)"), default=40)
    recovery_minutes = models.PositiveSmallIntegerField(_("recovery (minutes)"), default=45)
    turnaround_minutes = models.PositiveSmallIntegerField(_("room turnaround (minutes)"), default=15)
    is_active = models.BooleanField(_("offered"), default=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["site", "name"], name="protocol_name_once_per_site"),
            models.CheckConstraint(
                condition=Q(min_days__lte=F("target_days"), target_days__lte=F("max_days")),
                name="protocol_days_in_order",
            ),
            models.CheckConstraint(condition=Q(sessions__gte=1, sessions__lte=60), name="protocol_sessions_sane"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def visit_minutes(self) -> int:
        return self.prep_minutes + self.infusion_minutes + self.recovery_minutes


@tracked
class Course(models.Model):
    """One patient's series. ``sessions`` is how many visits were planned; those not booked are "to place"."""

    patient = models.ForeignKey("clinic.Patient", on_delete=models.PROTECT, related_name="courses")
    protocol = models.ForeignKey(Protocol, on_delete=models.PROTECT, related_name="courses")
    sessions = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=12, choices=CourseStatus.choices, default=CourseStatus.OPEN)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey("clinic.StaffMember", on_delete=models.PROTECT, related_name="+")
    # The form's own key: posting the same form twice makes one course.
    form_key = models.UUIDField(null=True, blank=True, unique=True)

    class Meta:
        ordering = ["-opened_at"]
        constraints = [models.CheckConstraint(condition=Q(status__in=CourseStatus.values), name="course_status_known")]

    def __str__(self) -> str:
        return f"{self.patient_id}: {self.protocol_id}"
