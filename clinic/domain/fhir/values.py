"""Reading JSON that may hold anything where FHIR wants something else: what does not fit counts as absent."""

from typing import Any

from clinic.domain import contacts


def text(*, of: object) -> str:
    """One readable line; a number is read as its digits."""
    if isinstance(of, int) and not isinstance(of, bool):
        return str(of)
    return contacts.plain_text(text=of) if isinstance(of, str) else ""


def objects(*, of: object) -> list[dict[str, Any]]:
    return [item for item in of if isinstance(item, dict)] if isinstance(of, list) else []


def mapping(*, of: object) -> dict[str, Any]:
    return of if isinstance(of, dict) else {}


def texts(*, of: object) -> list[str]:
    return [line for item in of if (line := text(of=item))] if isinstance(of, list) else []
