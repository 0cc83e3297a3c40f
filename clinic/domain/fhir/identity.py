"""Which of a patient's numbers we keep, and which we must never hold."""

import re
from typing import Any

from clinic.domain.fhir.values import mapping, objects, text

# Type codes of HL7 v2 table 0203: social security, driver's licence, passport, tax and national person numbers.
_SECRET_CODES = frozenset({"SS", "DL", "PPN", "TAX", "NI", "NNUSA"})
_SECRET_SYSTEMS = (
    "us-ssn",
    "2.16.840.1.113883.4.1",
    "2.16.840.1.113883.4.3.",
    "2.16.840.1.113883.4.330",
    "social-security",
    "socialsecurity",
)
_SECRET_WORDS = re.compile(r"social security|(?<![a-z])ssn(?![a-z])|passport|driver|licen[cs]e", re.IGNORECASE)
_SSN = re.compile(r"\d{3}-\d{2}-\d{4}")

Identifier = tuple[str, str]


def kept(*, identifiers: list[dict[str, Any]]) -> tuple[str, list[Identifier]]:
    """``(record number, every number we keep)``, without those we must not hold.

    The record number is the first of type MR. It is among the others too, with the system that gave it.
    """
    record_number = ""
    others: dict[Identifier, None] = {}
    for identifier in identifiers:
        value = text(of=identifier.get("value"))
        if not value or is_secret(identifier=identifier):
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
        or any(system.endswith(secret) or _holds(system, secret) for secret in _SECRET_SYSTEMS)
        or _SECRET_WORDS.search(f"{system} {_words(identifier)}")
        or _SSN.fullmatch(text(of=identifier.get("value")))
    )


def _holds(system: str, secret: str) -> bool:
    """An OID such as …4.1 must end there (…4.10 is something else); a word or a family of OIDs may go on."""
    return secret in system and (not secret[-1].isdigit() or f"{secret}." in system)


def _codings(identifier: dict[str, Any]) -> list[dict[str, Any]]:
    return objects(of=mapping(of=identifier.get("type")).get("coding"))


def _codes(identifier: dict[str, Any]) -> set[str]:
    return {text(of=coding.get("code")).upper() for coding in _codings(identifier)}


def _words(identifier: dict[str, Any]) -> str:
    displays = [text(of=coding.get("display")) for coding in _codings(identifier)]
    return " ".join([text(of=mapping(of=identifier.get("type")).get("text")), *displays])
