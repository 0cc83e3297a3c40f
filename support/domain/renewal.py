"""Somebody opened a link that is no longer in use and asked for a new one."""

from datetime import datetime

from django.utils.translation import gettext as _

from clinic.domain.errors import Refused
from support.domain import alerts, designations
from support.enums import AlertKind
from support.models import Designation, Link


def ask(*, link: Link, now: datetime) -> None:
    """A helper who is still named gets a new link on the channel on record; a patient is called. Others get nothing.

    Tells the caller nothing, so that the page cannot reveal whether the person is still named.
    """
    if link.designation is not None:
        _send(link.designation, link=link, now=now)
    elif link.patient is not None:
        # The record it was for may have been joined with another since.
        patient = link.patient.merged_into or link.patient
        alerts.open_alert(
            kind=AlertKind.CALL_TASK,
            key=f"new-link:{patient.pk}",
            says=_("%(name)s asked for a new link to their page. The next reminder carries one; please call.")
            % {"name": patient.first_name},
            patient=patient,
            now=now,
        )


def _send(designation: Designation, *, link: Link, now: datetime) -> None:
    if not designation.holds_at(now):
        return
    try:
        designations.send_link_again(designation=designation, actor=f"link:{link.id}", now=now)
    except Refused:
        return
