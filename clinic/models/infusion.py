"""One booked session. PostgreSQL, not Python, keeps two from overlapping."""

from datetime import timedelta

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinic.enums import OFF, InfusionStatus, ReleasedHow, SoftRule
from clinic.models.history import append_only_triggers, tracked, tracked_without

LIVE = ~Q(status__in=sorted(OFF))

# From the start until the room is free again; the database refuses a longer visit.
LONGEST_VISIT = timedelta(hours=14)

# What must be on record in each state. Leaving against advice may skip steps, so "released" asks for the start only.
STAMPS: dict[InfusionStatus, tuple[str, ...]] = {
    InfusionStatus.BOOKED: (),
    InfusionStatus.ARRIVED: ("arrived_at",),
    InfusionStatus.STARTED: ("arrived_at", "started_at"),
    InfusionStatus.RECOVERING: ("arrived_at", "started_at", "recovering_at"),
    InfusionStatus.READY: ("arrived_at", "started_at", "recovering_at", "ready_at"),
    InfusionStatus.RELEASED: ("arrived_at", "started_at", "released_at"),
    InfusionStatus.HOME: ("arrived_at", "started_at", "released_at", "home_at"),
    InfusionStatus.CANCELLED: ("cancelled_at",),
    InfusionStatus.NO_SHOW: ("no_show_at",),
}


def _stamps_condition() -> Q:
    condition = Q()
    for status, stamps in STAMPS.items():
        condition |= Q(status=status, **{f"{stamp}__isnull": False for stamp in stamps})
    return condition


def _range(start: str, end: str) -> models.GeneratedField:
    return models.GeneratedField(
        expression=models.Func(F(start), F(end), models.Value("[)"), function="tstzrange"),
        output_field=DateTimeRangeField(),
        db_persist=True,
    )


def _never_twice(name: str, resource: str, span: str, sentence: str) -> ExclusionConstraint:
    return ExclusionConstraint(
        name=name,
        expressions=[(resource, RangeOperators.EQUAL), (span, RangeOperators.OVERLAPS)],
        condition=LIVE,
        violation_error_message=sentence,
    )


@tracked_without("during", "occupies")
class Infusion(models.Model):
    """All times UTC. ``starts_at`` is when the patient is expected, ``pickup_from`` the earliest time to be collected,
    ``ends_at`` when the visit should be over, ``room_free_at`` that plus turnaround."""

    site = models.ForeignKey("clinic.Site", on_delete=models.PROTECT, related_name="infusions")
    course = models.ForeignKey("clinic.Course", on_delete=models.PROTECT, related_name="infusions")
    patient = models.ForeignKey("clinic.Patient", on_delete=models.PROTECT, related_name="infusions")
    room = models.ForeignKey("clinic.Room", on_delete=models.PROTECT, related_name="infusions")
    clinician = models.ForeignKey("clinic.StaffMember", on_delete=models.PROTECT, related_name="infusions")
    policy = models.ForeignKey(
        "clinic.Policy", on_delete=models.PROTECT, null=True, blank=True, related_name="infusions"
    )
    number = models.PositiveSmallIntegerField(help_text=_("Its place in the course, from 1."))
    is_walk_in = models.BooleanField(default=False)

    starts_at = models.DateTimeField()
    pickup_from = models.DateTimeField()
    ends_at = models.DateTimeField()
    room_free_at = models.DateTimeField()
    during = _range("starts_at", "ends_at")
    occupies = _range("starts_at", "room_free_at")

    status = models.CharField(max_length=12, choices=InfusionStatus.choices, default=InfusionStatus.BOOKED)
    # Goes up with every change; a form that shows an older one is told what changed.
    version = models.PositiveIntegerField(default=1)
    booked_at = models.DateTimeField()
    booked_by = models.ForeignKey("clinic.StaffMember", on_delete=models.PROTECT, related_name="+")
    arrived_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    recovering_at = models.DateTimeField(null=True, blank=True)
    ready_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    home_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    no_show_at = models.DateTimeField(null=True, blank=True)
    stopped_early_at = models.DateTimeField(null=True, blank=True)
    stopped_early_reason = models.CharField(max_length=200, blank=True)
    off_reason = models.CharField(_("reason"), max_length=200, blank=True)
    released_how = models.CharField(max_length=16, choices=ReleasedHow.choices, blank=True)

    # "I'm late" from the patient: minutes after the booked time.
    late_minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    late_said_at = models.DateTimeField(null=True, blank=True)

    # Starting against the gate: who, why, when, and each thing that spoke against it on a line of its own.
    override_by = models.ForeignKey(
        "clinic.StaffMember", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    override_reason = models.CharField(max_length=300, blank=True)
    override_at = models.DateTimeField(null=True, blank=True)
    override_says = models.TextField(blank=True)

    class Meta:
        ordering = ["starts_at", "pk"]
        constraints = [
            _never_twice("infusion_room_never_twice", "room", "occupies", _("This room is taken at that time.")),
            _never_twice(
                "infusion_clinician_never_twice",
                "clinician",
                "during",
                _("This clinician is with another patient at that time."),
            ),
            _never_twice(
                "infusion_patient_never_twice", "patient", "during", _("This patient has another visit at that time.")
            ),
            models.CheckConstraint(
                condition=Q(
                    ends_at__gt=F("starts_at"),
                    pickup_from__gte=F("starts_at"),
                    pickup_from__lte=F("ends_at"),
                    room_free_at__gte=F("ends_at"),
                    room_free_at__lte=F("starts_at") + LONGEST_VISIT,
                ),
                name="infusion_times_in_order",
            ),
            models.CheckConstraint(condition=_stamps_condition(), name="infusion_status_has_its_times"),
            models.CheckConstraint(
                condition=~Q(status__in=[InfusionStatus.RELEASED, InfusionStatus.HOME]) | ~Q(released_how=""),
                name="infusion_released_how",
            ),
            models.CheckConstraint(
                condition=Q(override_at__isnull=True, override_by__isnull=True, override_reason="")
                | (Q(override_at__isnull=False, override_by__isnull=False) & ~Q(override_reason="")),
                name="infusion_override_is_signed",
            ),
            models.CheckConstraint(
                condition=~Q(status=InfusionStatus.CANCELLED) | ~Q(off_reason=""), name="infusion_cancelled_with_reason"
            ),
            models.UniqueConstraint(
                fields=["course", "number"], condition=LIVE, name="infusion_number_once_per_course"
            ),
        ]
        indexes = [
            # Asked by the day board and the week.
            models.Index(fields=["site", "starts_at"], name="infusion_site_starts"),
            # Asked by a patient's page.
            models.Index(fields=["patient", "starts_at"], name="infusion_patient_starts"),
            # Asked by the sweep: what is still ahead or in the house.
            models.Index(
                fields=["starts_at"],
                name="infusion_open",
                condition=~Q(status__in=[*sorted(OFF), InfusionStatus.HOME]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def state(self) -> InfusionStatus:
        return InfusionStatus(self.status)


@tracked
class Move(models.Model):
    """One visit went from one place in the diary to another. ``version`` is the visit's version after it: while that
    has not changed, the move can be undone for ten minutes."""

    infusion = models.ForeignKey(Infusion, on_delete=models.PROTECT, related_name="moves")
    version = models.PositiveIntegerField()
    at = models.DateTimeField()
    by = models.ForeignKey("clinic.StaffMember", on_delete=models.PROTECT, related_name="+")
    from_starts_at = models.DateTimeField()
    from_room = models.ForeignKey("clinic.Room", on_delete=models.PROTECT, related_name="+")
    from_clinician = models.ForeignKey("clinic.StaffMember", on_delete=models.PROTECT, related_name="+")
    to_starts_at = models.DateTimeField()
    to_room = models.ForeignKey("clinic.Room", on_delete=models.PROTECT, related_name="+")
    to_clinician = models.ForeignKey("clinic.StaffMember", on_delete=models.PROTECT, related_name="+")
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["infusion", "version"], name="move_once_per_version")]

    def __str__(self) -> str:
        return f"{self.infusion_id} v{self.version}"


class RuleOverride(models.Model):
    """Booked or moved against soft rules: who, why, and all of the rules at once. Never changes."""

    infusion = models.ForeignKey(Infusion, on_delete=models.PROTECT, related_name="rule_overrides")
    rules = ArrayField(models.CharField(max_length=12, choices=SoftRule.choices))
    says = ArrayField(models.CharField(max_length=300))
    reason = models.CharField(max_length=300)
    by = models.ForeignKey("clinic.StaffMember", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="rule_override_has_a_reason"),
            models.CheckConstraint(condition=Q(rules__len__gte=1), name="rule_override_names_its_rules"),
        ]
        triggers = append_only_triggers

    def __str__(self) -> str:
        return f"{self.infusion_id}: {', '.join(self.rules)}"
