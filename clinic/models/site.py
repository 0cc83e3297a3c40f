"""Where treatment happens, and when."""

from zoneinfo import ZoneInfo, available_timezones

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinic.enums import Equipment, Weekday
from clinic.models.history import tracked


def validate_timezone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(
            _("“%(name)s” is not a time zone we know, such as America/New_York."), params={"name": name}
        )


@tracked
class Site(models.Model):
    """A location. Its time zone decides every time of day (IANA name)."""

    name = models.CharField(_("name"), max_length=80)
    public_name = models.CharField(
        _("name in messages"), max_length=30, help_text=_("What texts and link pages say. Keep it neutral.")
    )
    timezone = models.CharField(_("time zone"), max_length=64, validators=[validate_timezone])
    phone = models.CharField(_("phone"), max_length=16, help_text=_("With country code, such as +1 410 555 0142."))
    street = models.CharField(_("street"), max_length=120)
    city = models.CharField(_("town"), max_length=80, blank=True)
    arrival_note = models.CharField(_("where to come in"), max_length=160, blank=True)
    parking_note = models.CharField(_("parking"), max_length=160, blank=True)
    region = models.CharField(_("region"), max_length=8, default="US", help_text=_("Decides the help numbers shown."))
    # Beginnings of words, beside those the product keeps out of messages for every clinic.
    never_say = ArrayField(
        models.CharField(max_length=40), verbose_name=_("words no message may hold"), default=list, blank=True
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


@tracked
class Room(models.Model):
    """One treatment place; one infusion at a time."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="rooms")
    name = models.CharField(_("name"), max_length=40)
    guest_places = models.PositiveSmallIntegerField(_("guest places"), default=1)
    equipment = ArrayField(
        models.CharField(max_length=12, choices=Equipment.choices),
        verbose_name=_("equipment"),
        default=list,
        blank=True,
    )
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "name"],
                name="room_name_once_per_site",
                violation_error_message=_("There is a room with this name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name


@tracked
class OpeningHours(models.Model):
    """One open span on one weekday, in the site's wall time."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="opening_hours")
    weekday = models.PositiveSmallIntegerField(choices=Weekday.choices)
    opens = models.TimeField(_("opens"))
    closes = models.TimeField(_("closes"))

    class Meta:
        ordering = ["weekday", "opens"]
        constraints = [
            models.CheckConstraint(
                condition=Q(closes__gt=F("opens")),
                name="opening_hours_end_after_start",
                violation_error_message=_("Closing time must be after opening time."),
            ),
            models.UniqueConstraint(fields=["site", "weekday", "opens"], name="opening_hours_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M}-{self.closes:%H:%M}"


@tracked
class Closure(models.Model):
    """A time when a site, one of its rooms or one clinician is not available. Times in UTC, half-open."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="closures")
    room = models.ForeignKey(Room, on_delete=models.CASCADE, null=True, blank=True, related_name="closures")
    clinician = models.ForeignKey(
        "clinic.StaffMember", on_delete=models.CASCADE, null=True, blank=True, related_name="absences"
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=120, blank=True)
    # Which moves came of it: those made since.
    created_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="closure_ends_after_start"),
        ]
        # Asked by every look for free times.
        indexes = [models.Index(fields=["site", "ends_at"], name="closure_site_ends")]

    def __str__(self) -> str:
        return self.reason or str(_("closed"))


class DiaryStamp(models.Model):
    """Changes, by a trigger, with everything that decides when visits can be booked (rooms, hours, closures, staff,
    protocols, rules): what was read under one stamp stays true until there is another. One row."""

    stamp = models.UUIDField()

    def __str__(self) -> str:
        return str(self.stamp)


@tracked
class DeskNote(models.Model):
    """A word from one shift to the next, for one clinic day. Done, not deleted."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="notes")
    day = models.DateField()
    text = models.CharField(_("note"), max_length=300)
    patient = models.ForeignKey("clinic.Patient", on_delete=models.PROTECT, null=True, blank=True, related_name="notes")
    written_by = models.ForeignKey("clinic.StaffMember", on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    done_by = models.ForeignKey("clinic.StaffMember", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["written_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(done_at__isnull=True, done_by__isnull=True)
                | Q(done_at__isnull=False, done_by__isnull=False),
                name="desk_note_done_by_somebody",
            ),
            models.CheckConstraint(condition=~Q(text=""), name="desk_note_says_something"),
        ]
        # Asked by the day's board: notes of the day, and older ones still open.
        indexes = [models.Index(fields=["site", "day"], name="desk_note_day")]

    def __str__(self) -> str:
        return f"{self.site_id} {self.day}"
