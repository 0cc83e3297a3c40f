"""Which of a patient's numbers we keep, and which we must never hold."""

import re
from typing import Any

from clinic.domain.fhir.values import mapping, objects, text

# Type codes of HL7 v2 table 0203: social security, driver's licence, passport, tax and national person numbers. Each
# country has its own of the last, such as NNMEX.
_SECRET_CODES = frozenset({"SS", "SB", "DL", "DLN", "PPN", "TAX", "NI", "NN"})
_NATIONAL_CODE = re.compile(r"NN[A-Z]{3}")
_SECRET_SYSTEMS = (
    "us-ssn",
    "2.16.840.1.113883.4.1",
    "2.16.840.1.113883.4.3.",
    "2.16.840.1.113883.4.330",
    "social-security",
    "socialsecurity",
)
_SECRET_WORDS = re.compile(
    r"social security|seguro social|(?<![a-z])ssn(?![a-z])|passport|pasaporte|driver|licen[cs]e|licencia",
    re.IGNORECASE,
)
_SSN = re.compile(r"\d{3}([-\u2010-\u2015 ])\d{2}\1\d{4}")

Identifier = tuple[str, str]


def kept(*, identifiers: list[dict[str, Any]]) -> tuple[str, list[Identifier]]:
    """``(record number, every number we keep)``, without those we must not hold.

    The record number is the first of type MR. It is among the others too, with the system that gave it.
    """
    secrets = secrets_of(identifiers=identifiers)
    record_number = ""
    others: dict[Identifier, None] = {}
    for identifier in identifiers:
        value = text(of=identifier.get("value"))
        if not value or value in secrets:
            continue
        if "MR" in _codes(identifier) and not record_number:
            record_number = value
        others[text(of=identifier.get("system")), value] = None
    return record_number, list(others)


def is_secret(*, identifier: dict[str, Any]) -> bool:
    """A social security, licence, passport, tax or national number: by its type, its system, its words or its looks."""
    system = text(of=identifier.get("system")).lower().rstrip("/")
    return bool(
        _codes(identifier) & _SECRET_CODES
        or any(_NATIONAL_CODE.fullmatch(code) for code in _codes(identifier))
        or any(system.endswith(secret) or _holds(system, secret) for secret in _SECRET_SYSTEMS)
        or _SECRET_WORDS.search(f"{system} {_words(identifier)}")
        or looks_secret(value=text(of=identifier.get("value")))
    )


def looks_secret(*, value: str) -> bool:
    """Written as a social security number is, wherever it stands."""
    return bool(_SSN.fullmatch(value.strip()))


def secrets_of(*, identifiers: list[dict[str, Any]]) -> set[str]:
    """The numbers that are not kept, so that the same number is not kept from elsewhere in the record."""
    return {text(of=one.get("value")) for one in identifiers if is_secret(identifier=one)} - {""}


def _holds(system: str, secret: str) -> bool:
    """An OID such as …4.1 must end there (…4.10 is something else); a word or a family of OIDs may go on."""
    return secret in system and (not secret[-1].isdigit() or f"{secret}." in system)


def _codings(identifier: dict[str, Any]) -> list[dict[str, Any]]:
    return objects(of=mapping(of=identifier.get("type")).get("coding"))


def _codes(identifier: dict[str, Any]) -> set[str]:
    return {text(of=coding.get("code")).upper() for coding in _codings(identifier)}


def _words(identifier: dict[str, Any]) -> str:
    written = [text(of=coding.get(name)) for coding in _codings(identifier) for name in ("code", "display")]
    giver = text(of=mapping(of=identifier.get("assigner")).get("display"))
    return " ".join([text(of=mapping(of=identifier.get("type")).get("text")), giver, *written])
