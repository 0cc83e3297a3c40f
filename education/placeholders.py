"""The values a page may ask for: the site's signed policy, its name and phone, the numbers to call in need."""

from collections.abc import Mapping
from typing import Any

import phonenumbers
from django.utils.translation import gettext_lazy as _

from education import directory
from education.enums import NumberKind
from education.rendering import placeholders_in

# Names are the fields of the policy; the ending says the unit.
POLICY = {
    "solids_hours": _("time without food"),
    "clear_liquids_minutes": _("time without drinks"),
    "alcohol_hours": _("time without alcohol"),
    "min_recovery_minutes": _("shortest rest"),
    "stay_with_hours": _("time somebody stays"),
    "drive_block_hours": _("time without driving"),
    "helper_min_age": _("age of helpers"),
}
SITE = {"clinic_name": _("name of the clinic"), "clinic_phone": _("phone of the clinic")}
NUMBERS = {"emergency_number": _("emergency number"), "crisis_number": _("number to talk to someone")}
PLACEHOLDERS = {**POLICY, **SITE, **NUMBERS}

UNITS = {"en": (("minute", "minutes"), ("hour", "hours")), "es": (("minuto", "minutos"), ("hora", "horas"))}


def values(*, site: Any, policy: Any, audience: str, language: str) -> dict[str, str]:
    """What ``render`` fills in, in words of the *page's* language. Without a policy the policy's values are missing."""
    found = {"clinic_name": site.public_name, "clinic_phone": phone(site.phone)}
    for number in directory.numbers(region=site.region, audience=audience, language=language):
        found.setdefault(f"{NumberKind(number.kind).value}_number", number.number)
    if policy is not None:
        found |= {name: measure(name=name, amount=getattr(policy, name), language=language) for name in POLICY}
    return found


def preview(*, known: Mapping[str, str], text: str) -> dict[str, str]:
    """For staff: what has no value yet shows its meaning in brackets, what never will shows its name and a question."""
    unknown = {name: f"[{name}?]" for name in placeholders_in(text) - PLACEHOLDERS.keys()}
    return unknown | {name: known.get(name, f"[{label}]") for name, label in PLACEHOLDERS.items()}


def measure(*, name: str, amount: int, language: str) -> str:
    """``solids_hours=6`` is "6 hours"; whole hours of minutes read as hours; an age stays a number."""
    if not name.endswith(("_hours", "_minutes")):
        return str(amount)
    minutes = amount * 60 if name.endswith("_hours") else amount
    in_hours = minutes % 60 == 0 and minutes > 0
    count = minutes // 60 if in_hours else minutes
    one, many = UNITS.get(language, UNITS["en"])[in_hours]
    return f"{count} {one if count == 1 else many}"


def phone(number: str) -> str:
    """The way people of the place write it; as stored where it cannot be read."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
