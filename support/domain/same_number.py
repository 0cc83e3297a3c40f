"""Whose number it is, and where two people share one: what is said by text may come from either."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from clinic.models import Patient
from support.domain import same_person
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
        everybody: list[Person] = [*self.patients, *(designation.person for designation in self.named)]
        for person in everybody:
            if not any(_is_one(person, known) for known in found):
                found.append(person)
        return found

    @property
    def names(self) -> str:
        return ", ".join(person.full_name for person in self.people)

    @property
    def is_shared(self) -> bool:
        return len(self.people) > 1


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


def _is_one(one: Person, other: Person) -> bool:
    if isinstance(one, Patient) and isinstance(other, Patient):
        return one.pk == other.pk
    if isinstance(one, SupportPerson) and isinstance(other, SupportPerson):
        return same_person.is_one(one, other)
    patient, helper = (one, other) if isinstance(one, Patient) else (other, one)
    if isinstance(helper, SupportPerson) and helper.patient_id is not None:
        return helper.patient_id == patient.pk
    return one.given_name.casefold() == other.given_name.casefold()
