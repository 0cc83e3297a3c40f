"""Reading numbers and addresses as people and other systems write them."""

import re

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

PHONE_LENGTH = 60
EMAIL_LENGTH = 254

# Control characters and halves of surrogate pairs: PostgreSQL and UTF-8 refuse them, nobody can read them.
_UNREADABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


def plain_text(*, text: str) -> str:
    """One line of readable text: no control characters, no doubled spaces. Letters of every script stay as they are."""
    return " ".join(_UNREADABLE.sub(" ", text).split())


def read_phone(*, text: str, region: str = "US") -> tuple[str, str]:
    """``(number in E.164, "")`` where the number can be dialled and texted, else ``("", as received)``.

    ``region`` is a site's: a country such as US, or a part of one such as US-MD. A number with an extension cannot be
    texted, so it is kept as received. Empty text gives two empty strings.
    """
    received = plain_text(text=text).removeprefix("tel:").strip()[:PHONE_LENGTH]
    try:
        number = phonenumbers.parse(received, region[:2])
    except phonenumbers.NumberParseException:
        return "", received
    if number.extension or not phonenumbers.is_valid_number(number):
        return "", received
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), ""


def read_email(*, text: str) -> tuple[str, str]:
    """``(address, "")`` where mail can be sent to it, else ``("", as received)``."""
    received = plain_text(text=text).removeprefix("mailto:").strip()
    if received.isascii() and len(received) <= EMAIL_LENGTH:
        try:
            validate_email(received)
        except ValidationError:
            pass
        else:
            return received, ""
    return "", received[:EMAIL_LENGTH]
