"""From a FHIR Patient to the fields of ours. No database here; what cannot be used is told as a sentence."""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from clinic.domain import contacts
from clinic.domain.fhir import identity
from clinic.domain.fhir.reader import Resource
from clinic.domain.fhir.values import mapping, objects, text, texts

OLDEST = 130

_NAME_ORDER = {"official": 0, "usual": 1, "": 2, "temp": 3, "nickname": 4, "anonymous": 5}
_PHONE_ORDER = {"mobile": 0, "home": 1, "work": 2, "": 3, "temp": 4}
_HONORIFICS = frozenset(["mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sr", "sra", "srta", "don", "doña"])
_WHOLE_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_PART_OF_DATE = re.compile(r"\d{4}(-\d{2})?")


class Unusable(Exception):
    """This patient cannot be taken in; the message says why, without naming the patient."""


class Skipped(Exception):
    """This patient is left out on purpose; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """A patient as the other system knows them. Empty means the file does not say."""

    given_name: str
    family_name: str
    birth_date: date
    preferred_name: str = ""
    record_number: str = ""
    phone: str = ""
    phone_as_received: str = ""
    email: str = ""
    email_as_received: str = ""
    language: str = ""
    identifiers: list[identity.Identifier] = field(default_factory=list)

    def values(self) -> dict[str, Any]:
        """The patient's own fields, without the identifiers."""
        values = asdict(self)
        del values["identifiers"]
        return values


def patient_from(*, resource: Resource, today: date, region: str) -> Incoming:
    """Raises ``Skipped`` for the deceased and records no longer in use, ``Unusable`` for what cannot be a patient."""
    if resource.get("deceasedBoolean") is True or resource.get("deceasedDateTime"):
        raise Skipped(_("The patient has died."))
    if resource.get("active") is False:
        raise Skipped(_("The other system no longer uses this record."))
    given, family, called = _names(objects(of=resource.get("name")))
    numbers = objects(of=resource.get("identifier"))
    record_number, identifiers = identity.kept(identifiers=numbers)
    secrets = identity.secrets_of(identifiers=numbers)
    _check_lengths(given, family, record_number, identifiers)
    telecom = [one for one in objects(of=resource.get("telecom")) if not _is_secret(one.get("value"), secrets)]
    telecom.sort(key=_rank)
    phone, phone_as_received = _first_usable(
        contacts.read_phone(text=value, region=region) for value in _values(telecom, {"phone", "sms"}, today)
    )
    email, email_as_received = _first_usable(
        contacts.read_email(text=value) for value in _values(telecom, {"email"}, today)
    )
    return Incoming(
        given_name=given,
        family_name=family,
        preferred_name=called,
        birth_date=_birth_date(resource.get("birthDate"), today),
        record_number=record_number,
        phone=phone,
        phone_as_received=phone_as_received,
        email=email,
        email_as_received=email_as_received,
        language=_language(objects(of=resource.get("communication"))),
        identifiers=identifiers or _own_id(resource, secrets),
    )


def _own_id(resource: Resource, secrets: set[str]) -> list[identity.Identifier]:
    """The other system's own id, for a patient it gave no number; never a number we must not hold."""
    own = text(of=resource.get("id"))
    return [("Patient.id", own[:128])] if own and not _is_secret(own, secrets) else []


def _is_secret(value: object, secrets: set[str]) -> bool:
    written = text(of=value)
    return written in secrets or identity.looks_secret(value=written)


def _check_lengths(given: str, family: str, record_number: str, identifiers: list[identity.Identifier]) -> None:
    if not (given or family):
        raise Unusable(_("There is no name."))
    if len(given) > 120 or len(family) > 120:
        raise Unusable(_("The name is longer than 120 letters."))
    if len(record_number) > 64:
        raise Unusable(_("The record number is longer than 64 characters."))
    if any(len(system) > 255 or len(value) > 128 for system, value in identifiers):
        raise Unusable(_("One of the identifiers is too long."))


def _birth_date(value: object, today: date) -> date:
    written = text(of=value)
    if not written:
        raise Unusable(_("There is no date of birth."))
    if _PART_OF_DATE.fullmatch(written):
        raise Unusable(_("The date of birth is not complete: year, month and day are needed."))
    try:
        born = date.fromisoformat(written) if _WHOLE_DATE.fullmatch(written) else None
    except ValueError:
        born = None
    if born is None:
        raise Unusable(_("The date of birth is not a date, such as 1987-02-03."))
    if born > today:
        raise Unusable(_("The date of birth is in the future."))
    if born.year < today.year - OLDEST:
        raise Unusable(_("The date of birth is more than %(years)s years ago.") % {"years": OLDEST})
    return born


def _names(names: list[dict[str, Any]]) -> tuple[str, str, str]:
    """Given name, family name, what they are called. A maiden or former name is never used."""
    wanted = sorted((name for name in names if _use(name) in _NAME_ORDER), key=lambda name: _NAME_ORDER[_use(name)])
    parts = next((found for found in map(_parts, wanted) if any(found)), ("", ""))
    nickname = next((_parts(name) for name in wanted if _use(name) == "nickname"), ("", ""))
    called = " ".join(filter(None, nickname))
    return *parts, "" if nickname == parts else called[:60]


def _parts(name: dict[str, Any]) -> tuple[str, str]:
    given = " ".join(texts(of=name.get("given")))
    family = text(of=name.get("family"))
    return (given, family) if given or family else _split(text(of=name.get("text")))


def _split(name: str) -> tuple[str, str]:
    """ "Tran, Maya" and "Ms. Maya Linh Tran" alike: the last word is the family name."""
    family, comma, given = name.partition(",")
    if comma and given.strip():
        return given.strip(), family.strip()
    words = name.replace(",", " ").split()
    while len(words) > 1 and words[0].lower().rstrip(".") in _HONORIFICS:
        words = words[1:]
    return " ".join(words[:-1]), words[-1] if words else ""


def _first_usable(read: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """The first that can be used, and the first that cannot: neither is lost."""
    pairs = list(read)
    return next((good for good, _bad in pairs if good), ""), next((bad for _good, bad in pairs if bad), "")


def _values(telecom: list[dict[str, Any]], systems: set[str], today: date) -> Iterable[str]:
    for contact in telecom:
        end = text(of=mapping(of=contact.get("period")).get("end"))
        over = _use(contact) == "old" or (end and end[:10] < today.isoformat())
        if text(of=contact.get("system")) in systems and not over:
            yield text(of=contact.get("value"))


def _rank(contact: dict[str, Any]) -> tuple[int, int]:
    rank = contact.get("rank")
    return _PHONE_ORDER.get(_use(contact), 5), rank if isinstance(rank, int) and rank > 0 else 99


def _language(communication: list[dict[str, Any]]) -> str:
    """The first part of a BCP 47 tag, "es" of "es-MX"; a preferred language before others."""
    for spoken in sorted(communication, key=lambda item: item.get("preferred") is not True):
        for coding in objects(of=mapping(of=spoken.get("language")).get("coding")):
            first = text(of=coding.get("code")).replace("_", "-").partition("-")[0].lower()
            if first.isascii() and first.isalpha() and 2 <= len(first) <= 3:
                return first
    return ""


def _use(item: dict[str, Any]) -> str:
    return text(of=item.get("use")).lower()
