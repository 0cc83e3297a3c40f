"""Who cannot take a patient home whatever they say: who is treated that day, or takes somebody else home then."""

from datetime import timedelta

from django.db.models import F, Q
from django.utils.translation import gettext as _

from clinic.domain import times
from clinic.domain.errors import Refused
from clinic.enums import OFF
from clinic.models import Infusion, Patient
from support.domain import rules
from support.enums import HOLDING, SupportRole
from support.models import Commitment, SupportPerson


class Busy(Refused):
    """Said to the helper, in words that tell whoever else holds their link nothing of them."""


def refuse(*, person: SupportPerson, visit: Infusion, is_told_by_staff: bool) -> None:
    """Staff who spoke with them may take their word that they can do two ways home; nobody takes a patient home on the
    day they are treated themselves. Two queries."""
    if is_told_by_staff:
        if is_treated(person=person, visit=visit):
            raise Refused(_("%(name)s has a visit of their own that day.") % {"name": person.first_name})
    elif is_busy(person=person, visit=visit):
        raise Busy(_("It looks as if something else is on for you then. Please call us about this date."))


def is_busy(*, person: SupportPerson, visit: Infusion) -> bool:
    """Two queries."""
    return is_treated(person=person, visit=visit) or bool(elsewhere(person=person, visit=visit))


def is_treated(*, person: SupportPerson, visit: Infusion) -> bool:
    """A patient too, with a visit that day, or this one's patient themselves."""
    patients = Patient.objects.filter(Q(pk=person.patient_id) | same(person, ""), site=visit.site_id)
    zone = visit.site.zone
    begin, end = times.day_bounds(day=times.local_day(moment=visit.starts_at, zone=zone), zone=zone)
    that_day = Infusion.objects.filter(starts_at__gte=begin, starts_at__lt=end).exclude(status__in=OFF)
    return patients.filter(Q(pk=visit.patient_id) | Q(pk__in=that_day.values("patient"))).exists()


def elsewhere(*, person: SupportPerson, visit: Infusion) -> list[Infusion]:
    """Visits of others whose way home is theirs while they are needed for this one: from the earliest time of leaving
    until everybody is home."""
    travel = timedelta(minutes=rules.of(infusion=visit).travel_minutes)
    promised = Commitment.objects.filter(
        designation__person=person,
        role=SupportRole.RIDE,
        status__in=HOLDING,
        for_starts_at=F("infusion__starts_at"),
        infusion__pickup_from__lt=visit.ends_at + travel,
        infusion__ends_at__gt=visit.pickup_from - travel,
    )
    rows = promised.exclude(infusion=visit).exclude(infusion__status__in=OFF).select_related("infusion")
    return [row.infusion for row in rows.order_by("for_starts_at")]


def same(person: SupportPerson, path: str) -> Q:
    """Somebody of the same first name at the same number; ``path`` leads to them."""
    who = {f"{path}phone": person.phone, f"{path}given_name__iexact": person.given_name}
    return Q(**who) if person.phone else Q(pk__in=[])
