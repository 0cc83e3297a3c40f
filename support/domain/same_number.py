"""Whose number it is, and where two people share one: what is said by text may come from either."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.utils.translation import gettext as _

from clinic.models import Patient
from messaging.enums import Channel
from messaging.models import Consent
from support.domain import busy, purposes, same_person
from support.models import Designation, SupportPerson

Person = Patient | SupportPerson


@dataclass(frozen=True, kw_only=True)
class Holders:
    """Who has a number: ``patients``, and ``named`` by patients as helpers. In the order they were recorded."""

    patients: list[Patient] = field(default_factory=list)
    named: list[Designation] = field(default_factory=list)

    @property
    def people(self) -> list[Person]:
        """Each once, also who helps several patients, or is a patient and helps."""
        found: list[Person] = []
        for person in self._all:
            if not any(_is_one(person, known) for known in found):
                found.append(person)
        return found

    @property
    def known_as(self) -> set[str]:
        """Under which names a yes of theirs is kept."""
        return {purposes.name(person) for person in self._all}

    def at(self, *, site_id: int | None) -> "Holders":
        """Those whom one site knows: whose number it is at another clinic is that clinic's to know."""
        return Holders(
            patients=[patient for patient in self.patients if patient.site_id == site_id],
            named=[named for named in self.named if named.patient.site_id == site_id],
        )

    def named_still(self, *, now: datetime) -> "Holders":
        """Without helpers whose time on a list is over: the desk knows whose number it is, and they have no page."""
        return replace(self, named=[named for named in self.named if named.holds_at(now)])

    def names_at(self, *, site_id: int | None) -> str:
        here = self.at(site_id=site_id).people
        names = [person.full_name for person in here]
        return ", ".join(names if len(here) == len(self.people) else [*names, _("somebody at another clinic")])

    @property
    def is_shared(self) -> bool:
        return len(self.people) > 1

    @property
    def _all(self) -> list[Person]:
        return [*self.patients, *(designation.person for designation in self.named)]


def holders(*, number: str) -> Holders:
    """Two queries. Without those whom nobody names any more."""
    return among(numbers=[number])[number]


def among(*, numbers: Iterable[str]) -> dict[str, Holders]:
    """The same for several numbers at once."""
    found = {number: Holders() for number in numbers}
    known = [number for number in found if number]
    patients = Patient.objects.filter(phone__in=known, is_archived=False).select_related("site")
    for patient in patients.order_by("pk"):
        found[patient.phone].patients.append(patient)
    named = Designation.objects.filter(person__phone__in=known, withdrawn_at=None)
    for designation in named.select_related("person__site", "patient__site").order_by("pk"):
        found[designation.person.phone].named.append(designation)
    return found


def warnings(*, people: Sequence[Person]) -> list[str]:
    """What staff must know before they trust these people's numbers, a sentence each. Three queries however many."""
    have = among(numbers={person.phone for person in people if person.phone})
    agreed = _agreed(have)
    found: list[str] = []
    for person in people:
        here = have.get(person.phone, Holders())
        if here.is_shared:
            sentence = _("%(names)s have the same number: a yes or no by text may be from either, so none is taken.")
            found.append(sentence % {"names": here.names_at(site_id=person.site_id)})
        whose = agreed.get(person.phone, set())
        if whose and whose.isdisjoint(here.known_as):
            sentence = _("Somebody else had the number of %(name)s and agreed to texts. Ask before a text goes there.")
            found.append(sentence % {"name": person.full_name})
    return list(dict.fromkeys(found))


def _agreed(numbers: Iterable[str]) -> dict[str, set[str]]:
    """Who said yes to texts at each, under the names their yes is kept: also who has another number by now."""
    held = Consent.objects.filter(address__in=list(numbers), channel=Channel.SMS, withdrawn_at=None)
    found: dict[str, set[str]] = {}
    for person, address in held.values_list("person", "address"):
        found.setdefault(address, set()).add(person)
    return found


def _is_one(one: Person, other: Person) -> bool:
    if isinstance(one, SupportPerson):
        return same_person.is_one(one, other) if isinstance(other, SupportPerson) else busy.is_patient(one, other)
    return busy.is_patient(other, one) if isinstance(other, SupportPerson) else one.pk == other.pk
