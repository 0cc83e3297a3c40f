"""FHIR resources for tests, of the shape that real exports have. Nobody in them exists."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

Resource = dict[str, Any]

SYSTEM = "https://records.example.org/patients"
RECORDS = "https://hospital.example.org/mrn"
V2 = "http://terminology.hl7.org/CodeSystem/v2-0203"


def identifier(system: str, value: str, code: str = "") -> Resource:
    kind = {"type": {"coding": [{"system": V2, "code": code}]}} if code else {}
    return {**kind, "system": system, "value": value}


def patient(number: int = 1, **fields: Any) -> Resource:
    """A US Core patient with every kind of identifier. A field given as None is left out."""
    resource: Resource = {
        "resourceType": "Patient",
        "id": f"id-{number}",
        "identifier": [
            identifier(SYSTEM, f"p{number}"),
            identifier(RECORDS, f"{4000000 + number}", "MR"),
            identifier("http://hl7.org/fhir/sid/us-ssn", f"999-10-{number % 10000:04d}", "SS"),
            identifier("urn:oid:2.16.840.1.113883.4.3.25", f"S9914{number:05d}", "DL"),
            identifier("http://standardhealthrecord.org/fhir/StructureDefinition/passportNumber", "X7143X", "PPN"),
        ],
        "active": True,
        "name": [
            {"use": "maiden", "family": "Christiansen", "given": ["Agatha"]},
            {"use": "official", "family": f"Monahan{number}", "given": ["Agatha", "May"], "prefix": ["Ms."]},
        ],
        "gender": "female",
        "birthDate": "1986-07-06",
        "telecom": [
            {"system": "phone", "value": "410-555-0142", "use": "home"},
            {"system": "email", "value": f"agatha{number}@example.org", "use": "home"},
        ],
        "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "es-MX"}]}}],
        **fields,
    }
    return {name: value for name, value in resource.items() if value is not None}


def ndjson(*resources: Resource) -> bytes:
    return b"".join(json.dumps(resource).encode() + b"\n" for resource in resources)


def bundle(*resources: Resource, **fields: Any) -> Resource:
    entries = [{"fullUrl": f"urn:uuid:{number}", "resource": resource} for number, resource in enumerate(resources)]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries, **fields}


def observation(number: int, padding: int = 0) -> Resource:
    return {"resourceType": "Observation", "id": f"o{number}", "note": [{"text": "x" * padding}], "valueDecimal": 7.25}


def big_ndjson(megabytes: int) -> Iterator[bytes]:
    """As many patients as fill the size."""
    written = number = 0
    while written < megabytes * 1024 * 1024:
        number += 1
        line = ndjson(patient(number, text={"div": "x" * 1500}))
        written += len(line)
        yield line


def big_bundle(megabytes: int) -> Iterator[bytes]:
    """One Bundle on one line: one patient among a whole record."""
    written = 0
    yield b'{"resourceType": "Bundle", "type": "collection", "entry": ['
    yield json.dumps({"resource": patient(1)}).encode()
    while written < megabytes * 1024 * 1024:
        part = b", " + json.dumps({"resource": observation(written, 1500)}).encode()
        written += len(part)
        yield part
    yield b"]}"


def lines(parts: Iterable[bytes]) -> bytes:
    return b"".join(parts)
