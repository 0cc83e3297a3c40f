"""The people who stand by a patient, and what the patient said they may do and know."""

from datetime import date, datetime, time, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinic import names
from clinic.enums import Weekday
from clinic.models import Contact
from clinic.models.history import tracked
from support.enums import ConsentHow, LoadAnswer, MayKnow, SupportRole


@tracked
class SupportPerson(Contact):
    """A person who helps. May help several patients; may be a patient, who is known by name and number."""

    site = models.ForeignKey("clinic.Site", on_delete=models.PROTECT, related_name="support_people")
    given_name = models.CharField(_("given name"), max_length=120)
    family_name = models.CharField(_("family name"), max_length=120, blank=True)
    # Asked of everybody who may take a patient home; null until somebody confirmed it.
    is_adult = models.BooleanField(_("18 or older"), null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # About how long the way to the clinic takes them, in minutes; null until they said.
    travel_minutes = models.PositiveSmallIntegerField(_("way to the clinic (minutes)"), null=True, blank=True)
    # Of the clinic's list of paid escorts, with firm and price in words; put away rather than deleted.
    is_escort = models.BooleanField(_("paid escort"), default=False)
    escort_terms = models.CharField(_("firm and price"), max_length=160, blank=True)
    is_active = models.BooleanField(_("can be booked"), default=True)

    class Meta(Contact.Meta):
        ordering = ["given_name", "family_name", "pk"]
        indexes = [models.Index(fields=["phone"], name="supportperson_phone", condition=~Q(phone=""))]

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        return names.full(self.given_name, self.family_name)

    @property
    def first_name(self) -> str:
        return names.first(self.given_name)


@tracked
class Availability(models.Model):
    """When a person can help or cannot, on the clinic's wall clock: every week on one weekday, or from one day to
    another. Nothing recorded: nobody knows, they are asked."""

    person = models.ForeignKey(SupportPerson, on_delete=models.CASCADE, related_name="availability")
    can = models.BooleanField(_("can help"))
    weekday = models.PositiveSmallIntegerField(_("day"), choices=Weekday.choices, null=True, blank=True)
    first_day = models.DateField(_("from"), null=True, blank=True)
    last_day = models.DateField(_("to"), null=True, blank=True)
    starts = models.TimeField(_("from"), default=time(0))
    # 23:59 stands for the end of the day.
    ends = models.TimeField(_("until"), default=time(23, 59))

    class Meta:
        ordering = ["weekday", "first_day", "starts"]
        constraints = [
            models.CheckConstraint(
                condition=Q(weekday__isnull=False, first_day__isnull=True, last_day__isnull=True)
                | Q(weekday__isnull=True, first_day__isnull=False, last_day__gte=F("first_day")),
                name="availability_weekly_or_dated",
            ),
            models.CheckConstraint(
                condition=Q(ends__gt=F("starts")),
                name="availability_ends_after_start",
                violation_error_message=_("The end must be after the beginning."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id}"


# Booked by the clinic for one visit, and asked for no other.
FOR_ONE_VISIT = Q(person__is_escort=True, valid_until__isnull=False)


@tracked
class Designation(models.Model):
    """This patient named this person. ``rank`` 1 is asked first."""

    patient = models.ForeignKey("clinic.Patient", on_delete=models.PROTECT, related_name="designations")
    person = models.ForeignKey(SupportPerson, on_delete=models.PROTECT, related_name="designations")
    relationship = models.CharField(_("relationship"), max_length=60, blank=True)
    roles = ArrayField(models.CharField(max_length=12, choices=SupportRole.choices), blank=True)
    # Whom the clinic calls first in an emergency; one of a patient's people, at most.
    call_first = models.BooleanField(_("call first in an emergency"), default=False)
    may_know = ArrayField(models.CharField(max_length=12, choices=MayKnow.choices), default=list, blank=True)
    rank = models.PositiveSmallIntegerField(_("order"), default=1)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)
    consent_how = models.CharField(max_length=12, choices=ConsentHow.choices)
    consent_at = models.DateTimeField()
    consent_wording = models.CharField(max_length=300)
    witnessed_by = models.ForeignKey(
        "clinic.StaffMember", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    invited_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    # Rides for this patient in 28 days, at most; null: no limit said.
    most_rides = models.PositiveSmallIntegerField(_("rides in four weeks, at most"), null=True, blank=True)
    load_asked_at = models.DateTimeField(null=True, blank=True)
    load_answer = models.CharField(max_length=12, choices=LoadAnswer.choices, blank=True)
    load_answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["rank", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "person"],
                condition=Q(withdrawn_at__isnull=True),
                name="designation_once",
                violation_error_message=_("This person is already on the list."),
            ),
            models.UniqueConstraint(
                fields=["patient"],
                condition=Q(call_first=True, withdrawn_at__isnull=True),
                name="designation_one_to_call_first",
                violation_error_message=_("Somebody else is called first already."),
            ),
            models.CheckConstraint(condition=Q(roles__len__gte=1) | Q(call_first=True), name="designation_has_a_role"),
            models.CheckConstraint(
                condition=Q(load_answer="") | Q(load_answered_at__isnull=False), name="designation_load_answered"
            ),
            models.CheckConstraint(
                condition=Q(consent_how=ConsentHow.OWN_LINK) | Q(witnessed_by__isnull=False),
                name="designation_consent_witnessed",
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")),
                name="designation_valid_span",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.patient_id}/{self.person_id}"

    @property
    def is_for_one_visit(self) -> bool:
        """As ``FOR_ONE_VISIT``."""
        return self.person.is_escort and self.valid_until is not None

    @property
    def last_day(self) -> date | None:
        """On the clinic's calendar; None: until it is taken back."""
        if self.valid_until is None:
            return None
        return (self.valid_until - timedelta(microseconds=1)).astimezone(self.patient.site.zone).date()

    def names_for(self, role: str, moment: datetime) -> bool:
        """Whether this person may be asked for it then; who is under 18 takes nobody home."""
        if role == SupportRole.RIDE and self.person.is_adult is False:
            return False
        return role in self.roles and self.holds_at(moment)

    def holds_at(self, moment: datetime) -> bool:
        """Whether the patient still names this person at that moment."""
        return self.withdrawn_at is None and (self.valid_until is None or self.valid_until > moment)

    def allows(self, data_class: str) -> bool:
        return data_class in self.may_know
