"""Whoever is reached in another way than before: the plans of their visits follow, in the transaction of the change."""

from datetime import datetime

from django.db.models import Q

from clinic.models import Infusion, Patient
from clinic.models.patient import Contact
from support.domain import replan
from support.models import Designation, SupportPerson


def follow(*, contact: Contact, now: datetime) -> None:
    """Every visit ahead or in the house in which this person hears something."""
    if isinstance(contact, Patient):
        replan.replan_all(infusions=replan.upcoming_for(patient_id=contact.pk, now=now), now=now)
        return
    visits: dict[int, Infusion] = {}
    for designation in Designation.objects.filter(person=contact.pk, withdrawn_at=None):
        visits |= {visit.pk: visit for visit in replan.upcoming_of(designation=designation, now=now)}
    replan.replan_all(infusions=[visits[pk] for pk in sorted(visits)], now=now)


def heard(address: str, now: datetime) -> None:
    """A number or address was stopped, or may be written to again, by whomever: for everybody who has it."""
    here = Q(phone=address) | Q(email__iexact=address)
    for contact in [*Patient.objects.filter(here, is_archived=False), *SupportPerson.objects.filter(here)]:
        follow(contact=contact, now=now)
