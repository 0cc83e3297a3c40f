"""A way home without a person to give the patient to: signed off by a role the rules name, and written down."""

from django.utils.translation import gettext as _

from clinic.models import Infusion, StaffMember
from support.domain import rules

SHORTEST_EVIDENCE = 5


def missing(*, visit: Infusion, authorised_by: StaffMember, evidence: str) -> list[str]:
    """In sentences; empty where nothing is."""
    reasons = []
    if len(evidence.strip()) < SHORTEST_EVIDENCE:
        reasons.append(_("Write down how the patient goes home and who made sure of it."))
    if not may_sign(visit=visit, who=authorised_by):
        reasons.append(_("This way home must be signed off by a role the clinic's rules name."))
    return reasons


def may_sign(*, visit: Infusion, who: StaffMember) -> bool:
    return who.is_active and who.role in rules.of(infusion=visit).override_roles
