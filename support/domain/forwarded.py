"""A helper's link in somebody else's hands."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from support.domain import alerts, designations
from support.enums import AlertKind
from support.models import Designation


def opened_by_somebody_else(*, designation: Designation, actor: str, now: datetime) -> None:
    """They said so themselves. A call for the desk: the number may be wrong, or the message was passed on. Idempotent
    while that call is open."""
    with transaction.atomic(), alerts.for_the_desk():
        says = _("Somebody else opened the page meant for %(name)s. Please call %(name)s and check the number.")
        alerts.open_alert(
            kind=AlertKind.CALL_TASK,
            key=f"somebody-else:{designation.pk}",
            says=says % {"name": designation.person.first_name},
            patient=designation.patient,
            designation=designation,
            now=now,
        )
        designations.note(designation, actor, "designation.opened_by_somebody_else", now)
