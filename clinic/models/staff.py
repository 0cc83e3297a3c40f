"""The people who sign in."""

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from clinic.enums import Role
from clinic.models.history import tracked, tracked_without


class StaffManager(BaseUserManager["StaffMember"]):
    def create_user(self, email: str, password: str | None = None, **fields) -> "StaffMember":
        staff = self.model(email=self.normalize_email(email).lower(), **fields)
        staff.set_password(password)
        staff.save(using=self._db)
        return staff

    def get_by_natural_key(self, username: str) -> "StaffMember":
        return self.get(email__iexact=username)


@tracked_without("password", "quick_pin", "last_login")
class StaffMember(AbstractBaseUser):
    """A member of staff. The role decides what is visible; the sites decide whose."""

    email = models.EmailField(_("e-mail"), unique=True)
    full_name = models.CharField(_("name"), max_length=120)
    role = models.CharField(_("role"), max_length=16, choices=Role.choices)
    sites = models.ManyToManyField("clinic.Site", related_name="staff", blank=True)
    is_active = models.BooleanField(_("may sign in"), default=True)
    # Hashed. Lets a person who signed in on this device earlier today take it over again quickly.
    quick_pin = models.CharField(max_length=128, blank=True)
    invited_at = models.DateTimeField(null=True, blank=True)
    joined_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["full_name", "role"]

    objects = StaffManager()

    class Meta:
        ordering = ["full_name"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"), name="staff_email_once", violation_error_message=_("This e-mail is in use already.")
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="staff_role_known"),
        ]

    def __str__(self) -> str:
        return self.full_name

    @property
    def short_name(self) -> str:
        """First name and the initial of the last, as the board shows it."""
        first, _space, rest = self.full_name.partition(" ")
        return f"{first} {rest[:1]}." if rest else first


@tracked
class WorkingHours(models.Model):
    """When a clinician works at a site, in the site's wall time. None recorded: all opening hours."""

    staff = models.ForeignKey(StaffMember, on_delete=models.CASCADE, related_name="working_hours")
    site = models.ForeignKey("clinic.Site", on_delete=models.CASCADE, related_name="working_hours")
    weekday = models.PositiveSmallIntegerField()
    starts = models.TimeField()
    ends = models.TimeField()

    class Meta:
        ordering = ["weekday", "starts"]
        constraints = [
            models.CheckConstraint(condition=Q(ends__gt=models.F("starts")), name="working_hours_end_after_start"),
        ]

    def __str__(self) -> str:
        return f"{self.weekday} {self.starts:%H:%M}-{self.ends:%H:%M}"
