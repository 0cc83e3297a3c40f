"""Who cannot take a patient home whatever they say: who is treated that day, or takes somebody else home then."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Protocol

from django.db.models import F, Q
from django.db.models.functions import Lower
from django.db.models.lookups import In
from django.utils.translation import gettext as _

from clinic.domain import times
from clinic.domain.errors import Refused
from clinic.enums import OFF
from clinic.models import Infusion, Patient
from support.domain import rules
from support.enums import HOLDING, SupportRole
from support.models import Commitment, SupportPerson

# With the hour that autumn gives back.
LONGEST_DAY = timedelta(hours=25)


class Busy(Refused):
    """Said to the helper, in words that tell whoever else holds their link nothing of them."""


class Named(Protocol):
    """Somebody who helps: a person, or a promise read with who gave it."""

    @property
    def given_name(self) -> str: ...
    @property
    def first_name(self) -> str: ...
    @property
    def phone(self) -> str: ...
    @property
    def email(self) -> str: ...


def refuse(*, person: SupportPerson, visit: Infusion, is_told_by_staff: bool) -> None:
    """Staff who spoke with them may take their word that they can do two ways home; nobody takes a patient home on the
    day they are treated themselves. Two queries."""
    refuse_if_treated(person=person, visit=visit, is_told_by_staff=is_told_by_staff)
    if not is_told_by_staff and elsewhere(person=person, visit=visit):
        raise Busy(_something_else())


def refuse_if_treated(*, person: SupportPerson, visit: Infusion, is_told_by_staff: bool) -> None:
    """One query."""
    if is_treated(person=person, visit=visit):
        raise Refused(is_treated_then(person)) if is_told_by_staff else Busy(_something_else())


def is_busy(*, person: SupportPerson, visit: Infusion) -> bool:
    """Two queries."""
    return is_treated(person=person, visit=visit) or bool(elsewhere(person=person, visit=visit))


def is_treated(*, person: Named, visit: Infusion) -> bool:
    """A patient too, with a visit that day, or this one's patient themselves. One query."""
    return bool(treated(homes=[(visit, person)]))


def treated(*, homes: Sequence[tuple[Infusion, Named]]) -> set[int]:
    """The same of many visits and who takes whom home: the ids of the visits. One query."""
    if not homes:
        return set()
    starts = [visit.starts_at for visit, _person in homes]
    near = Q(starts_at__gt=min(starts) - LONGEST_DAY, starts_at__lt=max(starts) + LONGEST_DAY)
    theirs = Infusion.objects.filter(near, reached([person for _visit, person in homes], "patient__"))
    rows = list(theirs.exclude(status__in=OFF).select_related("patient", "site"))
    return {
        visit.pk
        for visit, person in homes
        for row in rows
        if row.site_id == visit.site_id and _day(row) == _day(visit) and is_patient(person, row.patient)
    }


def elsewhere(*, person: SupportPerson, visit: Infusion) -> list[Infusion]:
    """Visits of others whose way home is theirs while they are needed for this one: from the earliest time of leaving
    until everybody is home."""
    travel = timedelta(minutes=rules.of(infusion=visit).travel_minutes)
    promised = Commitment.objects.filter(
        Q(designation__person=person) | same(person, "designation__person__"),
        role=SupportRole.RIDE,
        status__in=HOLDING,
        for_starts_at=F("infusion__starts_at"),
        infusion__pickup_from__lt=visit.ends_at + travel,
        infusion__ends_at__gt=visit.pickup_from - travel,
    )
    rows = promised.exclude(infusion=visit).exclude(infusion__status__in=OFF).select_related("infusion")
    return [row.infusion for row in rows.order_by("for_starts_at")]


def is_treated_then(person: Named) -> str:
    return _("%(name)s has a visit of their own that day.") % {"name": person.first_name}


def same(person: Named, path: str) -> Q:
    """Somebody of the same first name at the same number or address; ``path`` leads to them."""
    return reached([person], path) & Q(**{f"{path}given_name__iexact": person.given_name})


def reached(people: Iterable[Named], path: str) -> Q:
    """At the number or the address of one of them."""
    phones, emails = set[str](), set[str]()
    for person in people:
        phones.add(person.phone)
        emails.add(person.email.lower())
    by_mail = In(Lower(f"{path}email"), emails - {""})
    return Q(**{f"{path}phone__in": phones - {""}}) | Q(by_mail)


def is_patient(person: Named, patient: Patient) -> bool:
    """Called so, or as they would rather be called, and reached there. A father of the same name has a number of his
    own."""
    if person.given_name.casefold() not in {patient.given_name.casefold(), patient.preferred_name.casefold()}:
        return False
    same_mail = bool(person.email) and person.email.casefold() == patient.email.casefold()
    return same_mail or (bool(person.phone) and person.phone == patient.phone)


def _day(visit: Infusion) -> date:
    return times.local_day(moment=visit.starts_at, zone=visit.site.zone)


def _something_else() -> str:
    return _("It looks as if something else is on for you then. Please call us about this date.")
