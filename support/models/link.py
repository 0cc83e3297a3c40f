"""The address a person without an account uses. The database holds no token."""

import secrets

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.models.history import tracked_without
from support.enums import LinkPurpose


def new_link_id() -> str:
    """Eight letters and figures, 47 bits: names the link, opens nothing."""
    return "".join(secrets.choice("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _i in range(8))


def new_nonce() -> bytes:
    return secrets.token_bytes(16)


def _bound(to: str, *purposes: LinkPurpose) -> Q:
    """Of what a link can be bound to, just this one."""
    others = {f"{name}__isnull": name != to for name in ("designation", "patient", "staff", "room")}
    return Q(purpose__in=purposes, **others)


@tracked_without("nonce", "last_opened_at")
class Link(models.Model):
    """Bound to one person and purpose. The token is derived from id, nonce and a key that only the settings hold."""

    id = models.CharField(primary_key=True, max_length=12, default=new_link_id)
    purpose = models.CharField(max_length=16, choices=LinkPurpose.choices)
    designation = models.ForeignKey("support.Designation", on_delete=models.CASCADE, null=True, related_name="links")
    patient = models.ForeignKey("clinic.Patient", on_delete=models.CASCADE, null=True, related_name="links")
    staff = models.ForeignKey("clinic.StaffMember", on_delete=models.CASCADE, null=True, related_name="+")
    room = models.ForeignKey("clinic.Room", on_delete=models.CASCADE, null=True, related_name="+")
    site = models.ForeignKey("clinic.Site", on_delete=models.PROTECT, related_name="+")
    nonce = models.BinaryField(default=new_nonce)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    last_opened_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=_bound("designation", LinkPurpose.HELPER, LinkPurpose.HELPER_FEED)
                | _bound("patient", LinkPurpose.PATIENT, LinkPurpose.PATIENT_FEED)
                | _bound("staff", LinkPurpose.CLINICIAN_FEED, LinkPurpose.OWN_FEED)
                | _bound("room", LinkPurpose.ROOM_FEED),
                name="link_bound_to_one_person",
            ),
        ]
        indexes = [
            models.Index(fields=["designation"], name="link_designation", condition=Q(withdrawn_at__isnull=True)),
            models.Index(fields=["patient"], name="link_patient", condition=Q(withdrawn_at__isnull=True)),
        ]
        triggers = [
            pgtrigger.Protect(
                name="withdrawal_is_final",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__withdrawn_at__isnull=False, new__withdrawn_at__isnull=True),
            )
        ]
        verbose_name = _("link")

    def __str__(self) -> str:
        return self.id
