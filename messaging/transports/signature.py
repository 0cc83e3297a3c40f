"""Twilio's request signature: HMAC-SHA1 over the exact public address and the sorted parameters, byte for byte as they
came."""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl

# More than any provider sends.
MOST_FIELDS = 200


def params_of(*, body: bytes) -> dict[str, list[str]]:
    """A form's parameters from its raw body. Bytes that are no UTF-8 stay what they were (``surrogateescape``), so that
    the signature is over what was sent and not over what we made of it. Raises ValueError for too many."""
    whole = body.decode("ascii", "surrogateescape")
    params: dict[str, list[str]] = {}
    for name, value in parse_qsl(
        whole, keep_blank_values=True, encoding="utf-8", errors="surrogateescape", max_num_fields=MOST_FIELDS
    ):
        params.setdefault(name, []).append(value)
    return params


def text(value: str) -> str:
    """A parameter as it may be kept: what is no UTF-8 becomes the sign that stands for it."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def sign(*, token: str, url: str, params: Mapping[str, Iterable[str]]) -> str:
    text = url + "".join(name + value for name in sorted(params) for value in sorted(set(params[name])))
    signed = hmac.new(token.encode(), text.encode("utf-8", "surrogateescape"), hashlib.sha1)
    return base64.b64encode(signed.digest()).decode()


def is_valid(*, token: str, url: str, params: Mapping[str, Iterable[str]], given: str) -> bool:
    """Constant time. Without a token nothing is valid."""
    wanted = sign(token=token, url=url, params=params)
    return bool(token) and hmac.compare_digest(wanted.encode(), given.encode("utf-8", "surrogateescape"))
