"""Patients, and the numbers other systems know them by."""

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinic import names
from clinic.enums import ReachBy, Weekday
from clinic.models.history import tracked, tracked_without

E164 = r"^\+[1-9][0-9]{6,14}$"


class Contact(models.Model):
    """How to reach a person.

    ``phone`` is E.164 or empty. A number or address that cannot be used is kept in ``*_as_received``, unverified,
    rather than lost.
    ``timezone`` is empty where the person lives in the clinic's zone.
    """

    phone = models.CharField(_("mobile"), max_length=16, blank=True)
    phone_as_received = models.CharField(_("number as received"), max_length=60, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    email_as_received = models.CharField(_("e-mail as received"), max_length=254, blank=True)
    language = models.CharField(_("language"), max_length=8, default="en")
    timezone = models.CharField(_("time zone"), max_length=64, blank=True)
    # A phone that cannot show a text: somebody calls and reads.
    is_landline = models.BooleanField(_("this phone cannot receive texts"), default=False)
    # How they would rather hear from us; empty: texts, else e-mail, else a call.
    prefers = models.CharField(_("would rather hear by"), max_length=8, choices=ReachBy.choices, blank=True)
    # Their own quiet time on their own clock, on top of the clinic's; it may pass midnight.
    quiet_from = models.TimeField(_("no texts from"), null=True, blank=True)
    quiet_until = models.TimeField(_("until"), null=True, blank=True)
    texts_less = models.BooleanField(_("only what cannot wait"), default=False)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(phone="") | Q(phone__regex=E164),
                name="%(app_label)s_%(class)s_phone_e164",
                violation_error_message=_("Enter the number with its country code, such as +1 410 555 0142."),
            ),
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | (Q(quiet_from__isnull=False, quiet_until__isnull=False) & ~Q(quiet_from=F("quiet_until"))),
                name="%(app_label)s_%(class)s_quiet_from_until",
                violation_error_message=_("Give both times, or none."),
            ),
        ]


@tracked_without("folded", "imported")
class Patient(Contact):
    site = models.ForeignKey("clinic.Site", on_delete=models.PROTECT, related_name="patients")
    given_name = models.CharField(_("given name"), max_length=120)
    family_name = models.CharField(_("family name"), max_length=120)
    preferred_name = models.CharField(_("called"), max_length=60, blank=True)
    birth_date = models.DateField(_("date of birth"))
    record_number = models.CharField(_("record number"), max_length=64, blank=True)
    # Which language somebody must translate into on the day; who decides with or for the patient.
    interpreter = models.CharField(_("needs an interpreter for"), max_length=40, blank=True)
    guardian = models.CharField(
        _("legal guardian"), max_length=160, blank=True, help_text=_("Name and phone. They agree to who helps.")
    )
    is_archived = models.BooleanField(default=False)
    # Two records that were one person: this one is put away, everything hangs on the other.
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged")
    merged_at = models.DateTimeField(null=True, blank=True)
    # What the last import brought: tells a correction made here from news of the other system.
    imported = models.JSONField(default=dict, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    # Lower case, without accents, for finding people; kept by PostgreSQL.
    folded = models.GeneratedField(
        expression=models.Func(
            "given_name",
            "family_name",
            "preferred_name",
            "record_number",
            function="homeward_fold",
            template="%(function)s(given_name || ' ' || family_name || ' ' || preferred_name || ' ' || record_number)",
        ),
        output_field=models.TextField(),
        db_persist=True,
    )

    class Meta(Contact.Meta):
        ordering = ["family_name", "given_name", "pk"]
        constraints = [
            *Contact.Meta.constraints,
            models.UniqueConstraint(
                fields=["site", "record_number"],
                condition=~Q(record_number=""),
                name="patient_record_number_once",
                violation_error_message=_("Another patient has this record number."),
            ),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True, merged_at__isnull=True)
                | (Q(merged_into__isnull=False, merged_at__isnull=False, is_archived=True) & ~Q(merged_into=F("pk"))),
                name="patient_merged_is_put_away",
            ),
        ]
        indexes = [
            # Asked by the search box: a fragment of a name, spelling mistakes forgiven.
            # Kept up to date at once: after an import of thousands, a pending list would slow every search.
            GinIndex(fields=["folded"], opclasses=["gin_trgm_ops"], name="patient_folded_trgm", fastupdate=False),
            # Asked by the search box: a date of birth.
            models.Index(fields=["site", "birth_date"], name="patient_birth_date"),
            models.Index(fields=["phone"], name="patient_phone", condition=~Q(phone="")),
        ]

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        return names.full(self.given_name, self.family_name)

    @property
    def first_name(self) -> str:
        """What we call them on their own page and towards their helpers."""
        return names.called(self.given_name, self.family_name, self.preferred_name)

    @property
    def short_name(self) -> str:
        """First name and the initial of the family name, for the board."""
        return names.short(self.given_name, self.family_name, self.preferred_name)


@tracked
class PatientIdentifier(models.Model):
    """The number another system knows a patient by. Never a social security, licence or passport number."""

    site = models.ForeignKey("clinic.Site", on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="identifiers")
    system = models.CharField(max_length=255)
    value = models.CharField(max_length=128)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "system", "value"], name="patient_identifier_once"),
        ]

    def __str__(self) -> str:
        return f"{self.system}|{self.value}"


@tracked
class TimeWish(models.Model):
    """A time of the week that suits a patient, or does not, on the clinic's wall clock."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="time_wishes")
    weekday = models.PositiveSmallIntegerField(_("day"), choices=Weekday.choices)
    starts = models.TimeField(_("from"))
    ends = models.TimeField(_("until"))
    suits = models.BooleanField(_("suits"))

    class Meta:
        ordering = ["weekday", "starts"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends__gt=F("starts")),
                name="time_wish_ends_after_start",
                violation_error_message=_("The end must be after the beginning."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.starts:%H:%M}-{self.ends:%H:%M}"
