"""Nobody has the way home: what is tried, in which order, until when, and how it ended."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinic.enums import Rung
from clinic.models.history import tracked
from support.enums import LadderRung, StepEnd

# Ways home without a person of the patient's own.
ARRANGED = (Rung.WATCHED_RIDE, Rung.EXTENDED_STAY)


@tracked
class LadderStep(models.Model):
    """One rung tried for one time of a visit. ``designation``: who is asked, where one is asked at a time; null where
    everybody is, and for what the clinic arranges. ``until`` is UTC; null where it lasts until somebody comes."""

    infusion = models.ForeignKey("clinic.Infusion", on_delete=models.PROTECT, related_name="ladder")
    for_starts_at = models.DateTimeField()
    rung = models.CharField(max_length=16, choices=LadderRung.choices)
    designation = models.ForeignKey(
        "support.Designation", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    began_at = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end = models.CharField(max_length=16, choices=StepEnd.choices, blank=True)
    # Who of the staff went on, and their word on it.
    ended_by = models.ForeignKey(
        "clinic.StaffMember", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["began_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["infusion"], condition=Q(ended_at__isnull=True), name="ladder_one_step"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, end="") | (Q(ended_at__isnull=False) & ~Q(end="")),
                name="ladder_step_ends_somehow",
            ),
            models.CheckConstraint(
                condition=~Q(end=StepEnd.STEPPED_OVER) | Q(ended_by__isnull=False), name="ladder_stepped_over_by"
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("began_at")), name="ladder_until_after_begin"
            ),
        ]
        indexes = [
            # Asked by the sweep: whose time is over.
            models.Index(fields=["until"], name="ladder_open", condition=Q(ended_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.infusion_id} {self.rung}"


@tracked
class Arrangement(models.Model):
    """A way home the clinic arranged for one time of a visit, signed off by a role the rules name. A paid escort is a
    person with a promise of their own instead."""

    infusion = models.ForeignKey("clinic.Infusion", on_delete=models.PROTECT, related_name="arrangements")
    for_starts_at = models.DateTimeField()
    rung = models.CharField(max_length=24, choices=[(rung.value, rung.label) for rung in ARRANGED])
    details = models.CharField(_("how, and who makes sure of it"), max_length=300)
    arranged_at = models.DateTimeField()
    arranged_by = models.ForeignKey("clinic.StaffMember", on_delete=models.PROTECT, related_name="+")
    authorised_by = models.ForeignKey("clinic.StaffMember", on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_why = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["arranged_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["infusion"], condition=Q(ended_at__isnull=True), name="arrangement_one_stands"
            ),
            models.CheckConstraint(condition=~Q(details=""), name="arrangement_has_details"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | ~Q(ended_why=""), name="arrangement_ended_with_a_word"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.infusion_id} {self.rung}"
