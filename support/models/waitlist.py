"""Who would take an earlier place, and the places they were offered."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinic.models.history import tracked
from support.enums import OfferStatus


@tracked
class WaitlistEntry(models.Model):
    """A visit that waits for a place: of ``infusion`` an earlier one, else the next visit "to place" of the course.
    Days are the clinic's."""

    course = models.ForeignKey("clinic.Course", on_delete=models.PROTECT, related_name="waiting")
    infusion = models.ForeignKey(
        "clinic.Infusion", on_delete=models.PROTECT, null=True, blank=True, related_name="waiting"
    )
    first_day = models.DateField(_("from"))
    last_day = models.DateField(_("to"))
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("clinic.StaffMember", on_delete=models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_why = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["course"],
                condition=Q(closed_at__isnull=True),
                name="waitlist_once_per_course",
                violation_error_message=_("This course is on the waitlist already."),
            ),
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="waitlist_days_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.course_id}"


@tracked
class PlaceOffer(models.Model):
    """One free place offered to one who waits. Times UTC. An offer holds nothing: the booking decides who has it."""

    entry = models.ForeignKey(WaitlistEntry, on_delete=models.PROTECT, related_name="offers")
    site = models.ForeignKey("clinic.Site", on_delete=models.PROTECT, related_name="+")
    room = models.ForeignKey("clinic.Room", on_delete=models.PROTECT, related_name="+")
    clinician = models.ForeignKey("clinic.StaffMember", on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    offered_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    status = models.CharField(max_length=8, choices=OfferStatus.choices, default=OfferStatus.OPEN)
    answered_at = models.DateTimeField(null=True, blank=True)
    # The visit it became.
    infusion = models.ForeignKey(
        "clinic.Infusion", on_delete=models.PROTECT, null=True, blank=True, related_name="offered_as"
    )

    class Meta:
        ordering = ["-offered_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["entry", "room", "starts_at"], name="place_offer_once"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("offered_at")), name="place_offer_expires_later"),
            models.CheckConstraint(condition=Q(status__in=OfferStatus.values), name="place_offer_status_known"),
            models.CheckConstraint(
                condition=~Q(status=OfferStatus.TAKEN) | Q(infusion__isnull=False, answered_at__isnull=False),
                name="place_offer_taken_is_a_visit",
            ),
        ]
        indexes = [
            # Asked by the sweep that ends offers nobody answered.
            models.Index(fields=["expires_at"], name="place_offer_open", condition=Q(status=OfferStatus.OPEN)),
        ]

    def __str__(self) -> str:
        return f"{self.entry_id} {self.status}"
