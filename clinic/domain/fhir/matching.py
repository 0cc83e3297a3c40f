"""One batch of incoming patients against those we know: who is new, who changed, who cannot be told apart.

What staff corrected here stays: each patient carries what the last import brought, and news only replaces a value that
nobody has touched since. A file that leaves something out deletes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from clinic.domain import followers
from clinic.domain.fhir.identity import Identifier
from clinic.domain.fhir.mapping import Incoming, Unusable
from clinic.domain.merging import FORMER_NUMBER
from clinic.enums import AHEAD_OR_HERE
from clinic.models import Infusion, Patient, PatientIdentifier, Site

# Fields that say one thing together: half of a pair from there and half from here would be nobody's.
GROUPS = (
    ("given_name", "family_name"),
    ("birth_date",),
    ("preferred_name",),
    ("record_number",),
    ("phone", "phone_as_received"),
    ("email", "email_as_received"),
    ("language",),
)


class Outcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass
class Batch:
    """What we know about the patients of one batch, and what is to be written for them."""

    site: Site
    # Patients this run has met already, from earlier batches.
    met: set[int]
    owners: dict[Identifier, Patient] = field(default_factory=dict)
    records: dict[str, Patient] = field(default_factory=dict)
    # Record numbers of records that were joined with another: they find the one that is left and are no news of it.
    former: set[str] = field(default_factory=set)
    namesakes: dict[tuple[str, str, date], Patient] = field(default_factory=dict)
    here: dict[int, Patient] = field(default_factory=dict)
    new: list[Patient] = field(default_factory=list)
    changed: list[Patient] = field(default_factory=list)
    identifiers: list[PatientIdentifier] = field(default_factory=list)

    def place(self, incoming: Incoming) -> Outcome:
        """Decide about one patient. Raises ``Unusable`` where that would mix up two people."""
        patient = self._find(incoming)
        if patient is not None and incoming.record_number in self.former:
            incoming = replace(incoming, record_number="")
        if patient is None:
            patient = Patient(site=self.site, language=incoming.language or "en", imported={})
            outcome = Outcome.CREATED
            _take(patient, incoming)
            self.new.append(patient)
        else:
            outcome = self._renew(patient, incoming)
        self._remember(patient, incoming)
        return outcome

    def write(self) -> None:
        """All of it, in a handful of statements."""
        Patient.objects.bulk_create(self.new)
        for patient in self.changed:
            patient.save()
        if self.changed:
            # Perhaps another number or language.
            ahead = Infusion.objects.filter(patient__in=self.changed, status__in=AHEAD_OR_HERE).order_by("pk")
            followers.outdated(visits=list(ahead.values_list("pk", flat=True)))
        PatientIdentifier.objects.bulk_create(self.identifiers)
        self.met.update(patient.pk for patient in self.here.values())

    def _find(self, incoming: Incoming) -> Patient | None:
        owners = {id(owner): owner for key in incoming.identifiers if (owner := self.owners.get(key))}
        if len(owners) > 1:
            raise Unusable(_("Its identifiers belong to two different patients here."))
        owner = next(iter(owners.values()), None)
        holder = self.records.get(incoming.record_number) if incoming.record_number else None
        if holder is not None and holder is not owner and (owner is not None or not _same_person(holder, incoming)):
            raise Unusable(_("Its record number belongs to another patient here."))
        found = owner or holder
        if found is None and not incoming.identifiers:
            found = self.namesakes.get(_who(incoming))
        if found is not None and _is_stranger(found, incoming):
            raise Unusable(_("Its identifier belongs to somebody with another name and another date of birth here."))
        return found

    def _renew(self, patient: Patient, incoming: Incoming) -> Outcome:
        before = _stored(patient)
        fresh = [key for key in incoming.identifiers if key not in self.owners]
        news = _news(patient, incoming)
        if self._is_met(patient) and (fresh or news):
            raise Unusable(_("An earlier patient in this file has the same identifier."))
        if not (fresh or news):
            return Outcome.UNCHANGED
        _take(patient, incoming)
        self.changed.append(patient)
        return Outcome.UPDATED if fresh or _stored(patient) != before else Outcome.UNCHANGED

    def _remember(self, patient: Patient, incoming: Incoming) -> None:
        self.here[id(patient)] = patient
        if incoming.record_number:
            self.records[incoming.record_number] = patient
        self.namesakes[_who(incoming)] = patient
        for system, value in incoming.identifiers:
            if (system, value) not in self.owners:
                self.owners[system, value] = patient
                self.identifiers.append(PatientIdentifier(site=self.site, patient=patient, system=system, value=value))

    def _is_met(self, patient: Patient) -> bool:
        return patient.pk in self.met or id(patient) in self.here


def load(*, site: Site, batch: Iterable[Incoming], met: set[int]) -> Batch:
    """Everything needed to decide about a batch, in three queries, the patients locked until the transaction ends."""
    people = list(batch)
    keys = {key for person in people for key in person.identifiers}
    own = {person.record_number for person in people if person.record_number}
    rows = list(PatientIdentifier.objects.filter(site=site, value__in={value for _system, value in keys} | own))
    numbers = {(row.system, row.value): row.patient_id for row in rows if (row.system, row.value) in keys}
    former = {row.value: row.patient_id for row in rows if row.system == FORMER_NUMBER and row.value in own}
    nameless = Q()
    for person in people:
        if not person.identifiers:
            nameless |= Q(birth_date=person.birth_date, given_name=person.given_name, family_name=person.family_name)
    known = Patient.objects.filter(
        Q(pk__in={*numbers.values(), *former.values()}) | Q(record_number__in=own) | (nameless or Q(pk__in=[])),
        site=site,
        merged_into=None,
    )
    patients = {patient.pk: patient for patient in known.order_by("pk").select_for_update(of=("self",))}
    return Batch(
        site=site,
        met=met,
        owners={key: patients[pk] for key, pk in numbers.items()},
        records={number: patients[pk] for number, pk in former.items()}
        | {patient.record_number: patient for patient in patients.values() if patient.record_number},
        former=set(former),
        namesakes={
            (patient.given_name, patient.family_name, patient.birth_date): patient for patient in patients.values()
        },
    )


def _who(incoming: Incoming) -> tuple[str, str, date]:
    return incoming.given_name, incoming.family_name, incoming.birth_date


def _folded(*names: str) -> str:
    return " ".join(" ".join(names).casefold().split())


def _same_name(patient: Patient, incoming: Incoming) -> bool:
    return _folded(patient.given_name, patient.family_name) == _folded(incoming.given_name, incoming.family_name)


def _same_person(patient: Patient, incoming: Incoming) -> bool:
    return patient.birth_date == incoming.birth_date and _same_name(patient, incoming)


def _is_stranger(patient: Patient, incoming: Incoming) -> bool:
    """A new surname or a corrected date of birth happens; both at once with a new given name is somebody else."""
    return patient.birth_date != incoming.birth_date and not (
        {*_folded(patient.given_name, patient.family_name).split()}
        & {*_folded(incoming.given_name, incoming.family_name).split()}
    )


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _stored(patient: Patient) -> list[object]:
    return [getattr(patient, name) for group in GROUPS for name in group]


def _news(patient: Patient, incoming: Incoming) -> list[tuple[str, ...]]:
    """The groups about which the file says something else than the last import did."""
    values = incoming.values()
    return [
        group
        for group in GROUPS
        if any(values[name] for name in group)
        and any(_plain(values[name]) != patient.imported.get(name, "") for name in group)
    ]


def _take(patient: Patient, incoming: Incoming) -> None:
    """Take the news over, except where somebody here wrote something else meanwhile."""
    values, before = incoming.values(), patient.phone
    for group in _news(patient, incoming):
        ours = [_plain(getattr(patient, name) or "") for name in group]
        untouched = ours == [patient.imported.get(name, "") for name in group]
        if patient.pk is None or untouched or not any(ours):
            for name in group:
                setattr(patient, name, values[name])
        patient.imported |= {name: _plain(values[name]) for name in group}
    # Whether a phone can show texts was said of that phone.
    patient.is_landline = patient.is_landline and patient.phone == before
