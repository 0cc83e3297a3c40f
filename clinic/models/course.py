"""Protocols and the courses that run under them."""

from uuid import uuid4

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from clinic.enums import Attendant, CourseStatus, Equipment, Route, StageKind
from clinic.models.history import tracked


def default_present() -> list[str]:
    return [Attendant.CLINICIAN]


@tracked
class Protocol(models.Model):
    """One version of a template of a course. Versions of one ``family`` never change: editing makes the next one, and
    a course keeps the version it began under.

    Minutes are what a visit is expected to take; ``observation_minutes`` count from the beginning of the treatment and
    hold however short the recovery.
    """

    site = models.ForeignKey("clinic.Site", on_delete=models.PROTECT, related_name="protocols")
    family = models.UUIDField(default=uuid4, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    name = models.CharField(_("name"), max_length=80)
    route = models.CharField(_("route"), max_length=8, choices=Route.choices, default=Route.IV)
    prep_minutes = models.PositiveSmallIntegerField(_("getting ready (minutes)"), default=15)
    infusion_minutes = models.PositiveSmallIntegerField(_("treatment (minutes)"), default=40)
    recovery_minutes = models.PositiveSmallIntegerField(_("recovery (minutes)"), default=45)
    observation_minutes = models.PositiveSmallIntegerField(
        _("watched from the beginning of the treatment, at least (minutes)"), default=0
    )
    turnaround_minutes = models.PositiveSmallIntegerField(_("room turnaround (minutes)"), default=15)
    needs = ArrayField(
        models.CharField(max_length=12, choices=Equipment.choices), verbose_name=_("needs"), default=list, blank=True
    )
    present = ArrayField(
        models.CharField(max_length=12, choices=Attendant.choices),
        verbose_name=_("must be present"),
        default=default_present,
    )
    is_active = models.BooleanField(_("offered"), default=True)

    class Meta:
        ordering = ["name", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["family", "version"], name="protocol_version_once"),
            models.UniqueConstraint(
                fields=["site", "name"],
                condition=Q(is_active=True),
                name="protocol_name_once_per_site",
                violation_error_message=_("There is a protocol with this name already."),
            ),
            models.CheckConstraint(
                condition=Q(present__contains=[Attendant.CLINICIAN]), name="protocol_has_a_clinician"
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="version_is_final",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(exclude=["is_active"]),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @cached_property
    def steps(self) -> list["ProtocolStage"]:
        """The stages in order; one query unless they were prefetched."""
        return list(self.stages.all())

    @property
    def sessions(self) -> int:
        return sum(stage.visits for stage in self.steps)

    def stage_of(self, number: int) -> "ProtocolStage":
        """The stage of visit ``number`` (from 1); beyond the last visit it is the last stage."""
        for stage in self.steps:
            if number <= stage.visits:
                return stage
            number -= stage.visits
        return self.steps[-1]

    def gaps(self) -> list[tuple[int, int, int]]:
        """For each visit after the first: days since the one before, at least, best, at most."""
        of_each = [stage.gap for stage in self.steps for _visit in range(stage.visits)]
        return of_each[1:]


@tracked
class ProtocolStage(models.Model):
    """A run of visits at one rhythm. Days count from one visit's calendar day to the next; those of a later stage hold
    from the last visit of the stage before."""

    protocol = models.ForeignKey(Protocol, on_delete=models.PROTECT, related_name="stages")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(_("stage"), max_length=12, choices=StageKind.choices, default=StageKind.INDUCTION)
    visits = models.PositiveSmallIntegerField(_("visits"))
    min_days = models.PositiveSmallIntegerField(_("days between visits, at least"))
    target_days = models.PositiveSmallIntegerField(_("days between visits, best"))
    max_days = models.PositiveSmallIntegerField(_("days between visits, at most"))

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["protocol", "position"], name="stage_position_once"),
            models.CheckConstraint(
                condition=Q(min_days__gte=1, min_days__lte=F("target_days"), target_days__lte=F("max_days")),
                name="stage_days_in_order",
                violation_error_message=_("The best number of days lies between the least and the most."),
            ),
            models.CheckConstraint(condition=Q(max_days__lte=366), name="stage_days_sane"),
            models.CheckConstraint(condition=Q(visits__gte=1, visits__lte=60), name="stage_visits_sane"),
        ]
        triggers = [pgtrigger.Protect(name="stage_is_final", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.visits}"

    @property
    def gap(self) -> tuple[int, int, int]:
        return self.min_days, self.target_days, self.max_days


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
