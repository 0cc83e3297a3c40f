"""Somebody leaves although everybody advises against it: who saw it, and who calls them soon."""

from datetime import datetime

from django.utils.translation import gettext as _

from clinic.models import Infusion, StaffMember
from support.domain import alerts, emergency
from support.enums import AlertKind


def no_witness(*, visit: Infusion, witness: StaffMember | None, actor: StaffMember) -> list[str]:
    """Who writes it down is not who saw it; both work at this clinic."""
    if witness is None or not witness.is_active or not witness.sites.filter(pk=visit.site_id).exists():
        return [_("Name somebody else of the staff who saw it.")]
    if witness == actor:
        return [_("Whoever writes this down cannot be the one who saw it: name somebody else.")]
    return []


def call_after(*, visit: Infusion, now: datetime) -> None:
    """Somebody calls within the time the rules give; and whom the patient let us tell, by name."""
    first = emergency.to_call_first(patient=visit.patient, now=now)
    with alerts.for_the_desk():
        says = _("%(name)s left against advice. Please call and ask how they are.")
        words = {"name": visit.patient.first_name}
        if first is not None:
            says += " " + _("If nobody answers, call %(contact)s: %(name)s allowed it.")
            words["contact"] = first.person.first_name
        else:
            says += " " + _("Nobody else may be told: where nobody answers, a clinician decides.")
    alerts.open_alert(
        kind=AlertKind.LEFT_ADVICE,
        key=f"left-advice:{visit.pk}",
        says=says % words,
        patient=visit.patient,
        infusion=visit,
        designation=first,
        now=now,
        once=True,
    )
