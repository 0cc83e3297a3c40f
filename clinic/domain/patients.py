"""Finding patients, taking them in, keeping their contact right."""

from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import F, FloatField, Func, Q, QuerySet, TextField, Value
from django.db.models.expressions import Combinable
from django.utils.translation import gettext as _

from clinic.domain import patient_rows
from clinic.domain.contacts import plain_text, read_email, read_phone
from clinic.domain.dates import read_birth_date
from clinic.domain.errors import Refused
from clinic.models import Patient, Site, StaffMember

SHORTEST = 2
WORDS = 4


def search(*, site: Site, query: str, limit: int = 20) -> list[Patient]:
    """By fragment of a name (accents and small slips forgiven), birth date in any usual form, or record number.

    Best match first. Answered from an index, however many patients there are. Archived records are left out.
    """
    words = plain_text(text=query)
    here = Patient.objects.filter(site=site, is_archived=False)
    days = read_birth_date(text=words)
    if days:
        return list(here.filter(birth_date__in=days)[:limit])
    if len(words) < SHORTEST:
        return []
    with transaction.atomic(), connection.cursor() as cursor:
        # How alike two words must be, for this transaction. One wrong letter in a name of five gives 0.5.
        cursor.execute("SET LOCAL pg_trgm.word_similarity_threshold = 0.5")
        return list(named_like(here=here, words=words)[:limit])


def named_like(*, here: QuerySet[Patient], words: str) -> QuerySet[Patient]:
    """What ``search`` asks about names and record numbers: every word must be in there, or something like it."""
    nearness: Combinable = Value(0.0)
    for word in words.split()[:WORDS]:
        folded = Func(Value(word), function="homeward_fold", output_field=TextField())
        alike = Q(folded__contains=folded)
        # Numbers are not forgiven: the next one is another patient's.
        if word.isalpha():
            alike |= Q(folded__trigram_word_similar=folded)
        here = here.filter(alike)
        nearness += Func(folded, F("folded"), function="word_similarity", output_field=FloatField())
    return here.alias(near=nearness).order_by("-near", "family_name", "given_name", "pk")


def register(
    *,
    site: Site,
    actor: StaffMember,
    now: datetime,
    given_name: str,
    family_name: str,
    birth_date: date,
    preferred_name: str = "",
    record_number: str = "",
    phone: str = "",
    email: str = "",
    language: str = "en",
    timezone: str = "",
    interpreter: str = "",
    guardian: str = "",
    known_is_fine: bool = False,
) -> Patient:
    """Takes a patient in. ``phone`` and ``email`` as they were said: what cannot be used is kept, unverified.

    Refused when somebody with this name and birth date is here already (a form sent twice), unless ``known_is_fine``.
    """
    names = {"given_name": plain_text(text=given_name), "family_name": plain_text(text=family_name)}
    patient_rows.refuse_nobody(patient=Patient(site=site, birth_date=birth_date, **names), now=now)
    with transaction.atomic():
        # Two people registering at once wait for each other, so that a form sent twice makes one patient.
        Site.objects.select_for_update(no_key=True).get(pk=site.pk)
        same = Patient.objects.filter(
            site=site,
            birth_date=birth_date,
            given_name__iexact=names["given_name"],
            family_name__iexact=names["family_name"],
        )
        if not known_is_fine and same.exists():
            raise Refused(_("There is a patient with this name and date of birth already."))
        patient = Patient(
            site=site,
            birth_date=birth_date,
            preferred_name=plain_text(text=preferred_name),
            record_number=plain_text(text=record_number),
            language=language,
            timezone=timezone,
            interpreter=plain_text(text=interpreter),
            guardian=plain_text(text=guardian),
            **names,
            **_contact(phone=phone, email=email, region=site.region),
        )
        patient_rows.save(patient=patient)
        patient_rows.note(patient=patient, actor=actor, verb="patient.registered", now=now)
    return patient


def correct_contact(
    *,
    patient: Patient,
    actor: StaffMember,
    now: datetime,
    phone: str | None = None,
    email: str | None = None,
    language: str | None = None,
    timezone: str | None = None,
) -> Patient:
    """What is None stays."""
    with transaction.atomic():
        row = Patient.objects.select_for_update().select_related("site").get(pk=patient.pk)
        before = row.phone
        for name, value in _contact(phone=phone, email=email, region=row.site.region).items():
            setattr(row, name, value)
        # Whether a phone can show texts was said of that phone.
        row.is_landline = row.is_landline and row.phone == before
        row.language = row.language if language is None else language
        row.timezone = row.timezone if timezone is None else timezone
        patient_rows.save(patient=row)
        patient_rows.note(patient=row, actor=actor, verb="patient.contact", now=now)
    return row


def _contact(*, phone: str | None, email: str | None, region: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    if phone is not None:
        fields["phone"], fields["phone_as_received"] = read_phone(text=phone, region=region)
    if email is not None:
        fields["email"], fields["email_as_received"] = read_email(text=email)
    return fields
