"""Twilio's request signature: HMAC-SHA1 over the exact public address and the sorted parameters."""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping


def sign(*, token: str, url: str, params: Mapping[str, Iterable[str]]) -> str:
    text = url + "".join(name + value for name in sorted(params) for value in sorted(set(params[name])))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def is_valid(*, token: str, url: str, params: Mapping[str, Iterable[str]], given: str) -> bool:
    """Constant time. Without a token nothing is valid."""
    wanted = sign(token=token, url=url, params=params)
    return bool(token) and hmac.compare_digest(wanted.encode(), given.encode())
