"""Two records that are one patient: what happens to the clinic's own rows. The people around them are support's."""

from dataclasses import dataclass
from datetime import datetime, time

from django.db import connection
from django.db.models import F, Q
from django.utils.translation import gettext as _

from clinic.domain import locks, patient_rows
from clinic.domain.errors import Refused
from clinic.domain.spoken import say_moment
from clinic.models import (
    Contact,
    Course,
    DeskNote,
    Infusion,
    Patient,
    PatientIdentifier,
    StaffMember,
    TimeWish,
    TreatmentConsent,
)

# Of records that were joined with another, so that an import finds the one that is left.
FORMER_NUMBER = "urn:homeward:former-record-number"
TAKEN_OVER = ("preferred_name", "record_number", "phone", "email", "interpreter", "guardian")
WISHES = ("prefers", "quiet_from", "quiet_until", "texts_less")

OVERLAPPING = """
SELECT one.id, other.id FROM clinic_infusion one JOIN clinic_infusion other ON one.during && other.during
WHERE one.patient_id = %s AND other.patient_id = %s
    AND one.status NOT IN ('cancelled', 'no_show') AND other.status NOT IN ('cancelled', 'no_show')
ORDER BY one.starts_at, other.starts_at LIMIT 10
"""


@dataclass(frozen=True)
class Filled:
    """A field that is empty on the record that stays, and what the other one knows."""

    name: str
    label: str
    value: str


def why_not(*, keep: Patient, away: Patient) -> list[str]:
    """Sentences; empty where the two can be joined. Two queries at most."""
    if keep.pk == away.pk:
        return [_("This is the same record.")]
    if keep.site_id != away.site_id:
        return [_("These records belong to two clinics.")]
    if keep.merged_into_id or away.merged_into_id:
        return [_("One of these records was joined with another already. Open it again.")]
    if keep.is_archived:
        return [_("The record that stays is put away. Bring it back first, or keep the other one.")]
    return _overlaps(keep, away)


def filled(*, keep: Patient, away: Patient) -> list[Filled]:
    """What the record that stays takes over, because it has none of its own."""
    names = [name for name in TAKEN_OVER if getattr(away, name) and not getattr(keep, name)]
    return [
        Filled(name, str(Patient._meta.get_field(name).verbose_name), _shown(away, name))  # type: ignore[union-attr]
        for name in [*names, *wishes(keep=keep, away=away)]
    ]


def wishes(*, keep: Contact, away: Contact) -> list[str]:
    """The fields in which ``away`` says how the person of both is to be written to and ``keep`` does not. What they
    like comes over together or not at all; what a phone cannot show is known of that phone."""
    has_own = any(getattr(keep, name) for name in WISHES)
    taken = [name for name in WISHES if getattr(away, name) and not has_own]
    if away.is_landline and not keep.is_landline and keep.phone in ("", away.phone):
        taken.append("is_landline")
    return taken


def locked(*, keep: Patient, away: Patient) -> tuple[Patient, Patient]:
    """Both as they are now, held until the transaction ends; nothing is booked for either meanwhile."""
    locks.diary(rooms=[], clinicians=[], patients=[keep.pk, away.pk])
    rows = Patient.objects.select_for_update(of=("self",)).select_related("site").order_by("pk")
    found = {row.pk: row for row in rows.filter(pk__in=[keep.pk, away.pk])}
    return found[keep.pk], found[away.pk]


def join(*, keep: Patient, away: Patient, actor: StaffMember, now: datetime) -> None:
    """Courses, visits, notes, wishes and numbers go over; ``away`` is put away for good. Needs ``locked`` rows and an
    open transaction. Every visit's version goes up."""
    refusals = why_not(keep=keep, away=away)
    if refusals:
        raise Refused(*refusals)
    Course.objects.filter(patient=away).update(patient=keep)
    Infusion.objects.filter(patient=away).update(patient=keep, version=F("version") + 1)
    DeskNote.objects.filter(patient=away).update(patient=keep)
    TimeWish.objects.filter(patient=away).update(patient=keep)
    _consents_go_over(keep, away)
    PatientIdentifier.objects.filter(patient=away).update(patient=keep)
    Patient.objects.filter(merged_into=away).update(merged_into=keep)
    _take_over(keep, away)
    patient_rows.note(patient=away, actor=actor, verb="patient.joined_with", now=now, subject=keep)
    patient_rows.note(patient=keep, actor=actor, verb="patient.joined", now=now, subject=away)
    away.is_archived, away.merged_into, away.merged_at = True, keep, now
    away.save(update_fields=["is_archived", "merged_into", "merged_at", "record_number"])
    keep.save()


def _consents_go_over(keep: Patient, away: Patient) -> None:
    """Signed on one day on both records it is one paper; taken back on either it is taken back."""
    known = {row.signed_on: row for row in TreatmentConsent.objects.filter(patient=keep)}
    for row in TreatmentConsent.objects.filter(patient=away):
        same = known.get(row.signed_on)
        if same is None:
            row.patient = keep
            row.save(update_fields=["patient"])
        elif same.withdrawn_at is None and row.withdrawn_at is not None:
            same.withdrawn_at = row.withdrawn_at
            same.save(update_fields=["withdrawn_at"])


def _take_over(keep: Patient, away: Patient) -> None:
    for field in filled(keep=keep, away=away):
        setattr(keep, field.name, getattr(away, field.name))
    if away.record_number and away.record_number != keep.record_number:
        PatientIdentifier.objects.create(site=keep.site, patient=keep, system=FORMER_NUMBER, value=away.record_number)
    away.record_number = ""


def _shown(patient: Patient, name: str) -> str:
    value = getattr(patient, name)
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if name == "prefers":
        return patient.get_prefers_display()
    return _("yes") if value is True else str(value)


def _overlaps(keep: Patient, away: Patient) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(OVERLAPPING, [keep.pk, away.pk])
        pairs = cursor.fetchall()
    visits = Infusion.objects.select_related("room").in_bulk([pk for pair in pairs for pk in pair])
    sentence = _("Both have a visit at one time: %(one)s in %(room)s, %(other)s in %(other_room)s. Cancel or move one.")
    return [
        sentence
        % {
            "one": say_moment(visits[one].starts_at, keep.site),
            "room": visits[one].room,
            "other": say_moment(visits[other].starts_at, keep.site),
            "other_room": visits[other].room,
        }
        for one, other in pairs
    ]


def likely(*, patient: Patient, most: int = 10) -> list[Patient]:
    """Who could be the same person: same date of birth, number, e-mail or name; those that share most first."""
    shared = Q(birth_date=patient.birth_date)
    shared |= Q(given_name__iexact=patient.given_name, family_name__iexact=patient.family_name)
    if patient.phone:
        shared |= Q(phone=patient.phone)
    if patient.email:
        shared |= Q(email__iexact=patient.email)
    rows = Patient.objects.filter(shared, site=patient.site, merged_into=None).exclude(pk=patient.pk)[: most * 10]
    return sorted(rows, key=lambda row: -_shared(patient, row))[:most]


def _shared(one: Patient, other: Patient) -> int:
    return sum(
        bool(getattr(one, name)) and str(getattr(one, name)).casefold() == str(getattr(other, name)).casefold()
        for name in ("birth_date", "given_name", "family_name", "phone", "email")
    )
